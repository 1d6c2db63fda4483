"""Who may choose what."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tornado.web import HTTPError

from .offers import Offer, form_order, tell_unknown, with_versions
from .rules import ANY_HUB, Kind, NotOffered, Rules, Template, kind_of, log
from .texts import http_error, quoted
from .view import View

MAX_HOPS = 8  # along replaced-by, as in the registry's own rule


@dataclass(frozen=True)
class Standing:
    """What decides what a user may see."""

    admin: bool
    groups: frozenset[str]

    def sees(self, groups: Collection[str]) -> bool:
        return self.admin or not groups or not self.groups.isdisjoint(groups)


@dataclass(frozen=True)
class Choice:
    offer: Offer
    revision: str = ""  # "r12" when pinned
    notice: str = ""  # for the user


@dataclass(frozen=True)
class Catalogue:
    """Everything as of one position of the registry; never changed, only replaced."""

    position: str = ""
    templates: Mapping[str, Template] = field(default_factory=dict)  # tombstones too
    history: Mapping[str, list[Template]] = field(default_factory=dict)  # newest first
    offers: Mapping[str, Offer] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = ANY_HUB
    pinnable: int = 0  # past revisions of each

    def having(self, templates: Iterable[Template], rules: Rules, versions: int = 0) -> "Catalogue":
        """The same with these templates as given. What cannot be offered, whatever is wrong with it, harms no other."""
        known, offers, left_out = dict(self.templates), dict(self.offers), dict(self.left_out)
        for template in templates:
            name = template["name"]
            known[name] = template
            offers.pop(name, None)
            left_out.pop(name, None)
            try:
                offers[name] = with_versions(template, self.history.get(name, []), rules, versions)
            except NotOffered as reason:
                left_out[name] = str(reason)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                left_out[name] = repr(error)
            else:
                tell_unknown(offers[name], rules)
        return replace(self, templates=known, offers=offers, left_out=left_out, rules=rules, pinnable=versions)

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
        return frozenset().union(*(offer.groups for offer in self.offers.values()))

    @cached_property
    def _views(self) -> dict[Standing, "View"]:
        return {}

    def view(self, standing: Standing) -> "View":
        """What such a user sees: made once for all users who see the same."""
        key = Standing(standing.admin, frozenset() if standing.admin else standing.groups & self._groups)
        if key not in self._views:
            if len(self._views) >= 256:
                self._views.clear()
            visible = (offer for offer in self.offers.values() if key.sees(offer.groups))
            self._views[key] = View(sorted(visible, key=form_order))
        return self._views[key]

    def choose(self, name: str, revision: str, standing: Standing) -> Choice:
        """Raises `HTTPError` 400. A hidden template reads like one that does not exist."""
        template = self.templates.get(name)
        if template is None or not standing.sees(template.get("allowed-groups", ())):
            raise self.refusal(f"There is no environment {quoted(name)}.", standing)
        successor = self.templates.get(self.successor(name))
        offer = self.offers.get(successor["name"]) if successor else None
        if offer is None or not standing.sees(offer.groups):
            raise self.refusal(f"The environment {quoted(name)} is no longer offered.", standing)
        notice = f"{offer.title!r} is deprecated: {offer.deprecated}" if offer.deprecated else ""
        if offer.name != name:
            return Choice(offer, "", f"{quoted(name)} was replaced by {quoted(offer.name)}. {notice}".rstrip())
        if not revision or revision == f"r{offer.revision}":
            return Choice(offer, revision, notice)
        if revision not in offer.versions:
            others = "".join(f", or {number[1:]}" for number in offer.versions)
            raise http_error(
                400, f"Revision {revision[1:]} of {quoted(name)} is not offered. Choose the current one{others}."
            )
        return Choice(offer.versions[revision], revision, notice)

    def successor(self, name: str) -> str:
        """As the registry's own rule: at most `MAX_HOPS` along replaced-by; a cycle ends nowhere."""
        for _ in range(MAX_HOPS + 1):
            template = self.templates.get(name, {})
            if not (template.get("deleted") or template.get("replaced-by")):
                return name
            name = template.get("replaced-by", "")
        return ""

    def refusal(self, text: str, standing: Standing) -> HTTPError:
        return http_error(400, f"{text} {self.view(standing).choices}".rstrip())
