"""What users read: escaped, quoted, as an error."""

from html import escape
from http import HTTPStatus

from tornado.web import HTTPError


def html_text(text: str) -> str:
    """Also safe where a template of the hub's would be rendered once more: no brace survives as a brace."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def quoted(name: str) -> str:
    return repr(name if len(name) <= 100 else name[:100] + "…")


def http_error(status: int, text: str) -> HTTPError:
    error = HTTPError(status, text, reason=HTTPStatus(status).phrase)
    error.jupyterhub_message = text  # type: ignore[attr-defined]  # what the hub shows to the user
    return error
