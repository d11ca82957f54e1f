{{/*
One Redis for the services that call `redis`: a StatefulSet whose data outlast the pod.
Takes dict "root" "values" "taken".
*/}}
{{- define "common.redis" -}}
{{- $redis := include "common.redisRow" . | fromYaml }}
{{- $each := dict "root" .root "values" .values "name" $redis.name "component" "store" "row" $redis }}
{{- include "common.redisFits" (merge (dict "taken" .taken) $each) }}
{{ include "common.serviceaccount" $each }}
{{- $service := $redis.service | default dict }}
{{- range $name := list $redis.name (printf "%s-headless" $redis.name) }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name | quote }}
  namespace: {{ include "common.namespace" $each | quote }}
  labels:
    {{- include "common.labelsAnd" (dict "labels" $service.labels "of" $each) | nindent 4 }}
  {{- with $service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if ne $name $redis.name }}
  # What a StatefulSet asks for. Callers use the other one, whose address stays when the pod's changes.
  clusterIP: None
  {{- end }}
  # There is one pod, and callers see by themselves whether it answers: sooner than the kubelet tells.
  publishNotReadyAddresses: true
  {{- include "common.addresses" $service | nindent 2 }}
  selector:
    {{- include "common.selector" $each | nindent 4 }}
  ports:
    - {name: redis, port: 6379, targetPort: redis, appProtocol: redis}
{{- end }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $redis.name | quote }}
  namespace: {{ include "common.namespace" $each | quote }}
  labels:
    {{- include "common.labels" $each | nindent 4 }}
  annotations:
    # One Redis, one copy of the data: a node that drains may take it along, and callers say so meanwhile.
    kube-score/ignore: statefulset-has-host-podantiaffinity,statefulset-has-poddisruptionbudget,statefulset-replicas
