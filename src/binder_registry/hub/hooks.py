"""What the hub calls: its form, its start."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tornado.web import HTTPError

from ..slugs import name_of, slug_of
from .catalogue import Catalogue, Choice
from .choosing import choices_of_a_form, choices_of_a_link, saved_choices, spelled
from .follower import Follower
from .groups import Standing
from .groups_seen import GroupsSeen
from .marks import CHANNEL_MARK, TEMPLATE_MARK, marks_of, without_marks
from .metrics import Counted, Values
from .offers import Offer
from .parameters import LATEST
from .profile_options import draws_kubespawners_form, without_patterns
from .refusals import http_error
from .resolving import Start, named_choices, start_of
from .rules import log
from .start import announce, apply_settings, save_choice
from .texts import html_text
from .turns import turns_of_others
from .view import View

_NOT_SET_UP = "This hub's list of environments is not set up. Please tell those who run it."


@dataclass(frozen=True)
class Last:
    """What was chosen last, as far as it is still there."""

    name: str
    revision: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)
    notice: str = ""


class Environments:
    """The hooks that a hub calls. `configure` sets them; each can also be set by hand.

    `max_stale` (seconds) bounds how long the list is offered without word from the registry. `default` names the
    template that a start without a choice gets. `auth_state_groups` says where in the auth state more groups are:
    `oauth_user.groups`, or the keys one by one where one of them holds a dot. `beside` follows what some try out.
    """

    def __init__(
        self,
        follower: Follower,
        *,
        max_stale: float = 7 * 86400,
        default: str = "",
        auth_state_groups: str | Sequence[str] = "",
        beside: Follower | None = None,
    ) -> None:
        self.follower, self._beside = follower, beside
        self._joined: tuple[Catalogue, Catalogue, Catalogue] | None = None
        for one in (follower, beside) if beside else ():
            one.published = lambda: self.catalogue  # made in their threads rather than in the hub's loop
        self._max_stale, self._default = max_stale, default
        keys = auth_state_groups.split(".") if isinstance(auth_state_groups, str) else auth_state_groups
        self._auth_state_keys = [*keys] if auth_state_groups else []
        self._turn = asyncio.Lock()
        self._groups_seen = GroupsSeen()
        self.counted = Counted()

    def __deepcopy__(self, memo: Any) -> "Environments":
        """Traitlets copies the configuration for every spawner: a method, and with it what it is bound to."""
        return self

    async def options_form(self, spawner: Any) -> str:
        """Ours; KubeSpawner's own, or what the hub has in its place, where the list is not too large for it."""
        catalogue, standing = await self._catalogue(spawner), await self._standing(spawner)
        view = await self._view(catalogue, standing)
        if spawner.has_trait("profile_list") and not (view.large and draws_kubespawners_form(spawner)):
            own = spawner.trait_defaults("options_form")
            return str(await own(spawner) if callable(own) else own)
        await self._between_others(view.drawn)
        last = self._last_choice(catalogue, spawner, standing)
        form = view.form_marking(last.name, last.revision, last.choices)
        return f'<p class="alert alert-warning">{html_text(last.notice)}</p>{form}' if last.notice else form

    def options_from_form(self, form: Mapping[str, list[str]]) -> dict[str, Any]:
        """Of our own form, KubeSpawner's, and a link: `/hub/spawn?template=NAME&revision=12&option.size=large`."""
        first = {key: values[0] for key, values in form.items() if values}
        slug = first.get("template") or first.get("profile", "")
        of_a_link = "template" in first and first.get("by") != "slug"
        choices = choices_of_a_link(first) | (choices_of_a_form(first, slug) if slug else {})
        found: dict[str, Any] = {"options": choices} if choices else {}
        if not slug:
            return found
        name = self._meant(self.catalogue, slug) if of_a_link else name_of(slug)
        keys = ("revision", f"revision-{slug}", f"profile-option-{slug}--revision")
        revision = next((first[key] for key in keys if first.get(key, "current") != "current"), "")
        return {"template": name} | ({"revision": revision} if revision else {}) | found

    async def apply_user_options(self, spawner: Any, user_options: Mapping[str, Any]) -> None:
        """Refuse what this user may not start, and set the spawner. KubeSpawner is set by its profile, at its start."""
        with self.counted.refusals():
            catalogue = await self._catalogue(spawner)
            choice, start = await self._chosen(catalogue, spawner, user_options)
            announce(spawner, " ".join(filter(None, [choice.notice, *start.notices])))
            if not spawner.has_trait("profile_list"):
                await self._apply(spawner, choice, start, catalogue)
            elif getattr(spawner.profile_list, "__self__", None) is not self:  # it would start what another list has
                log.error("The configuration sets KubeSpawner.profile_list after `configure`: nothing is started.")
                raise http_error(503, "set-up", _NOT_SET_UP)

    def refuse_a_method(self, spawner: Any) -> None:
        """A class that was chosen after `configure` may have methods where our hooks belong, and never asks."""
        hooks = ("apply_user_options", "options_from_form", "options_form")
        if blind := [hook for hook in hooks if not spawner.has_trait(hook)]:
            log.error(
                "%s has a method %s, so that the hub does not ask the registry.", type(spawner).__name__, blind[0]
            )
            self.counted.refused["set-up",] += 1
            raise http_error(503, "set-up", _NOT_SET_UP)

    async def pre_spawn_hook(self, spawner: Any) -> None:
        """`apply_user_options` for hubs before 5.3."""
        await self.apply_user_options(spawner, spawner.user_options)

    async def profile_list(self, spawner: Any) -> list[dict[str, Any]]:
        """For its form: what this user sees, last choice healed. At the start: the one chosen, whole."""
        if spawner.pending == "spawn":
            with self.counted.refusals():
                return [await self._profile_started(spawner)]
        catalogue = await self._catalogue(spawner)
        standing = await self._standing(spawner)
        view = await self._view(catalogue, standing)
        await self._between_others(view.profiled)
        offers = view.offers
        last = self._last_choice(catalogue, spawner, standing)
        found = next((offer for offer in offers if offer.name == last.name), None)
        if found is None:
            spawner.user_options = {}
            return [{**offer.form_profile} for offer in offers]
        pinned = {"revision": last.revision} if last.revision else {}  # a new dict: the hub's database keeps the old
        chosen = {"profile": found.slug} | pinned | spelled(last.choices)
        spawner.user_options = chosen if without_marks(spawner.user_options or {}) else {}
        marked = {**without_patterns(found.form_profile, last.choices), "default": True}
        return [marked if offer is found else {**offer.form_profile} for offer in offers]

    async def _profile_started(self, spawner: Any) -> dict[str, Any]:
        catalogue = await self._catalogue(spawner)
        choice, start = await self._chosen(catalogue, spawner, spawner.user_options)
        if start.notices:  # since `apply_user_options`, or without it
            announce(spawner, " ".join(filter(None, [choice.notice, *start.notices])))
        settings = await self._apply(spawner, choice, start, catalogue)
        return {**choice.offer.profile, "kubespawner_override": settings, "default": True}

    async def _apply(self, spawner: Any, choice: Choice, start: Start, catalogue: Catalogue) -> dict[str, Any]:
        settings = await apply_settings(spawner, start.settings, catalogue.rules)
        marks = marks_of(choice.offer.template)
        self.counted.start(marks[TEMPLATE_MARK], marks.get(CHANNEL_MARK, LATEST))
        return settings

    async def _chosen(self, catalogue: Catalogue, spawner: Any, options: Mapping[str, Any]) -> tuple[Choice, Start]:
        """What these options come to for this user; `spawner.user_options` then says that and nothing else."""
        standing = await self._standing(spawner)
        default = self._default_of(catalogue, standing)
        name, revision = self._named(catalogue, options)
        choice = catalogue.choose(name or default.name, revision, standing)
        start = await start_of(choice, options, standing, catalogue.rules)
        for notice in filter(None, [choice.notice, *start.notices]):
            log.info("%s: %s", spawner._log_name, notice)
        self.counted.healed["template",] += choice.replaced
        self.counted.healed["option",] += start.healed
        marks = marks_of(choice.offer.template)
        save_choice(spawner, options, marks)
        chosen = {"template": choice.offer.name, "profile": choice.offer.slug}
        pinned = {"revision": choice.revision} if choice.revision else {}
        spawner.user_options = chosen | pinned | spelled(start.choices) | marks
        return choice, start

    def _named(self, catalogue: Catalogue, options: Mapping[str, Any]) -> tuple[str, str]:
        """(name, "r12" or ""); raises `HTTPError` 400 for options that are not text: the REST API takes any JSON."""
        name, slug, revision = options.get("template"), options.get("profile"), options.get("revision") or ""
        if type(revision) is int:
            revision = str(revision)
        if not all(isinstance(value, str) for value in (name or "", slug or "", revision)):
            raise http_error(400, "malformed", "An environment is chosen by its name, and its revision by a number.")
        if revision in ("", "current"):
            revision = ""
        elif not re.fullmatch(r"r?[0-9]{1,19}", revision):
            raise http_error(400, "malformed", "A revision is a number.")
        else:
            revision = "r" + revision.lstrip("r")
        if name and slug_of(name) != slug:  # else both say the same, as in what `_chosen` leaves
            name = self._meant(catalogue, name)
        return name or name_of(slug or "") or self._default, revision

    def _meant(self, catalogue: Catalogue | None, name: str) -> str:
        """What `template` names, in a link and by REST alike: a template, and where there is none, a slug."""
        return name if catalogue and name in catalogue.templates else name_of(name)

    def _last_choice(self, catalogue: Catalogue, spawner: Any, standing: Standing) -> Last:
        """What the form marks, and what it tells about it. Without one, or where it is gone: the default."""
        before, notice = without_marks(spawner.user_options or {}), ""
        try:
            name, revision = self._named(catalogue, before)
            if name:
                choice = catalogue.choose(name, revision, standing)
                named = named_choices(before)
                saved = before if named is None else spelled(named)
                shown = choice.offer.seen_by(standing)
                choices, gone = saved_choices(saved, shown.options, shown.defaults) if shown else ({}, [])
                replaced = [choice.notice] if choice.offer.name != name else []
                return Last(choice.offer.name, choice.revision, choices, " ".join(replaced + gone))
        except HTTPError as error:
            told = spawner.handler is None  # a start was just refused, and the hub shows why
            notice = "" if told or not before else str(error.log_message)
        except (TypeError, LookupError):  # the REST API takes any JSON
            pass
        return Last(self._default_of(catalogue, standing).name, notice=notice)

    async def _catalogue(self, spawner: Any) -> Catalogue:
        """Raises `HTTPError` 503."""
        waited = 0
        while self.follower.catalogue is None and not self.follower.tried.is_set() and waited < 100:
            await asyncio.sleep(0.05)  # a hub that just started
            waited += 1
        if self.follower.catalogue is None or self.follower.age() > self._max_stale:
            text = "The list of environments cannot be had right now. Please try again in a minute."
            raise http_error(503, "no-list", text)
        assert self.catalogue is not None, "there is what the follower has"
        return self.catalogue.under(type(spawner))

    @property
    def catalogue(self) -> Catalogue | None:
        """With what is tried out, where that is at hand."""
        own, other = self.follower.catalogue, self._beside.catalogue if self._beside else None
        if own is None or other is None:
            return own
        joined = self._joined
        if joined is None or joined[0] is not own or joined[1] is not other:
            self._joined = joined = own, other, own.beside(other)
        return joined[2]

    def measured(self) -> dict[str, Values]:
        """For `show_metrics`."""
        followers = [(one.channel or LATEST, one) for one in (self.follower, self._beside) if one]
        return {
            "list_age_seconds": {(channel,): one.age() for channel, one in followers},
            "offered_templates": {
                (channel,): len(one.catalogue.offers if one.catalogue else ()) for channel, one in followers
            },
            "starts": self.counted.starts,
            "refused_starts": self.counted.refused,
            "healed_starts": self.counted.healed,
        }

    def _default_of(self, catalogue: Catalogue, standing: Standing) -> Offer:
        """Raises `HTTPError` 403 when there is nothing: KubeSpawner would start its own default, without limits."""
        default = catalogue.default(standing)
        if default is None:
            text = "There is no environment here that you may start. Please ask those who run this hub."
            raise http_error(403, "nothing", text)
        return default

    async def _view(self, catalogue: Catalogue, standing: Standing) -> View:
        """One at a time: each is made in parts, and the parts of many would follow each other. Raises `HTTPError`."""
        self._default_of(catalogue, standing)
        async with self._turn:
            return await catalogue.seen(standing)

    async def _between_others(self, make: Callable[[], Awaitable[None]]) -> None:
        """What a form waits for last: its parts, and turns of others, after every form that was there before.

        What the hub makes of a form follows at once, and holds up its loop: those that many open in the same moment
        would all be made before the hub looks at anything else.
        """
        async with self._turn:
            await make()
            await turns_of_others()

    async def _standing(self, spawner: Any) -> Standing:
        user, hub = spawner.user, {group.name for group in spawner.user.groups}
        auth_state = await self._groups_of_auth_state(user) if self._auth_state_keys else None
        self._groups_seen.tell(user.name, hub, auth_state, admin=bool(user.admin))
        groups = hub | (auth_state or set())
        if self.follower.rules.ignore_group_case:
            groups = {group.casefold() for group in groups}
        return Standing(bool(user.admin), frozenset(groups))

    async def _groups_of_auth_state(self, user: Any) -> set[str]:
        state = await user.get_auth_state()
        for key in self._auth_state_keys:
            state = state.get(key) if isinstance(state, dict) else None
        listed = state if isinstance(state, (list, tuple, set)) else ()
        return {group for group in listed if isinstance(group, str)}
