{{- define "jaeger.selector" -}}
app.kubernetes.io/name: jaeger
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "jaeger.labels" -}}
{{ include "jaeger.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: tracing
app.kubernetes.io/part-of: malha
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "jaeger.namespace" -}}
{{ .Values.namespace | default .Release.Namespace }}
{{- end -}}
