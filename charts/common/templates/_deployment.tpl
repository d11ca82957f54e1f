{{/* Takes dict "root" "values" "name" "row". */}}
{{- define "common.serviceaccount" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labelsAnd" (dict "labels" .row.serviceAccount.labels "of" .) | nindent 4 }}
  {{- with .row.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{/* Takes dict "root" "values" "name" "row". */}}
{{- define "common.deployment" -}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
  {{- if lt (int .row.replicas) 2 }}
  annotations:
    # One loop asks for all: a second replica would only ask twice, and a drained node may pause it.
    kube-score/ignore: deployment-replicas,deployment-has-poddisruptionbudget
  {{- end }}
spec:
  {{- if .row.autoscaling.enabled }}
  {{- /* As many as run. Were the field left out where it was before, Kubernetes would take it for 1. */}}
  {{- with dig "spec" "replicas" "" (lookup "apps/v1" "Deployment" (include "common.namespace" .) .name) }}
  replicas: {{ . }}
  {{- end }}
  {{- else if not (kindIs "invalid" .row.replicas) }}
  replicas: {{ .row.replicas }}
  {{- end }}
  {{- range $key := list "minReadySeconds" "progressDeadlineSeconds" "revisionHistoryLimit" }}
  {{- if kindIs "float64" (get $.row $key) }}
  {{ $key }}: {{ get $.row $key }}
  {{- end }}
  {{- end }}
  {{- include "common.strategy" .row | nindent 2 }}
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "common.labelsAnd" (dict "labels" .row.podLabels "of" .) | nindent 8 }}
      {{- with .row.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "common.pod" . | nindent 6 }}
{{- end -}}

{{- define "common.strategy" -}}
{{- $type := .strategy.type | default "RollingUpdate" -}}
strategy:
  type: {{ $type }}
  {{- with .strategy.rollingUpdate }}
  {{- if eq $type "RollingUpdate" }}
  rollingUpdate:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{- define "common.pod" -}}
serviceAccountName: {{ .name | quote }}
{{ include "common.podOf" . }}
# A Service named `servidor` would otherwise put SERVIDOR_PORT and the like into the environment.
enableServiceLinks: false
{{- $drain := .values.drain }}
terminationGracePeriodSeconds: {{ add (dig "delaySeconds" 5 $drain) (dig "timeoutSeconds" 20 $drain) 5 }}
{{- if not (hasKey .row "topologySpreadConstraints") }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "common.selector" . | nindent 8 }}
{{- end }}
{{- if not (hasKey .row "affinity") }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "common.selector" . | nindent 14 }}
{{- end }}
{{- with .row.volumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: {{ .name | quote }}
    image: {{ include "common.image" . | quote }}
    {{- with .values.image.pullPolicy }}
    imagePullPolicy: {{ . }}
    {{- end }}
    {{- with .row.args }}
    args:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if .row.interactive }}
    stdin: true
    tty: true
    {{- end }}
    env:
      {{- include "common.env" . | nindent 6 }}
    {{- with .row.envFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    ports:
      {{- with .row.service }}
      - name: {{ .protocol }}
        containerPort: {{ .port }}
      {{- end }}
      - name: admin
        containerPort: 9464
    {{- $grpc := eq (dig "protocol" "" (.row.service | default dict)) "grpc" }}
    {{- if not (kindIs "invalid" .row.startupProbe) }}
    # The start is over in milliseconds; the startup probe only lets the others begin at once.
    startupProbe:
      httpGet: {path: /livez, port: admin}
      {{- include "common.more" .row.startupProbe | nindent 6 }}
    {{- end }}
    {{- if not (kindIs "invalid" .row.livenessProbe) }}
    livenessProbe:
      {{- if $grpc }}
      grpc: {port: {{ .row.service.port }}, service: liveness}
      {{- else }}
      httpGet: {path: /livez, port: admin}
      {{- end }}
      {{- include "common.more" .row.livenessProbe | nindent 6 }}
    {{- end }}
    {{- if not (kindIs "invalid" .row.readinessProbe) }}
    readinessProbe:
      {{- if $grpc }}
      grpc: {port: {{ .row.service.port }}}
      {{- else }}
      httpGet: {path: /readyz, port: admin}
      {{- end }}
      {{- include "common.more" .row.readinessProbe | nindent 6 }}
    {{- end }}
    {{- with .row.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .row.securityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .row.volumeMounts }}
    volumeMounts:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end -}}

{{/* What every pod of a chart has, its own Redis' and the test's too: where it runs, what it may do. */}}
{{- define "common.podOf" -}}
automountServiceAccountToken: false
{{- if not (kindIs "invalid" .row.hostUsers) }}
hostUsers: {{ .row.hostUsers }}
{{- end }}
{{- with .row.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with include "common.pullSecrets" . }}
{{ . }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
{{- with get $.row $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .row.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The keys of a dict, if there are any. */}}
{{- define "common.more" -}}
{{- with . }}{{ toYaml . }}{{ end -}}
{{- end -}}
