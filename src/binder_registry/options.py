"""From a template with options, and what was chosen, to a template without: the one place that applies and withholds.

Plain JSON, and the standard library only: the hub's module holds a copy of it. A template is the mapping that the API
answers. Nobody else merges the layers of a template, or decides who may take a choice.
"""

import shlex
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from typing import Any

from .matching import matches_in_time

Json = Mapping[str, Any]
Matches = Callable[[str, str], bool]

VALUE_LENGTH = 1024  # characters of what a user types
PLACEHOLDER = "{value}"
A_FREE_TEXT = "(free text)"  # of an option, where its choices go by their names: none is called so
HUBS_OWN_IMAGE = "(the hub's own)"  # a blank, which no reference to an image holds: nobody takes it for one

OF_TODAY = ("allowed-groups", "deprecated", "replaced-by", "paused")  # whichever revision of a template runs

# What a hub takes of `overrides` without its admin's word: it reaches nothing beyond the user's own server.
HARMLESS_OVERRIDES = frozenset(
    (
        *("mem_guarantee", "cpu_guarantee", "mem_limit", "cpu_limit"),
        *("extra_resource_limits", "extra_resource_guarantees", "node_selector", "tolerations"),
        *("node_affinity_preferred", "node_affinity_required", "pod_affinity_preferred", "pod_affinity_required"),
        *("pod_anti_affinity_preferred", "pod_anti_affinity_required", "image_pull_policy", "working_dir"),
    )
)
# Settings of spawners that are members of a template, too: one thing in two spellings.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "image": ("image-name",),
    "image_spec": ("image-name",),
    "cmd": ("command",),
    "default_url": ("redirect-uri",),
    "ip": ("container-ip",),
    "port": ("bind-port",),
    "environment": ("environment",),
    "mem_limit": ("limits", "memory"),
    "cpu_limit": ("limits", "cpus"),
    "mem_guarantee": ("requests", "memory"),
    "cpu_guarantee": ("requests", "cpus"),
}


class ChoiceRefused(Exception):
    """Why this cannot be had, as a sentence for the user. What is withheld reads like what does not exist.

    `option` is the one that it is about; empty where it is the template.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


class EveryGroup(frozenset[str]):
    """The groups of one who may take everything: a hub's admin."""

    def isdisjoint(self, other: Any) -> bool:
        return False


def resolve(
    template: Json,
    choices: Json,
    groups: Collection[str] | None,
    *,
    matches: Matches | None = None,
) -> dict[str, Any]:
    """The template without options that these choices come to. Raises `ChoiceRefused`.

    `choices` are by option: the name of a choice, or `{"free-text": "what was typed"}`; an option that is left out gets
    its default. `groups` are the user's; None means that rights were not asked: for `run` and `export` alone.
    `matches(pattern, text)` says whether a text matches; by default `matches_in_time`.
    Of `overrides`, what a member says later, or in the same layer, is gone: what is left wins over the members.
    """
    if not may_take(template.get("allowed-groups") or None, groups):
        raise ChoiceRefused(f"There is no environment {template['name']!r}.")
    options = template.get("options", ())
    names = [option["name"] for option in options]
    for name in choices:
        if name not in names:
            raise ChoiceRefused(_unknown("option", str(name), names), str(name))
    resolved = _layered({}, {key: value for key, value in template.items() if key != "options"})
    for option in options:
        resolved = _layered(resolved, _chosen(option, choices.get(option["name"]), groups, matches or matches_in_time))
    return resolved


def visible(template: Json, groups: Collection[str] | None) -> dict[str, Any] | None:
    """The template as these groups see it, with the choices and free texts that are theirs; None: they do not."""
    if not may_take(template.get("allowed-groups") or None, groups):
        return None
    options = []
    for option in template.get("options", ()):
        choices = [choice for choice in option.get("choices", ()) if may_take(choice.get("allowed-groups"), groups)]
        typed = option.get("free-text")
        shown = {key: value for key, value in option.items() if key not in ("choices", "free-text")}
        if choices:
            shown["choices"] = choices
        if typed is not None and may_take(typed.get("allowed-groups"), groups):
            shown["free-text"] = typed
        if not ("choices" in shown or "free-text" in shown or option.get("build")):
            return None
        options.append(shown)
    return {**template, "options": options} if options else dict(template)


