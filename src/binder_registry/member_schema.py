"""What can be said of a member of a template beside its type: what people are told, and its rule as JSON Schema.

`Template` declares its members with these; reading and writing them (`wire`), the description of the API, the pages of
the documentation and the flags of the command line follow from there.
"""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from .lengths import GROUP_LENGTH, LARGEST_INTEGER, MAX_ENTRIES, NAME_BYTES, VALUE_LENGTH, VARIABLE_LENGTH

Schema = dict[str, Any]

_CONTROL = r"\u0000-\u001f\u007f-\u009f"
LABEL_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
LABEL_KEY = rf"(?![^/]{{254}})(?:{_DNS_LABEL}(?:\.{_DNS_LABEL})*/)?{LABEL_WORD}"
VARIABLE = "[A-Za-z_][A-Za-z0-9_]*"

ICON = r"^(?:https://[!-~]+|data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/]+={0,2})?$"
NAME: Schema = {"minLength": 1, "maxLength": NAME_BYTES, "pattern": rf"^(?!\.\.?$)[^/{_CONTROL}]+$"}
SUCCESSOR: Schema = {"maxLength": NAME_BYTES, "pattern": rf"^(?!\.\.?$)[^/{_CONTROL}]*$"}
NO_CONTROL: Schema = {"pattern": rf"^[^{_CONTROL}]*$"}
NOT_NEGATIVE: Schema = {"minimum": 0, "maximum": LARGEST_INTEGER}
LABELS: Schema = {
    "maxProperties": MAX_ENTRIES,
    "propertyNames": {"pattern": f"^{LABEL_KEY}$"},
    "additionalProperties": {"type": "string", "pattern": f"^(?:{LABEL_WORD})?$"},
}
VARIABLES: Schema = {
    "maxProperties": MAX_ENTRIES,
    "propertyNames": {"maxLength": VARIABLE_LENGTH, "pattern": f"^{VARIABLE}$"},
    "additionalProperties": {"type": "string", "maxLength": VALUE_LENGTH, "pattern": r"^[^\u0000]*$"},
}
GROUP: Schema = {"type": "string", "minLength": 1, "maxLength": GROUP_LENGTH, **NO_CONTROL}


class Member(Struct, frozen=True):
    """`limits` and `schema` say one rule, for people and as JSON Schema; `rules.check` enforces it.

    `read_only`: the registry keeps it, and what a request says of it is not looked at. `must_understand`: it changes
    what runs or who may start it, so that a reader that does not know it must not offer the template. `format`: the
    first of the content of a database that has it; a server that knows only older ones would lose it.
    """

    meaning: str
    limits: str = ""
    example: Any = None
    unit: str = ""
    schema: Schema = {}
    read_only: bool = False
    must_understand: bool = False
    format: int = 1


class Declared(Struct, frozen=True):
    """One member as `Template`, or a structure within it, declares it."""

    attribute: str
    wire: str
    type: Any  # without None
    member: Member


def declared(structure: type[Struct]) -> list[Declared]:
    """The members of a structure, in the order of its JSON. Raises `TypeError` for one without a `Member`."""
    return [_declared(field) for field in msgspec.structs.fields(structure)]


def walked(structure: type[Struct], prefix: str = "") -> Iterator[tuple[str, Declared]]:
    """All members by path: `limits.memory` within a structure, `options[].name` within a list of them."""
    for one in declared(structure):
        yield prefix + one.wire, one
        if within := structure_of(one.type):
            yield from walked(within, f"{prefix}{one.wire}{'' if within is one.type else '[]'}.")


def structure_of(type_: Any) -> type[Struct] | None:
    """The structure that a member holds, or holds a list of."""
    if get_origin(type_) is tuple:
        type_ = get_args(type_)[0]
    return type_ if isinstance(type_, type) and issubclass(type_, Struct) else None


def _declared(field: Any) -> Declared:
    type_, said = field.type, None
    if get_origin(type_) is Annotated:
        type_, *said = get_args(type_)
    member = next((one for one in said or () if isinstance(one, Member)), None)
    if member is None:
        raise TypeError(f"{field.name} is declared without a Member")
    return Declared(field.name, field.encode_name, _without_none(type_), member)


def _without_none(type_: Any) -> Any:
    if get_origin(type_) not in (Union, UnionType):
        return type_
    left = [one for one in get_args(type_) if one is not NoneType]
    return left[0] if len(left) == 1 else type_
