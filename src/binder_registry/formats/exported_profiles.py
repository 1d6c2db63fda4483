"""Templates as a list of KubeSpawner's profiles. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from ..choices import Choice, FreeText, Option
from ..template import Template
from .exported_overrides import kubespawner_override
from .html_text import attribute, html
from .in_lists import in_lists
from .losses import Loss, Losses
from .names import stock_slug_of

_QUOTE = re.compile(r'\\.|"', re.DOTALL)


class _Place(Struct, frozen=True):
    losses: Losses
    template: str
    choice: str = ""

    def say(self, member: str, what: str) -> None:
        self.losses.append(Loss(self.template, what, member, choice=self.choice))


def exported_profiles(templates: Iterable[Template]) -> tuple[list[dict[str, Any]], Losses]:
    """In the order of lists for people, without those that are out of service."""
    losses: Losses = []
    offered = in_lists(templates, losses)
    default = next((template for template in offered if template.default), None)
    return [_profile(template, template is default, _Place(losses, template.name)) for template in offered], losses


def _profile(template: Template, default: bool, place: _Place) -> dict[str, Any]:
    for member in ("labels", "deprecated", "contact", "icon"):
        if getattr(template, member):
            place.say(member, "is not carried over")
    return _given(
        display_name=html(template.display_name or template.name),
        slug=stock_slug_of(template.name),
        description=html(template.description),
        default=default,
        allowed_groups=list(template.allowed_groups) or None,
        kubespawner_override=kubespawner_override(template, place.say),
        profile_options={
            option.name: _option(option, _Place(place.losses, place.template, f"option {option.name}"))
            for option in template.options
        },
    )


def _option(option: Option, place: _Place) -> dict[str, Any]:
    def at(choice: str) -> _Place:
        return _Place(place.losses, place.template, f"{place.choice}, {choice}")

    return _given(
        display_name=html(option.display_name),
        description=html(option.description),
        dynamic_image_building={"enabled": True} if option.build else {},
        unlisted_choice=_free_text(option.free_text, at("free text")) if option.free_text else {},
        choices={choice.name: _choice(choice, at(f"choice {choice.name}")) for choice in option.choices},
    )


def _choice(choice: Choice, place: _Place) -> dict[str, Any]:
    if choice.deprecated:
        place.say("deprecated", "is not carried over")
    return _given(
        display_name=html(choice.display_name or choice.name),
        description=html(choice.description),
        default=choice.default,
        allowed_groups=_groups(choice),
        kubespawner_override=kubespawner_override(choice.set, place.say),
    )


def _free_text(typed: FreeText, place: _Place) -> dict[str, Any]:
    return _given(
        enabled=True,
        display_name=html(typed.display_name),
        display_name_in_choices=html(typed.display_name_in_choices),
        description=html(typed.description),
        validation_regex=_in_attribute(typed.pattern),
        validation_message=attribute(typed.message),
        allowed_groups=_groups(typed),
        kubespawner_override=kubespawner_override(typed.set, place.say, typed=True),
    )


def _groups(part: Choice | FreeText) -> list[str] | None:
    return None if part.allowed_groups is None else list(part.allowed_groups)


def _in_attribute(pattern: str) -> str:
    """The same pattern without quotes: KubeSpawner's form writes it into an attribute, as it is."""
    return _QUOTE.sub(lambda match: r"\x22" if match[0] in ('"', r"\"") else match[0], pattern)


def _given(**members: Any) -> dict[str, Any]:
    """Without what is empty, but for lists of groups, where that means nobody."""
    return {key: value for key, value in members.items() if value or value == []}
