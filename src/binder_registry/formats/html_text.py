"""Forms of KubeSpawner hold HTML; ours hold text. Pure."""

import re
from html import unescape
from typing import Any

from .losses import Loss, Losses

_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


def text(value: Any, where: str, member: str, losses: Losses) -> str:
    if value is None:
        return ""
    if _TAG.search(str(value)):
        losses.append(Loss(where, "holds HTML, which will be shown as text", member))
    return unescape(str(value))


def one_line(value: Any, where: str, member: str, losses: Losses) -> str:
    """A browser shows line breaks of a name as blanks, too."""
    return " ".join(text(value, where, member, losses).split())
