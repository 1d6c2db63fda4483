"""Who a client says it is: with a key or a token that it was given, with an id-token of its job, or not at all."""

from collections.abc import Callable

from msgspec import Struct

from ..auth import trimmed
from ..errors import InvalidToken


class Credential(Struct, frozen=True):
    source: str  # where it comes from, for people; "": there is none
    header: Callable[[], str]  # of each request anew: the value of Authorization; "" sends none
    sparing: bool = False  # an id-token: sent with writes, and with reads once one was refused without it


ANYONE = Credential("", str)


def given(token: str, source: str) -> Credential:
    """Raises `InvalidToken`, which does not repeat it."""
    token = checked_token(token)
    return Credential(source, lambda: f"token {token}") if token else ANYONE


def checked_token(text: str) -> str:
    token = trimmed(text)
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise InvalidToken("The token holds a character that no token has")  # and which one is nobody's business
    return token
