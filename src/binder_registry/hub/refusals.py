"""A refusal that users read, and its reason, which is counted."""

from http import HTTPStatus
from typing import Literal, get_args

from tornado.web import HTTPError

Refusal = Literal[  # `docs/jupyterhub.md` says what each means
    "malformed",
    "unknown",
    "not-offered",
    "paused",
    "revision",
    "option",
    "settings",
    "nothing",
    "no-list",
    "set-up",
]
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)


def http_error(status: int, reason: Refusal, text: str) -> HTTPError:
    error = HTTPError(status, text, reason=HTTPStatus(status).phrase)
    error.jupyterhub_message = text  # type: ignore[attr-defined]  # what the hub shows to the user
    error.refusal = reason  # type: ignore[attr-defined]
    return error


def refusal_of(error: HTTPError) -> Refusal | None:
    """None for an error of the hub's own code."""
    return getattr(error, "refusal", None)
