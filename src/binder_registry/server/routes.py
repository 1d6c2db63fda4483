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
    InvalidRequest,
    InvalidTemplate,
    MissingScope,
    PositionUnknown,
    RegistryError,
    RevisionConflict,
    RevisionIsCurrent,
    RevisionNotShown,
    RevisionPurged,
    RevisionRequired,
    RevisionUnknown,
    StoreUnavailable,
    TemplateExists,
    TemplateNotFound,
    TooBusy,
    Unauthorized,
)
from . import feed, listing, pages, reading, writing
from .replies import Reply
from .requests import Request

Handler = Callable[[Request], Awaitable[Reply | feed.Stream]]


class Route(Struct, frozen=True):
    """`scope` None: open to all, always. Reads are open too, unless the server protects them.

    `parameters` are those of the query and, capitalised, the headers. `body` and `answer` name schemas.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    scope: Scope | None
    status: int = 200
    answer: str = ""
    body: Literal["", "Template", "TemplatePatch", "Apply", "Restore"] = ""
    parameters: tuple[str, ...] = ()
    errors: tuple[type[RegistryError], ...] = ()


_WRITE_ERRORS = (Unauthorized, MissingScope, InvalidRequest, StoreUnavailable, AuthUnavailable, RevisionNotShown)
_BODY_ERRORS = (*_WRITE_ERRORS, BodyTooLarge, InvalidTemplate)
_CONFLICTS = (RevisionConflict, RevisionRequired)
_PAST_ERRORS = (RevisionUnknown, RevisionPurged, TooBusy, StoreUnavailable)

ROUTES = (
    Route("GET", "/", reading.index, "Whether the registry is alive", None, answer="Index"),
    Route(
        "GET",
        "/templates",
        reading.template_index,
        "All templates, or those that a query selects",
        Scope.READ,
        answer="Templates",
        parameters=(*listing.PARAMETERS, "If-None-Match", "Registry-Revision"),
        errors=(InvalidRequest, RevisionNotShown, *_PAST_ERRORS),
    ),
    Route(
        "POST",
        "/templates",
        writing.template_create,
        "Register a template",
        Scope.WRITE,
        status=201,
        answer="Template",
        body="Template",
        parameters=("Registry-Note", "Registry-Revision"),
        errors=(*_BODY_ERRORS, TemplateExists),
    ),
    Route(
        "GET",
        "/templates/{name}",
        reading.template_show,
        "One template, now or as it was",
        Scope.READ,
        answer="Template",
        parameters=("revision", "If-None-Match", "Registry-Revision"),
        errors=(InvalidRequest, TemplateNotFound, RevisionNotShown, *_PAST_ERRORS),
    ),
    Route(
        "PUT",
        "/templates/{name}",
        writing.template_update,
        "Replace the members that are given and not zero",
        Scope.WRITE,
        status=202,
        answer="Template",
        body="Template",
        parameters=("If-Match", "Registry-Note", "Registry-Revision"),
        errors=(*_BODY_ERRORS, TemplateNotFound, *_CONFLICTS),
    ),
    Route(
        "PATCH",
        "/templates/{name}",
        writing.template_patch,
        "Change single members; null clears one (RFC 7396)",
        Scope.WRITE,
        answer="Template",
        body="TemplatePatch",
        parameters=("If-Match", "Registry-Note", "Registry-Revision"),
        errors=(*_BODY_ERRORS, TemplateNotFound, *_CONFLICTS),
    ),
    Route(
        "DELETE",
        "/templates/{name}",
        writing.template_delete,
        "Delete a template; the answer is what it was",
        Scope.WRITE,
        answer="Template",
        parameters=("replaced-by", "If-Match", "Registry-Note", "Registry-Revision"),
        errors=(*_WRITE_ERRORS, InvalidTemplate, TemplateNotFound, *_CONFLICTS),
    ),
    Route(
        "GET",
        "/templates/{name}/changes",
        feed.template_changes,
        "The history of one template, newest first",
        Scope.READ,
        answer="Changes",
        parameters=("since", "limit", "order", "Registry-Revision"),
        errors=(InvalidRequest, TemplateNotFound, PositionUnknown, RevisionNotShown, TooBusy, StoreUnavailable),
    ),
    Route(
        "POST",
        "/templates/{name}/restore",
        writing.template_restore,
        "Bring back an old state as a new change",
        Scope.WRITE,
        answer="Template",
        body="Restore",
        parameters=("If-Match", "Registry-Note", "Registry-Revision"),
        errors=(*_BODY_ERRORS, TemplateNotFound, RevisionUnknown, RevisionPurged, *_CONFLICTS),
    ),
    Route(
        "DELETE",
        "/templates/{name}/changes/{revision}",
        writing.change_purge,
        "Blank the content of an old change for good",
        Scope.ADMIN,
        status=204,
        parameters=("Registry-Note", "Registry-Revision"),
        errors=(*_WRITE_ERRORS, TemplateNotFound, RevisionUnknown, RevisionIsCurrent, RevisionPurged),
    ),
    Route(
        "POST",
        "/apply",
        writing.apply,
        "Bring many templates to a desired state, all or none",
        Scope.WRITE,
        answer="Plan",
        body="Apply",
        parameters=("If-Match", "Registry-Note", "Registry-Revision"),
        errors=(*_BODY_ERRORS, *_CONFLICTS, RevisionPurged, TooBusy),
    ),
    Route(
        "GET",
        "/changes",
        feed.changes,
        "The log, as pages or as a live stream of events",
        Scope.READ,
        answer="Changes",
        parameters=("since", "limit", "wait", "label", "name", "order", "Last-Event-ID", "Registry-Revision"),
        errors=(InvalidRequest, PositionUnknown, RevisionNotShown, TooBusy, StoreUnavailable),
    ),
    Route("GET", "/health", pages.health, "Whether reads and writes are served", None, answer="Health"),
    Route("GET", "/openapi.json", pages.description, "This description", None, answer="Description"),
    Route("GET", "/docs", pages.docs, "The description as a page", None, answer="Page"),
)
