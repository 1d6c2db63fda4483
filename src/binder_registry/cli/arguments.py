"""Arguments as text, and as names of files, where the locale's encoding holds less than UTF-8."""

import os
from collections.abc import Sequence
from typing import Any

import click

from ..file_names import on_disk


def in_utf8(arguments: Sequence[str]) -> list[str]:
    """Raises `click.UsageError` for bytes that are no text, unless they name a file that is there."""
    return [argument if _is_text(argument) else _decoded(argument) for argument in arguments]


class File(click.Path):
    """`click.Path`, of any name in any locale."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(on_disk(value) if isinstance(value, str) else value, param, ctx)


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decoded(argument: str) -> str:
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        if any(os.path.lexists(name) for name in (argument, argument.partition("=")[2])):
            return argument
        raise click.UsageError(f"{argument[:100]!a} is not text in UTF-8") from None
