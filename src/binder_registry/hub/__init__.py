"""What a JupyterHub runs of us. `jupyterhub.py`, the file that it imports or mounts, is written from these.

The standard library, tornado, each other, `..options` and `..slugs` only. A template is a dict here, the JSON of
`GET /templates?view=full`.
"""
