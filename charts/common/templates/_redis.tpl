{{/*
One Redis for the services that call `redis`: a StatefulSet whose data outlast the pod.
Takes dict "root" "values".
*/}}
{{- define "common.redis" -}}
{{- $redis := .values.redis }}
{{- $each := dict "root" .root "values" .values "name" $redis.name "component" "store" }}
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
    spec:
      serviceAccountName: {{ $redis.name }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 30
      {{- with .values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with .values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      securityContext:
        {{- include "common.podSecurity" . | nindent 8 }}
      containers:
        - name: redis
          image: {{ $redis.image }}
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
            {{- include "common.containerSecurity" . | nindent 12 }}
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

{{/* Where the services that call `redis` find it. Takes dict "values". */}}
{{- define "common.redisUrl" -}}
{{ .values.redis.url | default (printf "redis://%s:6379" .values.redis.name) }}
{{- end -}}
