{{/* What all pods of the chart share: no rights in the cluster, no root, no addresses of other Services. */}}
{{- define "binder-registry.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  {{- with .Values.user }}
  {{- if ne .runAsUser nil }}
  runAsUser: {{ .runAsUser }}
  {{- end }}
  {{- if ne .runAsGroup nil }}
  runAsGroup: {{ .runAsGroup }}
  {{- end }}
  {{- if ne .fsGroup nil }}
  fsGroup: {{ .fsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  {{- end }}
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "binder-registry.container" -}}
image: {{ include "binder-registry.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  readOnlyRootFilesystem: true
{{- end }}

{{/* What a pod gets with automountServiceAccountToken, for one container alone. */}}
{{- define "binder-registry.clusterToken" -}}
- name: cluster-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}
