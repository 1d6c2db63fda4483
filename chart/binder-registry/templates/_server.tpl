{{/* The pod of a server: the same over both databases, but for where the data is. */}}
{{- define "binder-registry.server" -}}
metadata:
  labels:
    {{- include "binder-registry.labels" . | nindent 4 }}
    app.kubernetes.io/component: server
    {{- if .Values.jupyterhub.enabled }}
    hub.jupyter.org/network-access-hub: "true" # the hub's network policy lets only these ask it
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    binder-registry/config: {{ include "binder-registry.config" . | sha256sum }} # a new one starts new pods
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "binder-registry.pod" . | nindent 2 }}
  serviceAccountName: {{ include "binder-registry.fullname" . }}
  terminationGracePeriodSeconds: {{ add (include "binder-registry.drainSeconds" .) 20 }}
  containers:
    - name: registry
      {{- include "binder-registry.container" . | nindent 6 }}
      args:
        {{- include "binder-registry.arguments" . | nindent 8 }}
      {{- with include "binder-registry.environment" . }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      ports:
        - {name: http, containerPort: 8080}
        {{- if .Values.metrics.enabled }}
        - {name: metrics, containerPort: 9090}
        {{- end }}
      startupProbe: # as long as it reads its templates
        httpGet: {path: "/health?for=reads", port: http}
        periodSeconds: 2
        failureThreshold: 150
      readinessProbe: # a server whose database takes no writes keeps its readers
        httpGet: {path: "/health?for=reads", port: http}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      livenessProbe: # asks for no database: one that is away is no reason to start anew
        httpGet: {path: /, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if include "binder-registry.sqlite" . }}
        - {name: data, mountPath: /data}
        {{- end }}
        {{- if .Values.apiKeys.existingSecret }}
        - {name: api-keys, mountPath: /etc/binder-registry/keys, readOnly: true}
        {{- end }}
        {{- if include "binder-registry.config" . }}
        - {name: config, mountPath: /etc/binder-registry/config, readOnly: true}
        {{- end }}
        {{- if .Values.publishers.kubernetes }}
        - {name: cluster-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - {name: tmp, emptyDir: {sizeLimit: 256Mi}}
    {{- with .Values.database.sqlite.existingClaim }}
    {{- if include "binder-registry.sqlite" $ }}
    - {name: data, persistentVolumeClaim: {claimName: {{ . }}}}
    {{- end }}
    {{- end }}
    {{- with .Values.apiKeys }}
    {{- if .existingSecret }}
    - name: api-keys
      secret: {secretName: {{ .existingSecret }}, defaultMode: 0440, items: [{key: {{ .key }}, path: api-keys}]}
    {{- end }}
    {{- end }}
    {{- if include "binder-registry.config" . }}
    - {name: config, configMap: {name: {{ include "binder-registry.fullname" . }}}}
    {{- end }}
    {{- if .Values.publishers.kubernetes }}
    {{- include "binder-registry.clusterToken" . | nindent 4 }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not (include "binder-registry.sqlite" .) }}
  topologySpreadConstraints:
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "binder-registry.selector" $ | nindent 10 }}
          app.kubernetes.io/component: server
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
{{- end }}

{{/* Nothing of it is secret: whoever may see a pod sees them. */}}
{{- define "binder-registry.arguments" -}}
- serve
- --port=8080
{{- if include "binder-registry.sqlite" . }}
- --db=sqlite:////data/registry.db
{{- else }}
{{- with .Values.database.postgresql }}
{{- if not .urlKey }}
- {{ printf "--db=%s" .url | quote }}
{{- end }}
{{- end }}
- --drain-delay={{ include "binder-registry.drainSeconds" . }}
{{- end }}
{{- if .Values.jupyterhub.enabled }}
- --auth=jupyterhub
{{- end }}
{{- if .Values.protectReads }}
- --protect-reads
{{- end }}
{{- if .Values.requireIfMatch }}
- --require-if-match
{{- end }}
{{- if .Values.strongReads }}
- --strong-reads
{{- end }}
{{- if not .Values.ui }}
- --no-ui
{{- end }}
{{- if not .Values.accessLog }}
- --no-access-log
{{- end }}
- --log-level={{ .Values.logLevel }}
- --log-format={{ .Values.logFormat }}
{{- with include "binder-registry.prefix" . }}
- {{ printf "--prefix=%s" . | quote }}
{{- end }}
{{- with .Values.publicUrl }}
- {{ printf "--public-url=%s" . | quote }}
{{- end }}
{{- range .Values.corsOrigins }}
- {{ printf "--cors-origin=%s" . | quote }}
{{- end }}
{{- range .Values.trustedProxies }}
- {{ printf "--trusted-proxies=%s" . | quote }}
{{- end }}
- --max-token-age={{ .Values.maxTokenAge }}
{{- range $name, $value := .Values.limits }}
- {{ printf "--limit=%s=%v" $name (kindIs "float64" $value | ternary ($value | int64) $value) | quote }}
{{- end }}
{{- if .Values.publishers.file }}
- --publishers=/etc/binder-registry/config/publishers.toml
{{- end }}
{{- if .Values.rules }}
- --rules=/etc/binder-registry/config/rules.json
{{- end }}
{{- if .Values.metrics.enabled }}
- --metrics-listen=0.0.0.0:9090
{{- end }}
{{- end }}

{{- define "binder-registry.environment" -}}
{{- if .Values.apiKeys.existingSecret }}
- {name: BINDER_API_KEY_FILE, value: /etc/binder-registry/keys/api-keys}
{{- end }}
{{- with .Values.database.postgresql }}
{{- if and .existingSecret (not (include "binder-registry.sqlite" $)) }}
{{- if .urlKey }}
- {name: BINDER_REGISTRY_DB, valueFrom: {secretKeyRef: {name: {{ .existingSecret }}, key: {{ .urlKey }}}}}
{{- else }}
- {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: {{ .existingSecret }}, key: {{ .passwordKey }}}}}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.jupyterhub }}
{{- if .enabled }}
- {name: JUPYTERHUB_API_URL, value: {{ .apiUrl | quote }}}
- {name: JUPYTERHUB_BASE_URL, value: {{ .baseUrl | quote }}}
- name: JUPYTERHUB_API_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: hub.services.{{ .service }}.apiToken}}
{{- if or .proxied .host }}
- {name: JUPYTERHUB_CLIENT_ID, value: service-{{ .service }}}
{{- end }}
{{- with .host }}
- {name: JUPYTERHUB_HOST, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The files of the ConfigMap; "" where there is none. */}}
{{- define "binder-registry.config" -}}
{{- with .Values.publishers.file }}
publishers.toml: {{ toJson . }}
{{- end }}
{{- with .Values.rules }}
rules.json: {{ toJson . }}
{{- end }}
{{- end }}
