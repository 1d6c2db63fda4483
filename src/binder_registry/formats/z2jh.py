"""Profiles of zero-to-jupyterhub's values as templates, and back. Pure.

Both ways also give what could not be carried over.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import islice
from typing import Any

from msgspec.structs import replace

from ..slugs import name_of, slug_of
from ..template import Template
from .html_text import one_line, text
from .losses import LeftOut, Loss, Losses
from .names import slugify
from .overrides import GPU, SHARES_PER_CPU, applied, overridden
from .profile_lists import ProfileList, find_profiles
from .profile_options import Choice, combinations, override_of, unknown
from .restrictions import groups_of, together
from .scalars import image_reference, text_of

MOST_CHOICES = 256  # templates of one profile

_PROFILE = {"slug", "display_name", "description", "kubespawner_override", "profile_options"}


def from_z2jh(values: Any, at: str = "") -> tuple[list[Template], Losses]:
    """From a values file, which has the list of profiles anywhere (or at the path `at`), or from such a list.

    Each choice of a profile's options becomes a template `<slug>-<choice>`. Raises `ValueError`.
    """
    found = find_profiles(values, at)
    losses: Losses = []
    image = _hub_image(found, losses)
    templates: dict[str, Template] = {}
    for number, profile in enumerate(found.profiles, 1):
        where = f"profile {_called(profile) or number}"
        try:
            for template in _templates_of(profile, image, where, losses):
                if template.name in templates:
                    what = "there are two profiles of this name, the second is left out"
                    losses.append(Loss(template.name, what, left_out=True))
                else:
                    templates[template.name] = template
        except LeftOut as reason:
            losses.append(Loss(where, f"{reason}: left out", left_out=True))
    return list(templates.values()), losses


def _called(profile: Any) -> str:
    return str(profile.get("display_name") or profile.get("slug") or "") if isinstance(profile, Mapping) else ""


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


def _templates_of(profile: Any, image: str, where: str, losses: Losses) -> Iterator[Template]:
    """Raises `LeftOut`."""
    if not isinstance(profile, Mapping):
        raise LeftOut("is not a mapping")
    start = _start(profile, where, losses)
    groups, override = groups_of(profile, _PROFILE | {"default"}), override_of(profile)
    losses += unknown(profile, _PROFILE, where)
    every = combinations(profile.get("profile_options"), where, losses)
    for choices in islice(every, MOST_CHOICES):
        label = ", ".join(choice.label for choice in choices)
        at = f"{where}, {label}" if label else where
        try:
            template = replace(
                _named(start, choices, label),
                allowed_groups=together([*groups, *(each for choice in choices for each in choice.groups)]),
            )
            settings = applied([override, *(choice.override for choice in choices)])
            template = overridden(template, settings, at, losses)
            if not (template.image_name or image):
                raise LeftOut("has no image, and the values have no singleuser.image")
            yield replace(template, image_name=template.image_name or image)
        except LeftOut as reason:
            losses.append(Loss(at, f"{reason}: left out", left_out=True))
    if next(every, None) is not None:
        what = f"has more than {MOST_CHOICES} combinations of choices, the others are left out"
        losses.append(Loss(where, what, left_out=True))


def _start(profile: Mapping[Any, Any], where: str, losses: Losses) -> Template:
    """What a profile says of itself."""
    shown = one_line(profile.get("display_name"), where, "display_name", losses)
    try:
        slug = text_of(profile.get("slug") or slugify(profile.get("display_name") or ""), exact=True)
    except ValueError as error:
        raise LeftOut(f"slug: {error}") from None
    if not slug:
        raise LeftOut("has neither a slug nor a display name")
    return Template(
        name=name_of(slug),
        display_name=shown,
        description=text(profile.get("description"), where, "description", losses),
    )


def _named(start: Template, choices: tuple[Choice, ...], label: str) -> Template:
    if not choices:
        return start
    return replace(
        start,
        name=start.name + "".join(choice.suffix for choice in choices),
        display_name=f"{start.display_name} ({label})",
    )


def to_z2jh(templates: Iterable[Template]) -> tuple[dict[str, Any], Losses]:
    """A values file with `singleuser.profileList`."""
    losses: Losses = []
    profiles = []
    for template in templates:
        for member, value in (
            ("labels", template.labels),
            ("deprecated", template.deprecated),
            ("replaced-by", template.replaced_by),
            ("order", template.order),
            ("default", template.default),
            ("requests.memory", template.requests.memory),
            ("requests.cpus", template.requests.cpus),
            ("options", template.options),
            ("overrides", template.overrides),
            ("paused", template.paused),
            ("contact", template.contact),
            ("icon", template.icon),
        ):
            losses += [Loss(template.name, "is not carried over", member)] if value else []
        if template.allowed_groups:
            what = "is passed over by a stock KubeSpawner, which offers this to everybody"
            losses.append(Loss(template.name, what, "allowed_groups"))
        profiles.append(_profile(template, losses))
    return {"singleuser": {"profileList": profiles}}, losses


def _profile(template: Template, losses: Losses) -> dict[str, Any]:
    limits = template.limits
    try:
        command = shlex.split(template.command)
    except ValueError:
        losses.append(Loss(template.name, "its command cannot be split, not carried over"))
        command = []
    override = {
        "image": template.image_name,
        "cmd": command,
        "default_url": template.redirect_uri.replace("{", "{{").replace("}", "}}"),
        "port": template.bind_port,
        "ip": template.bind_ip,
        "mem_limit": limits.memory,
        "cpu_limit": limits.cpus,
        "cpu_guarantee": limits.cpu_shares / SHARES_PER_CPU,
        "environment": template.environment,
        "extra_resource_limits": {GPU: str(limits.gpus)} if limits.gpus else {},
    }
    profile = {
        "display_name": escape(template.display_name or template.name, quote=False),
        "slug": slug_of(template.name),
        "description": escape(template.description, quote=False),
        "allowed_groups": list(template.allowed_groups),
        "kubespawner_override": {key: value for key, value in override.items() if value},
    }
    return {key: value for key, value in profile.items() if value}
