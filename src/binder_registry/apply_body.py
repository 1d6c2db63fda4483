"""The body of an apply, read quickly where nothing in it is doubtful: it may hold fifty thousand choices.

A template is decoded straight into its structures. That loses what is no member, what comes twice, and what is zero or
`null`; each has a key, which stands in quotes. So the template is written again, and where it then has as many quotes
as what was sent, nothing was lost. All that is doubtful is left to `wire`, which alone says what is wrong.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, structs
from msgspec.structs import astuple

from .apply import ApplyRequest, parse_apply
from .choices import Option
from .errors import ErrorHint, InvalidRequest, InvalidTemplate
from .go_json import check_time, encode
from .interpreter import no_collection
from .lengths import APPLY_VALUES
from .option_rules import option_problems
from .remembered import remembered
from .rules import check
from .settings import Settings
from .strict_json import Object, let_go, parse
from .template import WIRE_NAMES, Template
from .wire import RAW_DEPTH

SAME_OPTIONS = 256  # kept while a body is read: the templates of one registry often offer the same
PIECE = 64 * 1024  # bytes that are looked at in one step
DOUBTFUL = 100  # templates: where so many are, all are read at once, which is quicker

_TIMES = ("time-created", "time-modified")
_WHOLE_CPUS = re.compile(rb'"cpus":-?[0-9.]+(?:\.0[,}]|e)')  # or what may be: they are kept as whole numbers
_LARGE_NUMBER = re.compile(rb"[0-9]{19}|[0-9]e")
_CUT = re.compile(rb"}[ \t\r\n]*(?P<comma>,)[ \t\r\n]*{")
_ZEROS = b',"command":"","limits":{}'  # which 2015 always wrote, after the name and the image
_MARKS = (b",", b"{", b"[")
_NO_LIMITS = Template().limits
_BESIDE = slice([*WIRE_NAMES].index("channels"), None)  # what is not taken from people, after the times
_NONE_BESIDE = astuple(Template())[_BESIDE]
_NOT_TAKEN = re.compile(
    b'"(?:%b)":' % "|".join([*_TIMES, *list(WIRE_NAMES.values())[_BESIDE]]).encode()
)  # the keys of what is not
_ESCAPED_QUOTE = b"\\u0022"
_BACKSLASH = _ESCAPED_QUOTE[0]  # a number, which is found far sooner than bytes


class _Outer(Template, frozen=True):
    """Its options are not looked at."""

    options: Raw = Raw()  # type: ignore[assignment]


Options = tuple[Option, ...]
_template_decoder, _options_decoder = msgspec.json.Decoder(Template), msgspec.json.Decoder(Options)
_templates_decoder = msgspec.json.Decoder(list[Template])
_outer = msgspec.json.Decoder(_Outer)
_members, _list = msgspec.json.Decoder(dict[str, Raw]), msgspec.json.Decoder(list[Raw])


@no_collection()
def read_apply(body: bytes) -> ApplyRequest:
    """Exactly what `parse_apply` makes of `parse(body)`, and raises. Raises `InvalidRequest` where there are too many
    values in it: each takes far more memory than its bytes. Nothing of it takes long in one step of the interpreter:
    other threads get on meanwhile."""
    # Of the marks that begin or separate values some may stand in texts.
    if len(body) > APPLY_VALUES and sum(_count(body, mark) for mark in _MARKS) > APPLY_VALUES:
        problem = f"has more than {APPLY_VALUES:,} values: make several applies of it"
        raise InvalidRequest(f"The body {problem}", [ErrorHint("Request", "body", "invalid")])
    value = _value(body)
    try:
        return parse_apply(value)
    finally:
        let_go(value)


def _value(body: bytes) -> Any:
    """What `parse` gives, with a `Template` in the place of those that are right."""
    options = lru_cache(SAME_OPTIONS)(_read_options)
    try:
        members = _members.decode(body)
        if _count(body, b'"') != sum(2 + _count(raw, b'"') for raw in members.values()):
            return parse(body)  # one of these comes twice
        templates: list[Any] = []
        doubtful = 0
        for piece in _pieces(members["templates"]):
            if plain := _plain(piece):
                templates += plain
                continue
            for raw in _list.decode(piece):
                templates.append(template := _template(bytes(raw), options))
                doubtful += not isinstance(template, Template)
                if doubtful > DOUBTFUL:
                    return parse(body)
        rest = parse(encode(_without_repeats(msgspec.json.encode({**members, "templates": None}))))
    except (ValueError, KeyError, RecursionError):
        return parse(body)
    return Object((key, templates if key == "templates" else value) for key, value in rest)


def _count(text: bytes | Raw, mark: bytes) -> int:
    view = memoryview(text)
    return sum(bytes(view[at : at + PIECE]).count(mark) for at in range(0, len(view), PIECE))


def _pieces(sent: Raw) -> Iterator[bytes]:
    """Of a list of objects, each a list. It is cut where an entry may end; what is then a list by itself was cut right,
    and all else was cut within a text or an entry. Raises `ValueError` for what is no list."""
    view = memoryview(sent)
    if bytes(view[:1]) != b"[":
        raise ValueError("not a list")
    begin, size = 1, PIECE
    while cut := _CUT.search(view, begin + size):
        piece = b"[%b]" % bytes(view[begin : cut.start("comma")])
        try:
            _list.decode(piece)
        except ValueError:
            size *= 2
            continue
        yield piece
        begin, size = cut.end("comma"), PIECE
    yield b"[" + bytes(view[begin:])


def _plain(piece: bytes) -> list[Template] | None:
    """All templates of a list in one go, in half the time: where none has options and nothing is in doubt, as mostly.
    None where one of them is to be looked at by itself."""
    sent = msgspec.json.format(piece, indent=-1)
    if b'"options":' in sent or b"{}" in sent:
        return None
    try:
        templates = _templates_decoder.decode(sent)
        if _NOT_TAKEN.search(_certain(sent, templates)):
            return None
        for template in templates:
            check(template)
            _settle_maps(template)
    except (ValueError, InvalidTemplate):
        return None
    return templates


def _without_repeats(body: bytes) -> Any:
    """The value with its objects as dicts. Raises `ValueError` where it is malformed, or where a key comes twice."""
    value = msgspec.json.decode(body)
    # Each key and each text has two quotes, but for those that are written as a number.
    if _ESCAPED_QUOTE in body or body.count(b'"') != encode(value).count(b'"'):
        raise ValueError("a key may come twice")
    return value


def _template(raw: bytes, options: Callable[[bytes], Options]) -> Any:
    """The template, or what `parse` gives."""
    sent = msgspec.json.format(raw, indent=-1)
    head, _, tail = sent.partition(_ZEROS)
    is_own = head.startswith(b'{"name":"') and head.count(b'"') == 8  # and not that of something within
    try:
        template = _read(head + tail if is_own else sent, options)
        if not (is_own and tail and (template.command or template.limits != _NO_LIMITS)):  # else they stand there twice
            return template
    except (ValueError, InvalidTemplate):
        pass
    value = _without_repeats(raw)
    try:
        return _read(encode(_of_people(value)), options)
    except (ValueError, InvalidTemplate):
        return parse(encode(value))


def _read(sent: bytes, options: Callable[[bytes], Options]) -> Template:
    """One that keeps all rules, as `template_from_members` reads it. Raises `ValueError` or `InvalidTemplate` where
    that is in doubt."""
    if b'"options":' not in sent:
        template = _template_decoder.decode(sent)
        _certain(sent, template)
        check(template)
    else:
        outer = _outer.decode(sent)
        _certain(sent, outer)
        within = structs.asdict(outer) | {"options": ()}
        check(Template(**within))
        inner = bytes(outer.options)
        template = Template(**within | {"options": options(inner) if inner else ()})
    if template.time_created or template.time_modified or astuple(template)[_BESIDE] != _NONE_BESIDE:
        raise ValueError("these are not taken from people")
    _settle_maps(template)
    return template


def _settle_maps(template: Template) -> None:
    """Raises `ValueError` where they would be kept otherwise."""
    if template.labels:
        _sort(template.labels)
    if template.environment or template.overrides:
        _settle([template])  # type: ignore[list-item]  # it has all members of a choice's settings


def _read_options(sent: bytes) -> Options:
    """The same for options alone."""
    options = _options_decoder.decode(sent)
    _certain(sent, options)
    if any(option_problems(options)):
        raise ValueError("the template tells what is wrong")
    if b'"environment":' in sent or b'"overrides":' in sent:
        _settle(_settings(options))
    return options


def _certain(sent: bytes, read: Any) -> bytes:
    """What was read, as it is written. Raises `ValueError` unless all that was sent, in the compact form, was read, and
    as it is kept."""
    written = msgspec.json.encode(read)
    if sent.count(b'"') != written.count(b'"') or (_BACKSLASH in sent and _ESCAPED_QUOTE in sent) or b"{}" in sent:
        raise ValueError("something was lost")
    if _WHOLE_CPUS.search(written):
        raise ValueError("a number is kept otherwise")
    return written


def _settle(settings: Iterable[Settings]) -> None:
    """Raises `ValueError` where overrides would be kept otherwise."""
    for one in settings:
        _sort(one.environment)
        if one.overrides and not all(_is_plain(bytes(raw)) for raw in one.overrides.values()):
            raise ValueError("overrides are kept otherwise")


def _of_people(value: Any) -> Any:
    """Without the times, which are checked and dropped, and without what 2015 always wrote, though it is zero."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    for time in _TIMES:
        if time in value:
            check_time(value[time])
    return {
        key: member
        for key, member in value.items()
        if key not in _TIMES and not (key == "command" and member == "") and not (key == "limits" and member == {})
    }


def _settings(options: Options) -> Iterator[Settings]:
    for option in options:
        for choice in option.choices:
            yield choice.set
        if option.free_text:
            yield option.free_text.set


def _sort(entries: dict[str, str]) -> None:
    if len(entries) > 1:
        in_order = sorted(entries.items())
        entries.clear()
        entries.update(in_order)


@remembered(256)
def _is_plain(overrides: bytes) -> bool:
    """Whether it is an object as it is stored, certainly not too deep, and without large numbers."""
    if encode(msgspec.json.decode(overrides)) != overrides:
        return False
    depth = overrides.count(b"{") + overrides.count(b"[")
    return overrides.startswith(b"{") and depth < RAW_DEPTH and not _LARGE_NUMBER.search(overrides)
