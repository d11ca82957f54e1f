{{/* Takes dict "root" "values" "name" "row". */}}
{{- define "common.service" -}}
{{- $service := .row.service -}}
{{- $outer := ne $service.type "ClusterIP" -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $service.name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labelsAnd" (dict "labels" $service.labels "of" .) | nindent 4 }}
  {{- if or $service.annotations $outer }}
  annotations:
    {{- if $outer }}
    # Asked for by values, for the port mappings of a kind cluster.
    kube-score/ignore: service-type
    {{- end }}
    {{- with omit ($service.annotations | default dict) "kube-score/ignore" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
spec:
  type: {{ $service.type }}
  {{- if eq $service.type "LoadBalancer" }}
  {{- with $service.loadBalancerClass }}
  loadBalancerClass: {{ . | quote }}
  {{- end }}
  {{- end }}
  {{- if $outer }}
  {{- with $service.externalTrafficPolicy }}
  externalTrafficPolicy: {{ . }}
  {{- end }}
  {{- end }}
  {{- include "common.addresses" $service | nindent 2 }}
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - name: {{ $service.protocol }}
      port: {{ $service.port }}
      targetPort: {{ $service.protocol }}
      {{- with $service.nodePort }}
      nodePort: {{ . }}
      {{- end }}
      appProtocol: {{ include "common.appProtocol" $service | quote }}
{{- if $service.headless }}
---
# Every pod's own address, for callers that share their calls out among them.
apiVersion: v1
kind: Service
metadata:
  name: {{ $service.name }}-headless
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  clusterIP: None
  {{- if eq $service.protocol "grpc" }}
  # Callers ask each pod for its health themselves. Those who wait for a server to be ready would wait
  # for DNS besides, which keeps an answer without any address for seconds.
  publishNotReadyAddresses: true
  {{- end }}
  {{- include "common.addresses" (pick $service "ipFamilyPolicy" "ipFamilies") | nindent 2 }}
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - name: {{ $service.protocol }}
      port: {{ $service.port }}
      targetPort: {{ $service.protocol }}
      appProtocol: {{ include "common.appProtocol" $service | quote }}
{{- end }}
{{- end -}}

{{/* Which addresses a Service has, and which pods answer. Takes a dict with what is said of them. */}}
{{- define "common.addresses" -}}
{{- with .ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .ipFamilies }}
ipFamilies: {{ toJson . }}
{{- end }}
{{- with .trafficDistribution }}
trafficDistribution: {{ . }}
{{- end }}
{{- end -}}

{{/* What the port speaks, by Kubernetes' name where it has one: a gateway goes by it. */}}
{{- define "common.appProtocol" -}}
{{ .appProtocol | default (ternary "kubernetes.io/h2c" .protocol (eq .protocol "grpc")) }}
{{- end -}}

{{- define "common.pdb" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  {{- $budget := .row.podDisruptionBudget }}
  {{- if not (kindIs "invalid" $budget.minAvailable) }}
  minAvailable: {{ $budget.minAvailable }}
  {{- else if not (kindIs "invalid" $budget.maxUnavailable) }}
  maxUnavailable: {{ $budget.maxUnavailable }}
  {{- end }}
  {{- with $budget.unhealthyPodEvictionPolicy }}
  unhealthyPodEvictionPolicy: {{ . }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
{{- end -}}

{{- define "common.hpa" -}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name | quote }}
  minReplicas: {{ .row.autoscaling.minReplicas }}
  maxReplicas: {{ .row.autoscaling.maxReplicas | default 5 }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .row.autoscaling.targetCPU | default 80 }}
  {{- with .row.autoscaling.behavior }}
  behavior:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/*
A ServiceMonitor, with a headless Service of the admin port beneath it: clients have metrics too,
and no Service of their own.
*/}}
{{- define "common.servicemonitor" -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}-metrics
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labels" (merge (dict "component" "metrics") .) | nindent 4 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - {name: admin, port: 9464, targetPort: admin}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labelsAnd" (dict "labels" .values.serviceMonitor.labels "of" .) | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
      app.kubernetes.io/component: metrics
  # `job` is the service's name.
  jobLabel: app.kubernetes.io/name
  endpoints:
    - port: admin
      path: /metrics
      {{- with .values.serviceMonitor.interval }}
      interval: {{ . }}
      {{- end }}
{{- end -}}