spec:
  replicas: 1
  serviceName: {{ $redis.name }}-headless
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      {{- include "common.selector" $each | nindent 6 }}
  template:
    metadata:
      labels:
        # No versions: a release that says nothing new of Redis must not take it away for a while.
        {{- include "common.selector" $each | nindent 8 }}
        app.kubernetes.io/component: store
        app.kubernetes.io/part-of: malha
        {{- with omit ($redis.podLabels | default dict) "app.kubernetes.io/component" "app.kubernetes.io/part-of" }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $redis.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ $redis.name | quote }}
      {{- include "common.podOf" $each | nindent 6 }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: 30
      {{- with $redis.volumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: redis
          image: {{ include "common.foreignImage" (dict "root" .root "image" $redis.image) | quote }}
          {{- with .values.image.pullPolicy }}
          imagePullPolicy: {{ . }}
          {{- end }}
          command: [redis-server]
          args:
            - --dir
            - /data
            - --appendonly
            - "yes"
            - --appendfsync
            - {{ $redis.appendfsync | quote }}
            - --save
            - ""
            - --maxmemory
            - {{ $redis.maxmemory | quote }}
            # A key evicted alone would leave half of what was written together: when the memory is
            # full, writes are refused instead, and services say so.
            - --maxmemory-policy
            - noeviction
            - --requirepass
            - $(REDISCLI_AUTH)
            {{- with $redis.args }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          env:
            # redis-cli takes it from here, so that no probe shows it.
            - name: REDISCLI_AUTH
              valueFrom:
                secretKeyRef:
                  name: {{ include "common.secretName" . | quote }}
                  key: redis-password
            {{- with include "common.variables" (omit ($redis.env | default dict) "REDISCLI_AUTH") | trim }}
            {{- . | nindent 12 }}
            {{- end }}
          {{- with $redis.envFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - {name: redis, containerPort: 6379}
          {{- if not (kindIs "invalid" $redis.startupProbe) }}
          # Loading a large append-only file takes a while; until then it answers LOADING.
          startupProbe:
            exec:
              command: [sh, -c, "redis-cli ping | grep -q PONG"]
            {{- include "common.more" $redis.startupProbe | nindent 12 }}
          {{- end }}
          {{- if not (kindIs "invalid" $redis.livenessProbe) }}
          livenessProbe:
            tcpSocket: {port: redis}
            {{- include "common.more" $redis.livenessProbe | nindent 12 }}
          {{- end }}
          {{- if not (kindIs "invalid" $redis.readinessProbe) }}
          readinessProbe:
            exec:
              command: [sh, -c, "redis-cli ping | grep -q PONG"]
            {{- include "common.more" $redis.readinessProbe | nindent 12 }}
          {{- end }}
          {{- with $redis.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with $redis.securityContext }}
          securityContext:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          volumeMounts:
            - name: data
              mountPath: /data
            {{- with $redis.volumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $redis.storageClassName }}
        storageClassName: {{ . | quote }}
        {{- end }}
        resources:
          requests:
            storage: {{ $redis.storage }}
{{- if .values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $redis.name | quote }}
  namespace: {{ include "common.namespace" $each | quote }}
  labels:
    {{- include "common.labels" $each | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selector" $each | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - {port: redis, protocol: TCP}
      from:
        {{- $root := .root }}
        {{- range $caller, $row := .values.services }}
        {{- if include "common.calls" (dict "values" $.values "row" $row "callee" "redis") }}
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" $root "name" $caller) | nindent 14 }}
        {{- end }}
        {{- end }}
        {{- with $redis.networkPolicy.allowFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  {{- with $redis.networkPolicy.allowTo }}
  egress:
    {{- toYaml . | nindent 4 }}
  {{- else }}
  egress: []
  {{- end }}
{{- end }}
{{- end -}}

{{/*
What a schema cannot say of Redis. Takes dict "root" "values" "name" "row" "taken".
*/}}
{{- define "common.redisFits" -}}
{{- $redis := .row -}}
{{- include "common.resourcesFit" (dict "of" "redis" "resources" $redis.resources) -}}
{{- include "common.mountsFit" (dict "of" "redis" "row" $redis "container" "redis" "ours" (dict "names" (list "data") "paths" (list "/data"))) -}}
{{- include "common.peersFit" (dict "of" "redis.networkPolicy" "peers" $redis.networkPolicy.allowFrom) -}}
{{- include "common.rulesFit" (dict "of" "redis.networkPolicy.allowTo" "rules" $redis.networkPolicy.allowTo) -}}
{{- include "common.familiesFit" (dict "of" "redis" "service" ($redis.service | default dict)) -}}
{{- include "common.taken" (dict "taken" .taken "names" (list .name (printf "%s-headless" .name))) -}}
{{- /* It needs room beside its data: buffers, fragments, the copy of pages while a file is rewritten. */ -}}
{{- with get (get ($redis.resources | default dict) "limits" | default dict) "memory" -}}
{{- $limit := include "common.bytes" . | float64 -}}
{{- if gt (include "common.bytes" $redis.maxmemory | float64) (mulf $limit 0.75) -}}
{{- fail (printf "redis.maxmemory (%s) is more than three quarters of redis.resources.limits.memory (%v): Redis would be killed before it refuses a write" $redis.maxmemory .) -}}
{{- end -}}
{{- end -}}
{{- /* Refused here, before an upgrade has changed anything; the API server would refuse it half way. */ -}}
{{- range dig "spec" "volumeClaimTemplates" list (lookup "apps/v1" "StatefulSet" (include "common.namespace" .) .name) -}}
{{- $size := dig "spec" "resources" "requests" "storage" "" . -}}
{{- $class := dig "spec" "storageClassName" "" . -}}
{{- if ne (include "common.bytes" $size | float64) (include "common.bytes" $redis.storage | float64) -}}
{{- fail (printf "redis.storage: the volume of %s was made with %s, and an upgrade cannot make it %s. Nothing has been changed; docs/operations.md says how a volume grows" $.name $size $redis.storage) -}}
{{- end -}}
{{- if ne $class ($redis.storageClassName | default "") -}}
{{- fail (printf "redis.storageClassName: the volume of %s was made with %q, and an upgrade cannot change it. Nothing has been changed; docs/operations.md says how data move" $.name $class) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A quantity of Kubernetes, or of Redis (`mb` is 1024 kb there), as a number of bytes. */}}
{{- define "common.bytes" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $units := dict "" 1.0 "m" 0.001 "k" 1000.0 "M" 1000000.0 "G" 1000000000.0 "T" 1000000000000.0 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "kb" 1024.0 "mb" 1048576.0 "gb" 1073741824.0 -}}
{{- if kindIs "string" . }}{{ mulf (trimSuffix $unit $text | float64) (get $units $unit) }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* Where the services that call `redis` find it. Takes dict "values". */}}
{{- define "common.redisUrl" -}}
{{- if not (or .values.redis.url .values.redis.enabled) -}}
{{- fail (printf "%s calls redis, and there is none: say redis.enabled, redis.url or env.REDIS_URL, or leave redis out of its calls" .name) -}}
{{- end -}}
{{ .values.redis.url | default (printf "redis://%s:6379" .values.redis.name) }}
{{- end -}}

{{/*
The ports that a service calls Redis at, as JSON: those of its URL, and where that names sentinels or
some nodes of a cluster, the one that the data are at. Takes dict "values" "name" "row".
*/}}
{{- define "common.redisPorts" -}}
{{- $own := include "common.ownEnv" . | fromYaml -}}
{{- $url := get $own "REDIS_URL" -}}
{{- if not (hasKey $own "REDIS_URL") }}{{ $url = include "common.redisUrl" . }}{{ end -}}
{{- $ports := list -}}
{{- $several := ne (get $own "REDIS_MODE" | default "node") "node" -}}
{{- if kindIs "string" $url -}}
{{- range splitList "," $url -}}
{{- $host := regexReplaceAll "^[a-z]+://" (trim .) "" | splitList "/" | first | splitList "@" | last -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" $host | trimPrefix ":" | default (ternary "26379" "6379" (eq (toString (get $own "REDIS_MODE")) "sentinel"))) -}}
{{- end -}}
{{- end -}}
{{- if and (gt (len $ports) 1) (not $several) }}{{ fail (printf "%s: several URLs of Redis need env.REDIS_MODE, cluster or sentinel" .name) }}{{ end -}}
{{- if or $several (not $ports) }}{{ $ports = append $ports (toString (int .values.redis.dataPort)) }}{{ end -}}
{{ $ports | uniq | toJson }}
{{- end -}}
