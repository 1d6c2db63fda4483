"""What a registry answers: its values, and its errors as the classes that the server raised."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from httpx2 import Headers
from msgspec import Struct, structs

from ..changes import ACTIONS, Change, Position
from ..channels import Promotion
from ..errors import (
    BodyTooLarge,
    ErrorHint,
    InvalidRequest,
    MethodNotAllowed,
    MissingScope,
    RegistryError,
    RevisionConflict,
    RevisionRequired,
    RouteNotFound,
    StoreUnavailable,
    TemplateExists,
    TemplateNotFound,
    TooManyRequests,
    Unauthorized,
    UnexpectedError,
    error_classes,
    error_name,
)
from ..kept_members import with_kept
from ..must_understand import without_uses
from ..template import Template

SOON = timedelta(days=14)  # before a token ends: then it is warned of

T = TypeVar("T")

_template = msgspec.json.Decoder(Template)
_CLASSES = {error_name(error): error for error in error_classes()}
# For registries of 2015, and for what stands in front of a registry.
_BY_STATUS: dict[int, type[RegistryError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: MissingScope,
    404: RouteNotFound,
    405: MethodNotAllowed,
    409: TemplateExists,
    412: RevisionConflict,
    413: BodyTooLarge,
    428: RevisionRequired,
    429: TooManyRequests,
    502: StoreUnavailable,
    503: StoreUnavailable,
    504: StoreUnavailable,
}
# Proxies make `W/"…"`, `"…-gzip"`, `"…--br"` or `"…:gzip"` of an ETag; what they make up themselves is none of ours.
_POSITION = re.compile(r'(?:W/)?"?(\d{1,19}(?:-[0-9a-f]{16})?)(?:--?[a-z]*[g-z][a-z]*|[;:/+.][^"]*)?"?', re.ASCII)


class Answer(Struct, frozen=True):
    url: str  # without credentials
    status: int
    headers: Headers
    body: bytes
    next: str = ""  # where the next page is

    @property
    def revision(self) -> int | None:
        """Which revision of the registry this shows; None: a registry of 2015."""
        text = self.headers.get("Registry-Revision", "")
        return int(text[:19]) if text.isascii() and text.isdigit() else None

    @property
    def position(self) -> Position | None:
        """The ETag, of a registry: in front of one of 2015, something else may have made it."""
        return tagged_position(self.headers.get("ETag", "")) if self.revision is not None else None

    @property
    def stripped(self) -> bool:
        """Whether this is of a registry, and something on the way took its ETag."""
        return self.revision is not None and self.position is None

    @property
    def warnings(self) -> list[str]:
        """What the registry thinks of a write that it took."""
        sent = ",".join(self.headers.get_list("Registry-Warning")).split(",")
        return [unquote(text.strip(), errors="replace") for text in sent if text.strip()]

    @property
    def ending(self) -> list[str]:
        """What to say of a token that ends soon."""
        expires = self.headers.get("Registry-Token-Expires", "")
        try:
            left = datetime.fromisoformat(expires) - datetime.now(UTC)
        except (ValueError, TypeError):
            return []
        if left > SOON:
            return []
        when = f"in {left.days} days" if left.days > 1 else "within two days"
        return [f"this token ends {when}, at {expires}: have a new one made"]

    @property
    def retry_after(self) -> float:
        """Seconds, or a date (RFC 9110); 0 for what is neither, and for what has passed."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            seconds: float = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):  # TypeError: a date without its zone
            return 0
        return max(0.0, seconds)

    @property
    def came_too_soon(self) -> bool:
        """Whether the registry itself, and nothing on the way, refused this for a limit of its client."""
        return self.status == 429 and self.headers.get("Registry-Error") == error_name(TooManyRequests)

    def read(self, decoder: msgspec.json.Decoder[T]) -> T:
        """Raises `StoreUnavailable` when this is not what a registry answers."""
        try:
            return decoder.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            message = f"{self.url} answered {self.status} with something else than a registry does: is the URL right?"
            raise StoreUnavailable(message) from None


def tagged_position(tag: str) -> Position | None:
    """What an ETag names, as a registry or a proxy writes it."""
    found = _POSITION.fullmatch(tag)
    return Position.parse(found[1]) if found else None


class _ErrorBody(Struct):
    message: str = ""
    errors: list[ErrorHint] = []


_error_body = msgspec.json.Decoder(_ErrorBody)


def error_of(answer: Answer) -> RegistryError:
    try:
        body = _error_body.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        body = _ErrorBody()
    kind = _CLASSES.get(answer.headers.get("Registry-Error", ""))
    if kind is None:
        kind = _BY_STATUS.get(answer.status, InvalidRequest if answer.status < 500 else UnexpectedError)
        if body.message == TemplateNotFound.text:
            kind = TemplateNotFound
    error = kind(message=body.message or f"{answer.url} answered {answer.status}: is this the URL of a registry?")
    if body.errors:
        error.errors = tuple(body.errors)
    error.retry_after = ceil(answer.retry_after) or error.retry_after
    if isinstance(error, RevisionConflict):
        error.current = str(answer.position or "")
    return error


class _WireChange(Struct):
    revision: int
    position: str
    time: datetime
    action: str
    name: str
    previous: int
    first: int
    digest: str
    by: str = ""
    note: str = ""
    deleted: bool = False
    promoted: Promotion | None = None
    template: msgspec.Raw = msgspec.Raw()  # empty: purged, or no longer what the reader selects


class Feed(Struct):
    changes: list[_WireChange]


feed_decoder = msgspec.json.Decoder(Feed)
event_decoder = msgspec.json.Decoder(_WireChange)


def change_of(wire: _WireChange) -> Change:
    """`content` is the registry's own bytes, so that its digest and the chain of marks can be verified."""
    content = without_uses(bytes(wire.template))
    if wire.promoted and content:
        content = with_kept(content, {}, promotion=wire.promoted)
    return Change(
        revision=wire.revision,
        mark=Position.parse(wire.position).mark,
        time=wire.time,
        by=wire.by,
        note=wire.note,
        action=ACTIONS.get(wire.action, wire.action),
        name=wire.name,
        previous=wire.previous,
        first=wire.first,
        deleted=wire.deleted,
        content=content or None,
        digest=bytes.fromhex(wire.digest),
    )


class PlanStep(Struct, frozen=True):
    """What an apply does, or would do, to one template. `changed`: wire names of the members that an update changes."""

    action: str  # created, updated, deleted, unchanged
    name: str
    changed: list[str] = []
    revision: int = 0  # of the change; 0 in a dry run and where nothing changed
    promoted: Promotion | None = None  # its `to` is 0, in a dry run, for what the same request writes
    reason: str = ""  # why a template that was selected for promoting stays as it is


class _Plan(Struct):
    plan: list[PlanStep]


plan_decoder = msgspec.json.Decoder(_Plan)


def next_page(answer: Answer) -> list[tuple[str, str]] | None:
    """Only the query of the link: what its path is on this side of a proxy is known here better than there."""
    return parse_qsl(urlsplit(answer.next).query, keep_blank_values=True) if answer.next else None


def stored(answer: Answer, position: Position | None) -> Template:
    """The template, which knows its revision where that is told."""
    template = answer.read(_template)
    return structs.replace(template, revision=position.revision) if position else template


def refuse_2015(answer: Answer, params: Sequence[tuple[str, str]]) -> bool:
    """Whether this is a registry of 2015, which ignores every parameter: an answer to one would be wrong."""
    if answer.revision is not None:
        return False
    if params:
        raise InvalidRequest.parameter(params[0][0], "this is a registry of 2015, which ignores it")
    return True
