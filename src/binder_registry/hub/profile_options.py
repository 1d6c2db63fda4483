"""The options of a template in KubeSpawner's own shape, for its form, and for others that read it."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..options import Json
from .choosing import FREE_TEXT, default_of, title_of


def profile_options(options: Collection[Json], defaults: Json, text: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """Without settings: they are made at the start. `text` escapes where the form does not.

    An option with nothing to choose, but for images that are built, is not shown: fancy-profiles' form would break.
    """
    shown = (option for option in options if option.get("choices") or FREE_TEXT in option)
    return {option["name"]: _option(option, defaults, text) for option in shown}


def draws_kubespawners_form(spawner: Any) -> bool:
    """And not one that the hub set in its place."""
    templates = ("profile_form_template", "additional_profile_form_template_paths")
    return all(getattr(spawner, one) == spawner.trait_defaults(one) for one in templates if spawner.has_trait(one))


def without_patterns(profile: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
    """KubeSpawner would apply the patterns to what was typed last, in the hub's loop, and for as long as that takes."""
    options = dict(profile.get("profile_options", {}))
    for name, chosen in choices.items():
        if isinstance(chosen, dict):
            typed = {key: value for key, value in options[name]["unlisted_choice"].items() if key != "validation_regex"}
            options[name] = {**options[name], "unlisted_choice": typed}
    return {**profile, "profile_options": options} if options else dict(profile)


def _option(option: Json, defaults: Json, text: Callable[[str], str]) -> dict[str, Any]:
    shape: dict[str, Any] = {"display_name": text(title_of(option)), **_described(option, text), "choices": {}}
    default = default_of(option, defaults)
    if option.get("choices") and not default:  # for others: nothing is taken in its place in silence
        shape["choices"][""] = {"display_name": "Choose...", "default": True}
    for choice in option.get("choices", ()):
        shape["choices"][choice["name"]] = _choice(choice, text, choice is default)
    if (typed := option.get(FREE_TEXT)) is not None:
        shape["unlisted_choice"] = _unlisted(typed, text, title_of(option))
    if option.get("build"):
        shape["dynamic_image_building"] = {"enabled": True}
    return shape


def _choice(choice: Json, text: Callable[[str], str], default: bool) -> dict[str, Any]:
    deprecated = f" - Deprecated: {choice['deprecated']}" if choice.get("deprecated") else ""
    shape = {"display_name": text(title_of(choice) + deprecated), **_described(choice, text)}
    return shape | {"default": True} if default else shape


def _unlisted(typed: Json, text: Callable[[str], str], title: str) -> dict[str, Any]:
    shown = typed.get("display-name")
    shape = {
        "enabled": True,
        "display_name": text(shown or title),
        "display_name_in_choices": text(typed.get("display-name-in-choices") or shown or "Other..."),
        "validation_regex": text(typed.get("pattern", "")),
        "validation_message": text(typed.get("message", "")),
    }
    return {key: value for key, value in shape.items() if value}


def _described(part: Json, text: Callable[[str], str]) -> dict[str, str]:
    return {"description": text(part["description"])} if part.get("description") else {}
