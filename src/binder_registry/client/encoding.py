"""What a registry is asked: paths, parameters, headers and bodies."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import structs

from ..errors import InvalidRequest, InvalidTemplate, TemplateNotFound
from ..store import Expected
from ..template import KEPT_ON_THE_WIRE, Template
from ..wire import REPLACED_WHOLE, encode_template

_NOT_PATCHED = ("name", *KEPT_ON_THE_WIRE)


def path_of(name: str) -> str:
    """Raises `TemplateNotFound` for what no URL can name, and so no template can be called."""
    if name in ("", ".", "..") or "/" in name:
        raise TemplateNotFound
    try:
        return f"/templates/{quote(name, safe='')}"
    except UnicodeEncodeError:
        raise TemplateNotFound from None


def body_of(template: Template) -> bytes:
    """What its author says of a template: without the members that the registry keeps."""
    try:
        return encode_template(structs.replace(template, time_created=None, time_modified=None, deleted=False))
    except UnicodeEncodeError:
        raise InvalidTemplate("a member holds half of a surrogate pair") from None


def json_of(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidRequest(f"this cannot be sent as JSON: {error}") from None


def conditions(expected: Expected, note: str) -> dict[str, str]:
    """The headers of a write."""
    headers = {} if expected is None else {"If-Match": f'"{expected}"'}
    if note:
        try:
            headers["Registry-Note"] = quote(note)
        except UnicodeEncodeError:
            raise InvalidRequest.parameter("Registry-Note", "holds half of a surrogate pair") from None
    return headers


def filters(name: str | None, label: Sequence[str]) -> list[tuple[str, str]]:
    return [*([] if name is None else [("name", name)]), *(("label", selector) for selector in label)]


def patch_between(current: bytes, wanted: bytes) -> dict[str, Any]:
    """The merge patch (RFC 7396) that leads from one template's JSON to another's: all of `wanted`, and null for what
    only `current` has."""
    before, after = (
        {key: value for key, value in msgspec.json.decode(content).items() if key not in _NOT_PATCHED}
        for content in (current, wanted)
    )
    return _between(before, after) | {key: after[key] for key in REPLACED_WHOLE if key in after}


def _between(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        patch[key] = _between(old if isinstance(old, dict) else {}, value) if isinstance(value, dict) else value
    return patch
