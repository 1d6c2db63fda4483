"""Documents of YAML: read for an apply, and for who shows them, by a process that does nothing else."""

from typing import Literal

import msgspec

from ...errors import ErrorHint, InvalidRequest, InvalidTemplate, UnsupportedMediaType
from ...reading import Lost, Question, Read
from ...wire import encode
from ..http.accept import prefers
from ..http.replies import Reply, json_reply
from ..http.requests import single
from ..service import Request

YAML = "application/yaml"
YAMLS = frozenset({YAML, "application/x-yaml", "text/yaml", "text/x-yaml"})  # RFC 9512, and what was usual before
MOST_TIMES = 16  # that an answer is larger than a body may be, for what aliases stand for
MOST_NAMED = 6
IN_THE_BODY = "stands in the body, where that is JSON; beside a body it goes with Content-Type: application/yaml"


async def documents_convert(request: Request) -> Reply:
    accept = request.joined(b"accept") or ""
    gives_yaml = any(prefers(accept, media, "application/json") for media in YAMLS)
    answer = await _answer(request, "yaml" if gives_yaml else "json")
    if not gives_yaml:
        return json_reply(200, answer)
    headers = [(b"content-type", YAML.encode()), (b"content-length", b"%d" % len(answer))]
    return Reply(200, headers, answer)


async def apply_of_documents(request: Request) -> tuple[bytes, list[Lost] | None]:
    """The body of the apply in JSON, and what of a hub's list is lost. Raises `InvalidTemplate` with the lines of what
    breaks the rules."""
    query = request.query()
    members = {flag: _flag(query, flag) for flag in ("dry-run", "allow-empty") if flag in query}
    prune = single(query, "prune")
    if prune in ("true", "false"):
        raise InvalidRequest.parameter("prune", "must be a label selector, or '*' for everything")
    head, _, templates = (await _answer(request, "parts")).partition(b"\n")
    read = msgspec.json.decode(head, type=Read)
    if read.problems:
        said = [str(problem) for problem in read.problems[:MOST_NAMED]]
        more = [f"and {len(read.problems) - MOST_NAMED} more"] if len(read.problems) > MOST_NAMED else []
        hints = [ErrorHint("Template", problem.field, problem.code) for problem in read.problems]
        raise InvalidTemplate("; ".join([*said, *more]), hints)
    left_out = [lost.name for lost in read.lost if lost.left_out]
    if left_out and prune is not None:  # nobody meant to delete that
        named = ", ".join(left_out[:MOST_NAMED]) + (" …" if len(left_out) > MOST_NAMED else "")
        raise InvalidRequest.parameter("prune", f"would delete what was left out of the list: {named}")
    body = b'{"templates":%b,%b' % (templates, encode({"prune": prune, **members})[1:])
    return body, read.lost if single(query, "format") == "z2jh" else None


def is_yaml(request: Request) -> bool:
    media = (request.header(b"content-type") or "").partition(";")[0]
    return media.strip().lower() in YAMLS


def refuse_query_beside_json(request: Request) -> None:
    for parameter in request.query():
        raise InvalidRequest.parameter(parameter, IN_THE_BODY)


async def _answer(request: Request, give: Literal["yaml", "json", "parts"]) -> bytes:
    service, query, limits = request.service, request.query(), request.limits
    form, at = single(query, "format") or "templates", single(query, "at") or ""
    if form not in ("templates", "z2jh"):
        raise InvalidRequest.parameter("format", "must be templates or z2jh")
    readers = service.readers
    if readers is None:
        raise UnsupportedMediaType
    question = Question(
        "z2jh" if form == "z2jh" else "templates",
        "yaml" if is_yaml(request) else "json",
        give,
        at,
        limits.document_seconds,
        MOST_TIMES * limits.document_bytes,
    )
    body = b"".join(await request.parts(limits.document_bytes))
    return await request.aside(service.documents, lambda: readers.ask(question, body))


def _flag(query: dict[str, list[str]], name: str) -> bool:
    value = single(query, name)
    if value not in ("true", "false"):
        raise InvalidRequest.parameter(name, "must be true or false")
    return value == "true"
