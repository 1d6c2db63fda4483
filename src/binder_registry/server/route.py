"""What the table of routes says of each, and the errors that many of them share."""

from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from ..auth import Scope
from ..errors import (
    AuthUnavailable,
    BodyTooLarge,
    FormatTooNew,
    HeadTooLarge,
    InvalidRequest,
    InvalidToken,
    MissingAuthHeader,
    MissingScope,
    MissingTokenField,
    NoPublisher,
    OutOfReach,
    RegistryError,
    RequestTimeout,
    RevisionNotShown,
    RouteNotFound,
    StoreUnavailable,
    TooBusy,
    TooManyRequests,
    UnexpectedError,
)
from .description import parameters as p
from .handlers.event_stream import Stream
from .http.replies import Reply
from .service import Request

Handler = Callable[[Request], Awaitable[Reply | Stream]]


class Route(Struct, frozen=True, kw_only=True):
    """`scope` None: open to all, always, or, with `holder`, to all who have a token that is good. Reads are open too,
    unless the server protects them.

    `body` and `answer` name schemas, of JSON; `takes` are the media types of bodies. `errors` are the route's own,
    beside `EVERYWHERE` and those of its scope.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    scope: Scope | None
    holder: bool = False
    tag: Literal["templates", "history", "tokens", "server"]
    status: int = 200
    answer: str = ""
    media: tuple[str, ...] = ("application/json",)
    headers: tuple[p.AnswerHeader, ...] = ()
    body: Literal[
        "",
        "NewTemplate",
        "TemplateUpdate",
        "TemplatePatch",
        "Apply",
        "AnyTemplates",
        "Restore",
        "Promote",
        "NewToken",
        "Rotation",
    ] = ""
    takes: tuple[str, ...] = ("application/json",)
    parameters: tuple[p.Parameter, ...] = ()
    errors: tuple[type[RegistryError], ...] = ()

    @property
    def all_errors(self) -> tuple[type[RegistryError], ...]:
        protected = _PROTECTED if self.scope or self.holder else ()
        unrouted = (RouteNotFound,) if "{" in self.path else ()
        templates = self.tag in ("templates", "history") and self.scope is not Scope.READ
        writes = (FormatTooNew, OutOfReach) if templates else ()
        return (*EVERYWHERE, *protected, *unrouted, *self.errors, *writes)


EVERYWHERE = (
    InvalidRequest,
    RequestTimeout,
    RevisionNotShown,
    BodyTooLarge,
    HeadTooLarge,
    UnexpectedError,
    StoreUnavailable,
    TooBusy,
    TooManyRequests,
)
_PROTECTED = (MissingAuthHeader, MissingTokenField, InvalidToken, MissingScope, NoPublisher, AuthUnavailable)
