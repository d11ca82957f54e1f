{{/*
The environment of a service's container: what Kubernetes knows of the pod, for the spans; the
drain; the collector; what it calls Redis with; its secrets; then the chart's own variables, the
service's last. Each name once: what the user says wins, and a null takes it away.
*/}}
{{- define "common.env" -}}
{{- $own := include "common.ownEnv" . | fromYaml -}}
{{- $secrets := .row.secretEnv | default dict -}}
{{- $said := dict -}}
{{- range $name := concat (keys $own) (keys $secrets) }}{{ $_ := set $said $name true }}{{ end -}}
{{- range $name, $path := dict "POD_NAME" "metadata.name" "POD_UID" "metadata.uid" "POD_NAMESPACE" "metadata.namespace" "NODE_NAME" "spec.nodeName" }}
{{- if not (hasKey $said $name) }}
- name: {{ $name | quote }}
  valueFrom:
    fieldRef:
      fieldPath: {{ $path }}
{{- end }}
{{- end }}
{{- if not (hasKey $said "OTEL_RESOURCE_ATTRIBUTES") }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ include "common.attributes" . }}
{{- end }}
{{- with .values.otlp.endpoint }}
{{- if not (hasKey $said "OTEL_EXPORTER_OTLP_ENDPOINT") }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- if not (hasKey $said "OTEL_BSP_SCHEDULE_DELAY") }}
- name: OTEL_BSP_SCHEDULE_DELAY
  value: "1000"
{{- end }}
{{- if not (or (hasKey $said "OTEL_BSP_MAX_QUEUE_SIZE") (hasKey $said "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")) }}
# The SDK lays out its whole queue at the start: 0.7 MiB for the usual 2048 spans, of 2 MiB in all.
- name: OTEL_BSP_MAX_QUEUE_SIZE
  value: "512"
{{- end }}
{{- end }}
{{- range $name, $key := dict "DRAIN_DELAY" "delaySeconds" "DRAIN_TIMEOUT" "timeoutSeconds" }}
{{- if and (hasKey $.values.drain $key) (not (hasKey $said $name)) }}
- name: {{ $name | quote }}
  value: {{ get $.values.drain $key }}s
{{- end }}
{{- end }}
{{- if not (hasKey $said "MALLOC_ARENA_MAX") }}
# Few threads need few arenas: glibc would keep one for each core of the node.
- name: MALLOC_ARENA_MAX
  value: "2"
{{- end }}
{{- if has "redis" (.row.calls | default list) }}
{{- if not (hasKey $said "REDIS_URL") }}
- name: REDIS_URL
  value: {{ include "common.redisUrl" . | quote }}
{{- end }}
{{- $tls := .values.redis.tls }}
{{- if and (or $tls.caSecret $tls.clientSecret) (not (hasKey $said "REDIS_URL")) (not (contains "rediss://" (include "common.redisUrl" .))) }}
{{- fail (printf "%s: redis.tls is for a redis.url that begins with rediss://" .name) }}
{{- end }}
{{- $files := dict "REDIS_CA_FILE" (ternary "redis-ca/ca.crt" "" (not (empty $tls.caSecret))) "REDIS_CERT_FILE" (ternary "redis-client/tls.crt" "" (not (empty $tls.clientSecret))) "REDIS_KEY_FILE" (ternary "redis-client/tls.key" "" (not (empty $tls.clientSecret))) }}
{{- range $name, $file := $files }}
{{- if and $file (not (hasKey $said $name)) }}
- name: {{ $name }}
  value: /etc/malha/{{ $file }}
{{- end }}
{{- end }}
{{- $foreign := or .values.redis.url (and (hasKey $said "REDIS_URL") (not .values.redis.enabled)) }}
{{- if and (not (hasKey $said "REDIS_PASSWORD")) (or (not $foreign) .values.secrets.existing) }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "common.secretName" . | quote }}
      key: redis-password
      {{- if $foreign }}
      # Not every Redis asks for one.
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- range $name, $key := $secrets }}
{{- if not (hasKey $own $name) }}
- name: {{ $name | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ include "common.secretName" $ | quote }}
      key: {{ $key | quote }}
{{- end }}
{{- end }}
{{- include "common.variables" $own }}
{{- end -}}

{{/* Variables by their names: text, or `valueFrom`. A null is none. */}}
{{- define "common.variables" -}}
{{- range $name, $value := . }}
{{- if kindIs "map" $value }}
- name: {{ $name | quote }}
  {{- toYaml $value | nindent 2 }}
{{- else if not (kindIs "invalid" $value) }}
- name: {{ $name | quote }}
  value: {{ include "common.text" $value }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
The variables that the user names: the chart's under the service's. Resource attributes are left
out where they are text, since they are laid over ours.
*/}}
{{- define "common.ownEnv" -}}
{{- $own := dict -}}
{{- range list .values.env .row.env -}}
{{- range $name, $value := . }}{{ $_ := set $own $name $value }}{{ end -}}
{{- end -}}
{{- if kindIs "string" (get $own "OTEL_RESOURCE_ATTRIBUTES") }}{{ $own = omit $own "OTEL_RESOURCE_ATTRIBUTES" }}{{ end -}}
{{- $own | toYaml -}}
{{- end -}}

{{/* Ours, under the chart's pairs, under the service's. */}}
{{- define "common.attributes" -}}
{{- $ours := printf "service.namespace=malha,service.instance.id=$(POD_UID),k8s.pod.uid=$(POD_UID),k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.node.name=$(NODE_NAME),k8s.deployment.name=%s,k8s.container.name=%s" .name .name -}}
{{- with .values.environment }}{{ $ours = printf "%s,deployment.environment.name=%s" $ours . }}{{ end -}}
{{- $order := list -}}
{{- $pairs := dict -}}
{{- range list $ours (get (.values.env | default dict) "OTEL_RESOURCE_ATTRIBUTES") (get (.row.env | default dict) "OTEL_RESOURCE_ATTRIBUTES") -}}
{{- if kindIs "string" . -}}
{{- range splitList "," . | compact -}}
{{- $key := splitList "=" . | first | trim -}}
{{- if not (hasKey $pairs $key) }}{{ $order = append $order $key }}{{ end -}}
{{- $_ := set $pairs $key (trim .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $texts := list -}}
{{- range $order }}{{ $texts = append $texts (get $pairs .) }}{{ end -}}
{{- $text := join "," $texts -}}
{{- if eq $text $ours }}{{ $text }}{{ else }}{{ $text | quote }}{{ end -}}
{{- end -}}

{{/* A value as a quoted string. Helm reads numbers as floats: 1048576 would come out as 1.048576e+06. */}}
{{- define "common.text" -}}
{{- if kindIs "string" . }}{{ . | quote }}{{ else }}{{ . | toJson | quote }}{{ end -}}
{{- end -}}
