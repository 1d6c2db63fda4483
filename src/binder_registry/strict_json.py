"""JSON as the RFC has it, read without surprises: no recursion, no long arithmetic, no member lost."""

import json
import re
from collections.abc import Iterator
from json.decoder import JSONArray, JSONObject  # type: ignore[attr-defined]  # the standard library's own, in Python
from typing import Any, NoReturn

from .errors import ErrorHint, InvalidRequest
from .interpreter import let_go_of, no_collection

MAX_DEPTH = 10_000  # Go's own limit
LARGE = 1 << 18  # characters of a body during whose reading it is worth to look for no garbage
_BLANKS = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(
    r'[ \t\r\n]*(?:([\[\]{},:])|("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
    r"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null))"
)


class Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, in document order."""


def parse(body: bytes) -> Any:
    """One JSON value, as strict as the RFC; objects are `Object`s. Raises `InvalidRequest`."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        _malformed("the body is not valid UTF-8")
    if text.startswith("\ufeff"):
        _malformed("the body starts with a byte order mark")
    try:
        value = _decode(text) if len(text) < LARGE else _decode_large(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip(" \t\r\n")) or error.msg.startswith("Unterminated string"):
            _malformed("unexpected end of JSON input")
        _malformed(f"invalid JSON: {error.msg} at character {error.pos + 1}")
    except RecursionError:
        value = _decode_deep(text)
    if "\\u" in text and _has_surrogate(value):
        _malformed("a string holds half of a surrogate pair")
    return value


def _decode_large(text: str) -> Any:
    """What `_decode` does, of an object: each member, and each entry of a member, is a step of its own, between which
    other threads get on. In one step a million entries would take a quarter of a second."""
    begin = _BLANKS.match(text).end()  # type: ignore[union-attr]  # it matches nothing too
    with no_collection():
        if text[begin : begin + 1] != "{":
            return _decode(text)
        value, end = JSONObject((text, begin + 1), True, _scan_member, None, Object, {})
        end = _BLANKS.match(text, end).end()  # type: ignore[union-attr]
        if end != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
        return value


def _scan_member(text: str, at: int) -> tuple[Any, int]:
    found: tuple[Any, int]
    match text[at : at + 1]:
        case "[":
            found = JSONArray((text, at + 1), _scan)
        case "{":
            found = JSONObject((text, at + 1), True, _scan, None, Object, {})
        case _:
            found = _scan(text, at)
    return found


def let_go(value: Any) -> None:
    """Of the lists in what `parse` gave, as `let_go_of` does."""
    for _, member in value if isinstance(value, Object) else ():
        if isinstance(member, list):
            let_go_of(member)


def _malformed(problem: str) -> NoReturn:
    raise InvalidRequest(problem, [ErrorHint("Request", "body", "invalid")])


def _whole(digits: str) -> int | float:
    # Longer than any 64-bit number: a float is refused where a whole number is wanted, and costs no long arithmetic.
    return int(digits) if len(digits) <= 20 else float(digits)


def _not_json(constant: str) -> NoReturn:
    _malformed(f"invalid JSON: {constant} is not a value")


_decoder = json.JSONDecoder(object_pairs_hook=Object, parse_int=_whole, parse_constant=_not_json)
_decode, _scan = _decoder.decode, _decoder.scan_once  # type: ignore[attr-defined]


def _decode_deep(text: str) -> Any:
    """What `_decode` does, without recursion: for the bodies, deeper than Python's stack, that Go accepts."""
    root: list[Any] = []
    stack: list[Any] = [root]
    closers, at, expect = [""], 0, "value"
    key = ""
    keys: list[str] = []
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at:].strip(" \t\r\n") == "" and expect == "comma" and len(stack) == 1:
                return root[0]
            _malformed(f"invalid JSON at character {at + 1}")
        at = match.end()
        mark, scalar = match.groups()
        if expect in ("key", "key or end") and scalar and scalar[0] == '"':
            key, expect = _decode(scalar), "colon"
        elif expect == "colon" and mark == ":":
            expect = "value"
        elif expect in ("value", "value or end") and (scalar or mark in ("[", "{")):
            value: Any = _decode(scalar) if scalar else Object() if mark == "{" else []
            stack[-1].append((key, value) if isinstance(stack[-1], Object) else value)
            expect = "comma"
            if not scalar:
                keys.append(key)
                stack.append(value)
                closers.append("}" if mark == "{" else "]")
                expect = "key or end" if mark == "{" else "value or end"
                if len(stack) > MAX_DEPTH + 1:
                    _malformed(f"the body is nested deeper than {MAX_DEPTH}")
        elif expect == "comma" and mark == "," and len(stack) > 1:
            expect = "key" if isinstance(stack[-1], Object) else "value"
        elif (expect == "comma" or expect.endswith("or end")) and mark and mark == closers[-1]:
            stack.pop()
            closers.pop()
            key, expect = keys.pop(), "comma"
        else:
            _malformed(f"invalid JSON at character {at}")


def _has_surrogate(value: Any) -> bool:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if _SURROGATE.search(item):
                return True
        elif isinstance(item, (list, tuple)):
            pending.extend(item)
    return False


def repeats(value: Any) -> Iterator[str]:
    """The paths of the keys that stand twice in their object: `options[0].choices[1].set`."""
    pending = [("", value)]
    while pending:
        at, item = pending.pop()
        if isinstance(item, Object):
            seen = set[str]()
            for key, inner in item:
                path = f"{at}.{key}" if at else key
                if key in seen:
                    yield path
                seen.add(key)
                if isinstance(inner, list):
                    pending.append((path, inner))
        elif isinstance(item, list):
            pending += [(f"{at}[{number}]", inner) for number, inner in enumerate(item) if isinstance(inner, list)]
