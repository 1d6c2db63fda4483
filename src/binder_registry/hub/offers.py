"""What a hub offers of a template, or why it does not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from ..form_order import place_in_form
from ..options import HUBS_OWN_IMAGE, EveryGroup, Json, as_of_today, deciding_groups, resolve, visible
from ..slugs import slug_of
from .channels import check_channel, content_revision, groups_beside, own_name
from .choosing import defaults_of
from .commands import check_command
from .form import fields_of, option_fields, radio, versions_menu
from .groups import Standing, has_groups, without_case
from .images import images_of
from .kinds import check_kinds
from .limits import check_limits
from .merging import copied
from .offerable import Hidden, check_understood, startable
from .overrides import overrides_of
from .profile_options import profile_options
from .rules import ANY_HUB, MALFORMED, Kind, NotOffered, Override, Reason, Rules, Template, log, malformed
from .settings import settings_of
from .texts import html_text

NOTHING: Json = {}
_UNUSED: Mapping[Kind, Mapping[str, str]] = {  # traits that a spawner inherits, and never reads
    "swarm": {
        "extra_host_config": "a service has extra_container_spec, extra_resources_spec and extra_placement_spec",
        "links": "a service is found by its name in network_name",
    },
}
MOST_COMMON = (Standing(False, frozenset()), Standing(True, frozenset()))
MOST_SEEN = 32  # sets of groups for which one offer is kept as they see it


@dataclass(frozen=True)
class Offer:
    name: str
    slug: str
    revision: int
    title: str
    description: str
    deprecated: str
    groups: frozenset[str]  # empty: everyone
    image: str  # "" where it is the hub's own
    settings: dict[str, Any]  # of every spawner; with options, those of the template alone
    profile: dict[str, Any]  # as KubeSpawner's profile_list has it, without settings and options
    template: Template = field(default_factory=dict)  # with the choices that this hub can start
    images: frozenset[str] = frozenset()  # of all choices, whoever may take them
    hidden: Hidden = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)  # of options: the name of a choice
    escaped: bool = True
    beside: frozenset[str] = frozenset()  # groups of which one is needed, too; empty: none is
    versions: Mapping[str, "Offer"] = field(default_factory=dict)  # past ones, newest first, by "r12"

    @property
    def options(self) -> list[dict[str, Any]]:
        return list(self.template.get("options", ()))

    @property
    def order(self) -> tuple[float, str, str]:
        return place_in_form(self.template.get("order"), self.title, self.name)

    @cached_property
    def all_groups(self) -> frozenset[str]:
        return deciding_groups(self.template) | self.beside

    @property
    def version_title(self) -> str:
        return f"revision {self.revision}: {self.image or HUBS_OWN_IMAGE}"

    @cached_property
    def size(self) -> int:
        """What a form draws of it: itself, what is chosen from, and texts."""
        drawn = (len(option.get("choices", ())) + 1 for option in self.template.get("options", ()))
        return 1 + len(self.versions) + sum(drawn)

    @cached_property
    def form_label(self) -> str:
        return self._label(checked=False)

    @cached_property
    def form_fields(self) -> str:
        """The same text for all that have the same options: see `option_fields`."""
        return option_fields(self.options, NOTHING, self.defaults)

    @property
    def form_entry(self) -> str:
        return self.form_label + fields_of(self.slug, self.title, self.form_fields)

    def entry(self, revision: str, choices: Json) -> str:
        """The same, marked: in the form of one whose last choice it is."""
        fields = option_fields(self.options, choices, self.defaults)
        return self._label(revision, checked=True) + fields_of(self.slug, self.title, fields)

    def _label(self, revision: str = "", *, checked: bool) -> str:
        head = radio(self.slug, self.title, self.description, self.deprecated, checked=checked)
        titles = {key: old.version_title for key, old in self.versions.items()}
        menu = versions_menu(self.slug, titles, revision) if titles else ""
        return f"<label>{head}{menu}</label>"

    @cached_property
    def form_profile(self) -> dict[str, Any]:
        """For KubeSpawner's form, without settings: it draws nothing, and is copied for every visit."""
        text = html_text if self.escaped else str
        options = profile_options(self.options, self.defaults, text)
        if self.versions:
            choices: dict[str, dict[str, Any]] = {"current": {"display_name": "current", "default": True}}
            choices |= {key: {"display_name": text(old.version_title)} for key, old in self.versions.items()}
            options = {"revision": {"display_name": "Version", "choices": choices}} | options
        shown = {key: self.template[key] for key in ("contact", "icon") if self.template.get(key)}
        return {**self.profile, **shown, **({"profile_options": options} if options else {})}

    def seen_by(self, standing: Standing) -> "Offer | None":
        """With the choices that are theirs; None where they do not see it."""
        if not standing.sees(self.beside):
            return None
        if not self._has_groups:
            return self if standing.sees(self.groups) else None
        key = standing.admin or standing.groups & self.all_groups
        if key not in self._seen:
            if len(self._seen) >= MOST_SEEN:
                self._seen.clear()
            seen = visible(self.template, standing.held)
            self._seen[key] = None if seen is None else replace(self, template=seen)
        return self._seen[key]

    @cached_property
    def _has_groups(self) -> bool:
        return has_groups(self.template)

    @cached_property
    def _seen(self) -> "dict[bool | frozenset[str], Offer | None]":
        return {}


