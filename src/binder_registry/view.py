"""What may be started of what a hub can start, by whom, and what stands in the way of the rest. Pure.

Who may take what, `options` decides; what can be started, whoever asks, an `Offer`.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from .form_order import place_in_form
from .offering import Hidden, Json, Offer, Offering
from .options import default_choice, may_take, visible
from .withheld import withheld

Place = tuple[float, str, str, bool]


class Beside(NamedTuple):
    """What members of `groups`, and admins, are offered beside the rest: what `channel` shows, by this `offer`, which
    gives it a name of its own."""

    channel: str
    groups: frozenset[str]
    offer: Offer


def on_any_hub(template: Json, channel: str = "") -> Offering:
    """The `Offer` of those who know no hub, in a channel, or of the newest: its sentences are a hub's."""
    name, successor = template["name"], template.get("replaced-by")
    if template.get("deleted"):
        taken = f", and {successor!r} took its place" if successor else ""
        return Offering(None, (Hidden(name, "deleted", f"it was deleted{taken}"),))
    if successor:
        return Offering(None, (Hidden(name, "replaced", f"it is replaced by {successor!r}"),))
    if channel and template.get("channel") != channel:
        return Offering(None, (Hidden(name, "channel", f"it has no revision in the channel {channel!r}"),))
    if paused := template.get("paused"):
        return Offering(None, (Hidden(name, "paused", f"it is paused: {paused}"),))
    return Offering(template)


class Seen(NamedTuple):
    """Of one template: all of it that can be started, what of that somebody sees, and what not, and why."""

    whole: Json | None
    theirs: Json | None
    hidden: Sequence[Hidden]


def each_seen(
    offer: Offer, template: Json, groups: Collection[str], beside: Beside | None = None, other: Json | None = None
) -> Iterator[tuple[Place, Seen]]:
    """Of a template, a tombstone too; and of what stands beside it: where in the form, and what is seen of it."""
    seen = _seen(offer, template, groups)
    yield place_of(template), seen
    if beside and other:
        also = _seen(beside.offer, other, groups, beside.groups)
        yield place_of(also.whole or other, template if seen.whole else None), also


def _seen(offer: Offer, template: Json, groups: Collection[str], needed: Collection[str] = ()) -> Seen:
    found = offer(template)
    if found.template is None:
        return Seen(None, None, found.hidden)
    if needed and not may_take(needed, groups):
        return Seen(found.template, None, (*found.hidden, _of_groups(found.template["name"], needed)))
    hidden = (*found.hidden, *hidden_by_groups(found.template, groups))
    return Seen(found.template, visible(found.template, groups), hidden)


def hidden_by_groups(template: Json, groups: Collection[str]) -> Iterator[Hidden]:
    """Of what can be started, what `options.visible` leaves out."""
    name = template["name"]
    for option, choice, theirs in withheld(template, groups):
        if choice:
            yield Hidden(name, "choice-groups", _one_of(theirs), option, choice)
        elif option:
            yield Hidden(name, "choice-groups", f"for any choice of {option!r}, {_one_of(theirs)}")
        else:
            yield _of_groups(name, theirs)


def _of_groups(name: str, groups: Collection[str]) -> Hidden:
    return Hidden(name, "allowed-groups", _one_of(groups))


def _one_of(groups: Collection[str]) -> str:
    if not groups:
        return "an admin: it is for no group"
    return f"{'one of the groups' if len(groups) > 1 else 'the group'} {', '.join(map(repr, groups))}"


def launch_of(template: Json, seen: Json) -> dict[str, Any] | None:
    """The body of a start, for `POST /hub/api/users/NAME/server`, of a template that can be started, `seen` as they see
    it: with the default of each option, or the first choice in its place. None: something has to be typed."""
    chosen = {}
    for option, whole in zip(seen.get("options", ()), template.get("options", ()), strict=True):
        if not option.get("choices"):
            if "free-text" in option:
                return None
            continue  # for those who build images from repositories
        chosen[option["name"]] = (default_of(whole, option) or option["choices"][0])["name"]
    return {"template": template["name"], **({"options": chosen} if chosen else {})}


def default_of(whole: Json, seen: Json) -> Json | None:
    """What a start without a choice of this option gets; None: one has to be made."""
    default = default_choice(whole)
    return default if default and default in seen.get("choices", ()) else None


def title_of(part: Json) -> str:
    """Of a template, an option or a choice: what people read."""
    return str(part.get("display-name") or part["name"])


def place_of(template: Json, beside: Json | None = None) -> Place:
    """In the order of the form: what is tried out stands right behind the template that it is `beside`."""
    of = beside or template
    return *place_in_form(of.get("order"), title_of(of), of["name"]), "/" in template["name"]
