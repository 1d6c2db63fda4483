"""What a question of what people may start carries, and what its answer brings."""

from ...auth import Scope
from ...channels import LATEST
from ...lengths import GROUP_LENGTH
from ...member_schema import GROUP, NO_CONTROL
from .parameters import CHANNEL, LABEL, AnswerHeader, Parameter

MOST_GROUPS = 64  # of one question

EXPLAIN = Parameter(
    "explain",
    "query",
    "`true` adds `hidden`: what is not offered, deleted templates too, by which rule, and what it takes. "
    f"Needs the scope `{Scope.ADMIN}`.",
    {"type": "string", "enum": ["true", "false"]},
    "false",
)
AS_GROUPS = Parameter(
    "group",
    "query",
    f"What a member of this group may start; given more than once, of all of them. Needs the scope `{Scope.ADMIN}`.",
    {"type": "array", "maxItems": MOST_GROUPS, "uniqueItems": True, "items": GROUP},
    "physics",
)
AS_USER = Parameter(
    "user",
    "query",
    f"What this user of the hub may start: the hub is asked for the groups. Needs the scope `{Scope.ADMIN}`.",
    {"type": "string", "minLength": 1, "maxLength": GROUP_LENGTH, **NO_CONTROL},
    "alice",
)
AS_SCHEMA = Parameter(
    "as",
    "query",
    "`schema`: JSON Schema (2020-12) of what a start takes, in the place of the list. Not with `explain`.",
    {"type": "string", "enum": ["schema"]},
    "schema",
)
OF_CHANNEL = Parameter(
    "channel",
    "query",
    f"Of what this channel shows; `{LATEST}` is the newest. Without it, of what the hub offers. Where the hub is known "
    "to offer another channel there is no `launch`, and no `as=schema`.",
    CHANNEL.schema,
    CHANNEL.example,
)
VIEWED = (LABEL, OF_CHANNEL, EXPLAIN, AS_GROUPS, AS_USER, AS_SCHEMA)
VIEW_ETAG = AnswerHeader(
    "ETag",
    "Of this user, these groups, this channel, the rules of the hub and what is shown, but for `revision`.",
    {"type": "string", "pattern": '^W/"[0-9a-f]{32}"$'},
)
