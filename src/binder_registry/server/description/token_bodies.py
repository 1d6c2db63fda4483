"""The bodies of answers about tokens and their holders. None of them holds a secret, but for the one that is new."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from ...auth import Identity, Reach
from ...token_contract import AuditEntry, Token, TokenAction
from ...wire import timestamp


class TokenBody(Struct, kw_only=True, omit_defaults=True, rename="kebab"):
    id: Annotated[str, Meta(description="Its public name, which is in its text, too")]
    token: Annotated[str | UnsetType, Meta(description="Its text, in the answer that made it only")] = UNSET
    name: Annotated[str, Meta(description="Whoever holds it writes as `token:<name>`")]
    note: Annotated[str, Meta(description="What it is for")] = ""
    by: Annotated[str, Meta(description="Who made it")]
    scopes: Annotated[Sequence[str], Meta(description="What it may do")]
    templates: Annotated[Sequence[str], Meta(description="Globs: it writes templates with such names; none: all")] = ()
    labels: Annotated[str, Meta(description="A label selector: it writes templates with such labels")] = ""
    parent: Annotated[str, Meta(description="The id of the token that made it, whose bounds are its own, too")] = ""
    created: Annotated[str, Meta(description="When it was made")]
    expires: Annotated[str, Meta(description="When it ends")]
    used: Annotated[str, Meta(description="The minute of its last use, as far as it was written down")] = ""
    revoked: Annotated[str, Meta(description="When it was revoked")] = ""


class Tokens(Struct):
    tokens: Annotated[list[TokenBody], Meta(description="By name")]


class ReachBody(Struct):
    templates: Annotated[list[list[str]], Meta(description="A name fits a glob of each list; no list: every name")]
    labels: Annotated[list[str], Meta(description="What labels must meet, all of it")]


class Holder(Struct, kw_only=True, omit_defaults=True):
    by: Annotated[str, Meta(description="As whom it writes")]
    kind: Annotated[str, Meta(description="`key`, `token`, `user`, `service` or `publisher`")]
    name: Annotated[str, Meta(description="Whose it is")]
    scopes: Annotated[list[str], Meta(description="What it may do")]
    reach: Annotated[ReachBody, Meta(description="Which templates it may write")]
    groups: Annotated[list[str], Meta(description="Of a user, as the hub says")] = []
    admin: Annotated[bool, Meta(description="Whether the hub calls the user an admin; it allows nothing here")] = False
    id: Annotated[str, Meta(description="Of a token of the registry's own")] = ""
    expires: Annotated[str, Meta(description="When it ends, where that is known")] = ""


class AuditBody(Struct):
    number: Annotated[int, Meta(description="+1 each, no gaps: send it as `since`, to go on from here")]
    time: Annotated[str, Meta(description="When it was done, in UTC")]
    by: Annotated[str, Meta(description="Who did it")]
    action: Annotated[TokenAction, Meta(description="What was done")]
    id: Annotated[str, Meta(description="The id of the token")]
    name: Annotated[str, Meta(description="Its name")]


class Audit(Struct):
    entries: Annotated[list[AuditBody], Meta(description="The oldest first")]


def token_body(token: Token, text: str = "") -> TokenBody:
    return TokenBody(
        id=token.id,
        token=text or UNSET,
        name=token.name,
        note=token.note,
        by=token.by,
        scopes=token.scopes,
        templates=token.templates,
        labels=token.labels,
        parent=token.parent,
        created=timestamp(token.created),
        expires=timestamp(token.expires),
        used=timestamp(token.used) if token.used else "",
        revoked=timestamp(token.revoked) if token.revoked else "",
    )


def holder_body(who: Identity) -> Holder:
    return Holder(
        by=who.by,
        kind=who.kind,
        name=who.name,
        scopes=sorted(who.scopes),
        reach=_reach_body(who.reach),
        groups=sorted(who.groups),
        admin=who.admin,
        id=who.token,
        expires=timestamp(who.expires) if who.expires else "",
    )


def audit_body(entry: AuditEntry) -> AuditBody:
    return AuditBody(entry.number, timestamp(entry.time), entry.by, entry.action, entry.id, entry.name)


def _reach_body(reach: Reach) -> ReachBody:
    return ReachBody([list(globs) for globs in reach.names], [str(requirement) for requirement in reach.labels])
