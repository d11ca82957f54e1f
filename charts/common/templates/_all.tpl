{{/* Every object of an exercise: for each row of `services`, what it asks for; then the test. */}}
{{- define "common.all" -}}
{{- $root := . -}}
{{- $values := include "common.values" . | fromYaml -}}
{{- $chart := dict "root" $root "values" $values "taken" dict -}}
{{- range $name, $given := $values.services }}
{{- if $given }}
{{- $row := include "common.row" (dict "values" $values "row" $given) | fromYaml }}
{{- $each := dict "root" $root "values" $values "name" $name "row" $row }}
{{- include "common.refusals" (merge (dict "taken" $chart.taken) $each) }}
{{ include "common.serviceaccount" $each }}
{{ include "common.deployment" $each }}
{{- with $row.service }}
{{ include "common.service" $each }}
{{- end }}
{{- $least := int $row.replicas }}
{{- if $row.autoscaling.enabled }}{{ $least = int $row.autoscaling.minReplicas }}{{ end }}
{{- if and $row.podDisruptionBudget.enabled (gt $least 1) }}
{{ include "common.pdb" $each }}
{{- end }}
{{- if $row.autoscaling.enabled }}
{{ include "common.hpa" $each }}
{{- end }}
{{- if $row.route.enabled }}
{{ include "common.route" $each }}
{{- end }}
{{- if $row.ingress.enabled }}
{{ include "common.ingress" $each }}
{{- end }}
{{- if $values.networkPolicy.enabled }}
{{ include "common.networkpolicy" $each }}
{{- end }}
{{- if $values.serviceMonitor.enabled }}
{{ include "common.servicemonitor" $each }}
{{- end }}
{{- end }}
{{- end }}
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
