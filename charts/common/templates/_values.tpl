{{/*
The values of a chart over the library's defaults, under `global.malha`'s. YAML; callers use fromYaml.
*/}}
{{- define "common.values" -}}
{{- $own := omit .Values "common" "global" "enabled" "tags" -}}
{{- $values := deepCopy .Values.common -}}
{{- $global := include "common.oldGlobals" . | fromYaml -}}
{{- $ours := get (.Values.global | default dict) "malha" | default dict -}}
{{- $attributes := list -}}
{{- range list $own $global $ours -}}
{{- with get (get . "env" | default dict) "OTEL_RESOURCE_ATTRIBUTES" }}{{ if kindIs "string" . }}{{ $attributes = append $attributes . }}{{ end }}{{ end -}}
{{- include "common.overlay" (dict "into" $values "from" .) -}}
{{- end -}}
{{- range $key, $below := dict "networkPolicy" "dns" "redis" "tls" -}}
{{- if not (get (get $values $key) $below) }}{{ $_ := set (get $values $key) $below dict }}{{ end -}}
{{- end -}}
{{- if gt (len $attributes) 1 }}{{ $_ := set $values.env "OTEL_RESOURCE_ATTRIBUTES" (join "," $attributes) }}{{ end -}}
{{- $values | toYaml -}}
{{- end -}}

{{/*
What stood straight under `global` before 0.2 had `global.malha`. Only for our own charts at the top:
under another umbrella these names are somebody else's.
*/}}
{{- define "common.oldGlobals" -}}
{{- $found := dict -}}
{{- $names := keys (omit .Values.common "namespace" "global") -}}
{{- if or .Chart.IsRoot (eq .Template.BasePath (printf "malha/charts/%s/templates" .Chart.Name)) -}}
{{- range $name, $value := .Values.global -}}
{{- if and (has $name $names) (kindIs (kindOf (get $.Values.common $name)) $value) }}{{ $_ := set $found $name $value }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end -}}

{{/* For NOTES: the old names that are still read. */}}
{{- define "common.notes" -}}
{{- range $name, $_ := include "common.oldGlobals" . | fromYaml }}

WARNING: global.{{ $name }} is read for the last time in this release; say global.malha.{{ $name }} instead.
{{- end -}}
{{- end -}}

{{/*
Lays one dict over another, in place. A null takes a default away; of what templates look into, an empty
dict stays. Where they have a default of their own, the null is kept, so that they see it.
Takes dict "into" "from".
*/}}
{{- define "common.overlay" -}}
{{- $into := .into -}}
{{- $kept := list "affinity" "topologySpreadConstraints" "startupProbe" "livenessProbe" "readinessProbe" -}}
{{- $whole := list "image" "otlp" "drain" "networkPolicy" "dns" "podDisruptionBudget" "serviceMonitor" "secrets" "redis" "tls" "test" "serviceDefaults" "serviceAccount" "autoscaling" "strategy" "route" "ingress" "env" -}}
{{- $all := .keep -}}
{{- range $key, $value := .from -}}
{{- if or $all (has $key $kept) (eq $key "services") -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $into $key)) (not $all) (ne $key "services") -}}
{{- include "common.overlay" (dict "into" (get $into $key) "from" $value) -}}
{{- else -}}
{{- $_ := set $into $key $value -}}
{{- end -}}
{{- else if and (kindIs "map" $value) (has $key (list "seccompProfile" "appArmorProfile")) -}}
{{- $_ := set $into $key $value -}}
{{- else if kindIs "map" $value -}}
{{- if not (kindIs "map" (get $into $key)) }}{{ $_ := set $into $key dict }}{{ end -}}
{{- include "common.overlay" (dict "into" (get $into $key) "from" $value "keep" (eq $key "env")) -}}
{{- else if kindIs "invalid" $value -}}
{{- if and (kindIs "map" (get $into $key)) (has $key $whole) }}{{ $_ := set $into $key dict }}{{ else }}{{ $_ := unset $into $key }}{{ end -}}
{{- else -}}
{{- $_ := set $into $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a row has of what the chart says of every pod. */}}
{{- define "common.ofEveryPod" -}}
{{- list "podAnnotations" "podLabels" "serviceAccount" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "podSecurityContext" "securityContext" "hostUsers" "priorityClassName" | toJson -}}
{{- end -}}

