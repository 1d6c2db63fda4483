"""One id-token, verified: its shape, its signature, and the claims that every issuer must make."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection
from typing import Any, NoReturn

import msgspec
from msgspec import Struct

from ..errors import InvalidToken
from ..lengths import ID_TOKEN_LENGTH
from .issuer_keys import ALGORITHMS, Key

LEEWAY = 30.0  # seconds that the clocks of issuers may be off
LAST = 253402300799.0  # the end of the year 9999: no date is after it
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")  # Python's base64 passes over other characters
Find = Callable[[str, str | None], Key | None]


class _Issued(Struct):
    iss: str


class Verified(Struct, frozen=True):
    """`until`: the time until which it is good, the leeway with it."""

    claims: dict[str, Any]
    audience: str
    until: float


def looks_like_one(token: str) -> bool:
    """Whether it is to be shown to nobody else: it begins with a JSON object, in base64, and may be broken after it."""
    return token.startswith(("ey", "ew", "e3")) and "." in token


def issuer_of(token: str) -> str:
    """What an id-token says who made it, before anything of it is verified. Raises `InvalidToken`."""
    if len(token) > ID_TOKEN_LENGTH:
        refuse(f"it is longer than {ID_TOKEN_LENGTH} characters")
    if not _SHAPE.fullmatch(token):
        refuse("it is no signed id-token")
    try:
        return msgspec.json.decode(_decoded(token.split(".")[1]), type=_Issued).iss
    except (ValueError, msgspec.MsgspecError, RecursionError):
        refuse("its claims cannot be read")


def verified(token: str, issuer: str, audiences: Collection[str], find: Find, now: float) -> Verified:
    """Of a token that says it is of `issuer`, whose keys `find` finds by algorithm and id.

    Raises `InvalidToken`, and what `find` does.
    """
    claims = _signed(token, find)
    if claims.get("iss") != issuer:
        refuse("it names another issuer")
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:  # as Kubernetes writes it
        audience = audience[0]
    if not isinstance(audience, str):
        refuse("aud is not exactly one audience")
    if audience not in audiences:
        refuse("its audience is not this registry")
    ends, begun = _time(claims, "exp"), _time(claims, "iat")
    starts = _time(claims, "nbf") if "nbf" in claims else begun
    if now >= ends + LEEWAY:
        refuse("it has expired")
    if max(begun, starts) > now + LEEWAY:
        refuse("it is of the future")
    return Verified(claims, audience, ends + LEEWAY)


def refuse(why: str) -> NoReturn:
    """`why` holds nothing of the token."""
    raise InvalidToken(f"{InvalidToken.text}: {why}")


def _signed(token: str, find: Find) -> dict[str, Any]:
    """The claims, as the issuer signed them. Nothing else of the header counts: where a key is, a token cannot say."""
    signed, _, signature = token.rpartition(".")
    head, _, claims = signed.partition(".")
    header = _object(head, "its header")
    algorithm, identifier = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        refuse(f"it is not signed with {', '.join(ALGORITHMS)}")
    if not isinstance(identifier, str | None) or "crit" in header or "b64" in header:
        refuse("its header asks for what is not known here")
    key = find(algorithm, identifier)
    if key is None:
        refuse("its key is none of its issuer's")
    try:
        good = key.verifies(signed.encode(), _decoded(signature))
    except ValueError:
        good = False
    if not good:
        refuse("its signature is not its issuer's")
    return _object(claims, "what it claims")


def _object(part: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(part).decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        refuse(f"{what} is no JSON, or has something twice")
    if not isinstance(found, dict):
        refuse(f"{what} is no object")
    return found


def _decoded(part: str) -> bytes:
    """Raises `ValueError`."""
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a claim is there twice")
    return found


def _time(claims: dict[str, Any], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= LAST:
        refuse(f"{name} is no time")
    return float(found)
