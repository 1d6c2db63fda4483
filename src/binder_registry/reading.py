"""What a server asks the process that reads documents for it, and what that answers: frames on a pipe.

YAML is dear: it is read in a process of its own, which may hang, or take too much, and is ended then.
"""

from collections.abc import Callable
from struct import Struct as Packed
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from .errors import ErrorHint

# Kinds of answers. After `FULL` the process ends.
DONE, REFUSED, FULL, FAULT = b"=", b"-", b"#", b"!"

_QUESTION, _ANSWER = Packed(">II"), Packed(">c?Q")
ANSWER_HEAD = _ANSWER.size


class Question(Struct, frozen=True):
    """About a body, which comes after it. `at` says which list of profiles, where a hub's values have two."""

    form: Literal["templates", "z2jh"]
    body: Literal["yaml", "json"]
    give: Literal["yaml", "json", "parts"]
    at: str = ""
    seconds: int = 60  # after which nobody waits any more
    most_bytes: int = 16 << 20  # of an answer


class Lost(Struct, frozen=True, rename="kebab", omit_defaults=True):
    name: Annotated[str, Meta(description="The profile, and the choice of it; `values` for what stands beside them")]
    path: Annotated[str, Meta(description="The member that is lost; empty where it is all of it")]
    problem: Annotated[str, Meta(description="What happens to it")]
    left_out: Annotated[bool, Meta(description="What could be chosen is missing, not only a member of it")] = False


class Problem(Struct, frozen=True, omit_defaults=True):
    field: Annotated[str, Meta(description="The member, as in hints: `templates[0].limits.memory`")]
    message: Annotated[str, Meta(description="What is wrong with it")]
    code: Annotated[str, Meta(description="As of a hint")] = "invalid"
    line: Annotated[int, Meta(description="Where it stands, in a body of YAML; the first is 1")] = 0

    def __str__(self) -> str:
        return f"{f'line {self.line}: ' if self.line else ''}{self.field} {self.message}"


class Read(Struct, frozen=True):
    """What an answer in JSON is. In parts it is a line without the templates, and then these, which may be long."""

    templates: Annotated[Raw, Meta(description="The templates, as they would be sent")]
    lost: Annotated[list[Lost], Meta(description="What a hub's list says, and no template can")]
    problems: Annotated[
        list[Problem], Meta(description="The rules that the templates break: as they are, they would be refused")
    ]


class Refusal(Struct, frozen=True):
    message: str
    hints: tuple[ErrorHint, ...] = ()


def question_frame(question: Question, body: bytes) -> bytes:
    head = msgspec.json.encode(question)
    return b"".join((_QUESTION.pack(len(head), len(body)), head, body))


def read_question(read: Callable[[int], bytes]) -> tuple[Question, bytes] | None:
    """The next one; None where there are no more. `read` gives so many bytes, or fewer at the end."""
    sizes = read(_QUESTION.size)
    if len(sizes) < _QUESTION.size:
        return None
    head, body = (read(size) for size in _QUESTION.unpack(sizes))
    return msgspec.json.decode(head, type=Question), body


def answer_frame(kind: bytes, answer: bytes, *, stays: bool) -> bytes:
    return _ANSWER.pack(kind, stays, len(answer)) + answer


def answer_head(frame: bytes | bytearray) -> tuple[bytes, bool, int]:
    """The kind, whether the process takes another question, and how long the answer is."""
    kind, stays, size = _ANSWER.unpack_from(frame)
    return kind, stays, size
