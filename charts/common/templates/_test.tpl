{{/*
`helm test`: the conformance image speaks the exercise's real protocol and reads its trace.
Takes dict "root" "values".
*/}}
{{- define "common.test" -}}
{{- $root := .root }}
{{- $values := .values }}
{{- $each := dict "root" $root "values" $values "name" (printf "%s-test" $root.Chart.Name) "row" (dict "image" "e2e" "tag" $values.test.tag) "component" "test" }}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ $each.name }}
  namespace: {{ include "common.namespace" $each }}
  labels:
    {{- include "common.podLabels" (merge (dict "labels" (omit $values.podLabels "app.kubernetes.io/component" "app.kubernetes.io/part-of")) $each) | nindent 4 }}
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
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with include "common.pullSecrets" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with include "common.placement" $values | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  securityContext:
    {{- toYaml $values.podSecurityContext | nindent 4 }}
  containers:
    - name: e2e
      image: {{ include "common.image" $each }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [{{ $root.Chart.Name | quote }}]
      env:
        {{- $own := $values.test.env | default dict }}
        {{- if not (hasKey $own "JAEGER_URL") }}
        - name: JAEGER_URL
          value: {{ $values.otlp.query | quote }}
        {{- end }}
        {{- range $name, $value := $own }}
        {{- if kindIs "map" $value }}
        - name: {{ $name }}
          {{- toYaml $value | nindent 10 }}
        {{- else if not (kindIs "invalid" $value) }}
        - name: {{ $name }}
          value: {{ include "common.text" $value }}
        {{- end }}
        {{- end }}
      resources:
        {{- toYaml $values.serviceDefaults.resources | nindent 8 }}
      securityContext:
        {{- toYaml $values.securityContext | nindent 8 }}
{{- if $values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $each.name }}
  namespace: {{ include "common.namespace" $each }}
  labels:
    {{- include "common.labels" $each | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selector" $each | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- include "common.egress.dns" $each | nindent 4 }}
    - to:
        - podSelector:
            matchLabels:
              app.kubernetes.io/instance: {{ $root.Release.Name }}
    {{- with $values.otlp.query }}
    - ports:
        - port: {{ include "common.urlPort" . }}
          protocol: TCP
      to:
        {{- include "common.collector" $each | nindent 8 }}
    {{- end }}
{{- end }}
{{- end -}}
