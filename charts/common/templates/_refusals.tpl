{{/*
What a schema cannot say of a row, and the API server would refuse half way through an upgrade, or
what could never work. Takes dict "root" "values" "name" "row" "taken".
*/}}
{{- define "common.refusals" -}}
{{- include "common.resourcesFit" (dict "of" (printf "services.%s" .name) "resources" .row.resources) -}}
{{- include "common.mountsFit" (dict "of" (printf "services.%s" .name) "row" .row "container" .name "ours" (dict "names" list "paths" list)) -}}
{{- with .row.strategy.rollingUpdate -}}
{{- if and (has (toString .maxSurge) (list "0" "0%")) (has (toString .maxUnavailable) (list "0" "0%")) (ne ($.row.strategy.type | default "") "Recreate") -}}
{{- fail (printf "services.%s.strategy: maxSurge and maxUnavailable are both 0, so that no pod could be replaced" $.name) -}}
{{- end -}}
{{- end -}}
{{- if ge (int .row.minReadySeconds) (int (.row.progressDeadlineSeconds | default 600)) -}}
{{- fail (printf "services.%s.minReadySeconds must be less than progressDeadlineSeconds (%v)" .name (.row.progressDeadlineSeconds | default 600)) -}}
{{- end -}}
{{- if .row.autoscaling.enabled -}}
{{- if gt (int .row.autoscaling.minReplicas) (int (.row.autoscaling.maxReplicas | default 5)) -}}
{{- fail (printf "services.%s.autoscaling: minReplicas (%v) is more than maxReplicas (%v)" .name .row.autoscaling.minReplicas (.row.autoscaling.maxReplicas | default 5)) -}}
{{- end -}}
{{- end -}}
{{- range list .values.networkPolicy.allowFrom .row.networkPolicy.allowFrom (.values.networkPolicy.dns | default dict).to -}}
{{- include "common.peersFit" (dict "of" "networkPolicy" "peers" .) -}}
{{- end -}}
{{- range list .values.networkPolicy.allowTo .row.networkPolicy.allowTo -}}
{{- include "common.rulesFit" (dict "of" "networkPolicy.allowTo" "rules" .) -}}
{{- end -}}
{{- $open := or (not .values.networkPolicy.enabled) .values.networkPolicy.allowExternal .values.networkPolicy.allowFrom .row.networkPolicy.allowFrom -}}
{{- range $way := list "route" "ingress" -}}
{{- if (get $.row $way).enabled -}}
{{- if not $.row.service }}{{ fail (printf "services.%s.%s leads to no Service: the row has none" $.name $way) }}{{ end -}}
{{- if not $open }}{{ fail (printf "services.%s.%s leads to pods that no gateway may call: name its pods in networkPolicy.allowFrom, or set networkPolicy.allowExternal" $.name $way) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and .row.route.enabled (not .row.route.parentRefs) }}{{ fail (printf "services.%s.route needs parentRefs: the Gateway that it belongs to" .name) }}{{ end -}}
{{- include "common.parentsFit" (dict "of" (printf "services.%s.route" .name) "parents" .row.route.parentRefs) -}}
{{- with .row.service -}}
{{- if and $.row.route.enabled $.row.route.hostnames (eq .protocol "tcp") }}{{ fail (printf "services.%s.route.hostnames: a TCPRoute has none; its port is the listener's" $.name) }}{{ end -}}
{{- if and $.row.ingress.enabled (eq .protocol "tcp") }}{{ fail (printf "services.%s.ingress: an Ingress carries HTTP only" $.name) }}{{ end -}}
{{- if eq (int .port) 9464 }}{{ fail (printf "services.%s.service.port: 9464 is the port of the probes" $.name) }}{{ end -}}
{{- if and .nodePort (eq .type "ClusterIP") }}{{ fail (printf "services.%s.service.nodePort needs service.type NodePort or LoadBalancer" $.name) }}{{ end -}}
{{- include "common.familiesFit" (dict "of" (printf "services.%s" $.name) "service" .) -}}
{{- include "common.taken" (dict "taken" $.taken "names" (concat (list .name) (ternary (list (printf "%s-headless" .name)) list (eq (toString .headless) "true")))) -}}
{{- $live := lookup "v1" "Service" (include "common.namespace" $) .name -}}
{{- $class := dig "spec" "loadBalancerClass" "" $live -}}
{{- if and (eq .type "LoadBalancer") (eq (dig "spec" "type" "" $live) "LoadBalancer") (ne $class (.loadBalancerClass | default "")) -}}
{{- fail (printf "services.%s.service.loadBalancerClass: the Service %s has %q, and Kubernetes lets nobody change it; delete the Service first" $.name .name $class) -}}
{{- end -}}
{{- end -}}
{{- if .values.serviceMonitor.enabled }}{{ include "common.taken" (dict "taken" .taken "names" (list (printf "%s-metrics" .name))) }}{{ end -}}
{{- end -}}

