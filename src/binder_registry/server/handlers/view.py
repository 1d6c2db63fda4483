"""`GET /view`: what a caller may start now, or what others may, and why not the rest."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import blake2b

from msgspec import Struct

from ...auth import Identity, Scope
from ...changes import Position
from ...errors import AuthUnavailable, InvalidRequest, RevisionPurged, StoreUnavailable
from ...lengths import GROUP_LENGTH
from ...offering import Hidden
from ...registry import Registry
from ...selector import Requirement, parse_selector
from ...setting_rules import group_problems, has_control_characters
from ...start_schema import DIALECT, TITLE
from ...wire import encode
from ..description.view_bodies import HiddenBody
from ..description.view_parameters import MOST_GROUPS
from ..http.compression import SMALLEST, wanted_coding
from ..http.conditions import check_read_of_tags
from ..http.replies import Header, Reply, body_reply
from ..http.requests import matches_tag, single
from ..lanes import go_on
from ..live.channels import InChannel
from ..live.entries import Entry
from ..live.hub_rules import Chosen, HubRules
from ..live.pieces import body_of
from ..live.read_model import ReadModel
from ..live.runs import Run, Shown
from ..live.viewing import Form, Source, Viewer, Views
from ..service import Request
from .asked_channel import channel_of
from .channels_past import entries_of

HUB_SECONDS = 10.0  # that a hub has to say who is in which group
_FOR_ONE: Sequence[Header] = ((b"cache-control", b"private"), (b"vary", b"Authorization, Cookie, Accept-Encoding"))


class Asked(Struct, frozen=True):
    labels: tuple[Requirement, ...] = ()
    explain: bool = False
    groups: tuple[str, ...] = ()
    user: str = ""
    schema: bool = False
    channel: str | None = None  # "" for the newest; None for what the hub offers

    @property
    def is_for_admins(self) -> bool:
        """What tells who is in which group, and what there is that the caller does not see."""
        return self.explain or bool(self.groups or self.user)


async def view(request: Request) -> Reply:
    asked, views = parse_view(request.query()), request.service.views  # which are others once the hub's rules are
    viewer = await _viewer(request, views, asked)
    position, hub = request.service.model.position, views.hub
    chosen = hub.own if asked.channel is None else Chosen(asked.channel)
    if asked.schema and not hub.starts(chosen.channel):
        raise InvalidRequest.parameter(
            "channel", "is not what this hub offers: there is no start with as=schema to tell"
        )
    if asked.explain:
        return await _explained(request, views, asked, chosen, viewer, position)
    shown = await _shown(request, views, asked, chosen, viewer, position)
    headers = [(b"etag", _tag(viewer, hub, chosen, shown.digest.hex())), *_FOR_ONE]
    if _is_known(request, headers, position):
        return Reply(304, headers)
    around = _schema_around(shown.runs) if asked.schema else _list_around(viewer, hub, position, None)
    coding = wanted_coding((request.header(b"accept-encoding") or "").encode("latin-1"))
    if coding and len(pieces := shown.between(*around)) >= SMALLEST:
        coded = await request.service.view_compressor.coded(pieces, coding, views.kept)
        if coded is not None:
            return body_reply(body_of(coded), [*headers, (b"content-encoding", coding)])
    return body_reply(shown.body(*around), headers)


async def _explained(
    request: Request, views: Views, asked: Asked, chosen: Chosen, viewer: Viewer, position: Position
) -> Reply:
    """Which is kept for nobody."""
    headers = [(b"etag", _tag(viewer, views.hub, chosen, str(position))), *_FOR_ONE]
    if _is_known(request, headers, position):
        return Reply(304, headers)
    rows = partial(_rows, request.service.registry, request.who, position.revision, chosen)
    explained = lambda: views.explained(rows(), chosen, viewer, asked.labels)  # noqa: E731
    offered, hidden = await request.aside(request.service.viewed, explained)
    head, tail = _list_around(viewer, views.hub, position, hidden)
    return body_reply(head + b",".join(offered) + tail, headers)


async def _shown(
    request: Request, views: Views, asked: Asked, chosen: Chosen, viewer: Viewer, position: Position
) -> Shown:
    """Of the present, which is at `position`."""
    service = request.service
    form: Form = "schema" if asked.schema else views.form(chosen, viewer)
    known = views.known(position, chosen, viewer, asked.labels, form)
    if known is not None:
        return known
    sources = _source(service.model, chosen.channel), _source(service.model, chosen.beside and chosen.beside.channel)
    put_together = partial(views.offered, position, chosen, sources, viewer, asked.labels, form)
    return await request.aside(service.viewed, put_together)


def _is_known(request: Request, headers: Sequence[Header], position: Position) -> bool:
    """Whether the caller has it. Raises `RevisionConflict`."""
    tag = headers[0][1].removeprefix(b"W/")
    check_read_of_tags(request, [tag], position, what="What may be started has")
    return matches_tag(request.joined(b"if-none-match"), [tag])


def _source(model: ReadModel, channel: str | None) -> Source:
    """The living as this channel shows them, "" for the newest; None: nothing."""
    if channel is None:
        return ()
    return model.channel_blocks(channel, fallback=False).seen() if channel else model.snapshot()


def parse_view(query: dict[str, list[str]]) -> Asked:
    """Raises `InvalidRequest` naming the parameter."""
    labels = parse_selector(*query.get("label", []), parameter="label")
    explain, user, wanted = (single(query, parameter) for parameter in ("explain", "user", "as"))
    groups = query.get("group", [])
    if explain not in (None, "true", "false"):
        raise InvalidRequest.parameter("explain", "must be true or false")
    if wanted not in (None, "schema"):
        raise InvalidRequest.parameter("as", "must be schema")
    if wanted and explain == "true":
        raise InvalidRequest.parameter("explain", "goes without as=schema, which has no place for it")
    if len(groups) > MOST_GROUPS:
        raise InvalidRequest.parameter("group", f"must not be given more than {MOST_GROUPS} times")
    for parameter, problem in group_problems("group", groups):
        raise InvalidRequest.parameter(parameter, problem)
    if user is not None and (not user or len(user) > GROUP_LENGTH or has_control_characters(user)):
        problem = f"must be 1 to {GROUP_LENGTH} characters, without control characters"
        raise InvalidRequest.parameter("user", problem)
    if user and groups:
        raise InvalidRequest.parameter("group", "goes without user, whose groups the hub tells")
    channel = single(query, "channel")
    shown = None if channel is None else channel_of(channel)
    return Asked(tuple(labels), explain == "true", tuple(groups), user or "", wanted is not None, shown)


async def _viewer(request: Request, views: Views, asked: Asked) -> Viewer:
    """Raises what `identity` does, `MissingScope`, and what `_of_hub` does."""
    who = request.who
    if asked.is_for_admins or request.brings_token:
        who = request.holder or await request.identity()
    if asked.is_for_admins:
        who.require(Scope.ADMIN)
    if asked.groups:
        return views.viewer(None, frozenset(asked.groups))
    if asked.user:
        who = await _of_hub(request, views.hub, asked.user)
    if who.kind != "user":
        return views.viewer(None, frozenset())
    return views.viewer(who.name, who.groups, admin=who.admin)


async def _of_hub(request: Request, hub: HubRules, user: str) -> Identity:
    """Raises `InvalidRequest` for one that the hub does not know, `AuthUnavailable` where it does not say."""
    user_of = hub.user_of
    if user_of is None:
        raise InvalidRequest.parameter(
            "user", "this server has no hub to ask: it needs --auth jupyterhub, as a service"
        )
    try:
        async with asyncio.timeout(HUB_SECONDS):
            found = await request.aside(request.service.users, partial(user_of, user))
    except TimeoutError:
        raise AuthUnavailable from None
    if found is None:
        raise InvalidRequest.parameter("user", f"the hub knows no user {user!r}")
    return found


def _tag(viewer: Viewer, hub: HubRules, chosen: Chosen, what: str) -> bytes:
    """Weak: of the same that was shown at another revision, `revision` is another one."""
    channels = [chosen.channel, chosen.beside is not None]
    told = [viewer.user, sorted(viewer.groups), viewer.is_admin, hub.rules, hub.groups_from, channels, what]
    return b'W/"%b"' % blake2b(encode(told), digest_size=16).hexdigest().encode()


def _rows(registry: Registry, who: Identity, revision: int, chosen: Chosen) -> Iterator[tuple[Entry, InChannel | None]]:
    """All names as of that revision, which is the present, tombstones too; beside each what is tried out of it. What is
    not in the channel is as it is without. Raises `StoreUnavailable`."""
    for page in registry.template_index_pages(who, revision, deleted=True):
        go_on()
        if any(change.content is None for change in page):  # it was changed at this moment, and what it was is gone
            raise StoreUnavailable
        try:
            own = entries_of(registry, who, page, chosen.channel, fallback=True)
            tried = entries_of(registry, who, page, chosen.beside.channel, fallback=False) if chosen.beside else ()
        except RevisionPurged:  # at this moment, too
            raise StoreUnavailable from None
        beside = {entry.name: entry for entry in tried if isinstance(entry, InChannel)}
        for entry in own:
            yield entry, beside.get(entry.name)


def _list_around(
    viewer: Viewer, hub: HubRules, position: Position, hidden: Sequence[Hidden] | None
) -> tuple[bytes, bytes]:
    head = {"user": viewer.user, "groups": sorted(viewer.groups)}
    head |= {"groups-from": hub.groups_from} if hub.groups_from else {}
    last = b"]"
    if hidden is not None:
        rows = [HiddenBody(one.name, one.option, one.choice, one.rule, one.needs) for one in hidden]
        last += b',"hidden":' + encode(rows)
    return encode(head | {"revision": position.revision})[:-1] + b',"offered":[', last + b"}\n"


def _schema_around(offered: Sequence[Run]) -> tuple[bytes, bytes]:
    """No `oneOf` is empty."""
    head = encode({"$schema": DIALECT, "title": TITLE})[:-1]
    return (head + b',"oneOf":[', b"]}\n") if offered else (head + b',"not":{', b"}}\n")
