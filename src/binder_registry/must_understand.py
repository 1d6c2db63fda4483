"""What the readers of a template have to know, and the servers of a database. Pure."""

import re
from collections.abc import Iterator
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw, Struct

from .kept_members import put_in, without_promotion
from .member_schema import declared, structure_of, walked
from .template import KEPT_ON_THE_WIRE, Template

MUST_UNDERSTAND = tuple(dict.fromkeys(one.wire for _, one in walked(Template) if one.member.must_understand))
FORMAT = max(one.member.format for _, one in walked(Template))  # the newest that this release knows

# What answers hold and no write does: `uses` is what a reader must understand of the others.
ONLY_SHOWN = (*KEPT_ON_THE_WIRE, "uses")
_WRITTEN = [one for one in declared(Template) if not one.member.read_only]  # by people
CONTENT_FORMAT = max(one.member.format for _, one in walked(Template) if not one.member.read_only)
CHANNELS_FORMAT = 3  # of a content with channels, or of one that was promoted

_newer = attrgetter(*(one.attribute for one in _WRITTEN if one.member.format > 1))  # than the first
_NONE_NEWER = _newer(Template())
_KEYS = {wire: b'"%b":' % wire.encode() for wire in MUST_UNDERSTAND}
_declared = cache(declared)
_USES_LAST = re.compile(rb',"uses":\["[a-z",-]+"\]((?:,"deleted":true)?\})\Z')


def uses_of(content: bytes) -> list[str]:
    """Of a template's stored JSON: the members that must be understood, its own and those of the choices within."""
    sought = {wire for wire, key in _KEYS.items() if key in content}
    if not sought:
        return []
    missing = set(sought)  # or it is the key of a label, or of somebody's override
    for wire in _held(Template, _decoder.decode(content)):
        missing.discard(wire)
        if not missing:
            break
    return [wire for wire in MUST_UNDERSTAND if wire in sought - missing]


def full_view(content: bytes, revision: int = 0) -> bytes:
    """A template as stored, without what was promoted, and with its read-only `uses`, `revision` (0: without) and
    `deleted`, which tombstones are stored with, last."""
    content = without_promotion(content)
    uses = uses_of(content)
    members = b',"uses":%b' % msgspec.json.encode(uses) if uses else b""
    if revision:
        members += b',"revision":%d' % revision
    return put_in(content, members) if members else content


def without_uses(content: bytes) -> bytes:
    """A template as stored, of which `full_view` was made, without a revision."""
    return _USES_LAST.sub(rb"\1", content, count=1)


def format_of(template: Template) -> int:
    """The oldest format that has all members of the template that people write."""
    return 1 if _newer(template) == _NONE_NEWER else max(_formats(template), default=1)


def _formats(value: Struct) -> Iterator[int]:
    zero = type(value)()
    for one in _declared(type(value)):
        inner = getattr(value, one.attribute)
        if one.member.read_only or inner == getattr(zero, one.attribute):
            continue
        yield one.member.format
        for within in inner if isinstance(inner, tuple) else (inner,):
            if isinstance(within, Struct):
                yield from _formats(within)


def _marked(structure: type[Struct]) -> type[Struct] | None:
    """The structure with only what must be understood, and what leads there: all else is passed over unread."""
    fields: list[tuple[str, Any, Any]] = []
    for one in _declared(structure):
        within = structure_of(one.type)
        if within and (inner := _marked(within)):
            fields.append((one.attribute, (inner if within is one.type else tuple[inner, ...]) | None, None))  # type: ignore[valid-type]
        elif one.member.must_understand:
            fields.append((one.attribute, Raw, Raw()))
    names = {one.attribute: one.wire for one in _declared(structure)}
    return msgspec.defstruct(f"Marked{structure.__name__}", fields, rename=names) if fields else None


def _held(structure: type[Struct], marked: Struct) -> Iterator[str]:
    for one in _declared(structure):
        value = getattr(marked, one.attribute, None)
        if not value:
            continue
        if one.member.must_understand:
            yield one.wire
        if (within := structure_of(one.type)) and not isinstance(value, Raw):
            for inner in value if isinstance(value, tuple) else (value,):
                yield from _held(within, inner)


_decoder = msgspec.json.Decoder(_marked(Template))
