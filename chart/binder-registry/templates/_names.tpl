{{- define "binder-registry.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters: a CronJob, its Job and its pod put up to 23 of their own behind it. */}}
{{- define "binder-registry.fullname" -}}
{{- $name := include "binder-registry.name" . -}}
{{- $whole := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{ default $whole .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "binder-registry.selector" -}}
app.kubernetes.io/name: {{ include "binder-registry.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "binder-registry.labels" -}}
{{ include "binder-registry.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "binder-registry.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "binder-registry.sqlite" -}}
{{ eq .Values.database.kind "sqlite" | ternary "true" "" }}
{{- end }}

{{- define "binder-registry.drainSeconds" -}}
{{ eq .Values.database.kind "sqlite" | ternary 0 .Values.drainSeconds }}
{{- end }}

{{- define "binder-registry.dataClaim" -}}
{{ default (printf "data-%s-0" (include "binder-registry.fullname" .)) .Values.database.sqlite.existingClaim }}
{{- end }}

{{/* Below which everything is served; the hub's proxy leaves it on. */}}
{{- define "binder-registry.prefix" -}}
{{- with .Values.jupyterhub -}}
{{- if and .enabled .proxied -}}
{{ trimSuffix "/" .baseUrl }}/services/{{ .service }}
{{- else -}}
{{ $.Values.prefix }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Where pods of this namespace reach it. */}}
{{- define "binder-registry.url" -}}
http://{{ include "binder-registry.fullname" . }}:{{ .Values.service.port }}{{ include "binder-registry.prefix" . }}
{{- end }}