def deciding_groups(template: Json) -> frozenset[str]:
    """All that a template names: of others, it does not matter to it who is in them."""
    named = [template.get("allowed-groups")]
    for option in template.get("options", ()):
        named += [part.get("allowed-groups") for part in parts_of(option)]
    return frozenset(group for groups in named for group in groups or ())


def parts_of(option: Json) -> list[Json]:
    """What can be taken of an option, each of which may be for some groups only."""
    typed = option.get("free-text")
    return [*option.get("choices", ()), *([] if typed is None else [typed])]


def as_of_today(today: Json, past: Json) -> dict[str, Any]:
    """The content of a past revision, under what is said of the template today: `OF_TODAY`, and the groups of the
    choices and free texts that are still there. A choice that is gone keeps its own groups. Where its option is gone,
    or a free text, nobody said today who may have it: who could not see it then does not."""
    composed = {key: value for key, value in past.items() if key not in OF_TODAY}
    composed |= {member: today[member] for member in OF_TODAY if member in today}
    if "options" in past:
        options = {option["name"]: option for option in today.get("options", ())}
        then = past.get("allowed-groups") or None
        composed["options"] = [_option_today(options.get(one["name"]), one, then) for one in past["options"]]
    return composed


def _option_today(today: Json | None, past: Json, then: Collection[str] | None) -> dict[str, Any]:
    """`then` are the groups that the template was for."""
    option = dict(past)
    choices = {choice["name"]: choice for choice in (today or {}).get("choices", ())}
    if "choices" in past:
        option["choices"] = [
            _closed(one, then) if today is None else _for_groups_of(choices.get(one["name"], one), one)
            for one in past["choices"]
        ]
    if "free-text" in past:
        typed, now = past["free-text"], (today or {}).get("free-text")
        option["free-text"] = _closed(typed, then) if now is None else _for_groups_of(now, typed)
    return option


def _for_groups_of(today: Json, past: Json) -> dict[str, Any]:
    kept = {key: value for key, value in past.items() if key != "allowed-groups"}
    return kept | {key: value for key, value in today.items() if key == "allowed-groups"}


def _closed(past: Json, then: Collection[str] | None) -> dict[str, Any]:
    own = past.get("allowed-groups")
    if then is None:
        return dict(past)
    return {**past, "allowed-groups": [group for group in then if own is None or group in own]}


def default_choice(option: Json) -> Json | None:
    """The choice that is taken where none is made: the one that says so, else the first, as KubeSpawner has it."""
    choices = option.get("choices") or [None]
    first: Json | None = choices[0]
    return next((choice for choice in choices if choice and choice.get("default")), first)


def may_take(allowed: Collection[str] | None, groups: Collection[str] | None) -> bool:
    """No list is everyone's; an empty one is nobody's."""
    return allowed is None or groups is None or not frozenset(allowed).isdisjoint(groups) or _every(groups)


def _every(groups: Collection[str]) -> bool:
    return isinstance(groups, EveryGroup)


def _chosen(
    option: Json,
    choice: Any,
    groups: Collection[str] | None,
    matches: Matches,
) -> Json:
    """What the choice sets."""
    name = option["name"]
    theirs = [one for one in option.get("choices", ()) if may_take(one.get("allowed-groups"), groups)]
    typed = option.get("free-text")
    if typed is not None and not may_take(typed.get("allowed-groups"), groups):
        typed = None
    if choice is None:
        found = default_choice(option)
        if found in theirs:
            return found.get("set", {}) if found else {}
        if not (option.get("choices") or option.get("free-text")):
            return {}  # for those who build images from repositories
        raise ChoiceRefused(f"Choose {name!r}: {_listed(theirs, typed)}.", name)
    if isinstance(choice, str):
        for one in theirs:
            if one["name"] == choice:
                return one.get("set", {})  # type: ignore[no-any-return]
    elif isinstance(choice, Mapping) and list(choice) == ["free-text"] and typed is not None:
        return _typed(name, typed, choice["free-text"], matches)
    raise ChoiceRefused(f"There is no such choice of {name!r}: choose {_listed(theirs, typed)}.", name)


