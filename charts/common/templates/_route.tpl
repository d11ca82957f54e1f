{{/*
A route of the Gateway API to a service, of the kind that its protocol has. Takes dict "root" "values" "name" "row".
*/}}
{{- define "common.route" -}}
{{- $route := .row.route -}}
{{- $protocol := .row.service.protocol -}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: {{ get (dict "http" "HTTPRoute" "grpc" "GRPCRoute" "tcp" "TCPRoute") $protocol }}
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labelsAnd" (dict "labels" $route.labels "of" .) | nindent 4 }}
  {{- with $route.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  parentRefs:
    {{- toYaml $route.parentRefs | nindent 4 }}
  {{- if ne $protocol "tcp" }}
  {{- with $route.hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  rules:
    - backendRefs:
        - name: {{ .row.service.name | quote }}
          port: {{ .row.service.port }}
      {{- if eq $protocol "http" }}
      {{- with $route.timeouts }}
      timeouts:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
{{- end -}}

{{/* The older way in. Takes dict "root" "values" "name" "row". */}}
{{- define "common.ingress" -}}
{{- $ingress := .row.ingress -}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .name | quote }}
  namespace: {{ include "common.namespace" . | quote }}
  labels:
    {{- include "common.labelsAnd" (dict "labels" $ingress.labels "of" .) | nindent 4 }}
  {{- with $ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $ingress.className }}
  ingressClassName: {{ . | quote }}
  {{- end }}
  {{- with $ingress.tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- $service := .row.service }}
    {{- range $ingress.hosts | default (list dict) }}
    - http:
        paths:
          {{- range .paths | default (list (dict "path" "/")) }}
          - path: {{ .path }}
            pathType: {{ .pathType | default "Prefix" }}
            backend:
              service:
                name: {{ $service.name | quote }}
                port: {number: {{ $service.port }}}
          {{- end }}
      {{- with .host }}
      host: {{ . | quote }}
      {{- end }}
    {{- end }}
{{- end -}}
