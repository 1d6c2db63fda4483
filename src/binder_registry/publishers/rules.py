"""Which publisher an id-token is: its claims against the rules, in their order."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct

from ..auth import Identity, Reach, Scope
from ..errors import NoPublisher
from ..globs import compiled
from .issuer_kinds import note_of

# GitHub runs these with the rights of the repository for what strangers sent it: a rule must name them.
RISKY_EVENTS = ("pull_request_target", "workflow_run")
EVENT = ("event_name",)

logger = logging.getLogger(__name__)
_glob = lru_cache(4096)(compiled)


class Claim(Struct, frozen=True):
    """What a rule wants of a token: a claim, by its path through nested objects, and its value.

    A text with a star is a glob. All else must be the same value, of the same type: 123 is not "123".
    """

    path: tuple[str, ...]
    value: str | bool | int

    def __str__(self) -> str:
        return spelled(self.path)

    @property
    def is_glob(self) -> bool:
        return isinstance(self.value, str) and "*" in self.value

    def fits(self, claims: Mapping[str, Any]) -> bool:
        found: Any = claims
        for name in self.path:
            if not isinstance(found, dict) or name not in found:
                return False
            found = found[name]
        if self.is_glob:
            return isinstance(found, str) and _glob(self.value)(found)
        return type(found) is type(self.value) and bool(found == self.value)


class Publisher(Struct, frozen=True):
    """`claims` are in the file's order."""

    name: str
    issuer: str
    audience: str
    claims: tuple[Claim, ...]
    scopes: frozenset[Scope]
    reach: Reach

    def differences(self, audience: str, claims: Mapping[str, Any]) -> list[Claim]:
        """What a token has otherwise, in order; empty for one of this publisher."""
        found = [] if audience == self.audience else [Claim(("aud",), self.audience)]
        found += [claim for claim in self.claims if not claim.fits(claims)]
        event = claims.get("event_name")
        if event in RISKY_EVENTS and not any(claim.path == EVENT and claim.value == event for claim in self.claims):
            found.append(Claim(EVENT, f"none of {', '.join(RISKY_EVENTS)}"))
        return found


def holder_of(publishers: Sequence[Publisher], audience: str, claims: Mapping[str, Any]) -> Identity:
    """Whose a verified token is: the first publisher that fits, of those of its issuer, in the file's order.

    Raises `NoPublisher`, which names a claim and nothing of a rule: anybody can have a token made for us. The log has
    both.
    """
    nearest: tuple[tuple[int, int], Publisher, Claim] | None = None
    for publisher in publishers:
        differences = publisher.differences(audience, claims)
        if not differences:
            return _identity(publisher, claims)
        far = -sum(claim.fits(claims) for claim in publisher.claims), len(differences)
        if nearest is None or far < nearest[0]:
            nearest = far, publisher, differences[0]
    if nearest is None:
        raise NoPublisher
    _, publisher, claim = nearest
    logger.warning(
        "an id-token is no publisher's: of %r, the nearest, %s is not %r", publisher.name, claim, claim.value
    )
    raise NoPublisher.of(str(claim))


def spelled(path: Sequence[str]) -> str:
    """As TOML writes a key."""
    plain = ("".join(part.split("-")).replace("_", "").isalnum() and part.isascii() for part in path)
    return ".".join(part if bare else f'"{part}"' for part, bare in zip(path, plain, strict=True))


def _identity(publisher: Publisher, claims: Mapping[str, Any]) -> Identity:
    return Identity(
        publisher.name,
        publisher.scopes,
        "publisher",
        reach=publisher.reach,
        expires=datetime.fromtimestamp(claims["exp"], UTC),
        note=note_of(publisher.issuer, claims),
    )
