"""The description of the API (OpenAPI 3.1), made from the types and the route table."""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from msgspec.structs import replace

from ...auth import Scope
from ...errors import RegistryError, RevisionConflict, error_name
from ...wire import encode
from ..http.error_status import STATUS
from ..routes import ROUTES, Route
from . import parameters as p
from .schemas import REFERENCE, schemas

INTRODUCTION = """\
Templates say how to run an interactive environment; the registry publishes them. Every write is one more change in one
log, numbered by its `revision`. The guide is docs/api.md; `Registry-Error` of an answer is explained in docs/errors.md.

Every GET also answers HEAD, and every path OPTIONS. Another method is 405 with `Allow`, in JSON like every error.
A slash at the end of a path changes nothing.
"""
SECURITY = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Authorization: token KEY`. Reads are open, unless the server protects them; with a token they "
        "also say who wrote a change.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`, the same."},
}
_TAKEN = {
    False: "JSON, whatever `Content-Type` says.",
    True: "YAML where `Content-Type` says so, read as files of the command line are; else JSON. `text/yaml` and their "
    "`x-` names are the same as `application/yaml`.",
}
EVENTS = "id: 7-0123456789abcdef\ndata: {…a change, as in a page…}\n\n"


@cache
def described(prefix: str = "", *, protect_reads: bool = False) -> bytes:
    """The finished document of a server that runs with these options."""
    return encode(description(prefix, protect_reads=protect_reads)) + b"\n"


def description(prefix: str = "", *, protect_reads: bool = False) -> dict[str, Any]:
    open_scopes = (None,) if protect_reads else (None, Scope.READ)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, needs_token=route.holder or route.scope not in open_scopes
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "binder-registry",
            "version": version("binder-registry"),
            "description": INTRODUCTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix or "/"}],
        "tags": [{"name": "templates"}, {"name": "history"}, {"name": "tokens"}, {"name": "server"}],
        "paths": paths,
        "components": {"schemas": schemas(), "responses": _refusals(), "securitySchemes": SECURITY},
    }


def _operation(route: Route, *, needs_token: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [_parameter(parameter) for parameter in (*route.parameters, p.SHOWN)],
        "responses": _responses(route),
        "security": _security(route.scope, needs_token=needs_token),
    }
    if needs_token:
        needed = f"the scope `{route.scope}`" if route.scope else "a token or a key, whatever it may do"
        operation["description"] = f"Needs {needed}."
    if route.body:
        operation["requestBody"] = {
            "required": route.body not in ("Rotation", "Promote"),
            "description": _TAKEN[len(route.takes) > 1],
            "content": {media: _body(route, media) for media in route.takes},
        }
    return operation


def _body(route: Route, media: str) -> dict[str, Any]:
    if media == "application/json":
        return {"schema": _reference(route.body)}
    return {"schema": {}, "example": [{"name": "scipy", "image-name": "quay.io/jupyter/scipy-notebook"}]}


def _security(scope: Scope | None, *, needs_token: bool) -> list[dict[str, list[str]]]:
    """With a token, an open read says more: who wrote a change."""
    schemes: list[dict[str, list[str]]] = [{name: []} for name in SECURITY]
    return schemes if needs_token else [] if scope is None else [{}, *schemes]


def _parameter(parameter: p.Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.meaning,
        "schema": parameter.schema,
        "example": _example(parameter),
    }


def _example(parameter: p.Parameter) -> Any:
    match parameter.schema["type"]:
        case "array":
            return [parameter.example]
        case "integer":
            return int(parameter.example)
        case "object":
            return dict([parameter.example.split("=")])
        case _:
            return parameter.example


def _responses(route: Route) -> dict[str, Any]:
    responses = {str(route.status): _answer(route)}
    if p.IF_NONE_MATCH in route.parameters:
        responses["304"] = {
            "description": "What the client has is current. No body.",
            "headers": _headers([p.REVISION_SHOWN, *(header for header in route.headers if header.name == "ETag")]),
        }
    by_status = _by_status(route)
    responses |= {
        str(status): {"$ref": f"#/components/responses/{_refusal_name(by_status[status])}"}
        for status in sorted(by_status)
    }
    if route.answer == "Index":
        responses["303"] = {
            "description": "To the web page, for who names `text/html` in `Accept`. No body.",
            "headers": _headers([p.REVISION_SHOWN, p.REQUEST_ID, replace(p.LOCATION, meaning="The path of the page.")]),
        }
    if route.answer == "Health":
        responses["503"] = _answer(route) | {
            "description": "Not all is well: see the body. Or the server cannot answer at all, with an error.",
            "content": {"application/json": {"schema": {"anyOf": [_reference("Health"), _reference("ErrorBody")]}}},
        }
    return responses


def _answer(route: Route) -> dict[str, Any]:
    expires = [] if route.method == "GET" else [p.TOKEN_EXPIRES]
    answer: dict[str, Any] = {
        "description": HTTPStatus(route.status).phrase,
        "headers": _headers([p.REVISION_SHOWN, p.REQUEST_ID, *route.headers, *expires]),
    }
    if route.status != HTTPStatus.NO_CONTENT:
        answer["content"] = {media: _content(route, media) for media in route.media}
    return answer


def _content(route: Route, media: str) -> dict[str, Any]:
    if media == "application/json":
        return {"schema": _reference(route.answer)}
    content: dict[str, Any] = {"schema": {} if media == "application/yaml" else {"type": "string"}}
    if media == "text/event-stream":
        content["example"] = EVENTS
    return content


def _by_status(route: Route) -> dict[int, list[type[RegistryError]]]:
    found: dict[int, list[type[RegistryError]]] = {}
    for error in route.all_errors:
        found.setdefault(STATUS[error][0], []).append(error)
    return found


def _refusals() -> dict[str, Any]:
    """The answers with one status and the same possible errors, which many routes share."""
    return {
        _refusal_name(errors): _refusal(status, errors)
        for route in ROUTES
        for status, errors in _by_status(route).items()
    }


def _refusal_name(errors: Sequence[type[RegistryError]]) -> str:
    return ".".join(error.__name__ for error in errors)


def _refusal(status: int, errors: Sequence[type[RegistryError]]) -> dict[str, Any]:
    names = [error_name(error) for error in errors]
    told = [f"`{name}`: {STATUS[error][1]}" for name, error in zip(names, errors, strict=True)]
    headers = [
        replace(p.REVISION_SHOWN, required=False),  # what is no HTTP is refused before it is known
        replace(p.REGISTRY_ERROR, schema={"type": "string", "enum": names}),
        *([p.RETRY_AFTER] if any(error.retry_after for error in errors) else []),
        p.REQUEST_ID,
        *([p.CURRENT_ETAG] if RevisionConflict in errors else []),
    ]
    return {
        "description": "\n".join(f"- {line}" for line in told),
        "headers": _headers(headers),
        "content": {"application/json": {"schema": _reference("ErrorBody")}},
    }


def _headers(headers: Sequence[p.AnswerHeader]) -> dict[str, Any]:
    return {
        header.name: {"description": header.meaning, "required": header.required, "schema": header.schema}
        for header in headers
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(name=name)}
