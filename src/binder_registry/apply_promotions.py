"""What an apply promotes: which templates a selector means, and where their channel comes to point. Pure."""

from collections.abc import Callable, Iterable, Iterator, Set
from typing import Any, ClassVar

from msgspec import Struct

from .changes import Change
from .channels import Channel, Promotion, channel_problem
from .draft_changes import Draft
from .errors import ErrorHint, InvalidRequest
from .kept_members import channels_of, content_revision_of
from .lengths import MOST_CHANNELS
from .promotions import pointed
from .selector import Requirement, matches, parse_selector
from .strict_json import repeats
from .template import Template
from .wire import TWICE, Object


class Promote(Struct, frozen=True):
    """`channel` is to point where `source` does, of each template that the selector means (an empty list: of all);
    without a source at its newest content, also of what the same request writes."""

    channel: str
    selector: list[Requirement]
    source: str = ""


class PromotedStep(Struct, frozen=True, gc=False):
    """`promotion` is None where all stays as it is, for a `reason`; its `to` is 0 for what is yet to be written."""

    name: str
    revision: int  # of the template where it stays as it is
    promotion: Promotion | None
    reason: str = ""

    changed: ClassVar[list[str]] = []

    @property
    def action(self) -> str:
        return "promoted" if self.promotion else "unchanged"


def promoted(
    promote: Promote, written: Iterable[tuple[Template, bool]], living: Callable[[], Iterable[Template]], *, dry: bool
) -> list[PromotedStep]:
    """By name. `written` are the templates that the request names, as they are after it, each with whether it is a new
    content; `living` those that live before it. `dry`: this is all that is asked, so that nobody looks again.

    Raises `InvalidRequest` then of one channel too many.
    """
    steps, named = [], set()
    for template, is_new in written:
        named.add(template.name)
        if not template.deleted and matches(promote.selector, template.labels):
            steps.append(_planned(promote, template, is_new, dry))
    others = (template for template in living() if template.name not in named)
    steps += [_planned(promote, other, False, dry) for other in others if matches(promote.selector, other.labels)]
    return sorted(steps, key=lambda step: step.name)


def promoted_now(
    promote: Promote, newest: Iterable[Change | None], moved: Set[str]
) -> list[tuple[PromotedStep, Draft | None]]:
    """The same of the newest changes of templates that it means, or may mean: `moved` are to be looked at anew."""
    living = (change for change in newest if change and not change.deleted)
    return [_drafted(promote, change) for change in living if change.name not in moved or _is_meant(promote, change)]


def _is_meant(promote: Promote, change: Change) -> bool:
    return matches(promote.selector, change.readable().labels)


def _drafted(promote: Promote, current: Change) -> tuple[PromotedStep, Draft | None]:
    stored = current.content or b""
    newest = Channel(content_revision_of(stored) or current.revision, 0)
    channels = channels_of(stored)
    step = _step(promote, current.name, current.revision, channels, newest.revision)
    if step.promotion is None:
        return step, None
    _check_room(step, channels)
    return step, pointed(current, promote.channel, channels[promote.source] if promote.source else newest)


def _planned(promote: Promote, template: Template, is_new: bool, dry: bool) -> PromotedStep:
    newest = 0 if is_new else template.content_revision or template.revision
    step = _step(promote, template.name, template.revision, template.channels, newest)
    if dry:
        _check_room(step, template.channels)
    return step


def _check_room(step: PromotedStep, channels: dict[str, Channel]) -> None:
    if step.promotion and not step.promotion.before and len(channels) >= MOST_CHANNELS:
        said = f"promote.channel would be one more than {MOST_CHANNELS} of {step.name!r}"
        raise InvalidRequest(said, [ErrorHint("Request", "promote.channel", "invalid")])


def _step(promote: Promote, name: str, revision: int, channels: dict[str, Channel], newest: int) -> PromotedStep:
    """`newest`: whose content it is; 0: that is yet to be written."""
    before, source = channels.get(promote.channel), channels.get(promote.source)
    if promote.source and source is None:
        return PromotedStep(name, revision, None, f"it has no channel {promote.source!r}")
    to = source.revision if source else newest
    if before and before.revision == to:
        return PromotedStep(name, revision, None, f"{promote.channel!r} points at revision {to} already")
    return PromotedStep(name, revision, Promotion(promote.channel, before.revision if before else 0, to))


Problem = Callable[[str, str], None]
"""Takes a field, and what is wrong with it."""


def read_promote(value: Any, problem: Problem) -> Promote | None:
    """Of a request's body. None where something is wrong, or where nothing is to be promoted."""
    if value is None:
        return None
    if not isinstance(value, Object):
        problem("promote", "must be an object")
        return None
    members = dict(value)
    wrong = [(key, "is not a member of a promotion") for key in members if key not in ("channel", "label", "from")]
    wrong += [(path, TWICE) for path in repeats(value)]
    wrong += _channel_problems("channel", members.get("channel"))
    if members.get("from") is not None:
        wrong += _channel_problems("from", members["from"])
        if members["from"] == members.get("channel"):
            wrong.append(("from", "must be another channel"))
    label, selector = members.get("label"), list[Requirement]()
    if not isinstance(label, str):
        wrong.append(("label", "must be a label selector, or '*' for everything"))
    elif label != "*":
        try:
            selector = parse_selector(label, parameter="promote.label")
        except InvalidRequest as error:
            wrong.append(("label", error.message.partition(": ")[2] or error.message))
    for key, said in wrong:
        problem(f"promote.{key}", said)
    return None if wrong else Promote(members["channel"], selector, members.get("from") or "")


def _channel_problems(member: str, name: Any) -> Iterator[tuple[str, str]]:
    said = channel_problem(name) if isinstance(name, str) else "must be a string"
    if said:
        yield member, said
