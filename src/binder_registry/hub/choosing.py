"""What was chosen of a template's options, in each spelling: REST, links, forms, and what a hub saved of a start."""

from collections.abc import Collection, Mapping
from typing import Any

from ..options import Json, default_choice
from .texts import quoted

FREE_TEXT = "free-text"
UNLISTED = "--unlisted-choice"  # KubeSpawner's, after the name of an option; names hold no "--"
OTHER = "--"  # in our own form: what is typed counts
_TYPED = (OTHER, "unlisted-choice", "unlisted_choice", "--extra-selectable-item")  # KubeSpawner's; fancy-profiles' two
_OF_A_LINK = "option."


def spelled(choices: Json) -> dict[str, str]:
    """As KubeSpawner spells and saves them, beside `profile`."""
    found = {}
    for name, choice in choices.items():
        key, value = (f"{name}{UNLISTED}", choice.get(FREE_TEXT)) if isinstance(choice, dict) else (name, choice)
        if isinstance(value, str):
            found[key] = value
    return found


def saved_choices(
    options: Mapping[str, Any], shown: Collection[Json], defaults: Json
) -> tuple[dict[str, Any], list[str]]:
    """Of a start that was saved, in KubeSpawner's spelling: what is still shown, and what is told of the rest."""
    choices: dict[str, Any] = {}
    gone: list[str] = []
    for option in shown:
        name = option["name"]
        typed, chosen = options.get(name + UNLISTED), options.get(name)
        if typed and isinstance(typed, str) and FREE_TEXT in option:
            choices[name] = {FREE_TEXT: typed}
        elif not typed and isinstance(chosen, str) and any(one["name"] == chosen for one in option.get("choices", ())):
            choices[name] = chosen
        elif typed or chosen:
            gone.append(told_gone(option, typed or chosen, defaults))
    return choices, gone


def told_gone(option: Json, chosen: Any, defaults: Json) -> str:
    default = default_of(option, defaults)
    instead = f", so that it is {quoted(title_of(default))}" if default else ""
    return f"{quoted(str(chosen))} of {quoted(title_of(option))} is no longer offered{instead}."


def choices_of_a_link(first: Mapping[str, str]) -> dict[str, Any]:
    """`option.size=large&option.image.free-text=quay.io/a/b:c`."""
    choices: dict[str, Any] = {}
    for key, value in first.items():
        if key.startswith(_OF_A_LINK):
            name = key.removeprefix(_OF_A_LINK)
            typed = name.endswith(f".{FREE_TEXT}")
            choices[name.removesuffix(f".{FREE_TEXT}")] = {FREE_TEXT: value} if typed else value
    return choices


def choices_of_a_form(first: Mapping[str, str], slug: str) -> dict[str, Any]:
    """Of our own, of KubeSpawner's, which leaves out the menu where something was typed, and of fancy-profiles'."""
    prefix = f"profile-option-{slug}--"
    sent = {key.removeprefix(prefix): value for key, value in first.items() if key.startswith(prefix)}
    sent.pop("revision", None)
    choices: dict[str, Any] = {
        key: value for key, value in sent.items() if "--" not in key and value not in ("", OTHER)
    }
    for key, value in sent.items():
        name = key.removesuffix(UNLISTED)
        if name != key and value and sent.get(name, OTHER) in _TYPED:
            choices[name] = {FREE_TEXT: value}
    return choices


def deprecations(options: Collection[Json], choices: Json, defaults: Json) -> list[str]:
    """What is told of the choices made."""
    taken = ((option, choices.get(option["name"])) for option in options)
    found = ((default_of(option, defaults) if chosen is None else _called(option, chosen)) for option, chosen in taken)
    return [f"{title_of(one)!r} is deprecated: {one['deprecated']}" for one in found if one and one.get("deprecated")]


def defaults_of(options: Collection[Json]) -> dict[str, str]:
    """The names of the choices that are taken where none is made, of all choices: not everybody may have them."""
    found = ((option["name"], default_choice(option)) for option in options)
    return {name: default["name"] for name, default in found if default}


def default_of(option: Json, defaults: Json) -> Json | None:
    """None where it is for others."""
    return _called(option, defaults.get(option["name"]))


def title_of(part: Json) -> str:
    return str(part.get("display-name") or part["name"])


def _called(option: Json, chosen: Any) -> Json | None:
    return next((one for one in option.get("choices", ()) if one["name"] == chosen), None)
