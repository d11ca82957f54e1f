{{/* Takes dict "root" "values" "name" "row". */}}
{{- define "common.service" -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .row.service.name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  type: {{ .row.service.type | default "ClusterIP" }}
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
{{- end -}}

{{- define "common.pdb" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
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
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name }}
  minReplicas: {{ .row.autoscaling.minReplicas | default .row.replicas }}
  maxReplicas: {{ .row.autoscaling.maxReplicas | default 5 }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .row.autoscaling.targetCPU | default 80 }}
{{- end -}}

{{/* A PodMonitor, for clients have metrics and no Service. */}}
{{- define "common.podmonitor" -}}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
    {{- with .values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  podMetricsEndpoints:
    - port: admin
      path: /metrics
      interval: {{ .values.serviceMonitor.interval }}
{{- end -}}
