{{- define "jaeger.selector" -}}
app.kubernetes.io/name: jaeger
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "jaeger.labels" -}}
{{ include "jaeger.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/component: tracing
app.kubernetes.io/part-of: malha
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "jaeger.namespace" -}}
{{ .Values.namespace | default .Release.Namespace }}
{{- end -}}

{{/* The image, from the registry that all charts are told of, if any. */}}
{{- define "jaeger.image" -}}
{{- $name := .Values.image.repository -}}
{{- with get (.Values.global | default dict) "imageRegistry" -}}
{{- $name = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $name "") -}}
{{- end -}}
{{ $name }}{{ with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag | default (.Chart.AppVersion | replace "+" "_") }}{{ end }}
{{- end -}}
