"""The body of an apply, read quickly where nothing in it is doubtful: it may hold fifty thousand choices.

A template is decoded straight into its structures, and then written again: where that says exactly what was sent, or as
much in another order, nothing was lost, renamed or passed over. All that is doubtful is left to `wire`, which alone
says what is wrong.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from .apply import ApplyRequest, parse_apply
from .errors import InvalidTemplate
from .go_json import check_time, encode
from .rules import check
from .settings import Settings
from .strict_json import Object, no_collection, parse
from .template import Template
from .wire import RAW_DEPTH

_TIMES = ("time-created", "time-modified")
_WHOLE_CPUS = re.compile(rb'"cpus":-?[0-9]+\.0[,}]')  # which are kept as whole numbers
_LARGE_NUMBER = re.compile(rb"[0-9]{19}|[0-9]e")
_ZEROS = b',"command":"","limits":{}'  # which 2015 always wrote, after the name and the image
_NO_LIMITS = Template().limits
_templates = msgspec.json.Decoder(Template)
_members, _list = msgspec.json.Decoder(dict[str, Raw]), msgspec.json.Decoder(list[Raw])


def read_apply(body: bytes) -> ApplyRequest:
    """Exactly what `parse_apply` makes of `parse(body)`, and raises."""
    return parse_apply(_value(body))


@no_collection()
def _value(body: bytes) -> Any:
    """What `parse` gives, with a `Template` in the place of those that are right."""
    try:
        members = _members.decode(body)
        if body.count(b'"') != sum(2 + bytes(raw).count(b'"') for raw in members.values()):
            return parse(body)  # one of these comes twice
        templates = [_template(bytes(raw)) for raw in _list.decode(members["templates"])]
        rest = parse(encode(_without_repeats(msgspec.json.encode({**members, "templates": None}))))
    except (ValueError, KeyError, RecursionError):
        return parse(body)
    return Object((key, templates if key == "templates" else value) for key, value in rest)


def _without_repeats(body: bytes) -> Any:
    """The value with its objects as dicts. Raises `ValueError` where it is malformed, or where a key comes twice."""
    value = msgspec.json.decode(body)
    # Each key and each text has two quotes, but for those that are written as a number.
    if b"\\u0022" in body or body.count(b'"') != encode(value).count(b'"'):
        raise ValueError("a key may come twice")
    return value


def _template(raw: bytes) -> Any:
    """The template, or what `parse` gives."""
    sent = msgspec.json.format(raw, indent=-1)
    head, _, tail = sent.partition(_ZEROS)
    is_own = head.startswith(b'{"name":"') and head.count(b'"') == 8  # and not that of something within
    template = _read(head + tail if is_own else sent, in_order=True)
    if template and not (is_own and tail and (template.command or template.limits != _NO_LIMITS)):  # else: twice
        return template
    value = _without_repeats(raw)
    return (_read_any(value) if isinstance(value, dict) else None) or parse(encode(value))


def _read_any(value: dict[str, Any]) -> Template | None:
    """Whatever the order of its members is."""
    try:
        return _read(encode(_of_people(value)))
    except ValueError:
        return None


def _read(sent: bytes, *, in_order: bool = False) -> Template | None:
    """One that keeps all rules, as `template_from_members` reads it; None where that is in doubt.

    `in_order`: its keys may come twice, so that it has to be written exactly so.
    """
    try:
        template = _templates.decode(sent)
        if (msgspec.json.encode(template) != sent) if in_order else (len(encode(template)) != len(sent)):
            return None
        check(template)
    except (ValueError, InvalidTemplate):
        return None
    if b"{}" in sent or _WHOLE_CPUS.search(sent):
        return None
    if template.revision or template.deleted or template.uses or template.time_created or template.time_modified:
        return None
    _sort(template.labels)
    for settings in _settings(template):
        _sort(settings.environment)
        if settings.overrides and not all(_is_plain(bytes(raw)) for raw in settings.overrides.values()):
            return None
    return template


def _of_people(value: dict[str, Any]) -> dict[str, Any]:
    """Without the times, which are checked and dropped, and without what 2015 always wrote, though it is zero."""
    for time in _TIMES:
        if time in value:
            check_time(value[time])
    return {
        key: member
        for key, member in value.items()
        if key not in _TIMES and not (key == "command" and member == "") and not (key == "limits" and member == {})
    }


def _settings(template: Template) -> Iterator[Settings]:
    yield template  # type: ignore[misc]  # it has all members of a choice's settings
    for option in template.options:
        for choice in option.choices:
            yield choice.set
        if option.free_text:
            yield option.free_text.set


def _sort(entries: dict[str, str]) -> None:
    if len(entries) > 1:
        in_order = sorted(entries.items())
        entries.clear()
        entries.update(in_order)


@lru_cache(maxsize=256)
def _is_plain(overrides: bytes) -> bool:
    """Whether it is an object as it is stored, certainly not too deep, and without large numbers."""
    if encode(msgspec.json.decode(overrides)) != overrides:
        return False
    depth = overrides.count(b"{") + overrides.count(b"[")
    return overrides.startswith(b"{") and depth < RAW_DEPTH and not _LARGE_NUMBER.search(overrides)
