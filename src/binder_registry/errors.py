"""Every error of the registry.

    Exception
    └── APIErrorResponse            2015's error body: a message and, where they help, hints
        └── RegistryError           what our own code raises; its class is its stable name
            ├── InvalidRequest          the request itself: JSON, parameters, headers
            │   ├── BodyTooLarge, HeadTooLarge, RequestTimeout
            │   ├── UnsupportedMediaType    a body that this server does not read
            │   └── InvalidTemplate     what the template says
            ├── Unauthorized
            │   ├── MissingAuthHeader
            │   ├── MissingTokenField
            │   └── InvalidToken
            ├── MissingScope            a known token that may not do this
            ├── OutOfReach              a known token that may not do it to this template
            ├── NoPublisher             an id-token that is good, and nobody's here
            ├── TokenNotFound           or one that has ended, or is not to be seen
            ├── TokenExists
            ├── TokensNotKept           a log that has no place for tokens
            ├── TemplateNotFound
            ├── TemplateExists
            ├── ChannelNotFound         the template is there, and has no such channel
            ├── RevisionConflict        the template changed since it was read
            ├── RevisionRequired        a write without If-Match where that is asked for
            ├── RevisionUnknown         a revision that is not there (yet)
            ├── RevisionNotShown        this server does not show the asked revision yet
            ├── FormatTooNew            a newer release wrote what this one would lose
            ├── RevisionIsCurrent       the current content cannot be purged
            ├── RevisionIsPromoted      nor can what a channel points at
            ├── RevisionPurged          the content was blanked
            ├── PositionUnknown         a position of another log, or of a fork of this one
            ├── RouteNotFound, MethodNotAllowed
            ├── TooBusy                 a limit of the server is reached: try again later
            │   └── TooManyRequests         a limit of this client
            ├── AuthUnavailable         who you are cannot be found out right now
            ├── StoreUnavailable        the log cannot be read or written right now
            ├── DatabaseRefused         a database that must not be opened: start-up only
            └── UnexpectedError         a fault of ours, logged with the request's id

The constants at the end are the ones that the 2015 package exported.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from .error_bodies import FIELD_LENGTH as FIELD_LENGTH
from .error_bodies import HINTS as HINTS
from .error_bodies import HINTS_BYTES as HINTS_BYTES
from .error_bodies import MESSAGE_LENGTH as MESSAGE_LENGTH
from .error_bodies import APIErrorResponse as APIErrorResponse
from .error_bodies import ErrorHint as ErrorHint
from .error_bodies import HintCode as HintCode


class RegistryError(APIErrorResponse):
    """What the registry itself raises. `retry_after` (seconds) is set where trying again may help.

    `reason` is a word for the counters, where one class stands for several: which limit was reached.
    """

    text: ClassVar[str] = "The registry could not do this"
    retry_after: int | None = None
    reason: str = ""

    def __init__(self, message: str = "", errors: Sequence[ErrorHint] = ()) -> None:
        super().__init__(message or self.text, errors)


class InvalidRequest(RegistryError):
    text = "The request is not valid"

    @classmethod
    def parameter(cls, name: str, problem: str) -> "InvalidRequest":
        return cls(f"{name}: {problem}", [ErrorHint("Request", name, "invalid")])


class BodyTooLarge(InvalidRequest):
    def __init__(self, limit: int = 0, message: str = "") -> None:
        super().__init__(message or f"The body is larger than {limit} bytes", [ErrorHint("Request", "body", "invalid")])


class HeadTooLarge(InvalidRequest):
    text = "The request line and headers are larger than 65536 bytes, more than 200, or have more than 4096 escapes"


class RequestTimeout(InvalidRequest):
    text = "The request came too slowly: 30 seconds for its head, then 30 for its body and 1 more for each 16 KiB of it"


class UnsupportedMediaType(InvalidRequest):
    text = "This server reads no documents: it was started without a program that does; send JSON that it takes"

    def __init__(self, message: str = "", errors: Sequence[ErrorHint] = ()) -> None:
        super().__init__(message, errors or [ErrorHint("Request", "Content-Type", "invalid")])


class InvalidTemplate(InvalidRequest):
    text = "The template is not valid"


class Unauthorized(RegistryError):
    text = "A token is needed"


class MissingAuthHeader(Unauthorized):
    text = "Authorization header not set. Should be of format 'Authorization: token key'"


class MissingTokenField(Unauthorized):
    text = "Token field not present in Authorization header. Should be of format 'Authorization: token key'"


class InvalidToken(Unauthorized):
    text = "Invalid token"


class MissingScope(RegistryError):
    text = "The token does not hold the scope that this needs"

    @classmethod
    def of(cls, scope: str) -> "MissingScope":
        return cls(f"The token does not hold the scope '{scope}'", [ErrorHint("Token", "scope", "missing")])


class OutOfReach(RegistryError):
    text = "The token does not reach this template"

    @classmethod
    def of(cls, name: str) -> "OutOfReach":
        """`name` is the first that it does not reach."""
        return cls(f"The token does not reach the template {name!r}", [ErrorHint("Token", "reach", "invalid")])


class NoPublisher(RegistryError):
    text = "The id-token is no publisher's"

    @classmethod
    def of(cls, claim: str) -> "NoPublisher":
        """`claim` is what the nearest publisher has otherwise."""
        return cls(f"{cls.text}: its claim {claim} differs", [ErrorHint("Token", claim, "invalid")])


class TokenNotFound(RegistryError):
    text = "There is no such token, or it has ended"


class TokenExists(RegistryError):
    text = "There is a token of this name already, or there was: names are not given twice"


class TokensNotKept(RegistryError):
    text = "The database of this registry keeps no tokens"


class TemplateNotFound(RegistryError):
    text = "Template Not Found"


class TemplateExists(RegistryError):
    text = "Template already exists"


class ChannelNotFound(RegistryError):
    text = "The template has no such channel"

    @classmethod
    def of(cls, name: str, channel: str) -> "ChannelNotFound":
        return cls(f"The template {name!r} has no channel {channel!r}", [ErrorHint("Template", "channel", "missing")])


class RevisionConflict(RegistryError):
    """`current` is the position of what is there now: `<revision>-<mark>`, or "0" for nothing."""

    text = "The template was changed since it was read"

    def __init__(self, message: str = "", errors: Sequence[ErrorHint] = (), *, current: str = "") -> None:
        super().__init__(message, errors or [ErrorHint("Request", "If-Match", "invalid")])
        self.current = current


class RevisionRequired(RegistryError):
    text = "This server takes writes only with If-Match: send the ETag of what you read"


class RevisionUnknown(RegistryError):
    text = "There is no such revision"


class RevisionNotShown(RegistryError):
    text = "This server does not show that revision yet"


class RevisionIsCurrent(RegistryError):
    text = "The current revision cannot be purged: change the template first"


class RevisionIsPromoted(RegistryError):
    text = "A channel points at this content: promote another revision first"

    @classmethod
    def of(cls, channel: str, revision: int) -> "RevisionIsPromoted":
        message = f"The channel {channel!r} points at revision {revision}: promote another one first"
        return cls(message, [ErrorHint("Template", f"channels.{channel}", "invalid")])


class RevisionPurged(RegistryError):
    text = "The content of this revision was purged"


class FormatTooNew(RegistryError):
    text = "A newer binder-registry wrote to this database: this one only reads it. Upgrade the server to write"


class PositionUnknown(RegistryError):
    text = "That position is not in this log: list again, then follow from there"


class RouteNotFound(RegistryError):
    text = "There is nothing at this path"


class MethodNotAllowed(RegistryError):
    text = "This path does not take that method"

    def __init__(self, message: str = "", errors: Sequence[ErrorHint] = (), *, allowed: Sequence[str] = ()) -> None:
        super().__init__(message, errors)
        self.allowed = tuple(allowed)


class TooBusy(RegistryError):
    text = "Too many expensive requests at once; try again"
    retry_after = 1

    def __init__(self, message: str = "", *, reason: str = "", wait: int = 1) -> None:
        super().__init__(message)
        self.reason, self.retry_after = reason, wait


class TooManyRequests(TooBusy):
    text = "Too many requests of this client; try again"


class AuthUnavailable(RegistryError):
    text = "Tokens cannot be checked right now; try again"
    retry_after = 2


class StoreUnavailable(RegistryError):
    """Reads can be tried again. Whether a write took effect is unknown: read before repeating it."""

    text = "Internal Server Error. Don't Panic. We will."  # 2015's body for a store that fails
    retry_after = 2


class DatabaseRefused(RegistryError):
    text = "This database cannot be opened"


class UnexpectedError(RegistryError):
    text = "Internal Server Error. Don't Panic. We will."


def error_name(error: type[APIErrorResponse]) -> str:
    """The stable name on the wire: `TemplateNotFound` is `template_not_found`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()


def error_classes(root: type[RegistryError] = RegistryError) -> list[type[RegistryError]]:
    """`root` and every class below it, parents first."""
    return [root, *(found for child in root.__subclasses__() for found in error_classes(child))]


DontPanicError = APIErrorResponse(UnexpectedError.text)
ExistingTemplateError = APIErrorResponse(TemplateExists.text)
InvalidTokenError = APIErrorResponse(InvalidToken.text)
MissingAuthHeaderError = APIErrorResponse(MissingAuthHeader.text)
MissingTokenFieldError = APIErrorResponse(MissingTokenField.text)
TemplateNotFoundError = APIErrorResponse(TemplateNotFound.text)
UnableToListError = APIErrorResponse("Unable to list templates")
UnavailableTemplateError = APIErrorResponse("Template unavailable")
