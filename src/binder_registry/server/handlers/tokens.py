"""The handlers of tokens: made, listed, renewed and revoked; who one is; and what was done to tokens."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from ...auth import Scope
from ...changes import PAGE
from ...errors import InvalidRequest
from ...globs import parse_glob
from ...strict_json import Object
from ...token_contract import Token
from ...token_rules import MEMBERS, read_new
from ...wire import encode, parse
from ..description.token_bodies import Audit, Tokens, audit_body, holder_body, token_body
from ..http.replies import Header, Reply, json_reply
from ..http.requests import json_object, single, whole_number
from ..service import Request
from .taken_apart import taken_apart

_SECRET: Header = (b"cache-control", b"no-store")


async def token_create(request: Request) -> Reply:
    who = await request.writer(Scope.TOKENS)
    request.query()
    new = read_new(json_object(await taken_apart(request, parse), MEMBERS))
    uses = request.service.registry.tokens
    return _made(201, *await request.write(lambda _: uses.make(who, new)))


async def token_list(request: Request) -> Reply:
    who, query, service = await request.identity(), request.query(), request.service
    by, name, after = (single(query, parameter) or "" for parameter in ("by", "name", "after"))
    fits, most = parse_glob(name, "name"), _most(query)
    uses = service.registry.tokens
    page = await request.aside(service.past, lambda: uses.page(who, by=by, name=fits, after=after, limit=most))
    headers: list[Header] = [(b"total-count", b"%d" % page.total)]
    if page.last:
        headers.append(_next(f"{service.options.prefix}/tokens", query | {"after": [page.last], "limit": [str(most)]}))
    return _tokens(page.tokens, headers)


async def token_self(request: Request) -> Reply:
    who = await request.identity()
    request.query()
    return json_reply(200, encode(holder_body(who)) + b"\n", [_SECRET])


async def token_revoke(request: Request) -> Reply:
    """It does not count as a write: it is for when things go wrong, and no more is revoked than was made."""
    who = await request.identity()
    request.query()
    uses = request.service.registry.tokens
    await request.service.write(lambda _: uses.revoke(who, request.parameters["id"]))
    return Reply(204, [])


async def tokens_revoke(request: Request) -> Reply:
    """Of one maker, who must be named: all of them are too many for a slip."""
    who, by = await request.identity(), single(request.query(), "by")
    if not by:
        raise InvalidRequest.parameter("by", "must name who made them")
    uses = request.service.registry.tokens
    return _tokens(await request.service.write(lambda _: uses.revoke_all(who, by=by)))


async def token_rotate(request: Request) -> Reply:
    who = await request.writer(None)
    request.query()
    members = await taken_apart(request, lambda body: parse(body) if body else Object())
    keep_old = json_object(members, ["keep-old"]).get("keep-old", 0)
    if type(keep_old) is not int:
        raise InvalidRequest.parameter("keep-old", "must be a whole number of seconds")
    uses = request.service.registry.tokens
    return _made(
        200,
        *await request.write(lambda _: uses.rotate(who, request.parameters["id"], keep_old=keep_old)),
    )


async def audit(request: Request) -> Reply:
    who = await request.identity()
    who.require(Scope.ADMIN)
    query = request.query()
    since, most = single(query, "since"), _most(query)
    after = 0 if since is None else whole_number(since, "since")
    service = request.service
    entries = await request.aside(service.past, lambda: service.registry.tokens.audit(who, since=after, limit=most))
    headers: list[Header] = []
    if len(entries) == most:
        again = {"since": [str(entries[-1].number)], "limit": [str(most)]}
        headers.append(_next(f"{service.options.prefix}/audit", again))
    return json_reply(200, encode(Audit([audit_body(entry) for entry in entries])) + b"\n", headers)


def _most(query: dict[str, list[str]]) -> int:
    """Of one page."""
    limit = single(query, "limit")
    return PAGE if limit is None else whole_number(limit, "limit", least=1, most=PAGE)


def _made(status: int, token: Token, text: str) -> Reply:
    return json_reply(status, encode(token_body(token, text)) + b"\n", [_SECRET])


def _tokens(found: Sequence[Token], headers: Sequence[Header] = ()) -> Reply:
    return json_reply(200, encode(Tokens([token_body(token) for token in found])) + b"\n", [_SECRET, *headers])


def _next(path: str, query: Mapping[str, Sequence[str]]) -> Header:
    return b"link", f'<{path}?{urlencode(query, doseq=True)}>; rel="next"'.encode()
