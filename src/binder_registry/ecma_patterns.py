"""Python's regular expressions as those of JSON Schema (ECMA 262, with Unicode), where both have what they use."""

import re

_SYNTAX = frozenset("^$\\.*+?()[]{}|/")  # what may stand behind a backslash there, beside letters
_AS_THEY_ARE = "dDsSwWnrtfv"
_TOKEN = re.compile(
    rf"""
      \\(?P<letter>[{_AS_THEY_ARE}bB])
    | \\(?P<end>[AZ])
    | \\(?P<mark>[!-/:-@\[-`{{-~ ])
    | \[(?P<not>\^?)(?P<set>\]?(?:\\.|[^\]\\])*)\]
    | (?P<named>\(\?P<\w+>)
    | (?P<same>\(\?[:=!] | \((?!\?) | \) | (?:[*+?]|{{\d+(?:,\d*)?}})\??(?![*+?{{]) | [^\\\[\](){{}}*+?])
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_SET = re.compile(rf"\\(?P<letter>[{_AS_THEY_ARE}])|\\(?P<mark>[!-/:-@\[-`{{-~ ])|(?P<plain>[^\\])", re.DOTALL)
_OPERATOR = re.compile(r"--|&&|~~|\|\|")  # of sets, where engines have them


def ecma(pattern: str) -> str | None:
    """Matching from the start of a line, as `re.match`; None for what differs. Texts are of one line."""
    parts, at = [], 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None:
            return None
        part = _set(found["not"], found["set"]) if found["set"] is not None else _same(found)
        if part is None:
            return None
        parts.append(part)
        at = found.end()
    return f"^(?:{''.join(parts)})"


def _same(found: re.Match[str]) -> str:
    if found["end"]:
        return "^" if found["end"] == "A" else "$"
    if found["named"]:
        return "("
    return _escaped(found["mark"]) if found["mark"] else found[0]


def _escaped(mark: str, more: str = "") -> str:
    return f"\\{mark}" if mark in _SYNTAX or mark in more else mark


def _set(negated: str, inner: str) -> str | None:
    if _OPERATOR.search(inner):
        return None
    parts, at = [], 0
    while at < len(inner):
        found = _IN_SET.match(inner, at)
        if found is None:
            return None
        if found["plain"]:
            parts.append(_escaped(found[0]) if found[0] in "[]" else found[0])
        else:
            parts.append(_escaped(found["mark"], "-") if found["mark"] else found[0])
        at = found.end()
    return f"[{negated}{''.join(parts)}]"
