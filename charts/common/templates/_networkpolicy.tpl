{{/*
What one service may hear and say; all else is denied. Probes come from the node, which policies
let through. Takes dict "root" "values" "name" "row".
*/}}
{{- define "common.networkpolicy" -}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- $metrics := .values.networkPolicy.metricsNamespace }}
  {{- if or .row.service $metrics }}
  ingress:
    {{- if .row.service }}
    - ports:
        - port: {{ .row.service.protocol }}
          protocol: TCP
      {{- if not .values.networkPolicy.allowExternal }}
      from:
        {{- $root := .root }}
        {{- $callee := .name }}
        {{- range $caller, $row := .values.services }}
        {{- if include "common.calls" (dict "values" $.values "row" $row "callee" $callee) }}
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" $root "name" $caller) | nindent 14 }}
        {{- end }}
        {{- end }}
        - podSelector:
            matchLabels:
              app.kubernetes.io/component: test
              app.kubernetes.io/part-of: malha
        {{- with .values.networkPolicy.allowFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- with .row.networkPolicy.allowFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
    {{- end }}
    {{- with $metrics }}
    - ports:
        - port: admin
          protocol: TCP
      from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ . | quote }}
    {{- end }}
  {{- else }}
  ingress: []
  {{- end }}
  {{- with include "common.egress" . | trim }}
  egress:
    {{- . | nindent 4 }}
  {{- else }}
  egress: []
  {{- end }}
{{- end -}}

{{/* Whether a row says that it calls somebody; "" if not. Takes dict "values" "row" "callee". */}}
{{- define "common.calls" -}}
{{- $calls := get (.row | default dict) "calls" | default .values.serviceDefaults.calls | default list -}}
{{- if and .row (has .callee $calls) }}true{{ end -}}
{{- end -}}

{{/* Whom one service may call. */}}
{{- define "common.egress" -}}
{{- include "common.egress.dns" . }}
{{ include "common.egress.otlp" . }}
{{- $root := .root }}
{{- $services := .values.services }}
{{- range $callee := .row.calls }}
{{- if eq $callee "redis" }}
- ports:
    {{- range include "common.redisPorts" $ | fromJsonArray }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
  {{- if not (or $.values.redis.url (not $.values.redis.enabled)) }}
  to:
    - podSelector:
        matchLabels:
          {{- include "common.selector" (dict "root" $root "name" $.values.redis.name) | nindent 10 }}
  {{- end }}
{{- else }}
{{- $called := get $services $callee }}
{{- if not (dig "service" "" ($called | default dict)) }}{{ fail (printf "%s calls %q, which no service of this chart answers to" $.name $callee) }}{{ end }}
- ports:
    - port: {{ $called.service.port }}
      protocol: TCP
  to:
    - podSelector:
        matchLabels:
          {{- include "common.selector" (dict "root" $root "name" $callee) | nindent 10 }}
{{- end }}
{{- end }}
{{- range list .values.networkPolicy.allowTo .row.networkPolicy.allowTo }}
{{- with . }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "common.egress.dns" -}}
{{- $dns := .values.networkPolicy.dns | default dict -}}
{{- if $dns.ports -}}
- ports:
    {{- range $dns.ports }}
    - {port: {{ . }}, protocol: UDP}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with $dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- else if $dns.to -}}
- to:
    {{- toYaml $dns.to | nindent 4 }}
{{- end -}}
{{- end -}}

{{- define "common.egress.otlp" -}}
{{- with dig "OTEL_EXPORTER_OTLP_ENDPOINT" .values.otlp.endpoint (include "common.ownEnv" . | fromYaml) -}}
{{- $endpoint := ternary . $.values.otlp.endpoint (kindIs "string" .) -}}
- ports:
    - port: {{ include "common.urlPort" $endpoint }}
      protocol: TCP
  to:
    {{- include "common.collector" $ | nindent 4 }}
{{- end -}}
{{- end -}}

{{/* Where the collector's pods are: in its namespace, or among the services. Takes dict "values". */}}
{{- define "common.collector" -}}
{{- with .values.otlp.namespace -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . | quote }}
{{- else -}}
- podSelector: {}
{{- end -}}
{{- end -}}

{{/* The port of a URL, or its scheme's. */}}
{{- define "common.urlPort" -}}
{{- $url := urlParse . -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end -}}
