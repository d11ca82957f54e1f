{{/* The Secret of a chart. Takes dict "root" "values". */}}
{{- define "common.secretName" -}}
{{ .values.secrets.existing | default .root.Chart.Name }}
{{- end -}}

{{/* The keys that the chart's services ask for, with those of its Redis. */}}
{{- define "common.secretKeys" -}}
{{- $keys := list -}}
{{- if and .values.redis.enabled (not .values.redis.url) }}{{ $keys = append $keys "redis-password" }}{{ end -}}
{{- range .values.services }}{{ range .secretEnv }}{{ $keys = append $keys . }}{{ end }}{{ end -}}
{{ $keys | uniq | sortAlpha | toJson }}
{{- end -}}

{{/*
Passwords made at the first install and kept by every upgrade: what the cluster has is read back.
Takes dict "root" "values".
*/}}
{{- define "common.secret" -}}
{{- $keys := include "common.secretKeys" . | fromJsonArray -}}
{{- if and $keys (not .values.secrets.existing) }}
{{- $each := dict "root" .root "name" .root.Chart.Name "component" "secret" }}
{{- $namespace := include "common.namespace" $each }}
{{- $known := (lookup "v1" "Secret" $namespace .root.Chart.Name).data | default dict }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .root.Chart.Name }}
  namespace: {{ $namespace | quote }}
  labels:
    {{- include "common.labels" $each | nindent 4 }}
type: Opaque
data:
  {{- range $keys }}
  {{ . }}: {{ get $known . | default (randAlphaNum 40 | b64enc) | quote }}
  {{- end }}
{{- end }}
{{- end -}}
