"""2015's JSON, in and out: what the server, the client and the rows of the log share.

In: two readings of a body. `template_from_2015` is Go's `encoding/json`, as the original used it (keys match
case-insensitively, unknown ones are ignored, repeats merge, `null` leaves a member alone). `template_from_members` is
exact. What 2015 did not have may stand only once in either. Both report every wrong member with a hint.
Out: compact JSON with Go's escapes and key order; times as RFC 3339 in UTC without trailing zeros.
"""

from collections.abc import Callable, Container
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, structs

from . import wire_values as values
from .channels import Channel
from .errors import HINTS, APIErrorResponse, ErrorHint, InvalidTemplate
from .go_json import check_time
from .go_json import encode as encode
from .go_json import timestamp as timestamp
from .kept_members import with_kept
from .member_schema import Declared, declared, structure_of
from .must_understand import full_view
from .rules import invalid_template
from .settings import ContainerLimits
from .strict_json import Object as Object
from .strict_json import parse as parse
from .strict_json import repeats
from .template import KEPT_BY_REGISTRY, MEMBERS, WIRE_NAMES, Template
from .wire_values import RAW_DEPTH as RAW_DEPTH

T = TypeVar("T", bound=Struct)

ALWAYS = ("name", "image-name", "command", "limits", "time-created", "time-modified")  # in an answer, as in 2015
ONLY_IN_ANSWERS = ("content-revision", "promoted", "revision", "deleted")
REPLACED_WHOLE = ("overrides",)  # by a patch, which keeps the nulls within
TWICE = "stands there twice"
# Of these the last one counts, as it did in 2015, where they are read so.
_REPEATABLE = frozenset(one.wire for one in MEMBERS[:9]) | {"memory", "cpu_shares"}


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def template_from_2015(value: Any) -> Template:
    """A parsed body as the 2015 server read it. `null` and absent members are left at zero; times are checked, then
    dropped. Raises `InvalidTemplate` with a hint for each member of the wrong type."""
    if value is None:
        return Template()
    problems: list[tuple[str, str]] = []
    template = _read_members(Template(), _object(value), _folded, problems)
    _raise(problems)
    return template


def template_from_members(value: Any, prefix: str = "") -> Template:
    """An exact object: unknown members and members of the wrong type are refused, all at once; `null` is zero."""
    template, problems = as_template(_object(value, prefix))
    _raise(problems, prefix)
    return template


def as_template(value: Object) -> "tuple[Template, _Problems]":
    """The same of what can be read of it, and what is wrong with the rest, by path."""
    problems: _Problems = []
    return _read_members(Template(), value, None, problems), problems


def merge_patch(template: Template, patch: Any) -> Template:
    """RFC 7396: `null` clears, objects merge, all else replaces; unknown members are refused, `null` too.

    But `overrides` are replaced whole, and keep the nulls within. Raises `InvalidTemplate`.
    """
    _raise([(path, TWICE) for path in repeats(_object(patch))])
    readers, zero = _readers(Template), Template()
    cleared = {attribute: getattr(zero, attribute) for attribute in KEPT_BY_REGISTRY}
    touched = Object()
    for key, value in patch:
        if isinstance(value, Object) and key not in REPLACED_WHOLE:
            # No member is deeper than this: what is nested further is refused below, merged or not.
            structure = readers[key][2] if key in readers else None
            known = _readers(structure) if structure else None
            value = Object(_merged(_members(_written(template).get(key)), value, known).items())
        elif value is None and key in readers and (attribute := readers[key][0]):
            cleared[attribute] = getattr(zero, attribute)
        touched.append((key, value))
    problems: _Problems = []
    patched = _read_members(structs.replace(template, **cleared), touched, None, problems)
    if problems:  # which are told in the order of the whole
        return template_from_members(Object(_merged(_written(template), touched, readers).items()))
    return patched


def _written(template: Template) -> dict[str, Any]:
    return _members(parse(encode_template(template)))


def _members(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Object) else {}


def _merged(members: dict[str, Any], patch: list[tuple[str, Any]], known: Container[str] | None) -> dict[str, Any]:
    for key, value in patch:
        if value is None and (known is None or key in known):
            members.pop(key, None)
        else:
            members[key] = value
    return members


def _object(value: Any, where: str = "") -> Object:
    if not isinstance(value, Object):
        raise InvalidTemplate(
            f"{where or 'the body'} must be a JSON object", [ErrorHint("Template", where or "body", "invalid")]
        )
    return value


_KEPT = ""
_Problems = list[tuple[str, str]]
_Fold = Callable[[str], str] | None  # how keys are matched; None is exactly


def _read_members(start: T, pairs: Object, fold: _Fold, problems: _Problems) -> T:
    """`problems` get what is wrong, by its path within this structure."""
    readers = _readers(type(start))
    found: dict[str, Any] = {}
    seen: set[str] = set()
    unknown = "is not a member of a template" if type(start) is Template else "is not a member here"
    for key, value in pairs:
        wire = fold(key) if fold and key not in readers else key
        if wire not in readers:
            if not fold:
                problems.append((key, unknown))
            continue
        if wire in seen and not (fold and wire in _REPEATABLE):
            problems.append((wire, TWICE))
            continue
        seen.add(wire)
        if value is None:
            continue
        attribute, read, structure = readers[wire]
        try:
            if structure is None:
                found[attribute] = read(value)
            elif read is values.objects:
                found[attribute] = tuple(
                    _within(structure(), one, None, problems, f"{wire}[{number}]")
                    for number, one in enumerate(read(value))
                )
            else:  # only what 2015 had is read as 2015 did
                exact = None if structure is not ContainerLimits else fold
                found[attribute] = _within(found.get(attribute) or structure(), value, exact, problems, wire)
        except values.Repeated:
            problems += [(f"{wire}.{path}", TWICE) for path in repeats(value)]
        except ValueError as error:
            problems.append((wire, str(error)))
    found.pop(_KEPT, None)
    return structs.replace(start, **found) if found else start


