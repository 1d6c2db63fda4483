"""Who may choose what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

from tornado.web import HTTPError

from ..options import visible
from .channels import groups_beside, is_tried_out, own_name
from .groups import Standing, without_case
from .offers import Offer, tell_unknown, with_versions
from .refusals import Refusal, http_error
from .rules import ANY_HUB, MALFORMED, Kind, NotOffered, Reason, Rules, Template, kind_of, log, malformed
from .texts import quoted
from .turns import in_parts
from .view import View

MOST_VIEWS = 64  # forms that are kept, of as many sets of groups
T = TypeVar("T")
MAX_HOPS = 8  # along replaced-by, as in the registry's own rule


@dataclass(frozen=True)
class Choice:
    offer: Offer
    revision: str = ""  # "r12" when pinned
    notice: str = ""  # for the user
    replaced: bool = False  # it is not the template that was named


@dataclass(frozen=True)
class Catalogue:
    """Everything as of one position of the registry; never changed, only replaced."""

    position: str = ""
    templates: Mapping[str, Template] = field(default_factory=dict)  # tombstones too
    history: Mapping[str, list[Template]] = field(default_factory=dict)  # newest first
    offers: Mapping[str, Offer] = field(default_factory=dict)
    left_out: Mapping[str, Reason] = field(default_factory=dict)
    rules: Rules = ANY_HUB
    pinnable: int = 0  # past revisions of each

    def having(
        self, templates: Iterable[Template], rules: Rules, versions: int = 0, before: "Catalogue | None" = None
    ) -> "Catalogue":
        """The same with these templates as given. What cannot be offered, whatever is wrong with it, harms no other.

        What `before`, of the same rules and histories, offers of an unchanged template is taken from there.
        """
        known, offers, left_out = dict(self.templates), dict(self.offers), dict(self.left_out)
        for template in templates:
            name = template["name"]
            known[name] = template
            offers.pop(name, None)
            left_out.pop(name, None)
            if before and name in before.offers and before.templates[name] == template:
                offers[name] = before.offers[name]
                continue
            try:
                offers[name] = with_versions(template, self.history.get(name, []), rules, versions)
            except NotOffered as reason:
                left_out[name] = reason.logged
            except MALFORMED as error:
                left_out[name] = malformed(error)
            else:
                tell_unknown(offers[name], rules)
        found = replace(self, templates=known, offers=offers, left_out=left_out, rules=rules, pinnable=versions)
        return found._made()

    def without(self, name: str) -> "Catalogue":
        """The same, once it is not for this hub any more."""
        return replace(
            self,
            templates=_all_but(name, self.templates),
            offers=_all_but(name, self.offers),
            left_out=_all_but(name, self.left_out),
        )._made()

    def beside(self, other: "Catalogue") -> "Catalogue":
        """With what is tried out, too: no name is in both."""
        return replace(
            self,
            templates={**self.templates, **other.templates},
            offers={**self.offers, **other.offers},
            left_out={**self.left_out, **other.left_out},
        )._made()

    def _made(self) -> "Catalogue":
        _ = self._defaults, self._groups  # in the follower's thread rather than in the hub's loop
        return self

    @cached_property
    def _others(self) -> dict[Kind, "Catalogue"]:
        return {}

    def under(self, spawner_class: Any) -> "Catalogue":
        """The same for a hub whose spawner is not the one that the rules were made for."""
        kind = kind_of(spawner_class)
        if kind == self.rules.kind:
            return self
        if kind not in self._others:
            log.warning("The spawner is %s: call `configure` after it is chosen.", spawner_class.__name__)
            bare = Catalogue(self.position, history=self.history)
            self._others[kind] = bare.having(self.templates.values(), self.rules.of(spawner_class), self.pinnable)
        return self._others[kind]

    @cached_property
    def _groups(self) -> frozenset[str]:
        return frozenset().union(*(offer.all_groups for offer in self.offers.values()))

    @cached_property
    def in_order(self) -> list[Offer]:
        """What is tried out stands behind what everybody is offered."""
        return sorted(self.offers.values(), key=self._place)

    def _place(self, offer: Offer) -> tuple[Any, ...]:
        return *self.offers.get(own_name(offer.name), offer).order, is_tried_out(offer.name)

    @cached_property
    def _views(self) -> dict[Standing, "View"]:
        return {}

    def default(self, standing: Standing) -> Offer | None:
        """What is taken where nothing is chosen: the first that says so, else the first. None: there is nothing."""
        offers = chain(self._defaults, (one for one in self.in_order if not is_tried_out(one.name)), self.in_order)
        return next(filter(None, (offer.seen_by(standing) for offer in offers)), None)

    @cached_property
    def _defaults(self) -> list[Offer]:
        return [one for one in self.in_order if one.template.get("default") and not is_tried_out(one.name)]

    def view(self, standing: Standing) -> "View":
        """What such a user sees: made once for all users who see the same."""
        key = self._key(standing)
        if key not in self._views:
            if len(self._views) >= MOST_VIEWS:
                self._views.clear()
            seen = (offer.seen_by(key) for offer in self.in_order)
            self._views[key] = View([offer for offer in seen if offer])
        return self._views[key]

    async def seen(self, standing: Standing) -> "View":
        """The same, made in parts."""
        key = self._key(standing)
        if key not in self._views:
            await in_parts(self.in_order, lambda offer: (seen := offer.seen_by(key)) and seen.size)
        return self.view(standing)

    def _key(self, standing: Standing) -> Standing:
        return Standing(standing.admin, frozenset() if standing.admin else standing.groups & self._groups)

    def choose(self, name: str, revision: str, standing: Standing) -> Choice:
        """Raises `HTTPError` 400. A hidden template reads like one that does not exist."""
        template = self.templates.get(name)
        if template is None or not self._may_know(template, standing):
            raise self.refusal("unknown", f"There is no environment {quoted(name)}.", standing)
        successor = self.templates.get(self.successor(name), {})
        offer = self.offers.get(successor.get("name", ""))
        if successor.get("paused") and self._may_know(successor, standing):
            text = f"The environment {quoted(successor['name'])} is paused: {successor['paused']}"
            raise self.refusal("paused", text, standing)
        if offer is None or offer.seen_by(standing) is None:
            raise self.refusal("not-offered", f"The environment {quoted(name)} is no longer offered.", standing)
        notice = f"{offer.title!r} is deprecated: {offer.deprecated}" if offer.deprecated else ""
        if offer.name != name:
            return Choice(offer, "", f"{quoted(name)} was replaced by {quoted(offer.name)}. {notice}".rstrip(), True)
        if not revision or revision == f"r{offer.revision}":
            return Choice(offer, revision, notice)
        if revision not in offer.versions:
            others = "".join(f", or {number[1:]}" for number in offer.versions)
            text = f"Revision {revision[1:]} of {quoted(name)} is not offered. Choose the current one{others}."
            raise http_error(400, "revision", text)
        return Choice(offer.versions[revision], revision, notice)

    def _may_know(self, template: Template, standing: Standing) -> bool:
        """Of a template that has no offer, too; one with an option that has nothing for them is hidden."""
        try:
            own = without_case(template) if self.rules.ignore_group_case else template
            beside = groups_beside(template["name"], self.rules)
            return standing.sees(beside) and visible(own, standing.held) is not None
        except MALFORMED:  # whatever is wrong with it
            return False

    def successor(self, name: str) -> str:
        """As the registry's own rule: at most `MAX_HOPS` along replaced-by; a cycle ends nowhere."""
        for _ in range(MAX_HOPS + 1):
            template = self.templates.get(name, {})
            if not (template.get("deleted") or template.get("replaced-by")):
                return name
            name = template.get("replaced-by", "")
        return ""

    def refusal(self, reason: Refusal, text: str, standing: Standing) -> HTTPError:
        return http_error(400, reason, f"{text} {self.view(standing).choices}".rstrip())


def _all_but(name: str, found: Mapping[str, T]) -> dict[str, T]:
    return {key: one for key, one in found.items() if key != name}
