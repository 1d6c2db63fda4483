"""What went wrong, as one line with a hint, and the exit code."""

import os
import re

from ..errors import (
    APIErrorResponse,
    AuthUnavailable,
    DatabaseRefused,
    MissingScope,
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
    TooBusy,
    Unauthorized,
)
from .output import printable

FAILED, UNREACHABLE, CONFLICT, NOT_ALLOWED = 1, 3, 4, 5

# The first class that fits; those without a hint say enough.
_ANSWERS: list[tuple[tuple[type[Exception], ...], int, str]] = [
    ((Unauthorized,), NOT_ALLOWED, "Set BINDER_API_KEY, or store a token with `binder-registry context add`."),
    ((MissingScope,), NOT_ALLOWED, "Ask the registry's admins for a token with it."),
    ((RevisionConflict, RevisionNotShown), CONFLICT, "Read it again, then decide."),
    ((TemplateNotFound,), FAILED, "`binder-registry list` shows what there is, `changes` also what was deleted."),
    ((TemplateExists,), FAILED, "Change it with `binder-registry update`."),
    ((RevisionRequired,), FAILED, "`get` shows the revision; send it with --if-match."),
    ((RevisionUnknown, RevisionPurged, RevisionIsCurrent), FAILED, "`binder-registry changes` shows the revisions."),
    ((PositionUnknown,), FAILED, "Leave --since out to start over."),
    ((DatabaseRefused,), FAILED, ""),
    ((StoreUnavailable, TooBusy, AuthUnavailable), UNREACHABLE, ""),
]


def explain(error: Exception) -> tuple[int, str]:
    if isinstance(error, RevisionConflict) and error.current:
        return CONFLICT, _line(str(error), f"It is at {error.current} now: read it again, then decide.")
    for classes, code, hint in _ANSWERS:
        if isinstance(error, classes):
            return code, _line(str(error), hint)
    if isinstance(error, APIErrorResponse):
        return FAILED, _line(error.message, "")
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        return FAILED, _line(f"{error.filename}: {what}" if error.filename else what, "")
    if isinstance(error, UnicodeEncodeError):  # an argument of bytes that are no text
        return FAILED, _line(f"{error.object[:100]!a} is not text in UTF-8", "")
    if isinstance(error, RecursionError):
        return FAILED, _line("The input is nested too deeply", "")
    if os.environ.get("BINDER_REGISTRY_TRACEBACK"):
        raise error
    hint = "This is a fault of binder-registry: please report it, with BINDER_REGISTRY_TRACEBACK=1 set."
    return FAILED, _line(f"{type(error).__name__}: {error}", hint)


def _line(message: str, hint: str) -> str:
    message = printable(re.sub(r"\s+", " ", message).strip().rstrip("."))
    return f"Error: {message}." + (f" {hint}" if hint else "")
