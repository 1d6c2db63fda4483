{{/* What the schema cannot say in a sentence. Nothing of a URL is repeated: it may hold a password. */}}
{{- define "binder-registry.checks" -}}
{{- $values := .Values -}}
{{- with .Values.database.postgresql -}}
{{- if regexMatch "://[^/@]*:[^/@]*@|[?&]password=" .url -}}
{{- fail "database.postgresql.url holds a password: keep it in a Secret, and name that in database.postgresql.existingSecret" -}}
{{- end -}}
{{- if and (eq $values.database.kind "postgresql") (not .url) (not .urlKey) -}}
{{- fail "database.kind is postgresql: say where it is, in database.postgresql.url, or by existingSecret and urlKey" -}}
{{- end -}}
{{- if and .urlKey (not .existingSecret) -}}
{{- fail "database.postgresql.urlKey is a member of a Secret: name that in database.postgresql.existingSecret" -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.apiKeys.existingSecret) (not .Values.jupyterhub.enabled) (not .Values.publishers.file) -}}
{{- fail "nobody could write: name apiKeys.existingSecret, enable jupyterhub, or give publishers.file" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (or .Values.ingress.enabled .Values.httpRoute.enabled) (not .Values.networkPolicy.from) -}}
{{- fail "ingress and httpRoute are reached from other namespaces: say in networkPolicy.from where the controller runs" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host is missing: the name by which people reach the registry" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs is missing: the Gateway that it belongs to" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) -}}
{{- fail "metrics.serviceMonitor reads the port that metrics.enabled opens: enable that too" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.metricsFrom) -}}
{{- fail "metrics.serviceMonitor is read from another namespace: say in networkPolicy.metricsFrom where Prometheus runs" -}}
{{- end -}}
{{- if and .Values.backup.enabled (not (include "binder-registry.sqlite" .)) -}}
{{- fail "backup copies an SQLite file; PostgreSQL has its own tools, such as pg_dump" -}}
{{- end -}}
{{- if and .Values.prepull.enabled .Values.protectReads (not .Values.prepull.existingSecret) (not .Values.jupyterhub.enabled) -}}
{{- fail "protectReads asks prepull for a token, too: name prepull.existingSecret" -}}
{{- end -}}
{{- if and .Values.jupyterhub.enabled .Values.jupyterhub.proxied .Values.prefix -}}
{{- fail "prefix and jupyterhub.proxied both say where the registry is: leave prefix out" -}}
{{- end -}}
{{- if and .Values.jupyterhub.enabled .Values.jupyterhub.host (not .Values.publicUrl) -}}
{{- fail "jupyterhub.host is for a registry with a host name of its own: say that in publicUrl" -}}
{{- end -}}
{{- end }}
