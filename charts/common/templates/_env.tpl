{{/*
The environment of a service's container: what Kubernetes knows of the pod, for the spans; the
drain; the collector; what it calls Redis with; its secrets; then the chart's own variables, the
service's last.
*/}}
{{- define "common.env" -}}
{{- range $name, $path := dict "POD_NAME" "metadata.name" "POD_UID" "metadata.uid" "POD_NAMESPACE" "metadata.namespace" "NODE_NAME" "spec.nodeName" }}
- name: {{ $name }}
  valueFrom:
    fieldRef:
      fieldPath: {{ $path }}
{{- end }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.namespace=malha,service.instance.id=$(POD_UID),k8s.pod.uid=$(POD_UID),k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.node.name=$(NODE_NAME),k8s.deployment.name={{ .name }},k8s.container.name={{ .name }},deployment.environment.name={{ .values.environment }}
{{- with .values.otlp.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
- name: OTEL_BSP_SCHEDULE_DELAY
  value: "1000"
{{- end }}
- name: DRAIN_DELAY
  value: {{ .values.drain.delaySeconds }}s
- name: DRAIN_TIMEOUT
  value: {{ .values.drain.timeoutSeconds }}s
# Few threads need few arenas: glibc would keep one for each core of the node.
- name: MALLOC_ARENA_MAX
  value: "2"
{{- $own := merge (dict) (.row.env | default dict) (.values.env | default dict) }}
{{- if has "redis" (.row.calls | default list) }}
{{- if not (hasKey $own "REDIS_URL") }}
- name: REDIS_URL
  value: {{ include "common.redisUrl" . | quote }}
{{- end }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "common.secretName" . }}
      key: redis-password
{{- end }}
{{- range $name, $key := .row.secretEnv }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "common.secretName" $ }}
      key: {{ $key }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ include "common.text" $value }}
{{- end }}
{{- end -}}

{{/* A value as a quoted string. Helm reads numbers as floats: 1048576 would come out as 1.048576e+06. */}}
{{- define "common.text" -}}
{{- if kindIs "string" . }}{{ . | quote }}{{ else }}{{ . | toJson | quote }}{{ end -}}
{{- end -}}
