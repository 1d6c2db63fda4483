"""What may be started now, over HTTP."""

from collections.abc import Sequence
from typing import Any, TypedDict

import msgspec

from .transport import Params, Transport

_object = msgspec.json.Decoder(dict[str, Any])


class Asked(TypedDict, total=False):
    """Of a view. All but `label`, `channel` and `schema` are for admins."""

    label: Sequence[str]  # selectors
    channel: str  # in the place of the one that the hub offers; "latest" is the newest
    user: str  # of the hub
    groups: Sequence[str]
    explain: bool  # what is hidden, too
    schema: bool  # JSON Schema, in the place of the list


def view_of(transport: Transport, asked: Asked) -> dict[str, Any]:
    return transport.get("/view", _query(asked), cached=True, named=True).read(_object)


def _query(asked: Asked) -> Params:
    query = [("label", selector) for selector in asked.get("label", ())]
    query += [("channel", asked["channel"])] if "channel" in asked else []
    query += [("group", group) for group in asked.get("groups", ())]
    query += [("user", asked["user"])] if "user" in asked else []
    query += [("explain", "true")] if asked.get("explain") else []
    return [*query, *([("as", "schema")] if asked.get("schema") else [])]
