"""The route table: what is served where, by whom it may be asked, and what it may answer.

`app` serves from it, and `openapi` describes it.
"""

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
    InvalidTemplate,
    InvalidToken,
    MissingAuthHeader,
    MissingScope,
    MissingTokenField,
    OutOfReach,
    PositionUnknown,
    RegistryError,
    RequestTimeout,
    RevisionConflict,
    RevisionIsCurrent,
    RevisionNotShown,
    RevisionPurged,
    RevisionRequired,
    RevisionUnknown,
    RouteNotFound,
    StoreUnavailable,
    TemplateExists,
    TemplateNotFound,
    TooBusy,
    TooManyRequests,
    UnexpectedError,
)
from .description import parameters as p
from .handlers import about, changes, reads, writes
from .handlers.event_stream import Stream
from .http.replies import Reply
from .service import Request

Handler = Callable[[Request], Awaitable[Reply | Stream]]


class Route(Struct, frozen=True, kw_only=True):
    """`scope` None: open to all, always. Reads are open too, unless the server protects them.

    `body` and `answer` name schemas. `errors` are the route's own, beside `EVERYWHERE` and those of its scope.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    scope: Scope | None
    tag: Literal["templates", "history", "server"]
    status: int = 200
    answer: str = ""
    media: tuple[str, ...] = ("application/json",)
    headers: tuple[p.AnswerHeader, ...] = ()
    body: Literal["", "NewTemplate", "TemplateUpdate", "TemplatePatch", "Apply", "Restore"] = ""
    parameters: tuple[p.Parameter, ...] = ()
    errors: tuple[type[RegistryError], ...] = ()

    @property
    def all_errors(self) -> tuple[type[RegistryError], ...]:
        protected = () if self.scope is None else _PROTECTED
        unrouted = (RouteNotFound,) if "{" in self.path else ()
        writes = () if self.scope in (None, Scope.READ) else (FormatTooNew, OutOfReach)
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
_PROTECTED = (MissingAuthHeader, MissingTokenField, InvalidToken, MissingScope, AuthUnavailable)
_CONDITIONAL = (RevisionConflict, RevisionRequired)
_PAST = (RevisionUnknown, RevisionPurged)

ROUTES = (
    Route(
        method="GET",
        path="/",
        handler=reads.index,
        summary="Whether the registry is alive",
        scope=None,
        tag="server",
        answer="Index",
        headers=(p.DESCRIBED_BY,),
    ),
    Route(
        method="GET",
        path="/templates",
        handler=reads.template_index,
        summary="All templates by name, or those that a query selects",
        scope=Scope.READ,
        tag="templates",
        answer="Templates",
        headers=(p.LISTING_ETAG, p.TOTAL_COUNT, p.LINK),
        parameters=(*p.LISTING, p.IF_NONE_MATCH, p.STILL),
        errors=(*_PAST, RevisionConflict),
    ),
    Route(
        method="POST",
        path="/templates",
        handler=writes.template_create,
        summary="Register a template",
        scope=Scope.WRITE,
        tag="templates",
        status=201,
        answer="Template",
        headers=(p.ETAG, p.LOCATION, p.WARNING),
        body="NewTemplate",
        parameters=(*p.CONDITIONS, p.NOTE),
        errors=(InvalidTemplate, TemplateExists, RevisionConflict),
    ),
    Route(
        method="GET",
        path="/templates/{name}",
        handler=reads.template_show,
        summary="One template, now or as it was, or with its options chosen",
        scope=Scope.READ,
        tag="templates",
        answer="Template",
        headers=(p.SHOWN_ETAG,),
        parameters=(p.TEMPLATE_NAME, p.REVISION, p.OPTIONS, p.IF_NONE_MATCH, p.STILL),
        errors=(TemplateNotFound, *_PAST, RevisionConflict),
    ),
    Route(
        method="PUT",
        path="/templates/{name}",
        handler=writes.template_update,
        summary="Replace the members that are given and not empty",
        scope=Scope.WRITE,
        tag="templates",
        status=202,
        answer="Template",
        headers=(p.ETAG, p.WARNING),
        body="TemplateUpdate",
        parameters=(p.TEMPLATE_NAME, *p.CONDITIONS, p.NOTE),
        errors=(InvalidTemplate, TemplateNotFound, *_CONDITIONAL),
    ),
    Route(
        method="PATCH",
        path="/templates/{name}",
        handler=writes.template_patch,
        summary="Change single members; null clears one (RFC 7396)",
        scope=Scope.WRITE,
        tag="templates",
        answer="Template",
        headers=(p.ETAG, p.WARNING),
        body="TemplatePatch",
        parameters=(p.TEMPLATE_NAME, *p.CONDITIONS, p.NOTE),
        errors=(InvalidTemplate, TemplateNotFound, *_CONDITIONAL),
    ),
    Route(
        method="DELETE",
        path="/templates/{name}",
        handler=writes.template_delete,
        summary="Delete a template; the answer is what it was",
        scope=Scope.WRITE,
        tag="templates",
        answer="Template",
        headers=(p.ETAG,),
        parameters=(p.TEMPLATE_NAME, p.REPLACED_BY, *p.CONDITIONS, p.NOTE),
        errors=(InvalidTemplate, TemplateNotFound, *_CONDITIONAL),
    ),
    Route(
        method="GET",
        path="/templates/{name}/changes",
        handler=changes.template_changes,
        summary="The history of one template, newest first",
        scope=Scope.READ,
        tag="history",
        answer="Changes",
        headers=(p.ETAG, p.LINK),
        parameters=(p.TEMPLATE_NAME, p.SINCE, p.BEFORE, p.CHANGES_LIMIT, p.ORDER),
        errors=(TemplateNotFound, PositionUnknown),
    ),
    Route(
        method="POST",
        path="/templates/{name}/restore",
        handler=writes.template_restore,
        summary="Bring back an old state as a new change",
        scope=Scope.WRITE,
        tag="history",
        answer="Template",
        headers=(p.ETAG, p.WARNING),
        body="Restore",
        parameters=(p.TEMPLATE_NAME, *p.CONDITIONS, p.NOTE),
        errors=(InvalidTemplate, TemplateNotFound, *_PAST, *_CONDITIONAL),
    ),
    Route(
        method="DELETE",
        path="/templates/{name}/changes/{revision}",
        handler=writes.change_purge,
        summary="Blank the content of an old change for good",
        scope=Scope.ADMIN,
        tag="history",
        status=204,
        headers=(p.ETAG,),
        parameters=(p.TEMPLATE_NAME, p.CHANGE, *p.CONDITIONS, p.NOTE),
        errors=(TemplateNotFound, *_PAST, RevisionIsCurrent, RevisionConflict),
    ),
    Route(
        method="POST",
        path="/apply",
        handler=writes.apply,
        summary="Bring many templates to a desired state, all or none",
        scope=Scope.WRITE,
        tag="templates",
        answer="Plan",
        headers=(p.ETAG, p.WARNING),
        body="Apply",
        parameters=(*p.CONDITIONS, p.NOTE),
        errors=(InvalidTemplate, RevisionPurged, *_CONDITIONAL),
    ),
    Route(
        method="GET",
        path="/changes",
        handler=changes.changes,
        summary="The log, as pages or as a live stream of events",
        scope=Scope.READ,
        tag="history",
        answer="Changes",
        media=("application/json", "text/event-stream"),
        headers=(p.FEED_ETAG, p.LINK),
        parameters=(p.SINCE, p.BEFORE, p.CHANGES_LIMIT, p.WAIT, p.SELECTED, p.NAME_EXACTLY, p.ORDER, p.LAST_EVENT_ID),
        errors=(PositionUnknown,),
    ),
    Route(
        method="GET",
        path="/health",
        handler=about.health,
        summary="Whether reads and writes are served",
        scope=None,
        tag="server",
        answer="Health",
        parameters=(p.FOR,),
    ),
    Route(
        method="GET",
        path="/openapi.json",
        handler=about.description,
        summary="This description",
        scope=None,
        tag="server",
        answer="Description",
    ),
    Route(
        method="GET",
        path="/docs",
        handler=about.docs,
        summary="This description as a page",
        scope=None,
        tag="server",
        media=("text/html",),
    ),
)
