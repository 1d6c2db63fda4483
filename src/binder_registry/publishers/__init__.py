"""Publishing from CI: a job shows an id-token that its own system signed, and the registry keeps no secret for it.

`file` reads who may, `rules` finds whose token it is, `id_tokens` verifies it with the keys that `issuer_keys` holds,
`fetching` gets these, and `store` is all of it as an `AuthStore`. Needs the extra `oidc`.
"""