def _within(start: T, value: Any, fold: _Fold, problems: _Problems, at: str) -> T:
    """A structure of a template. An empty one is the start itself, which is not written."""
    if not isinstance(value, Object):
        problems.append((at, "must be an object"))
        return start
    inner: _Problems = []
    read = _read_members(start, value, fold, inner)
    if inner:  # a path is made where it is needed: there may be ten thousand choices
        problems += [(f"{at}.{field}", problem) for field, problem in inner]
    return start if read == start else read


def _folded(key: str) -> str:
    """Go folds ASCII letters, and the two other characters whose simple fold is an ASCII letter: ſ and the Kelvin."""
    return key.replace("ſ", "s").lower()


_READERS: dict[Any, Callable[..., Any]] = {
    str: values.text,
    int: values.integer,
    int | float: values.number,
    datetime: check_time,
    bool: values.boolean,
    dict[str, str]: values.text_map,
    dict[str, Channel]: values.channels,
    dict[str, Raw]: values.raw_by_kind,
    tuple[str, ...]: values.texts,
}


@cache
def _readers(structure: type[Struct]) -> dict[str, tuple[str, Callable[..., Any], type[Struct] | None]]:
    """By wire name: the attribute (of all that the registry keeps the same one, which is dropped), what reads it, and
    the structure that is within."""
    return {
        one.wire: (_KEPT if one.member.read_only else one.attribute, *_reader(one.type))
        for one in declared(structure)
        if one.wire not in ONLY_IN_ANSWERS
    }


def _reader(type_: Any) -> tuple[Callable[..., Any], type[Struct] | None]:
    within = structure_of(type_)
    if within is None:
        return _READERS[type_], None
    return (_object if within is type_ else values.objects), within


def _raise(problems: _Problems, prefix: str = "") -> None:
    if problems:
        at = f"{prefix}." if prefix else ""
        first = [(at + field, problem) for field, problem in problems[:HINTS]]  # a body may hold millions
        raise invalid_template(first, more=len(problems) - len(first))


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


_Time = str | datetime | UnsetType


def _sent(one: Declared) -> tuple[str, Any] | tuple[str, Any, Any]:
    """What 2015 always sent has no default; what it left out when zero has one."""
    if one.type is datetime:
        return one.attribute, _Time, UNSET
    if one.wire in ALWAYS:
        return one.attribute, one.type
    return one.attribute, one.type, getattr(Template(), one.attribute)


_WireTemplate = msgspec.defstruct(
    "_WireTemplate", [_sent(one) for one in MEMBERS], omit_defaults=True, rename=WIRE_NAMES
)
_CREATED, _MODIFIED, _REQUESTS, _CHANNELS, _DELETED = map(
    [*WIRE_NAMES].index, ("time_created", "time_modified", "requests", "channels", "deleted")
)
_BESIDE = slice(_CHANNELS, _DELETED)  # what is not the template's own
_NONE_BESIDE = structs.astuple(Template())[_BESIDE]
_NO_REQUESTS = Template().requests


def encode_template(template: Template, *, full: bool = False) -> bytes:
    """The bytes of one template, without a newline; times it does not have are left out. `full` adds what answers say
    beside it: its channels too."""
    created, modified = template.time_created, template.time_modified
    first = _time(created) if created else UNSET
    last = first if modified == created else _time(modified) if modified else UNSET
    content = encode_dated(template, first, last)
    if not full:
        return content
    return full_view(with_kept(content, template.channels, template.content_revision), template.revision)


def encode_dated(template: Template, created: _Time, modified: _Time) -> bytes:
    """The same with these times in the place of its own."""
    members: list[Any] = list(structs.astuple(template))
    members[_CREATED], members[_MODIFIED] = created, modified
    if members[_REQUESTS] == _NO_REQUESTS:
        members[_REQUESTS] = _NO_REQUESTS  # the very object: only that is left out
    members[_BESIDE] = _NONE_BESIDE
    return encode(_WireTemplate(*members))


def _time(time: datetime) -> datetime | str:
    """As `timestamp` writes it; most times msgspec writes so."""
    return time if time.microsecond % 10 and time.tzinfo is UTC else timestamp(time)


_template_decoder = msgspec.json.Decoder(Template)


def decode_template(content: bytes, revision: int = 0) -> Template:
    """What is stored of a template, by this release or another: types are checked, rules are not."""
    template = _template_decoder.decode(content)
    return structs.replace(template, revision=revision) if revision else template


class ErrorBody(Struct, omit_defaults=True):
    message: Annotated[str, Meta(description="For people")]
    errors: Annotated[tuple[ErrorHint, ...], Meta(description="Where it lies; left out when there are none")] = ()


def encode_error(error: APIErrorResponse) -> bytes:
    """2015's error body, without the newline."""
    return encode(ErrorBody(error.message, error.errors))
