"""Profiles of zero-to-jupyterhub's values as templates, and back. Pure.

Both ways also give what could not be carried over.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from ..lengths import MAX_OPTIONS
from ..settings import HUBS_OWN_IMAGE
from ..slugs import name_of
from ..template import Template
from .exported_profiles import exported_profiles
from .group_filter import group_filter
from .losses import LeftOut, Loss, Losses
from .names import slugify
from .overrides import members_of
from .profile_lists import ProfileList, find_profiles
from .profile_options import Place, options_of, override_of, plain_devices, say_ignored, shown
from .restrictions import differing_case, groups_of, together
from .scalars import image_reference, text_of

STEP = 10  # between the orders of two profiles: there is room for others

_PROFILE = {"slug", "display_name", "description", "default", "kubespawner_override", "profile_options"}


def from_z2jh(values: Any, at: str = "", *, bake_image: bool = False) -> tuple[list[Template], Losses]:
    """From a values file, which has the list of profiles anywhere (or at the path `at`), or from such a list.

    `bake_image`: the hub's own image is written into the templates that leave it to the hub. Raises `ValueError`.
    """
    found = find_profiles(values, at)
    losses: Losses = []
    image = (_hub_image(found, losses) if bake_image else "") or HUBS_OWN_IMAGE
    templates: dict[str, Template] = {}
    default = _default(found.profiles, losses)
    for number, profile in enumerate(found.profiles, 1):
        where = f"profile {_called(profile) or number}"
        try:
            template = _template(profile, image, where, losses)
        except LeftOut as reason:
            losses.append(Loss(where, f"{reason}: left out", left_out=True))
            continue
        if template.name in templates:
            losses.append(Loss(where, "there are two profiles of this name, the second is left out", left_out=True))
            continue
        templates[template.name] = replace(template, order=number * STEP, default=profile is default)
    if templates and not any(template.default for template in templates.values()):
        what = f"was started where nothing is chosen: {next(iter(templates))} is now"
        losses.append(Loss(f"profile {_called(default) or found.profiles.index(default) + 1}", what))
    losses += _case_losses(templates.values())
    return list(templates.values()), losses


def to_z2jh(templates: Iterable[Template]) -> tuple[dict[str, Any], Losses]:
    """A values file with `singleuser.profileList`, and what makes a hub obey its groups where it has some."""
    profiles, losses = exported_profiles(templates)
    values: dict[str, Any] = {"singleuser": {"profileList": profiles}}
    if code := group_filter(profiles):
        values["hub"] = {"extraConfig": {"obey-allowed-groups": code}}
    return values, losses


def _called(profile: Any) -> str:
    return str(profile.get("display_name") or profile.get("slug") or "") if isinstance(profile, Mapping) else ""


def _default(profiles: list[Any], losses: Losses) -> Any:
    """The one that KubeSpawner takes without a choice: the first that says so, else the first."""
    flagged = [profile for profile in profiles if isinstance(profile, Mapping) and profile.get("default")]
    for profile in flagged[1:]:
        losses.append(Loss(f"profile {_called(profile)}", "counts for the first that has it: dropped", "default"))
    return (flagged or profiles or [None])[0]


def _hub_image(found: ProfileList, losses: Losses) -> str:
    if not found.image:
        return ""
    try:
        image, note = image_reference(found.image)
    except ValueError as error:
        losses.append(Loss("values", str(error), found.image_at))
        return ""
    losses += [Loss("values", note, f"{found.image_at}.tag")] if note else []
    return image


def _template(profile: Any, image: str, where: str, losses: Losses) -> Template:
    """Raises `LeftOut`."""
    if not isinstance(profile, Mapping):
        raise LeftOut("is not a mapping")
    place = Place(losses, where, devices=plain_devices(profile))
    groups, override = groups_of(profile, _PROFILE), override_of(profile)
    name = _name(profile)
    say_ignored(profile, _PROFILE, place, "profiles")
    options = options_of(profile.get("profile_options"), place)
    if len(options) > MAX_OPTIONS:
        raise LeftOut(f"has more than {MAX_OPTIONS} options")
    members = members_of(override, lambda key, what: place.say(what, key), template=True, devices=place.devices)
    return Template(
        **{"image_name": image} | members,
        name=name,
        display_name=shown(profile, "display_name", place, line=True),
        description=shown(profile, "description", place),
        allowed_groups=together(groups),
        options=options,
    )


def _name(profile: Mapping[Any, Any]) -> str:
    try:
        slug = text_of(profile.get("slug") or slugify(profile.get("display_name") or ""), exact=True)
    except ValueError as error:
        raise LeftOut(f"slug: {error}") from None
    if not slug:
        raise LeftOut("has neither a slug nor a display name")
    return name_of(str(slug))


def _case_losses(templates: Iterable[Template]) -> Losses:
    groups = {group for template in templates for group in _groups(template)}
    spellings = differing_case(groups | {re.split("[:/]", group)[0] for group in groups})  # organization:team
    what = "differ in their case only: hubs whose groups come from systems without case need ignore_group_case=True"
    return [Loss("values", f"{', '.join(same)} {what}", "allowed_groups") for same in spellings]


def _groups(template: Template) -> Iterable[str]:
    yield from template.allowed_groups
    for option in template.options:
        for choice in option.choices:
            yield from choice.allowed_groups or ()
        yield from (option.free_text and option.free_text.allowed_groups) or ()
