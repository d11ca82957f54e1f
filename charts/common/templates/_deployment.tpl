{{- define "common.serviceaccount" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}

{{/* Takes dict "root" "values" "name" "row". */}}
{{- define "common.deployment" -}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
  {{- if lt (int .row.replicas) 2 }}
  annotations:
    # One loop asks for all: a second replica would only ask twice, and a drained node may pause it.
    kube-score/ignore: deployment-replicas,deployment-has-poddisruptionbudget
  {{- end }}
spec:
  {{- if not .row.autoscaling.enabled }}
  replicas: {{ .row.replicas }}
  {{- else }}
  {{- /* As many as run. Were the field left out where it was before, Kubernetes would take it for 1. */}}
  {{- with dig "spec" "replicas" "" (lookup "apps/v1" "Deployment" (include "common.namespace" .) .name) }}
  replicas: {{ . }}
  {{- end }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "common.labels" . | nindent 8 }}
    spec:
      {{- include "common.pod" . | nindent 6 }}
{{- end -}}

{{- define "common.pod" -}}
serviceAccountName: {{ .name }}
automountServiceAccountToken: false
# A Service named `servidor` would otherwise put SERVIDOR_PORT and the like into the environment.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add .values.drain.delaySeconds .values.drain.timeoutSeconds 5 }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "common.podSecurity" . | nindent 2 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "common.selector" . | nindent 8 }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "common.selector" . | nindent 14 }}
containers:
  - name: {{ .name }}
    image: {{ include "common.image" . }}
    imagePullPolicy: {{ .values.image.pullPolicy }}
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
    ports:
      {{- with .row.service }}
      - name: {{ .protocol }}
        containerPort: {{ .port }}
      {{- end }}
      - name: admin
        containerPort: 9464
    {{- $grpc := eq (dig "service" "protocol" "" .row) "grpc" }}
    # The start is over in milliseconds; the startup probe only lets the others begin at once.
    startupProbe:
      httpGet: {path: /livez, port: admin}
      periodSeconds: 1
      failureThreshold: 30
    livenessProbe:
      {{- if $grpc }}
      grpc: {port: {{ .row.service.port }}, service: liveness}
      {{- else }}
      httpGet: {path: /livez, port: admin}
      {{- end }}
      periodSeconds: 10
      timeoutSeconds: 3
      failureThreshold: 3
    readinessProbe:
      {{- if $grpc }}
      grpc: {port: {{ .row.service.port }}}
      {{- else }}
      httpGet: {path: /readyz, port: admin}
      {{- end }}
      periodSeconds: 2
      timeoutSeconds: 2
      failureThreshold: 2
    resources:
      {{- toYaml .row.resources | nindent 6 }}
    securityContext:
      {{- include "common.containerSecurity" . | nindent 6 }}
{{- end -}}
