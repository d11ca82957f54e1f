{{- define "common.serviceaccount" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
  {{- with dig "serviceAccount" "annotations" dict (.row | default dict) }}
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
        {{- include "common.podLabels" (merge (dict "labels" .row.podLabels) .) | nindent 8 }}
      {{- with .row.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
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
{{- with include "common.pullSecrets" . }}
{{ . }}
{{- end }}
{{- with include "common.placement" .row | trim }}
{{ . }}
{{- end }}
securityContext:
  {{- toYaml .row.podSecurityContext | nindent 2 }}
{{- if not (hasKey .row "topologySpreadConstraints") }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "common.selector" . | nindent 8 }}
{{- else }}
{{- with .row.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
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
{{- else }}
{{- with .row.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .row.volumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
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
    {{- $grpc := eq (dig "service" "protocol" "" .row) "grpc" }}
    # The start is over in milliseconds; the startup probe only lets the others begin at once.
    startupProbe:
      httpGet: {path: /livez, port: admin}
      {{- toYaml .row.startupProbe | nindent 6 }}
    livenessProbe:
      {{- if $grpc }}
      grpc: {port: {{ .row.service.port }}, service: liveness}
      {{- else }}
      httpGet: {path: /livez, port: admin}
      {{- end }}
      {{- toYaml .row.livenessProbe | nindent 6 }}
    readinessProbe:
      {{- if $grpc }}
      grpc: {port: {{ .row.service.port }}}
      {{- else }}
      httpGet: {path: /readyz, port: admin}
      {{- end }}
      {{- toYaml .row.readinessProbe | nindent 6 }}
    resources:
      {{- toYaml .row.resources | nindent 6 }}
    securityContext:
      {{- toYaml .row.securityContext | nindent 6 }}
    {{- with .row.volumeMounts }}
    volumeMounts:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end -}}
