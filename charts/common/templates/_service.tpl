{{/* Takes dict "root" "values" "name" "row". */}}
{{- define "common.service" -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .row.service.name }}
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.podLabels" (merge (dict "labels" .row.service.labels) .) | nindent 4 }}
  {{- if or .row.service.annotations (ne .row.service.type "ClusterIP") }}
  annotations:
    {{- if ne .row.service.type "ClusterIP" }}
    # Asked for by values, for the port mappings of a kind cluster.
    kube-score/ignore: service-type
    {{- end }}
    {{- with omit (.row.service.annotations | default dict) "kube-score/ignore" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
spec:
  type: {{ .row.service.type }}
  {{- if eq .row.service.type "LoadBalancer" }}
  {{- with .row.service.loadBalancerClass }}
  loadBalancerClass: {{ . }}
  {{- end }}
  {{- end }}
  {{- if ne .row.service.type "ClusterIP" }}
  {{- with .row.service.externalTrafficPolicy }}
  externalTrafficPolicy: {{ . }}
  {{- end }}
  {{- end }}
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - name: {{ .row.service.protocol }}
      port: {{ .row.service.port }}
      targetPort: {{ .row.service.protocol }}
      {{- with .row.service.nodePort }}
      nodePort: {{ . }}
      {{- end }}
      appProtocol: {{ .row.service.protocol }}
{{- if .row.service.headless }}
---
# Every pod's own address, for callers that share their calls out among them.
apiVersion: v1
kind: Service
metadata:
  name: {{ .row.service.name }}-headless
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  clusterIP: None
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - name: {{ .row.service.protocol }}
      port: {{ .row.service.port }}
      targetPort: {{ .row.service.protocol }}
      appProtocol: {{ .row.service.protocol }}
{{- end }}
{{- end -}}

{{- define "common.pdb" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
{{- end -}}

{{- define "common.hpa" -}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name }}
  minReplicas: {{ .row.autoscaling.minReplicas }}
  maxReplicas: {{ .row.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .row.autoscaling.targetCPU }}
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
  namespace: {{ include "common.namespace" . }}
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
  name: {{ .name }}
  namespace: {{ include "common.namespace" . }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
    {{- with .values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
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
      interval: {{ .values.serviceMonitor.interval }}
{{- end -}}
