{{- define "jaeger.selector" -}}
app.kubernetes.io/name: jaeger
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "jaeger.labels" -}}
{{ include "jaeger.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/component: tracing
app.kubernetes.io/part-of: malha
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* The recommended labels under others. Takes dict "root" "labels". */}}
{{- define "jaeger.labelsAnd" -}}
{{- $said := include "jaeger.labels" .root -}}
{{- if .labels -}}
{{ mergeOverwrite ($said | fromYaml) (deepCopy .labels) | toYaml }}
{{- else -}}
{{ $said }}
{{- end -}}
{{- end -}}

{{- define "jaeger.namespace" -}}
{{ .Values.namespace | default .Release.Namespace }}
{{- end -}}

{{/* The image, from the registry that all charts are told of, if any. */}}
{{- define "jaeger.image" -}}
{{- $image := .Values.image | default dict -}}
{{- $name := $image.repository | default "jaegertracing/jaeger" -}}
{{- with get (.Values.global | default dict) "imageRegistry" -}}
{{- $name = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $name "") -}}
{{- end -}}
{{ $name }}{{ with $image.digest }}@{{ . }}{{ else }}:{{ $image.tag | default (.Chart.AppVersion | replace "+" "_") }}{{ end }}
{{- end -}}

{{/* What a schema cannot say, and the API server would refuse half way through an upgrade. */}}
{{- define "jaeger.refusals" -}}
{{- $values := .Values -}}
{{- $names := list "config" "tmp" "data" -}}
{{- $paths := list "/etc/jaeger" "/tmp" "/badger" -}}
{{- range $values.volumes -}}
{{- if has .name $names }}{{ fail (printf "volumes: two are called %q" .name) }}{{ end -}}
{{- $names = append $names .name -}}
{{- include "jaeger.projectedFits" . -}}
{{- end -}}
{{- range $values.volumeMounts -}}
{{- if not (has .name $names) }}{{ fail (printf "volumeMounts names %q, which is not among the volumes" .name) }}{{ end -}}
{{- if has .mountPath $paths }}{{ fail (printf "volumeMounts: two are at %s" .mountPath) }}{{ end -}}
{{- $paths = append $paths .mountPath -}}
{{- end -}}
{{- $resources := $values.resources | default dict -}}
{{- range $name, $wanted := $resources.requests -}}
{{- $limit := get ($resources.limits | default dict) $name -}}
{{- if and $wanted $limit -}}
{{- if gt (include "jaeger.bytes" $wanted | float64) (include "jaeger.bytes" $limit | float64) -}}
{{- fail (printf "resources: the request of %s (%v) is more than its limit (%v)" $name $wanted $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $service := $values.service | default dict -}}
{{- if and $service.nodePort (eq ($service.type | default "ClusterIP") "ClusterIP") }}{{ fail "service.nodePort needs service.type NodePort or LoadBalancer" }}{{ end -}}
{{- if and (gt (len ($service.ipFamilies | default list)) 1) (not (has ($service.ipFamilyPolicy | default "SingleStack") (list "PreferDualStack" "RequireDualStack"))) -}}
{{- fail "service.ipFamilies: two need ipFamilyPolicy PreferDualStack or RequireDualStack" -}}
{{- end -}}
{{- $policy := $values.networkPolicy | default dict -}}
{{- include "jaeger.peersFit" (dict "of" "networkPolicy.allowFrom" "peers" $policy.allowFrom) -}}
{{- range $policy.allowTo }}{{ include "jaeger.peersFit" (dict "of" "networkPolicy.allowTo" "peers" .to) }}{{ end -}}
{{- $persistence := $values.persistence | default dict -}}
{{- if $persistence.enabled -}}
{{- $spec := dig "spec" dict (lookup "v1" "PersistentVolumeClaim" (include "jaeger.namespace" .) "jaeger") -}}
{{- with dig "resources" "requests" "storage" "" $spec -}}
{{- if lt (include "jaeger.bytes" $persistence.size | float64) (include "jaeger.bytes" . | float64) -}}
{{- fail (printf "persistence.size: the volume has %s, and none can shrink to %s. Nothing has been changed" . $persistence.size) -}}
{{- end -}}
{{- end -}}
{{- $class := get $spec "storageClassName" -}}
{{- if and $class $persistence.storageClassName (ne $class $persistence.storageClassName) -}}
{{- fail (printf "persistence.storageClassName: the volume is of %s, and an upgrade cannot change it. Nothing has been changed" $class) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the API server, or the kubelet after it, refuses of files from several sources. Takes a volume. */}}
{{- define "jaeger.projectedFits" -}}
{{- $name := .name -}}
{{- $paths := list -}}
{{- range prepend (dig "projected" "sources" list .) (pick . "downwardAPI") -}}
{{- range concat (dig "configMap" "items" list .) (dig "secret" "items" list .) (dig "downwardAPI" "items" list .) (list .serviceAccountToken .clusterTrustBundle | compact) -}}
{{- if has .path $paths }}{{ fail (printf "volumes: %s: two files are called %q" $name .path) }}{{ end -}}
{{- $paths = append $paths .path -}}
{{- with .resourceFieldRef -}}
{{- if ne .containerName "jaeger" }}{{ fail (printf "volumes: %s: containerName is %q, and the container is called \"jaeger\"" $name .containerName) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Blocks of IPv4 addresses as the API server has them: nothing set beyond the prefix, exceptions within.
Takes dict "of" "peers".
*/}}
{{- define "jaeger.peersFit" -}}
{{- range .peers -}}
{{- with .ipBlock -}}
{{- $block := include "jaeger.block" (dict "of" $.of "cidr" .cidr) | fromJsonArray -}}
{{- range .except -}}
{{- $within := include "jaeger.block" (dict "of" $.of "cidr" .) | fromJsonArray -}}
{{- if and $block $within -}}
{{- if or (le (index $within 1) (index $block 1)) (ne (div (index $within 0 | int64) (index $block 2 | int64)) (div (index $block 0 | int64) (index $block 2 | int64))) -}}
{{- fail (printf "%s: %s is not within the block that it is an exception of" $.of .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* An IPv4 block as JSON: its first address, its prefix, how many addresses it has; of IPv6, an empty list. */}}
{{- define "jaeger.block" -}}
{{- if contains ":" .cidr -}}
[]
{{- else -}}
{{- $parts := splitList "/" .cidr -}}
{{- $address := 0 -}}
{{- range splitList "." (first $parts) }}{{ $address = add (mul $address 256) (int64 .) }}{{ end -}}
{{- $size := 1 -}}
{{- range until (sub 32 (last $parts | int) | int) }}{{ $size = mul $size 2 }}{{ end -}}
{{- if mod $address $size }}{{ fail (printf "%s: %s has bits set beyond its prefix" .of .cidr) }}{{ end -}}
{{ list $address (last $parts | int) $size | toJson }}
{{- end -}}
{{- end -}}

{{/* A quantity of Kubernetes as a number. */}}
{{- define "jaeger.bytes" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $units := dict "" 1.0 "m" 0.001 "k" 1000.0 "M" 1000000.0 "G" 1000000000.0 "T" 1000000000000.0 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 -}}
{{- if kindIs "string" . }}{{ mulf (trimSuffix $unit $text | float64) (get $units $unit) }}{{ else }}{{ . }}{{ end -}}
{{- end -}}
