"""Placeholders of template languages: what stands there is not what the hub gets. Pure.

KubeSpawner's own `{username}`, Kubernetes' `$(NAME)` and HTML in what people read are none.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .marked import place_of

_ANYWHERE = re.compile(
    r"\$\{[^}]*\}"  # Terraform, envsubst
    r"|\{\{.*?\}\}"  # Helm, Jinja, mustache
    r"|\{%.*?%\}|%\{[^}]*\}|<%.*?%>|#\{[^}]*\}"
    r"|%%\w+%%|@@\w+@@|\b__[A-Z][A-Z0-9_]*__\b"
    r"|ENC\[[A-Z0-9_]+,"  # sops
    r"|\$\[\[.*?\]\]",
    re.DOTALL,
)
_ANGLE = re.compile(r"<[A-Za-z](?:[\w .:/-]*\w)?>")  # <your-tag>
_FOR_PEOPLE = {"display_name", "description", "display_name_in_choices", "validation_message"}
_PATTERNS = {"validation_regex"}
# Braces that KubeSpawner takes for one each: `/lab/{{name}}`, which an export writes.
_DOUBLED = re.compile(r"\{\{[^\s{}.]*\}\}")
_EXPANDED = {"default_url", "working_dir", "notebook_dir"}
# What makes a file no YAML before it was filled in: a placeholder without quotes, or a line of its own.
_UNQUOTED = re.compile(r"^\s*(?:- +)?(?:[\w.\"'/-]+: +)?(\{\{|\{%|%\{|<%)[^\n]*", re.MULTILINE)


def placeholders(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Each with the place of the text that holds it ("" where that is not known)."""
    if isinstance(value, str):
        found = placeholder_in(value, key)
        if found:
            yield found, place_of(value)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from placeholders(name)
            yield from placeholders(inner, str(name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from placeholders(inner, key)


def placeholder_in(text: str, key: str = "") -> str:
    if key in _PATTERNS:
        return ""
    if key in _EXPANDED:
        text = _DOUBLED.sub("", text)
    found = _ANYWHERE.search(text) or (None if key in _FOR_PEOPLE else _ANGLE.search(text))
    return found[0] if found else ""


def unquoted(text: str) -> tuple[int, str] | None:
    """The first line, and what stands there, that is YAML only after it was filled in."""
    found = _UNQUOTED.search(text)
    return (text.count("\n", 0, found.start(1)) + 1, found[0].strip()[:60]) if found else None
