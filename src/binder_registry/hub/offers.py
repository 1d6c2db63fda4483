"""What a hub offers of a template, or why it does not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from ..slugs import slug_of
from .commands import check_command
from .merging import copied
from .rules import ANY_HUB, NotOffered, Override, Rules, Template, log
from .settings import settings_of
from .texts import html_text


@dataclass(frozen=True)
class Offer:
    name: str
    slug: str
    revision: int
    title: str
    description: str
    deprecated: str
    groups: frozenset[str]  # empty: everyone
    image: str
    profile: dict[str, Any]  # as KubeSpawner's profile_list has it; on every spawner
    versions: Mapping[str, "Offer"] = field(default_factory=dict)  # past ones, newest first, by "r12"

    @cached_property
    def form_entry(self) -> str:
        deprecated = f"<em>Deprecated: {html_text(self.deprecated)}</em>" if self.deprecated else ""
        return (
            f'<label><input type="radio" name="template" value="{self.slug}" required>'
            f"<strong>{html_text(self.title)}</strong><small>{html_text(self.description)}</small>{deprecated}"
            f"{self._select() if self.versions else ''}</label>"
        )

    def _select(self) -> str:
        options = (
            f'<option value="{key}">{html_text(old.version_title)}</option>' for key, old in self.versions.items()
        )
        return (
            f'<select name="revision-{self.slug}" class="form-select" aria-label="Version">'
            f'<option value="current">current</option>{"".join(options)}</select>'
        )

    @cached_property
    def form_profile(self) -> dict[str, Any]:
        """For KubeSpawner's form, without `kubespawner_override`: it draws nothing, and is copied for every visit."""
        profile = {key: value for key, value in self.profile.items() if key != "kubespawner_override"}
        if self.versions:
            choices: dict[str, dict[str, Any]] = {"current": {"display_name": "current", "default": True}}
            choices |= {key: {"display_name": html_text(old.version_title)} for key, old in self.versions.items()}
            profile["profile_options"] = {"revision": {"display_name": "Version", "choices": choices}}
        return profile

    @property
    def version_title(self) -> str:
        return f"revision {self.revision}: {self.image}"


def offered(templates: Iterable[Template], rules: Rules = ANY_HUB) -> tuple[list[Offer], list[tuple[str, str]]]:
    """What a hub with these rules offers, in the order of its form, and what it leaves out: (name, reason)."""
    offers, left_out = [], []
    for template in templates:
        try:
            offers.append(offer(template, rules))
        except NotOffered as reason:
            left_out.append((template["name"], str(reason)))
    return sorted(offers, key=form_order), left_out


def offer(template: Template, rules: Rules) -> Offer:
    """Raises `NotOffered`."""
    if template.get("deleted"):
        raise NotOffered("it was deleted")
    if template.get("replaced-by"):
        raise NotOffered(f"it is replaced by {template['replaced-by']!r}")
    name, slug, deprecated = template["name"], slug_of(template["name"]), template.get("deprecated", "")
    groups = frozenset(template.get("allowed-groups", ()))
    profile: dict[str, Any] = {
        "slug": slug,
        "display_name": template.get("display-name") or name,
        "description": template.get("description", ""),
        "kubespawner_override": settings_of(template, rules),
    }
    if rules.override:
        profile |= _overridden(template, profile, rules.override) | {"slug": slug}  # a choice is known by its slug
    settings = profile["kubespawner_override"]
    if not callable(settings.get("cmd")):
        check_command(settings, rules.allow_commands)
    title, description = str(profile["display_name"]), str(profile["description"])
    text = html_text if rules.escape else str
    profile["display_name"] = text(title)
    profile["description"] = text("\n".join(filter(None, [description, deprecated and f"Deprecated: {deprecated}"])))
    image = str(settings.get("image", template["image-name"]))
    return Offer(name, slug, template["revision"], title, description, deprecated, groups, image, profile)


def _overridden(template: Template, profile: dict[str, Any], override: Override) -> dict[str, Any]:
    try:
        changed = override(copied(template), profile)
    except Exception as error:
        raise NotOffered(f"the hub's override failed: {error!r}") from error
    if changed is None:
        raise NotOffered("the hub's override leaves it out")
    if not isinstance(changed, dict) or not isinstance(changed.get("kubespawner_override"), dict):
        raise NotOffered("the hub's override gives no profile with a kubespawner_override")
    return {**changed, "kubespawner_override": {**changed["kubespawner_override"]}}


def form_order(offer: Offer) -> tuple[str, str]:
    return offer.title.casefold(), offer.name


def with_versions(template: Template, history: list[Template], rules: Rules, versions: int) -> Offer:
    current = offer(template, rules)
    past = [{**old, "replaced-by": ""} for old in history if old["revision"] != current.revision]
    olds, _ = offered(past[:versions], rules)
    olds.sort(key=lambda old: -old.revision)
    current = replace(current, versions={f"r{old.revision}": old for old in olds})
    _ = current.form_entry, current.form_profile  # made in the follower's thread rather than in the hub's loop
    return current


def tell_unknown(offer: Offer, rules: Rules) -> None:
    """A misspelt trait, which a spawner passes over in silence: `securtiy_context`, say."""
    for trait in offer.profile["kubespawner_override"] if rules.traits else ():
        if trait not in rules.traits:
            near = get_close_matches(trait, rules.traits, 1)
            meant = f" Is {near[0]} meant?" if near else ""
            log.warning("The override sets %s for %r, which the spawner does not have.%s", trait, offer.name, meant)
