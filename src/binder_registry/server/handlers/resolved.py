"""One template with its options chosen: `GET /templates/{name}?option.size=large`, and `…/docker-run`.

`options.resolve` decides. Whose groups these are is not asked: a reader of the registry sees all choices anyway, and a
hub asks about its users itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ...docker_run import NotRunnable, engine_line, printed
from ...errors import ErrorHint, InvalidRequest
from ...options import ChoiceRefused, resolve
from ...wire import decode_template, encode
from ..http.replies import Reply, json_reply
from ..service import Request

PREFIX, FREE_TEXT = "option.", ".free-text"


def asked_options(query: Mapping[str, list[str]]) -> dict[str, str]:
    """What a query says of options, by what follows `option.`. Raises `InvalidRequest`."""
    asked: dict[str, str] = {}
    for parameter, values in query.items():
        if not parameter.startswith(PREFIX):
            continue
        if not (parameter + "".join(values)).isprintable():  # so are bytes that are no UTF-8
            raise InvalidRequest.parameter("query", "options must be UTF-8 without control characters")
        if len(values) > 1:
            raise InvalidRequest.parameter(parameter[:100], "is given twice")
        asked[parameter.removeprefix(PREFIX)] = values[0]
    return asked


async def resolved_reply(request: Request, content: bytes, asked: Mapping[str, str]) -> Reply:
    """Without an `ETag`: that of the template is the one of all its choices together."""
    return json_reply(200, await _aside(request, asked, lambda: encode(_resolved(content, asked))) + b"\n")


async def line_reply(request: Request, content: bytes, asked: Mapping[str, str]) -> Reply:
    """What runs it with docker, as `binder-registry run --print` says it."""
    line = await _aside(request, asked, lambda: _line(content, asked))
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(line))]
    return Reply(200, headers, line)


async def _aside(request: Request, asked: Mapping[str, str], call: Callable[[], bytes]) -> bytes:
    """What `call` makes of it, where patterns hold up nobody else."""
    service = request.service
    lane = service.patterns if any(name.endswith(FREE_TEXT) for name in asked) else service.queries
    return await request.aside(lane, call)


def _line(content: bytes, asked: Mapping[str, str]) -> bytes:
    template = decode_template(encode(_resolved(content, asked)))
    try:
        return printed(engine_line(template, "docker")).encode()
    except NotRunnable as reason:
        raise InvalidRequest(str(reason), [ErrorHint("Template", reason.member, "invalid")]) from None


def _resolved(content: bytes, asked: Mapping[str, str]) -> dict[str, Any]:
    template = msgspec.json.decode(content)
    choices = _choices(asked, [option["name"] for option in template.get("options", ())])
    try:
        return resolve(template, choices, None)
    except ChoiceRefused as refusal:
        raise InvalidRequest.parameter(f"{PREFIX}{refusal.option[:100]}", str(refusal)) from None


def _choices(asked: Mapping[str, str], options: list[str]) -> dict[str, Any]:
    """By option. An option may be called `image.free-text`: what is there by its whole name comes first."""
    choices: dict[str, Any] = {}
    for name, text in asked.items():
        typed = name.endswith(FREE_TEXT) and name not in options
        option = name.removesuffix(FREE_TEXT) if typed else name
        if option in choices:
            raise InvalidRequest.parameter(f"{PREFIX}{option}", "is chosen and typed: one of the two")
        choices[option] = {"free-text": text} if typed else text
    return choices
