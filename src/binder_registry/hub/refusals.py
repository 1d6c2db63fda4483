"""A refusal that users read."""

from http import HTTPStatus

from tornado.web import HTTPError


def http_error(status: int, text: str) -> HTTPError:
    error = HTTPError(status, text, reason=HTTPStatus(status).phrase)
    error.jupyterhub_message = text  # type: ignore[attr-defined]  # what the hub shows to the user
    return error