{{/* A Gateway that is named twice is named by its listeners. Takes dict "of" "parents". */}}
{{- define "common.parentsFit" -}}
{{- $seen := dict -}}
{{- range .parents -}}
{{- $parent := list (.group | default "gateway.networking.k8s.io") (.kind | default "Gateway") (.namespace | default "") .name | toJson -}}
{{- $sections := get $seen $parent | default list -}}
{{- $section := .sectionName | default "" -}}
{{- if and $sections (or (not $section) (has "" $sections) (has $section $sections)) -}}
{{- fail (printf "%s.parentRefs: %q is there twice, and each needs a sectionName of its own" $.of .name) -}}
{{- end -}}
{{- $_ := set $seen $parent (append $sections $section) -}}
{{- end -}}
{{- end -}}

{{/* Two Services of one name would be one. Takes dict "taken" "names". */}}
{{- define "common.taken" -}}
{{- range .names -}}
{{- if hasKey $.taken . }}{{ fail (printf "two Services of this chart are called %q" .) }}{{ end -}}
{{- $_ := set $.taken . true -}}
{{- end -}}
{{- end -}}

{{/* What is asked for is within the limit. Takes dict "of" "resources". */}}
{{- define "common.resourcesFit" -}}
{{- $resources := .resources | default dict -}}
{{- range $name, $wanted := $resources.requests -}}
{{- $limit := get ($resources.limits | default dict) $name -}}
{{- if and $wanted $limit -}}
{{- if gt (include "common.bytes" $wanted | float64) (include "common.bytes" $limit | float64) -}}
{{- fail (printf "%s.resources: the request of %s (%v) is more than its limit (%v)" $.of $name $wanted $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Every mount has its volume, and no two of either are one; nor are two files of a projected volume. Takes dict
"of" "row", "container" by its name, and as "ours" the "names" and "paths" that the chart has itself.
*/}}
{{- define "common.mountsFit" -}}
{{- $names := .ours.names -}}
{{- $paths := .ours.paths -}}
{{- range .row.volumes -}}
{{- if has .name $names }}{{ fail (printf "%s.volumes: two are called %q" $.of .name) }}{{ end -}}
{{- $names = append $names .name -}}
{{- include "common.projectedFits" (dict "of" (printf "%s.volumes: %s" $.of .name) "volume" . "container" $.container) -}}
{{- end -}}
{{- range .row.volumeMounts -}}
{{- if not (has .name $names) }}{{ fail (printf "%s.volumeMounts names %q, which is not among the volumes" $.of .name) }}{{ end -}}
{{- if has .mountPath $paths }}{{ fail (printf "%s.volumeMounts: two are at %s" $.of .mountPath) }}{{ end -}}
{{- $paths = append $paths .mountPath -}}
{{- end -}}
{{- end -}}

{{/* What the API server, or the kubelet after it, refuses of files from several sources. Takes dict "of" "volume" "container". */}}
{{- define "common.projectedFits" -}}
{{- $paths := list -}}
{{- range prepend (dig "projected" "sources" list .volume) (pick .volume "downwardAPI") -}}
{{- range concat (dig "configMap" "items" list .) (dig "secret" "items" list .) (dig "downwardAPI" "items" list .) (list .serviceAccountToken .clusterTrustBundle | compact) -}}
{{- if has .path $paths }}{{ fail (printf "%s: two files are called %q" $.of .path) }}{{ end -}}
{{- $paths = append $paths .path -}}
{{- with .resourceFieldRef -}}
{{- if ne .containerName $.container }}{{ fail (printf "%s: containerName is %q, and the container is called %q" $.of .containerName $.container) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Rules of egress, whose ranges of ports have two ends. Takes dict "of" "rules". */}}
{{- define "common.rulesFit" -}}
{{- range .rules -}}
{{- include "common.peersFit" (dict "of" $.of "peers" .to) -}}
{{- range .ports -}}
{{- if and .endPort (or (kindIs "string" .port) (lt (int .endPort) (int .port)) (not .port)) -}}
{{- fail (printf "%s: endPort %v needs a port that is a number, and no greater" $.of .endPort) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Blocks of IPv4 addresses as the API server has them: nothing set beyond the prefix, exceptions within.
Takes dict "of" "peers".
*/}}
{{- define "common.peersFit" -}}
{{- range .peers -}}
{{- with .ipBlock -}}
{{- $block := include "common.block" (dict "of" $.of "cidr" .cidr) | fromJsonArray -}}
{{- range .except -}}
{{- $within := include "common.block" (dict "of" $.of "cidr" .) | fromJsonArray -}}
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
{{- define "common.block" -}}
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

{{/* Two families need a policy that has room for both. Takes dict "of" "service". */}}
{{- define "common.familiesFit" -}}
{{- if and (gt (len (.service.ipFamilies | default list)) 1) (not (has (.service.ipFamilyPolicy | default "SingleStack") (list "PreferDualStack" "RequireDualStack"))) -}}
{{- fail (printf "%s.service.ipFamilies: two need ipFamilyPolicy PreferDualStack or RequireDualStack" .of) -}}
{{- end -}}
{{- end -}}
