"""Channels: names that point at revisions of a template. What the registry keeps of them in each content."""

import re
from typing import Annotated, TypeAlias

from msgspec import Struct, field

from .lengths import LARGEST_INTEGER, MOST_CHANNELS
from .member_schema import Member

CHANNEL = "[a-z][a-z0-9-]{0,62}"
LATEST = "latest"  # is no channel, and means the newest revision
_NAME = re.compile(CHANNEL)
_WHOLE = {"minimum": 0, "maximum": LARGEST_INTEGER}


class Channel(Struct, frozen=True):
    """`behind` counts the revisions that were created, updated or restored after `revision`."""

    revision: int
    behind: int


class Promotion(Struct, frozen=True):
    """What a change did to one channel."""

    channel: Annotated[str, Member("Which channel was pointed elsewhere.", example="stable")] = ""
    before: Annotated[int, Member("The revision that it pointed at; 0 where there was none.", example=38)] = field(
        default=0, name="from"
    )
    to: Annotated[int, Member("The revision that it points at; 0 where there is none any more.", example=41)] = 0


Channels: TypeAlias = Annotated[
    dict[str, Channel],
    Member(
        "Names that point at revisions of the template; `behind` counts those that were created, updated or restored "
        "later. Set by promoting alone; only in answers, with `view=full`, and in the feed.",
        f"at most {MOST_CHANNELS}; kept by the registry: one that is sent is checked and dropped",
        {"stable": {"revision": 41, "behind": 3}},
        schema={
            "readOnly": True,
            "maxProperties": MOST_CHANNELS,
            "propertyNames": {"pattern": f"^(?!{LATEST}$){CHANNEL}$"},
            "additionalProperties": {
                "type": "object",
                "required": ["revision", "behind"],
                "additionalProperties": False,
                "properties": {"revision": {"type": "integer", **_WHOLE}, "behind": {"type": "integer", **_WHOLE}},
            },
        },
        read_only=True,
        format=3,
    ),
]
ContentRevision: TypeAlias = Annotated[
    int,
    Member(
        "The change that wrote this content, where a promotion, or a purge after one, left it as it is. Only in "
        "answers, with `view=full`, and in the feed.",
        "kept by the registry",
        41,
        schema={"readOnly": True},
        read_only=True,
        format=3,
    ),
]
Promoted: TypeAlias = Annotated[
    Promotion | None,
    Member(
        "What this change did to a channel. The feed and histories have it beside `action`, and not in the template.",
        "kept by the registry",
        {"channel": "stable", "from": 38, "to": 41},
        schema={"readOnly": True},
        read_only=True,
        format=3,
    ),
]


def channel_problem(name: str) -> str | None:
    """Why this cannot be a channel's name, or None."""
    if name == LATEST:
        return "must not be 'latest', which is the newest revision and never set"
    if not _NAME.fullmatch(name):
        return "must be a lower-case letter, then at most 62 lower-case letters, digits and '-'"
    return None
