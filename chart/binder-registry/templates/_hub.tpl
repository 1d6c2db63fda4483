{{/* What the hub's chart needs to know, for the values of zero-to-jupyterhub. */}}
{{- define "binder-registry.hubValues" -}}
{{- $hub := .Values.jupyterhub -}}
hub:
  extraFiles:
    # The module as a single file, so that the chart's own hub image will do. Its content comes with
    #   --set-file hub.extraFiles.registryHooks.stringData=registry_hooks.py
    registryHooks:
      mountPath: /usr/local/etc/jupyterhub/registry_hooks.py

  extraConfig:
    binder-registry: |
      import sys

      sys.path.insert(0, "/usr/local/etc/jupyterhub")
      from registry_hooks import configure

      [token] = [one["api_token"] for one in c.JupyterHub.services if one["name"] == "{{ $hub.reader }}"]
      configure(
          c,
          url="{{ include "binder-registry.url" . }}",
          token=token,
          snapshot="/srv/jupyterhub/environments.json",  # on the hub's volume
      )

  services:
    {{ $hub.reader }}: {} # who the hub is when it reads the registry; the chart makes the token
    {{- if not (or $hub.proxied $hub.host) }}
    {{ $hub.service }}: {} # who the registry is when it asks the hub
    {{- else }}
    {{ $hub.service }}: # who the registry is when it asks the hub
      {{- if $hub.proxied }}
      url: http://{{ include "binder-registry.fullname" . }}:{{ .Values.service.port }}
      {{- else }}
      oauth_redirect_uri: {{ trimSuffix "/" .Values.publicUrl }}{{ include "binder-registry.prefix" . }}/oauth_callback
      {{- end }}
      oauth_client_allowed_scopes: ["custom:binder-registry:write"] # the most that a login gets
      oauth_no_confirm: true
    {{- end }}

  config:
    JupyterHub:
      custom_scopes:
        "custom:binder-registry:read":
          description: Read the templates of environments
        "custom:binder-registry:write":
          description: Create and change templates of environments
          subscopes: ["custom:binder-registry:read"]
        "custom:binder-registry:admin":
          description: Purge what templates once were
          subscopes: ["custom:binder-registry:write"]

  loadRoles:
    registry-reader:
      scopes: ["custom:binder-registry:read"]
      services: [{{ $hub.reader }}]
    registry-writer:
      scopes: ["custom:binder-registry:write"]
      groups: [env-admins] # the hub's group of those who publish
    {{- if or $hub.proxied $hub.host }}
    user: # who may log in to the web page
      scopes: [self, "access:services!service={{ $hub.service }}"]
    {{- end }}
{{- end }}
