"""Errors on the wire: the one table from class to status, and how an error is answered."""

import logging

from ...errors import (
    APIErrorResponse,
    AuthUnavailable,
    BodyTooLarge,
    ChannelNotFound,
    FormatTooNew,
    HeadTooLarge,
    InvalidRequest,
    InvalidTemplate,
    InvalidToken,
    MethodNotAllowed,
    MissingAuthHeader,
    MissingScope,
    MissingTokenField,
    NoPublisher,
    OutOfReach,
    PositionUnknown,
    RegistryError,
    RequestTimeout,
    RevisionConflict,
    RevisionIsCurrent,
    RevisionIsPromoted,
    RevisionNotShown,
    RevisionPurged,
    RevisionRequired,
    RevisionUnknown,
    RouteNotFound,
    StoreUnavailable,
    TemplateExists,
    TemplateNotFound,
    TokenExists,
    TokenNotFound,
    TokensNotKept,
    TooBusy,
    TooManyRequests,
    Unauthorized,
    UnexpectedError,
    UnsupportedMediaType,
    error_name,
)
from ...wire import encode_error
from .replies import Reply, json_reply

logger = logging.getLogger(__name__)

# Class → status, and what to do about it (docs/errors.md is made from this).
STATUS: dict[type[RegistryError], tuple[int, str]] = {
    InvalidRequest: (400, "Mend what the hints name: the JSON, a parameter or a header."),
    InvalidTemplate: (400, "Mend the members that the hints name; nothing was stored."),
    RevisionUnknown: (400, "Ask for a revision that exists; `Registry-Revision` names the newest."),
    Unauthorized: (401, "Send `Authorization: token KEY`."),
    MissingAuthHeader: (401, "Send `Authorization: token KEY`."),
    MissingTokenField: (401, "Write the header as `Authorization: token KEY`, with one space."),
    InvalidToken: (401, "Use a key that this server knows."),
    MissingScope: (403, "Use a token that holds the scope that the message names."),
    OutOfReach: (403, "Use a token that reaches the template that the message names: nothing was written."),
    NoPublisher: (403, "Ask for an id-token in the job that a publisher names, or let the operator add a publisher."),
    TemplateNotFound: (404, "There is no such template, or there was none at that revision."),
    ChannelNotFound: (
        404,
        "`?view=full` shows the channels of a template; `fallback=latest` shows its newest content.",
    ),
    TokenNotFound: (404, "`GET /tokens` lists those that you may see; one that has ended cannot be renewed."),
    RouteNotFound: (404, "See `/docs` for the paths that there are."),
    MethodNotAllowed: (405, "Use a method that the `Allow` header names."),
    RequestTimeout: (
        408,
        "Send faster: 30 s for the head, 30 s for the body and 1 s more for each 16 KiB; the connection is closed.",
    ),
    TemplateExists: (409, "Update the template instead, or choose another name."),
    TokenExists: (409, "Choose another name: the history tells holders apart by theirs."),
    FormatTooNew: (409, "Upgrade the server: a newer release wrote to its database, and this one would lose of it."),
    RevisionIsCurrent: (409, "Change the template first, then purge the revision before."),
    RevisionIsPromoted: (409, "Promote another revision to the channel that the message names, or end it."),
    RevisionPurged: (410, "The content of this revision was removed for good; choose another revision."),
    PositionUnknown: (410, "The log is another one than before: list again, then follow from the list's position."),
    RevisionConflict: (412, "Read again (the answer's `ETag` is the current state), decide again, and repeat."),
    RevisionNotShown: (412, "Ask again later, or another server: this one does not show that revision yet."),
    BodyTooLarge: (
        413,
        "Send less: the limits `body-bytes`, `apply-bytes` for JSON to `/apply`, and `document-bytes` for YAML.",
    ),
    UnsupportedMediaType: (
        415,
        "Send JSON to `/apply`. `binder-registry serve` reads YAML; a server within another program may not.",
    ),
    RevisionRequired: (428, "Send `If-Match` with the `ETag` of what you read."),
    HeadTooLarge: (431, "Send less than 64 KiB, 200 lines of headers and 4,096 escapes; the connection is closed."),
    TooManyRequests: (
        429,
        "Try again after `Retry-After` seconds, more slowly or with fewer at once: nothing was done.",
    ),
    TokensNotKept: (501, "Use another kind of database, or the server's key."),
    TooBusy: (503, "Try again after `Retry-After` seconds."),
    AuthUnavailable: (503, "Try again after `Retry-After` seconds: tokens cannot be checked right now."),
    StoreUnavailable: (503, "Read before you repeat a write: whether it took effect is unknown."),
    UnexpectedError: (500, "A fault of the server, logged there with the answer's `Request-Id`."),
}


def logged_reply(error: APIErrorResponse, request_id: str) -> Reply:
    """The answer to an error that a request met; the server's own are logged, but for `TooBusy`, which is summed up."""
    reply = error_reply(error)
    if reply.status >= 500 and not isinstance(error, TooBusy):
        logger.warning("request %s: %s: %s", request_id, type(error).__name__, error)
    return reply


def error_reply(error: APIErrorResponse, status: int = 0) -> Reply:
    """The answer to an error; an embedder's own `APIErrorResponse` counts as unexpected."""
    if not isinstance(error, RegistryError):
        return json_reply(status or 500, encode_error(error) + b"\n")
    headers = [(b"registry-error", error_name(type(error)).encode())]
    if isinstance(error, RevisionConflict) and error.current:
        headers.append((b"etag", b'"%b"' % error.current.encode()))
    if isinstance(error, MethodNotAllowed) and error.allowed:
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    if isinstance(error, BodyTooLarge):
        headers.append((b"connection", b"close"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    return json_reply(STATUS[type(error)][0], encode_error(error) + b"\n", headers)
