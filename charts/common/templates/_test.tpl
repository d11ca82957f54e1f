{{/*
`helm test`: the conformance image speaks the exercise's real protocol and reads its trace.
Takes dict "root" "values".
*/}}
{{- define "common.test" -}}
{{- $root := .root }}
{{- $values := .values }}
{{- $row := dict "image" "e2e" "tag" $values.test.tag "digest" $values.test.digest -}}
{{- $_ := merge $row (pick $values "nodeSelector" "tolerations" "podSecurityContext" "hostUsers") -}}
{{- $each := dict "root" $root "values" $values "name" (printf "%s-test" $root.Chart.Name) "row" $row "component" "test" }}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ $each.name | quote }}
  namespace: {{ include "common.namespace" $each | quote }}
  labels:
    {{- include "common.labelsAnd" (dict "labels" (omit ($values.podLabels | default dict) "app.kubernetes.io/component" "app.kubernetes.io/part-of") "of" $each) | nindent 4 }}
  annotations:
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation
    # It runs once and ends: nothing waits for it to be ready, and nothing restarts it.
    kube-score/ignore: pod-probes
    checkov.io/skip1: CKV_K8S_8=It runs once and ends; nothing restarts it
    checkov.io/skip2: CKV_K8S_9=It runs once and ends; nothing waits for it to be ready
spec:
  restartPolicy: Never
  {{- include "common.podOf" $each | nindent 2 }}
  enableServiceLinks: false
  containers:
    - name: e2e
      image: {{ include "common.image" $each | quote }}
      {{- with $values.image.pullPolicy }}
      imagePullPolicy: {{ . }}
      {{- end }}
      args: [{{ $root.Chart.Name | quote }}]
      env:
        {{- $own := $values.test.env | default dict }}
        {{- if not (hasKey $own "JAEGER_URL") }}
        - name: JAEGER_URL
          value: {{ $values.otlp.query | default "" | quote }}
        {{- end }}
        {{- with include "common.variables" $own | trim }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- with $values.serviceDefaults.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- if $values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $each.name | quote }}
  namespace: {{ include "common.namespace" $each | quote }}
  labels:
    {{- include "common.labels" $each | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selector" $each | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- with include "common.egress.dns" $each }}
    {{- . | nindent 4 }}
    {{- end }}
    - to:
        - podSelector:
            matchLabels:
              app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
    {{- with $values.otlp.query }}
    - ports:
        - port: {{ include "common.urlPort" . }}
          protocol: TCP
      to:
        {{- include "common.collector" $each | nindent 8 }}
    {{- end }}
{{- end }}
{{- end -}}
