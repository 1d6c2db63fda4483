"""The options of a profile, as every combination of one choice each. Pure."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from msgspec import Struct

from .html_text import one_line
from .losses import LeftOut, Loss, Losses
from .names import slugify
from .restrictions import Groups, check_override, groups_of

_OPTION = {"display_name", "choices", "unlisted_choice"}
_CHOICE = {"display_name", "default", "kubespawner_override"}
_FREE_TEXT = {
    "enabled",
    "display_name",
    "display_name_in_choices",
    "description",
    "validation_regex",
    "validation_message",
    "kubespawner_override",
}


class Choice(Struct, frozen=True):
    suffix: str  # of the template's name
    label: str
    override: Mapping[Any, Any]
    groups: list[Groups]


def combinations(options: Any, where: str, losses: Losses) -> Iterator[tuple[Choice, ...]]:
    """Raises `LeftOut`."""
    if options is not None and not isinstance(options, Mapping):
        raise LeftOut("profile_options is not a mapping")
    lists = [_choices(str(key), option, where, losses) for key, option in (options or {}).items()]
    return product(*(choices for choices in lists if choices is not None))


def override_of(part: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The settings of a profile or choice. Raises `LeftOut`."""
    override = part.get("kubespawner_override")
    if override is None:
        return {}
    if not isinstance(override, Mapping):
        raise LeftOut("kubespawner_override is not a mapping")
    check_override(override)
    return override


def unknown(part: Mapping[Any, Any], known: set[str], where: str) -> Losses:
    """What is neither read nor a restriction."""
    kept = known | {"allowed_groups", "allowed_teams", "groups", "access"}
    return [Loss(where, "is not carried over", str(key)) for key, value in part.items() if key not in kept and value]


def _choices(key: str, option: Any, where: str, losses: Losses) -> list[Choice] | None:
    """None: there is nothing to choose from. An empty list: there is, but nothing of it can be kept."""
    if option is None:
        return None
    if not isinstance(option, Mapping):
        raise LeftOut(f"option {key} is not a mapping")
    at = f"{where}, option {key}"
    choices = option.get("choices")
    if choices is not None and not isinstance(choices, Mapping):
        raise LeftOut(f"the choices of option {key} are not a mapping")
    groups = groups_of(option, _OPTION)
    losses += unknown(option, _OPTION, at)
    if option.get("display_name"):
        losses.append(Loss(at, "is not carried over", "display_name"))
    if _free_text(option.get("unlisted_choice"), key, where, losses) and not choices:
        raise LeftOut(f"the free text of option {key} is all that can be chosen")
    if not choices:
        return None
    found = []
    for name, choice in choices.items():
        try:
            found.append(_choice(str(name), {} if choice is None else choice, groups, at, losses))
        except LeftOut as reason:
            losses.append(Loss(f"{at}, choice {name}", f"{reason}: left out", left_out=True))
    return found


def _choice(name: str, choice: Any, groups: list[Groups], where: str, losses: Losses) -> Choice:
    if not isinstance(choice, Mapping):
        raise LeftOut("is not a mapping")
    at = f"{where}, choice {name}"
    own, override, suffix = groups_of(choice, _CHOICE), override_of(choice), slugify(name)
    if not suffix:
        raise LeftOut("gives no name")
    losses += unknown(choice, _CHOICE, at)
    if choice.get("default"):
        losses.append(Loss(at, "is not carried over", "default"))
    label = one_line(choice.get("display_name") or name, at, "display_name", losses)
    return Choice(f"-{suffix}", label, override, [*groups, *own])


def _free_text(free: Any, option: str, where: str, losses: Losses) -> bool:
    """Whether it is there, and not for everybody."""
    if not isinstance(free, Mapping) or not free.get("enabled"):
        return False
    try:
        restricted = bool(groups_of(free, _FREE_TEXT))
    except LeftOut:
        restricted = True
    said = "is not for everybody: left out" if restricted else "is not carried over"
    losses.append(Loss(where, said, f"the free text of option {option} (unlisted_choice)", left_out=restricted))
    return restricted
