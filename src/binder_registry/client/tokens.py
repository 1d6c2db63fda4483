"""The registry's own tokens, over HTTP."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from .answer import next_page
from .encoding import json_of
from .transport import Params, Transport

_object = msgspec.json.Decoder(dict[str, Any])


class Tokens:
    """As JSON, with the members that docs/api-reference.md names. A secret is in what `make` and `rotate` give only."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def whoami(self) -> dict[str, Any]:
        return self._transport.get("/tokens/self", named=True).read(_object)

    def list(self, *, by: str | None = None, name: str = "") -> Sequence[dict[str, Any]]:
        """All pages of those that one may see, by name; `by` is who made them, `name` a glob."""
        found = list[dict[str, Any]]()
        query: Params | None = [*_made_by(by), *([("name", name)] if name else [])]
        while query is not None:
            answer = self._transport.get("/tokens", query, named=True)
            found += answer.read(_object)["tokens"]
            query = next_page(answer)
        return found

    def make(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        templates: Sequence[str] = (),
        labels: str = "",
        note: str = "",
        seconds: int | None = None,
    ) -> dict[str, Any]:
        asked = {"name": name, "scopes": [*scopes], "templates": [*templates], "labels": labels, "note": note}
        body = json_of(asked | ({} if seconds is None else {"expires-in": seconds}))
        return self._transport.write("POST", "/tokens", body=body, headers={}).read(_object)

    def rotate(self, identifier: str, *, keep_old: int = 0) -> dict[str, Any]:
        """A new secret; the old one is good for `keep_old` seconds more."""
        path, body = f"{_path_of(identifier)}/rotate", json_of({"keep-old": keep_old})
        return self._transport.write("POST", path, body=body, headers={}).read(_object)

    def revoke(self, identifier: str) -> None:
        """With all that it made."""
        self._transport.write("DELETE", _path_of(identifier), headers={})

    def revoke_all(self, by: str) -> Sequence[dict[str, Any]]:
        """That this holder made, and all that these made."""
        answer = self._transport.write("DELETE", "/tokens", _made_by(by), headers={})
        revoked: Sequence[dict[str, Any]] = answer.read(_object)["tokens"]
        return revoked


def _path_of(identifier: str) -> str:
    return f"/tokens/{quote(identifier, safe='')}"


def _made_by(by: str | None) -> Params:
    return [] if by is None else [("by", by)]
