"""Texts that KubeSpawner formats and the kubelet expands, and the plain texts of members. Pure.

To a hub the members of a template are what stands there. A text of KubeSpawner's with `{username}`, or with `$(HOME)`
for the kubelet, means something else, and is no member.
"""

import re

from ..options import PLACEHOLDER

_EXPANDED = re.compile(r"\$[$(]")  # what the kubelet changes
_SIMPLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}", re.ASCII)


def plain_text(text: str, typed: bool = False) -> str | None:
    """What KubeSpawner and the kubelet make of it for everybody alike, or None. `typed`: with `{value}` within."""
    parts = text.split(PLACEHOLDER) if typed else [text]
    found = [plain_command_word(part.replace("{{", "{").replace("}}", "}")) for part in parts]
    plain = [part for part in found if part is not None]
    return PLACEHOLDER.join(plain) if [formatted_text(part) for part in plain] == parts else None


def formatted_text(text: str, typed: bool = False) -> str:
    parts = text.split(PLACEHOLDER) if typed else [text]
    return PLACEHOLDER.join(_doubled(command_word(part)) for part in parts)


def plain_command_word(word: str) -> str | None:
    """Those are not formatted."""
    plain = word.replace("$$", "$")
    return plain if command_word(plain) == word else None


def command_word(word: str) -> str:
    return word.replace("$", "$$") if _EXPANDED.search(word) else word


def is_simple(text: str) -> bool:
    """Whether all its braces are names, as KubeSpawner's formatting of a free text leaves them, or fills them in."""
    return not set("{}") & set(_SIMPLE.sub("", text))


def in_free_text(text: str) -> str:
    """For KubeSpawner, which formats all that a free text sets: only `{value}` is filled in."""
    return PLACEHOLDER.join(map(_doubled, text.split(PLACEHOLDER)))


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
