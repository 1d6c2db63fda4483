"""The profiles of a list, without those parts that nobody knows before a program ran. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from .losses import Loss, Losses
from .marked import Unknown, unknowns

_FOR_PEOPLE = ("description",)


def known_profiles(profiles: Iterable[Any], losses: Losses) -> list[Any]:
    """A choice or a profile that holds something unknown is left out: in part it would mean something else."""
    kept = []
    for number, profile in enumerate(profiles, 1):
        where = f"profile {_called(profile) or number}"
        profile = _without_texts(profile, where, losses)
        if unknowns(profile):
            profile = _with_known_choices(profile, where, losses)
        if found := unknowns(profile):
            losses.append(_loss(where, found))
        else:
            kept.append(profile)
    return kept


def _called(profile: Any) -> str:
    names = [profile.get("display_name"), profile.get("slug")] if isinstance(profile, Mapping) else []
    return next((str(name) for name in names if name and not isinstance(name, Unknown)), "")


def _loss(where: str, found: list[Unknown]) -> Loss:
    return Loss(where, f"{'; '.join(dict.fromkeys(map(str, found)))}: left out", left_out=True)


def _without_texts(part: Any, where: str, losses: Losses) -> Any:
    if not isinstance(part, Mapping):
        return part
    gone = [key for key in _FOR_PEOPLE if isinstance(part.get(key), Unknown)]
    losses += [Loss(where, f"is not carried over ({part[key]})", key) for key in gone]
    return {key: value for key, value in part.items() if key not in gone} if gone else part


def _with_known_choices(profile: Any, where: str, losses: Losses) -> Any:
    options = profile.get("profile_options") if isinstance(profile, Mapping) else None
    if not isinstance(options, Mapping):
        return profile
    return {
        **profile,
        "profile_options": {
            key: _known_option(option, f"{where}, option {key}", losses) for key, option in options.items()
        },
    }


def _known_option(option: Any, where: str, losses: Losses) -> Any:
    """As it is where nothing would be left to choose, so that the profile goes."""
    choices = option.get("choices") if isinstance(option, Mapping) else None
    if not isinstance(choices, Mapping):
        return option
    kept, lost = {}, Losses()
    for name, choice in choices.items():
        choice = _without_texts(choice, f"{where}, choice {name}", lost)
        if found := unknowns([name, choice]):
            lost.append(_loss(f"{where}, choice {name}", found))
        else:
            kept[name] = choice
    if choices and not kept:
        return option
    losses += lost
    return {**option, "choices": kept}
