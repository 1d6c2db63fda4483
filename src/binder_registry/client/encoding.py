"""What a registry is asked: paths, parameters, headers and bodies."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import structs

from ..errors import InvalidRequest, InvalidTemplate, TemplateNotFound
from ..must_understand import ONLY_SHOWN
from ..rules import check_channel
from ..store import Expected
from ..template import Template
from ..wire import REPLACED_WHOLE, encode_template

_NOT_PATCHED = ("name", *ONLY_SHOWN)


def path_of(name: str) -> str:
    """Raises `TemplateNotFound` for what no URL can name, and so no template can be called."""
    if name in ("", ".", "..") or "/" in name:
        raise TemplateNotFound
    try:
        return f"/templates/{quote(name, safe='')}"
    except UnicodeEncodeError:
        raise TemplateNotFound from None


def channel_path_of(name: str, channel: str) -> str:
    """Raises `TemplateNotFound`, and `InvalidRequest` for what cannot be a channel."""
    check_channel(channel)
    return f"{path_of(name)}/channels/{channel}"


def body_of(template: Template | Mapping[str, Any]) -> bytes:
    """What its author says of a template: without the members that the registry keeps."""
    if not isinstance(template, Template):
        return json_of({key: value for key, value in template.items() if key not in ONLY_SHOWN})
    try:
        return encode_template(structs.replace(template, time_created=None, time_modified=None, deleted=False))
    except UnicodeEncodeError:
        raise InvalidTemplate("a member holds half of a surrogate pair") from None


def apply_body(
    templates: Sequence[Template | Mapping[str, Any]],
    delete: Mapping[str, str | None],
    prune: str | None,
    *,
    dry_run: bool,
    allow_empty: bool,
    note: str,
    promote: Mapping[str, str] | None = None,
) -> bytes:
    wanted = [msgspec.Raw(body_of(template)) for template in templates]
    request = {"templates": wanted, "delete": dict(delete), "prune": prune, "dry-run": dry_run, "note": note}
    if promote is not None:
        request["promote"] = dict(promote)
    return json_of(request | ({"allow-empty": True} if allow_empty else {}))


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


def members_of(template: Template) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.json.decode(body_of(template))
    return members


def patch_between(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch (RFC 7396) that leads from one template's JSON to another's: what differs, and null for what only
    `current` has. `overrides` are replaced whole, with the nulls that they hold."""
    before, after = (
        {key: value for key, value in members.items() if key not in _NOT_PATCHED} for members in (current, wanted)
    )
    return _between(before, after)


def _between(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if key in before and _sorted_json(old) == _sorted_json(value):
            continue
        merges = isinstance(value, dict) and key not in REPLACED_WHOLE
        patch[key] = _between(old if isinstance(old, dict) else {}, value) if merges else value
    return patch


def _sorted_json(value: Any) -> bytes:
    """`1`, `1.0` and `true` differ."""
    return msgspec.json.encode(value, order="deterministic")