def offered(templates: Iterable[Template], rules: Rules = ANY_HUB) -> tuple[list[Offer], list[tuple[str, Reason]]]:
    """What a hub with these rules offers, in the order of its form, and what it leaves out: (name, reason)."""
    offers, left_out = [], []
    for template in templates:
        try:
            offers.append(offer(template, rules))
        except NotOffered as reason:
            left_out.append((template["name"], reason.logged))
        except MALFORMED as error:
            left_out.append((template["name"], malformed(error)))
    return sorted(offers, key=lambda one: one.order), left_out


def offer(template: Template, rules: Rules) -> Offer:
    """Raises `NotOffered`."""
    if template.get("deleted"):
        successor = template.get("replaced-by")
        raise NotOffered(
            "deleted", f"it was deleted, and {successor!r} took its place" if successor else "it was deleted"
        )
    if template.get("replaced-by"):
        raise NotOffered("replaced", f"it is replaced by {template['replaced-by']!r}")
    check_channel(template, rules)
    check_understood(template)
    if template.get("paused"):
        raise NotOffered("paused", f"it is paused: {template['paused']}")
    if rules.ignore_group_case:
        template = without_case(template)
    name, slug, deprecated = template["name"], slug_of(template["name"]), template.get("deprecated", "")
    own = resolve({key: value for key, value in template.items() if key != "options"}, {}, EveryGroup())
    profile, settings = profile_of({**template, "overrides": own.get("overrides", {})}, rules)
    template, hidden = startable(template, rules, lambda resolved: profile_of(resolved, rules))
    title, description = str(profile["display_name"]), str(profile["description"])
    text = html_text if rules.escape else str
    profile["display_name"] = text(title)
    profile["description"] = text("\n".join(filter(None, [description, deprecated and f"Deprecated: {deprecated}"])))
    image = str(settings.get("image") or template["image-name"]).replace(HUBS_OWN_IMAGE, "")
    return Offer(
        *(name, slug, content_revision(template), title, description, deprecated),
        groups=frozenset(template.get("allowed-groups", ())),
        image=image,
        settings=settings,
        profile=profile,
        template=template,
        images=images_of(template, image, rules),
        hidden=hidden,
        defaults=defaults_of(template.get("options", ())),
        escaped=rules.escape,
        beside=groups_beside(name, rules),
    )


def profile_of(template: Template, rules: Rules) -> tuple[dict[str, Any], dict[str, Any]]:
    """What people read of it, and the settings of the spawner. Raises `NotOffered`."""
    profile: dict[str, Any] = {
        "slug": slug_of(template["name"]),
        "display_name": template.get("display-name") or template["name"],
        "description": template.get("description", ""),
    }
    settings = settings_of(template, rules)
    if rules.override:
        changed = _overridden(template, {**profile, "kubespawner_override": settings}, rules.override)
        profile |= changed | {"slug": profile["slug"]}  # a choice is known by its slug
        settings = {**profile.pop("kubespawner_override")}
    if not callable(settings.get("cmd")):
        check_command(settings, rules.allow_commands)
    check_kinds(settings, rules.traits)
    check_limits(settings, rules.kind)
    return profile, settings


def _overridden(template: Template, profile: dict[str, Any], override: Override) -> dict[str, Any]:
    try:
        changed = override({**copied(template), "name": own_name(template["name"])}, profile)
    except Exception as error:
        raise NotOffered("override-function", "the hub's override failed") from error
    if changed is None:
        raise NotOffered("override-function", "the hub's override leaves it out")
    if not isinstance(changed, dict) or not isinstance(changed.get("kubespawner_override"), dict):
        raise NotOffered("override-function", "the hub's override gives no profile with a kubespawner_override")
    return changed


def with_versions(template: Template, history: list[Template], rules: Rules, versions: int) -> Offer:
    current = offer(template, rules)
    past = [
        {**as_of_today(template, old), "replaced-by": "", "paused": "", "channel": template.get("channel", "")}
        for old in history
        if old["revision"] < current.revision
    ]
    olds, _ = offered(past[:versions], rules)
    olds.sort(key=lambda old: -old.revision)
    current = replace(current, versions={f"r{old.revision}": old for old in olds})
    for standing in MOST_COMMON:  # made in the follower's thread rather than in the hub's loop
        if seen := current.seen_by(standing):
            _ = seen.size, seen.form_profile if rules.kind == "kubernetes" else (seen.form_label, seen.form_fields)
    return current


def tell_unknown(offer: Offer, rules: Rules) -> None:
    for note in passed_over(offer, rules):
        log.warning("The override sets %s", note)


def passed_over(offer: Offer, rules: Rules) -> Iterator[str]:
    """Settings that a spawner passes over in silence: a misspelt trait, and one that it inherits and does not use."""
    for trait in dict.fromkeys((*offer.settings, *_set_by_choices(offer.template, rules))) if rules.traits else ():
        if trait not in rules.traits:
            near = get_close_matches(trait, rules.traits, 1)
            meant = f" Is {near[0]} meant?" if near else ""
            yield f"{trait} for {offer.name!r}, which the spawner does not have.{meant}"
        elif instead := _UNUSED.get(rules.kind, {}).get(trait):
            yield f"{trait} for {offer.name!r}, which has no effect on this spawner: {instead}."


def _set_by_choices(template: Template, rules: Rules) -> Iterable[str]:
    for option in template.get("options", ()):
        for part in (*option.get("choices", ()), option.get("free-text", {})):
            yield from overrides_of(part.get("set", {}), rules)