{{/*
The row of one service over `serviceDefaults`, which lies over what the chart says of every pod; a
client has no `service`. Takes dict "values" "row".
*/}}
{{- define "common.row" -}}
{{- $values := deepCopy .values -}}
{{- $row := dict "service" dict "autoscaling" dict "strategy" dict "route" dict "ingress" dict "networkPolicy" dict -}}
{{- range concat (include "common.ofEveryPod" . | fromJsonArray) (list "envFrom" "volumes" "volumeMounts" "startupProbe" "livenessProbe" "readinessProbe" "podDisruptionBudget") -}}
{{- if hasKey $values . }}{{ $_ := set $row . (get $values .) }}{{ end -}}
{{- end -}}
{{- $defaults := .values.serviceDefaults -}}
{{- if not .row.service }}{{ $defaults = omit $defaults "service" "route" "ingress" }}{{ end -}}
{{- include "common.overlay" (dict "into" $row "from" $defaults) -}}
{{- include "common.overlay" (dict "into" $row "from" .row) -}}
{{- if not .row.service }}{{ $_ := unset $row "service" }}{{ else }}{{ $_ := set $row.service "type" ($row.service.type | default "ClusterIP") }}{{ end -}}
{{- if has "redis" ($row.calls | default list) }}{{ include "common.redisFiles" (dict "redis" .values.redis "row" $row) }}{{ end -}}
{{- if not $row.autoscaling.minReplicas }}{{ $_ := set $row.autoscaling "minReplicas" (max 1 (int $row.replicas)) }}{{ end -}}
{{- $row | toYaml -}}
{{- end -}}

{{/* The files by which a service speaks TLS to Redis, among its volumes. Takes dict "redis" "row". */}}
{{- define "common.redisFiles" -}}
{{- $row := .row -}}
{{- range $name, $secret := dict "redis-ca" .redis.tls.caSecret "redis-client" .redis.tls.clientSecret -}}
{{- if $secret -}}
{{- $_ := set $row "volumes" (append ($row.volumes | default list) (dict "name" $name "secret" (dict "secretName" $secret))) -}}
{{- $_ := set $row "volumeMounts" (append ($row.volumeMounts | default list) (dict "name" $name "mountPath" (printf "/etc/malha/%s" $name) "readOnly" true)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The row of the chart's own Redis. Takes dict "values". */}}
{{- define "common.redisRow" -}}
{{- $values := deepCopy .values -}}
{{- $row := dict "service" dict "networkPolicy" dict -}}
{{- range include "common.ofEveryPod" . | fromJsonArray -}}
{{- if hasKey $values . }}{{ $_ := set $row . (get $values .) }}{{ end -}}
{{- end -}}
{{- include "common.overlay" (dict "into" $row "from" .values.redis) -}}
{{- $row | toYaml -}}
{{- end -}}

{{/* Where a chart's objects go: its own value, so that an umbrella can give each its namespace. Takes dict "root". */}}
{{- define "common.namespace" -}}
{{ .root.Values.namespace | default .root.Release.Namespace }}
{{- end -}}

{{/* The image of a service. Takes dict "root" "values" "name" "row". */}}
{{- define "common.image" -}}
{{- $image := .values.image -}}
{{- $registry := $image.registry | default (get (.root.Values.global | default dict) "imageRegistry") | default "" | trimSuffix "/" -}}
{{- $name := list $registry $image.prefix (.row.image | default .name) | compact | join "/" -}}
{{- if .row.digest -}}
{{ $name }}@{{ .row.digest }}
{{- else -}}
{{ $name }}:{{ .row.tag | default $image.tag | default (.root.Chart.AppVersion | replace "+" "_") }}
{{- end -}}
{{- end -}}

{{/* Somebody else's image, from the registry that all charts are told of, if any. Takes dict "root" "image". */}}
{{- define "common.foreignImage" -}}
{{- $registry := get (.root.Values.global | default dict) "imageRegistry" | default "" | trimSuffix "/" -}}
{{- if $registry -}}
{{ $registry }}/{{ regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" .image "" }}
{{- else -}}
{{ .image }}
{{- end -}}
{{- end -}}

{{/* The Secrets with registry credentials: the chart's, and those that all charts are told of. Takes dict "root" "values". */}}
{{- define "common.pullSecrets" -}}
{{- $names := list -}}
{{- range concat (.values.image.pullSecrets | default list) (get (.root.Values.global | default dict) "imagePullSecrets" | default list) -}}
{{- $names = append $names (ternary (get (kindIs "map" . | ternary . dict) "name") . (kindIs "map" .)) -}}
{{- end -}}
{{- with $names | compact | uniq -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of one service; they never change. Takes dict "root" "name". */}}
{{- define "common.selector" -}}
app.kubernetes.io/name: {{ .name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end -}}

{{/* All recommended labels. Takes dict "root" "name". */}}
{{- define "common.labels" -}}
{{ include "common.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/component: {{ .component | default "service" }}
app.kubernetes.io/part-of: malha
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* The recommended labels under others. Takes dict "labels", and as "of" what common.labels takes. */}}
{{- define "common.labelsAnd" -}}
{{- $said := include "common.labels" .of -}}
{{- if .labels -}}
{{ mergeOverwrite ($said | fromYaml) (deepCopy .labels) | toYaml }}
{{- else -}}
{{ $said }}
{{- end -}}
{{- end -}}
