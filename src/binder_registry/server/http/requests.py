"""Reading a request: path, query, headers, body and who sends it. Everything raises a `RegistryError`."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes

from ...auth import Identity
from ...changes import Position
from ...errors import BodyTooLarge, ErrorHint, InvalidRequest, MissingAuthHeader, MissingTokenField
from ...lengths import LARGEST_INTEGER, NOTE_BYTES
from ...strict_json import repeats
from ...wire import TWICE, Object
from ..limits import Limits
from ..shares import NOBODY, client_of
from .asgi import Receive, Scope
from .identities import Identities
from .logins import Logins, Place, Ride, place, ride
from .request_ids import given_id

LARGE = 64 * 1024  # bytes of a body, beyond which others have their turn
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
# A position as an ETag, or bare; weak, or with the content coding that a proxy appended to it.
_POSITION = re.compile(r'(?:W/)?("?)([0-9a-f-]*?)(?:(?:--?|;)(?:gzip|zstd|br|deflate))?\1', re.ASCII)


class ClientDisconnected(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


class HTTPRequest:
    """`parameters` are those of the path; `id` is also in the access log."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        identities: Identities,
        limits: Limits,
        logins: Logins | None = None,
        prefix: str = "",
    ) -> None:
        self.scope = scope
        self.parameters: dict[str, str] = {}
        self.limits = limits
        self.id: str = scope.get("request_id") or given_id(scope["headers"]).decode() or secrets.token_hex(8)
        self._headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self.holder: Identity | None = None  # once it was asked who sends this
        self._receive = receive
        self._identities = identities
        self.logins, self._prefix = logins, prefix

    def header(self, name: bytes) -> str | None:
        """The first header of that name, as 2015 read `Authorization`."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1").strip(" \t")

    def joined(self, name: bytes) -> str | None:
        """All headers of that name as one list."""
        if name not in self._headers:
            return None
        return ",".join(value.decode("latin-1") for header, value in self.scope["headers"] if header == name).strip(
            " \t"
        )

    def query(self) -> dict[str, list[str]]:
        """The query by parameter. One that the route does not describe, or is no UTF-8, is refused by name."""
        if not self.scope["query_string"]:
            return {}
        try:
            text = self.scope["query_string"].decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError:
            raise InvalidRequest.parameter("query", "is not a query of at most 100 parameters in UTF-8") from None
        allowed = {parameter.name for parameter in self.scope["route"].parameters if parameter.where == "query"}
        found: dict[str, list[str]] = {}
        for parameter, value in pairs:
            if parameter not in allowed:
                raise InvalidRequest.parameter(parameter[:100], "is not a parameter here")
            found.setdefault(parameter, []).append(value)
        return found

    async def body(self) -> bytes:
        """The whole of it, of no more bytes than most requests may have."""
        return b"".join(await self.parts(self.limits.body_bytes))

    async def parts(self, limit: int, turn: Callable[[], Awaitable[None]] | None = None) -> list[bytes]:
        """The whole body, of at most `limit` bytes, whatever its `Content-Length` says. `turn` is waited for before
        more of a large one is taken."""
        declared = self.header(b"content-length") or ""
        if declared.isdecimal() and int(declared[:20]) > limit:
            raise BodyTooLarge(limit)
        parts, size, more = list[bytes](), 0, True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientDisconnected
            parts.append(message.get("body", b""))
            size, more = size + len(parts[-1]), message.get("more_body", False)
            if size > limit:
                raise BodyTooLarge(limit)
            if turn and more and size > LARGE:
                await turn()
        return parts

    @property
    def client(self) -> str:
        """Whose share of the server this takes: who sends it, once that is known, else where it comes from."""
        return f"by {self.scope['by']}" if "by" in self.scope else self.place

    @property
    def place(self) -> str:
        """Where this comes from."""
        client = self.scope.get("client")
        return client_of(client[0]) if client else NOBODY

    async def gone(self) -> None:
        """Returns when the client has gone away."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    @contextmanager
    def leaving(self) -> Iterator["asyncio.Task[None]"]:
        """Done when the client has gone away, or sends no more: one that closed looks like that until it is written to,
        and whoever waits for an answer can take a sooner one."""
        leaves = asyncio.create_task(self.gone())
        when_ended = self.scope.get("when_ended", lambda _: None)
        when_ended(leaves.cancel)
        try:
            yield leaves
        finally:
            when_ended(None)
            leaves.cancel()

    async def identity(self, *, anew: bool = False) -> Identity:
        """Who sends this; `anew`: by an answer of this moment. Raises what `token` does, `InvalidToken`,
        `AuthUnavailable` and `TooBusy`."""
        ask = self._identities.anew if anew else self._identities.sender
        identity = await ask(self.token(), self.place)
        if self.ride:
            identity = self.ride.allowed(identity)
        self.scope["by"] = identity.by  # for the access log
        self.holder = identity
        return identity

    def token(self) -> str:
        """`Authorization: token KEY`, with the two errors of 2015; `Bearer` is the same. Without one, the login's."""
        return str(self.ride.login.token) if self.ride else token_of(self.header(b"authorization"))

    @property
    def brings_token(self) -> bool:
        return b"authorization" in self._headers or self.ride is not None

    @cached_property
    def ride(self) -> Ride | None:
        """The login that it rides on, where it brings no `Authorization`."""
        if self.logins is None or b"authorization" in self._headers or b"cookie" not in self._headers:
            return None
        document = self.scope["method"] == "GET" and self.scope["route"].path.startswith("/ui/")
        return ride(self._headers, self.cookies, self.kept_at, self.logins, document=document)

    @property
    def headers(self) -> dict[bytes, bytes]:
        return self._headers

    @property
    def cookies(self) -> str:
        return ";".join(value.decode("latin-1") for name, value in self.scope["headers"] if name == b"cookie")

    @property
    def kept_at(self) -> Place:
        """Where the browser keeps our cookies, where there are logins."""
        assert self.logins is not None
        return place(self._headers, self.scope.get("scheme", "http"), self.logins, f"{self._prefix}/")

    def note(self) -> str:
        """`Registry-Note`, percent-encoded UTF-8."""
        return note_of(self.header(b"registry-note") or "")

    def awaited_revision(self) -> int | None:
        """`Registry-Revision`: the server is to show at least this."""
        header = self.joined(b"registry-revision")  # given twice, it is no number
        return None if header is None else whole_number(header, "Registry-Revision")


