"""The bodies of answers that are not templates: a change, a plan, and the server's health."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ...changes import Action, Change
from ...channels import Promotion
from ...differences import changed_members
from ...must_understand import full_view
from ...reading import Lost
from ...template import Template
from ...wire import encode, timestamp


class ChangeBody(Struct, kw_only=True, omit_defaults=True):
    revision: Annotated[int, Meta(description="The number of the change in the whole registry: +1 each, no gaps")]
    position: Annotated[str, Meta(description="The place after this change: send it as `since`, to go on from here")]
    time: Annotated[str, Meta(description="When it was written, in UTC")]
    by: Annotated[str, Meta(description="Who wrote it; only for callers with a valid token")] = ""
    note: Annotated[str, Meta(description="Why, in the writer's words")] = ""
    action: Annotated[
        str,
        Meta(
            description="What was done; a newer registry may have more words than these",
            examples=[action.value for action in Action],
        ),
    ]
    promoted: Annotated[
        Promotion | UnsetType, Meta(description="What was done to a channel, where that is what the change did")
    ] = UNSET
    name: Annotated[str, Meta(description="The template's name")]
    previous: Annotated[int, Meta(description="Revision of the same template's change before; 0 for its first")]
    first: Annotated[int, Meta(description="First revision of the same apply; else the change's own")]
    deleted: Annotated[bool, Meta(description="The template is gone as of this change")] = False
    digest: Annotated[
        str, Meta(description="BLAKE2b of the content, 16 bytes in hex; without `uses`; it outlives a purge")
    ]
    changed: Annotated[
        Sequence[str] | UnsetType,
        Meta(description="The members that this change changed; only in one template's history"),
    ] = UNSET
    template: Annotated[
        Template | UnsetType, Meta(description="The template as of this change; left out where it was purged")
    ] = UNSET


class Changes(Struct):
    changes: list[ChangeBody]


class PlanStep(Struct, omit_defaults=True):
    action: Annotated[
        Literal["created", "updated", "deleted", "promoted", "unchanged"], Meta(description="What is done")
    ]
    name: Annotated[str, Meta(description="The template's name")]
    changed: Annotated[
        list[str], Meta(description="The members that an update changes, `limits.memory` for a single limit")
    ]
    revision: Annotated[int, Meta(description="The change that wrote it; left out where there is none (yet)")] = 0
    promoted: Annotated[
        Promotion | UnsetType,
        Meta(description="What is done to a channel; in a dry run, `to` is 0 for what the same request writes"),
    ] = UNSET
    reason: Annotated[str, Meta(description="Why a template that `promote` selects stays as it is")] = ""


class Plan(Struct, rename="kebab", omit_defaults=True):
    dry_run: Annotated[bool, Meta(description="Whether this is only what would be done")]
    plan: Annotated[list[PlanStep], Meta(description="One step for each template, in the order of the request")]
    lost: Annotated[
        list[Lost] | UnsetType, Meta(description="Of a hub's values: what its list says, and no template can")
    ] = UNSET


class Health(Struct):
    status: Annotated[Literal["ok", "draining", "writes fail"], Meta(description="In words")]
    revision: Annotated[int, Meta(description="The newest revision that this server shows")]
    reads: Annotated[bool, Meta(description="Whether reads are served")]
    writes: Annotated[bool, Meta(description="Whether writes are served")]


def encode_change(change: Change, *, by: bool, changed: Sequence[str] | None = None, deleted: bool = False) -> bytes:
    """`by` only for callers with a token; `deleted` for a reader whose selector the template left."""
    body = encode(
        ChangeBody(
            revision=change.revision,
            position=str(change.position),
            time=timestamp(change.time),
            by=change.by if by else "",
            note=change.note,
            action=Action.DELETED if deleted else change.action,
            promoted=(not deleted and change.promotion) or UNSET,
            name=change.name,
            previous=change.previous,
            first=change.first,
            deleted=deleted or change.deleted,
            digest=change.digest.hex(),
            changed=UNSET if changed is None else changed,
        )
    )
    if change.content is None or deleted:
        return body
    return b'%b,"template":%b}' % (body[:-1], full_view(change.content))


def members_changed(before: Change | None, after: Change) -> list[str]:
    """None of them where either content was purged."""
    if after.template is None or (before is not None and before.template is None):
        return []
    return changed_members(before.template if before else None, after.template)
