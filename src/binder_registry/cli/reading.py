"""Documents as a server reads and writes them: with the code, and so the dialect, of `apply`, `import` and `export`.

What is right as YAML is read, also where it breaks the rules of a template: an editor shows both. Pure.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from msgspec import Raw, Struct

from ..errors import HINTS, APIErrorResponse, ErrorHint, InvalidTemplate
from ..formats.losses import Loss
from ..reading import Lost, Problem, Question, Read, Refusal
from ..rules import MISSING, check, problems_of
from ..template import Template
from ..wire import as_template, encode
from .documents import (
    Document,
    UnclearKey,
    as_dict,
    as_members,
    documents_of,
    members,
    shown_members,
    to_yaml,
    to_yaml_documents,
)
from .meaning import as_understood
from .sources import InvalidDocument, decoded
from .yaml_places import line_of_key, lines_of

WHERE = "body"


class Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class _Found(Struct):
    """`alone`: it was one template, and no list of one."""

    templates: list[dict[str, Any]]
    lost: list[Lost] = []
    problems: list[Problem] = []
    alone: bool = False


def answer_of(question: Question, body: bytes) -> bytes:
    """Raises `Refused`."""
    try:
        text = decoded(body, WHERE)
        found = _of_hub(text, question.at) if question.form == "z2jh" else _templates(text, question.body == "json")
    except InvalidDocument as error:
        field = f"line {error.line}" if error.line else WHERE
        raise Refused(Refusal("; ".join(error.lines), (ErrorHint("Request", field, "invalid"),))) from None
    except RecursionError:
        raise Refused(Refusal(f"{WHERE}: too many levels", (ErrorHint("Request", WHERE, "invalid"),))) from None
    answer = _written(found) if question.give == "yaml" else _in_json(found, in_parts=question.give == "parts")
    if len(answer) > question.most_bytes:
        message = f"{WHERE}: comes to more than {question.most_bytes} bytes: make several of it"
        raise Refused(Refusal(message, (ErrorHint("Request", WHERE, "invalid"),)))
    return answer


def _written(found: _Found) -> bytes:
    if not found.templates:
        return b""
    return (to_yaml(found.templates[0]) if found.alone else to_yaml_documents(found.templates)).encode()


def _in_json(found: _Found, *, in_parts: bool) -> bytes:
    templates = encode(found.templates)
    if in_parts:
        return b"%b\n%b" % (encode(Read(Raw(b"null"), found.lost, found.problems)), templates)
    return encode(Read(Raw(templates), found.lost, found.problems)) + b"\n"


def _of_hub(text: str, at: str) -> _Found:
    from .hub_files import of_texts

    templates, losses = of_texts([(WHERE, text)], at)
    kept = list[Template]()
    for template in templates:
        try:
            check(template)
            kept.append(template)
        except InvalidTemplate as error:
            losses.append(Loss(template.name or "(no name)", f"left out: {error.message}", left_out=True))
    return _Found([members(template) for template in kept], [_lost(loss) for loss in losses])


def _lost(loss: Loss) -> Lost:
    return Lost(loss.place, loss.member, loss.what, loss.left_out)


def _templates(text: str, is_json: bool) -> _Found:
    documents = list(documents_of(text, WHERE, is_json=is_json))
    found = _Found([], alone=len(documents) == 1 and documents[0].where == WHERE)
    wrong = list[tuple[int, str, str]]()
    for index, document in enumerate(documents):
        try:
            came, problems = _read(document)
        except APIErrorResponse as error:  # what is no template at all
            raise _no_template(error, document, 0 if is_json else _line(text, index, error)) from None
        found.templates.append({key: value for key, value in shown_members(came).items() if value is not None})
        wrong += [(index, *problem) for problem in problems]
    wrong = sorted([*wrong, *_twice(found.templates)], key=itemgetter(0))
    lines = {} if is_json or not wrong else lines_of(text, [(index, path) for index, path, _ in wrong[:HINTS]])
    found.problems = [
        Problem(
            f"templates[{index}]" + (f".{path}" if path else ""), problem, _code(problem), lines.get((index, path), 0)
        )
        for index, path, problem in wrong[:HINTS]
    ]
    return found


def _read(document: Document) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The members, and what is wrong with them, by path. Raises `InvalidRequest`."""
    understood, problems = as_understood(as_members(document.value))
    template, of_types = as_template(understood)
    known = {path for path, _ in problems}
    for more in (of_types, problems_of(template)):  # of one member, the first thing that is wrong
        problems += [(path, problem) for path, problem in more if path not in known]
        known |= {path for path, _ in problems}
    return as_dict(understood), problems


def _line(text: str, index: int, error: APIErrorResponse) -> int:
    if isinstance(error, UnclearKey):
        return line_of_key(text, error.key)
    return lines_of(text, [(index, "")]).get((index, ""), 0)


def _no_template(error: APIErrorResponse, document: Document, line: int) -> Refused:
    at, field = (f", line {line}", f"line {line}") if line else ("", WHERE)
    return Refused(Refusal(f"{document.where}{at}: {error.message}", (ErrorHint("Request", field, "invalid"),)))


def _twice(templates: Iterable[dict[str, Any]]) -> list[tuple[int, str, str]]:
    seen = set[str]()
    problems = []
    for index, one in enumerate(templates):
        name = one.get("name")
        if isinstance(name, str) and name in seen:
            problems.append((index, "name", "is that of another template here"))
        elif isinstance(name, str) and name:
            seen.add(name)
    return problems


def _code(problem: str) -> str:
    return "missing_field" if problem == MISSING else "invalid"
