"""What went wrong, as one line with a hint, and the exit code."""

import os
import re
from collections.abc import Callable
from typing import IO, Any

import click

from ..errors import (
    APIErrorResponse,
    AuthUnavailable,
    DatabaseRefused,
    MissingScope,
    NoPublisher,
    OutOfReach,
    PositionUnknown,
    RevisionConflict,
    RevisionIsCurrent,
    RevisionNotShown,
    RevisionPurged,
    RevisionRequired,
    RevisionUnknown,
    StoreUnavailable,
    TemplateExists,
    TemplateNotFound,
    TokenNotFound,
    TooBusy,
    Unauthorized,
)
from .hints import credential, hinted, hinted_credential, name_in_question
from .output import printable

FAILED, UNREACHABLE, CONFLICT, NOT_ALLOWED = 1, 3, 4, 5

_LOCALE = "LC_ALL=C.UTF-8 sets one that can."


def _list() -> str:
    return f"`{hinted('list')}` shows what there is, `{hinted('changes')}` also what was deleted."


def _edit() -> str:
    return f"`{hinted('edit', name)}` changes it." if (name := name_in_question()) else ""


def _revision() -> str:
    name = name_in_question()
    shows = hinted("get", name) if name else hinted("changes", options=["-n", "1"])
    return f"`{shows}` shows the revision; send it with --if-match."


def _revisions() -> str:
    return f"`{hinted('changes', *filter(None, [name_in_question()]))}` shows the revisions."


def _whoami() -> str:
    return f"`{hinted('whoami')}` shows what yours may do; the registry's admins make others."


# The first class that fits; those without a hint say enough.
_ANSWERS: list[tuple[tuple[type[Exception], ...], int, str | Callable[[], str]]] = [
    ((Unauthorized,), NOT_ALLOWED, hinted_credential),
    ((MissingScope, OutOfReach), NOT_ALLOWED, _whoami),
    ((NoPublisher,), NOT_ALLOWED, lambda: f"It was {credential()}; the registry's admins say which jobs publish."),
    ((TokenNotFound,), FAILED, lambda: f"`{hinted('token list')}` shows those that you may see."),
    ((RevisionConflict, RevisionNotShown), CONFLICT, "Read it again, then decide."),
    ((TemplateNotFound,), FAILED, _list),
    ((TemplateExists,), FAILED, _edit),
    ((RevisionRequired,), FAILED, _revision),
    ((RevisionUnknown, RevisionPurged, RevisionIsCurrent), FAILED, _revisions),
    ((PositionUnknown,), FAILED, "Leave --since out to start over."),
    ((DatabaseRefused,), FAILED, ""),
    ((StoreUnavailable, TooBusy, AuthUnavailable), UNREACHABLE, ""),
]


class Explained(click.ClickException):
    """An error, explained while it was known which registry was asked."""

    def __init__(self, error: Exception, hint: str | None = None) -> None:
        """`hint` takes the place of the usual one."""
        code, line = explain(error, hint)
        super().__init__(line)
        self.exit_code = code  # type: ignore[misc]  # declared for the class

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file)


def explain(error: Exception, instead: str | None = None) -> tuple[int, str]:
    if isinstance(error, RevisionConflict) and error.current:
        return CONFLICT, _line(str(error), f"It is at {error.current} now: read it again, then decide.")
    for classes, code, hint in _ANSWERS:
        if isinstance(error, classes):
            return code, _line(str(error), instead or (hint if isinstance(hint, str) else hint()))
    if isinstance(error, APIErrorResponse):
        return FAILED, _line(error.message, "")
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        return FAILED, _line(f"{error.filename}: {what}" if error.filename else what, "")
    if isinstance(error, UnicodeEncodeError):
        if error.encoding != "utf-8":
            return FAILED, _line(f"{error.object[:100]!a} cannot be written in this locale's {error.encoding}", _LOCALE)
        return FAILED, _line(f"{error.object[:100]!a} is not text in UTF-8", "")
    if isinstance(error, RecursionError):
        return FAILED, _line("The input is nested too deeply", "")
    if os.environ.get("BINDER_REGISTRY_TRACEBACK"):
        raise error
    hint = "This is a fault of binder-registry: please report it, with BINDER_REGISTRY_TRACEBACK=1 set."
    return FAILED, _line(f"{type(error).__name__}: {error}", hint)


def _line(message: str, hint: str) -> str:
    message = printable(re.sub(r"\s+", " ", message).strip().rstrip("."))
    return f"Error: {message}." + (f" {printable(hint)}" if hint else "")