def _listed(choices: Collection[Json], typed: Json | None) -> str:
    names = [repr(one["name"]) for one in choices][:20] + (["a text of your own"] if typed is not None else [])
    return " or ".join(names) or "another environment"


def _unknown(what: str, name: str, names: Collection[str]) -> str:
    there = f"there are {', '.join(map(repr, names))}" if names else "there are none"
    return f"There is no {what} {name[:100]!r}: {there}."


# ── free texts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _typed(
    option: str,
    typed: Json,
    text: Any,
    matches: Matches,
) -> Json:
    if not isinstance(text, str) or not text or len(text) > VALUE_LENGTH or not text.isprintable():
        raise ChoiceRefused(f"{option!r} takes one line of 1 to {VALUE_LENGTH} characters.", option)
    pattern = typed.get("pattern")
    if pattern and not matches(pattern, text):
        raise ChoiceRefused(typed.get("message") or f"{text!r} does not fit {option!r}.", option)
    settings: Json = typed.get("set", {})
    overrides = settings.get("overrides", {})
    if PLACEHOLDER in str(overrides) and any(character in text for character in "{}$"):
        raise ChoiceRefused(f"{option!r} takes no braces and no dollar signs.", option)
    filled = {key: _filled(value, text) for key, value in settings.items() if key != "command"}
    if "command" in settings:  # put in after the command was split: it stays within its word
        filled["command"] = shlex.join(_filled(shlex.split(settings["command"]), text))
    return filled


def _filled(value: Any, text: str) -> Any:
    """Values, and never keys, with the text in them."""
    if isinstance(value, str):
        return value.replace(PLACEHOLDER, text)
    if isinstance(value, Mapping):
        return {key: _filled(inner, text) for key, inner in value.items()}
    return [_filled(inner, text) for inner in value] if isinstance(value, list) else value


# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _layered(below: Json, layer: Json) -> dict[str, Any]:
    """A later layer wins over an earlier one, in either spelling; objects merge key by key, and `null` is kept."""
    result = {**below}
    for member, value in layer.items():
        if member != "overrides":
            result[member] = {**below[member], **value} if isinstance(below.get(member), Mapping) and value else value
    overrides = {kind: _unsaid(settings, layer) for kind, settings in below.get("overrides", {}).items()}
    for kind, settings in layer.get("overrides", {}).items():
        overrides[kind] = merged(overrides.get(kind, {}), _unsaid(settings, layer))
    overrides = {kind: settings for kind, settings in overrides.items() if settings}
    return (
        {**result, "overrides": overrides} if overrides else {key: result[key] for key in result if key != "overrides"}
    )


def _unsaid(settings: Json, layer: Json) -> dict[str, Any]:
    """Of a spawner's settings, what no member of this layer says."""
    left: dict[str, Any] = {}
    for key, value in settings.items():
        said: Any = layer
        for step in SPELLINGS.get(key, ("",)):
            said = said.get(step) if isinstance(said, Mapping) else None
        if key == "environment" and isinstance(value, Mapping) and isinstance(said, Mapping):
            if rest := {variable: text for variable, text in value.items() if variable not in said}:
                left[key] = rest
        elif not said:
            left[key] = value
    return left


def merged(below: Any, above: Any) -> Any:
    """KubeSpawner's rule for its overrides, but for `null`, which is kept: it still has to remove what the hub set."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return deepcopy(above)
    return {**deepcopy(dict(below)), **{key: merged(below.get(key), value) for key, value in above.items()}}