def token_of(header: str | None) -> str:
    """The token of an `Authorization`. Raises `MissingAuthHeader`, `MissingTokenField`."""
    if header is None:
        raise MissingAuthHeader
    parts = header.split(" ", 2)
    if len(parts) != 2 or parts[0].lower() not in ("token", "bearer") or not parts[1]:
        raise MissingTokenField
    return parts[1]


def note_of(header: str) -> str:
    """The note in a `Registry-Note`. Raises `InvalidRequest`."""
    try:
        note = decode_escapes(header.encode("latin-1"))
    except ValueError:
        note = "\0"
    if "\0" in note or len(note.encode()) > NOTE_BYTES:
        problem = f"must be percent-encoded UTF-8 of at most {NOTE_BYTES} bytes, without NUL"
        raise InvalidRequest.parameter("Registry-Note", problem)
    return note


def whole_number(text: str, parameter: str, *, least: int = 0, most: int = LARGEST_INTEGER) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and least <= int(text) <= most):
        raise InvalidRequest.parameter(parameter, f"must be a whole number from {least} to {most}")
    return int(text)


def position_of(text: str, parameter: str) -> Position:
    """`<revision>` or `<revision>-<mark>`, as it stands in an ETag or bare. Raises `InvalidRequest`."""
    found = _POSITION.fullmatch(text.strip(" \t"))
    try:
        return Position.parse(found[2] if found else text)
    except InvalidRequest as error:
        raise InvalidRequest.parameter(parameter, error.message) from None


def single(query: dict[str, list[str]], parameter: str) -> str | None:
    """The value of a parameter that may be given once."""
    values = query.get(parameter, [])
    if len(values) > 1:
        raise InvalidRequest.parameter(parameter, "is given twice")
    return values[0] if values else None


def decode_escapes(quoted: bytes) -> str:
    """Raises `ValueError` for a broken escape, and for what is not UTF-8."""
    if b"%" not in quoted:
        return quoted.decode()
    if _BROKEN_ESCAPE.search(quoted):
        raise ValueError("a % that no two hexadecimal digits follow")
    return unquote_to_bytes(quoted).decode()


def decoded_path(scope: Scope, prefix: str) -> str:
    """The path below `prefix`, which is percent-encoded (and below where the application is mounted)."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    try:
        path = decode_escapes(raw.partition(b"?")[0])
    except ValueError:
        raise InvalidRequest.parameter("path", "must be percent-encoded UTF-8") from None
    root = scope.get("root_path", "")
    if not root and not prefix:
        return path
    for above in (root.rstrip("/"), unquote(prefix)):
        if above and f"{path}/".startswith(f"{above}/"):
            path = path[len(above) :] or "/"
    return path


def matches_tag(header: str | None, tags: Iterable[bytes]) -> bool:
    """Whether `If-None-Match` names one of `tags` (RFC 9110: weakly compared, a list or `*`)."""
    return header is not None and (header.strip() == "*" or any(_names(header, tag.decode()) for tag in tags))


def _names(header: str, tag: str) -> bool:
    """As one of its list, which may be long: it is taken apart only where the tag is in it."""
    return tag in header and tag in (one.strip().removeprefix("W/") for one in header.split(","))


def json_object(value: Any, members: Iterable[str]) -> dict[str, Any]:
    """A small exact object of a request. Raises `InvalidRequest` naming what is wrong."""
    if not isinstance(value, Object):
        raise InvalidRequest("the body must be a JSON object", [ErrorHint("Request", "body", "invalid")])
    found = dict(value)
    for member in found:
        if member not in members:
            raise InvalidRequest.parameter(member, "is not a member here")
    if len(found) < len(value):
        raise InvalidRequest.parameter(next(repeats(value)), TWICE)
    return found
