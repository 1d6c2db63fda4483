"""`--limit NAME=VALUE`: bytes as people write sizes, all else as whole numbers."""

from typing import NoReturn

import click

from ..quantities import parse_size


class LimitType(click.ParamType[tuple[str, int]]):
    """Which names there are, and what they may be, is the server's to say."""

    name = "limit"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        name, _, text = str(value).partition("=")
        try:
            number = parse_size(text) if name.endswith("-bytes") else _whole(text)
        except ValueError as error:
            self._refuse(f"{name[:100]}: {error}", param, ctx)
        return name, number

    def _refuse(self, message: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        raise click.BadParameter(message, ctx, param)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise ValueError("write NAME=NUMBER, as in waiting-writes=5000")
    return int(text)
