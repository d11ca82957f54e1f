{{/*
The values of a chart over the library's defaults, under `global`'s. YAML; callers use fromYaml.
*/}}
{{- define "common.values" -}}
{{- $own := omit .Values "common" "global" -}}
{{- $global := omit (.Values.global | default dict) "imagePullSecrets" -}}
{{- mergeOverwrite (deepCopy .Values.common) (deepCopy $own) (deepCopy $global) | toYaml -}}
{{- end -}}

{{/* The row of one service over `serviceDefaults`; a client has no `service`. Takes dict "values" "row". */}}
{{- define "common.row" -}}
{{- $defaults := deepCopy .values.serviceDefaults -}}
{{- if not .row.service }}{{ $defaults = omit $defaults "service" }}{{ end -}}
{{- $row := mergeOverwrite $defaults (deepCopy .row) -}}
{{- if not $row.autoscaling.minReplicas }}{{ $_ := set $row.autoscaling "minReplicas" $row.replicas }}{{ end -}}
{{- $row | toYaml -}}
{{- end -}}

{{/* Where a chart's objects go: its own value, so that an umbrella can give each its namespace. Takes dict "root". */}}
{{- define "common.namespace" -}}
{{ .root.Values.namespace | default .root.Release.Namespace }}
{{- end -}}

{{/* The image of a service. Takes dict "root" "values" "name" "row". */}}
{{- define "common.image" -}}
{{- $image := .values.image -}}
{{- $name := printf "%s%s/%s" $image.registry $image.prefix (.row.image | default .name) -}}
{{- if .row.digest -}}
{{ $name }}@{{ .row.digest }}
{{- else -}}
{{ $name }}:{{ .row.tag | default $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of one service; they never change. Takes dict "root" "name". */}}
{{- define "common.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* All recommended labels. Takes dict "root" "name". */}}
{{- define "common.labels" -}}
{{ include "common.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/component: {{ .component | default "service" }}
app.kubernetes.io/part-of: malha
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* What Pod Security `restricted` asks of a pod. */}}
{{- define "common.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What it asks of a container, and a file system that nobody can write to. */}}
{{- define "common.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
