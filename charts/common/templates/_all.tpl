{{/* Every object of an exercise: for each row of `services`, what it asks for; then the test. */}}
{{- define "common.all" -}}
{{- $root := . -}}
{{- $values := include "common.values" . | fromYaml -}}
{{- range $name, $given := $values.services }}
{{- $row := include "common.row" (dict "values" $values "row" $given) | fromYaml }}
{{- $each := dict "root" $root "values" $values "name" $name "row" $row }}
{{ include "common.serviceaccount" $each }}
{{ include "common.deployment" $each }}
{{- with $row.service }}
{{ include "common.service" $each }}
{{- end }}
{{- $least := int $row.replicas }}
{{- if $row.autoscaling.enabled }}{{ $least = int $row.autoscaling.minReplicas }}{{ end }}
{{- if and $values.podDisruptionBudget.enabled (gt $least 1) }}
{{ include "common.pdb" $each }}
{{- end }}
{{- if $row.autoscaling.enabled }}
{{ include "common.hpa" $each }}
{{- end }}
{{- if $values.networkPolicy.enabled }}
{{ include "common.networkpolicy" $each }}
{{- end }}
{{- if $values.serviceMonitor.enabled }}
{{ include "common.servicemonitor" $each }}
{{- end }}
{{- end }}
{{- $chart := dict "root" $root "values" $values }}
{{ include "common.secret" $chart }}
{{- if and $values.redis.enabled (not $values.redis.url) }}
{{ include "common.redis" $chart }}
{{- end }}
{{- if $values.test.enabled }}
{{ include "common.test" $chart }}
{{- end }}
{{- range $values.extraObjects }}
---
{{ toYaml . }}
{{- end }}
{{- end -}}
