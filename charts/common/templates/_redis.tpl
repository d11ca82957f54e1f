{{/*
One Redis for the services that call `redis`: a StatefulSet whose data outlast the pod.
Takes dict "root" "values".
*/}}
{{- define "common.redis" -}}
{{- $redis := .values.redis }}
{{- $each := dict "root" .root "values" .values "name" $redis.name "component" "store" "row" (pick .values "serviceAccount") }}
{{- include "common.redisFits" $redis }}
{{ include "common.serviceaccount" $each }}
{{- range $name := list $redis.name (printf "%s-headless" $redis.name) }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  namespace: {{ include "common.namespace" $each }}
  labels:
    {{- include "common.labels" $each | nindent 4 }}
spec:
  {{- if ne $name $redis.name }}
  # What a StatefulSet asks for. Callers use the other one, whose address stays when the pod's changes.
  clusterIP: None
  {{- end }}
  selector:
    {{- include "common.selector" $each | nindent 4 }}
  ports:
    - {name: redis, port: 6379, targetPort: redis, appProtocol: redis}
{{- end }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $redis.name }}
  namespace: {{ include "common.namespace" $each }}
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
        {{- with omit .values.podLabels "app.kubernetes.io/component" "app.kubernetes.io/part-of" }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ $redis.name }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 30
      {{- with .values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with include "common.pullSecrets" . }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with include "common.placement" .values | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      securityContext:
        {{- toYaml .values.podSecurityContext | nindent 8 }}
      containers:
        - name: redis
          image: {{ include "common.foreignImage" (dict "root" .root "image" $redis.image) }}
          imagePullPolicy: {{ .values.image.pullPolicy }}
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
          env:
            # redis-cli takes it from here, so that no probe shows it.
            - name: REDISCLI_AUTH
              valueFrom:
                secretKeyRef:
                  name: {{ include "common.secretName" . }}
                  key: redis-password
          ports:
            - {name: redis, containerPort: 6379}
          # Loading a large append-only file takes a while; until then it answers LOADING.
          startupProbe:
            exec:
              command: [sh, -c, "redis-cli ping | grep -q PONG"]
            periodSeconds: 1
            timeoutSeconds: 3
            failureThreshold: 120
          livenessProbe:
            tcpSocket: {port: redis}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            exec:
              command: [sh, -c, "redis-cli ping | grep -q PONG"]
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          resources:
            {{- toYaml $redis.resources | nindent 12 }}
          securityContext:
            {{- toYaml .values.securityContext | nindent 12 }}
          volumeMounts:
            - name: data
              mountPath: /data
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $redis.storageClassName }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ $redis.storage }}
{{- if .values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $redis.name }}
  namespace: {{ include "common.namespace" $each }}
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
        {{- if has "redis" ($row.calls | default list) }}
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" $root "name" $caller) | nindent 14 }}
        {{- end }}
        {{- end }}
  egress: []
{{- end }}
{{- end -}}

{{/* Redis needs room beside its data: buffers, fragments, the copy of pages while a file is rewritten. */}}
{{- define "common.redisFits" -}}
{{- with dig "limits" "memory" "" .resources -}}
{{- $limit := include "common.bytes" . | float64 -}}
{{- if gt (include "common.bytes" $.maxmemory | float64) (mulf $limit 0.75) -}}
{{- fail (printf "redis.maxmemory (%s) is more than three quarters of redis.resources.limits.memory (%v): Redis would be killed before it refuses a write" $.maxmemory .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A quantity of Kubernetes, or of Redis (`mb` is 1024 kb there), as a number of bytes. */}}
{{- define "common.bytes" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $units := dict "" 1.0 "m" 0.001 "k" 1000.0 "M" 1000000.0 "G" 1000000000.0 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "kb" 1024.0 "mb" 1048576.0 "gb" 1073741824.0 -}}
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
{{- $host := trimPrefix "redis://" (trim .) | splitList "/" | first | splitList "@" | last -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" $host | trimPrefix ":" | default (ternary "26379" "6379" (eq (toString (get $own "REDIS_MODE")) "sentinel"))) -}}
{{- end -}}
{{- end -}}
{{- if and (gt (len $ports) 1) (not $several) }}{{ fail (printf "%s: several URLs of Redis need env.REDIS_MODE, cluster or sentinel" .name) }}{{ end -}}
{{- if or $several (not $ports) }}{{ $ports = append $ports (toString (int .values.redis.dataPort)) }}{{ end -}}
{{ $ports | uniq | toJson }}
{{- end -}}
