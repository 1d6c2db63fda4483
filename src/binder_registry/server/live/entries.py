"""What the read model holds of one name: the newest state of a template, or that it is deleted."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from ...changes import Action, Change, Position
from ...errors import StoreUnavailable
from ...must_understand import full_view
from ...template import Template
from ...wire import decode_template
from .answer import Answer, entity_tag

UNKNOWN = datetime.min.replace(tzinfo=UTC)


class Entry(Answer):
    """The newest state of one template."""

    __slots__ = ("_words", "mark", "name", "revision")

    body: bytes
    deleted = False
    channels: "Mapping[str, Entry]" = {}  # what it is in each that it has
    _words: "Words"

    def __init__(self, name: str, revision: int, mark: bytes, content: bytes | None) -> None:
        assert content is not None, "the newest change is never purged"
        self.body = content + b"\n"
        self.name = name
        self.revision = revision
        self.mark = mark

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """All else is made when it is first asked for: of many templates, few ever are."""
            if name == "_words":
                self._words = words_of(self.content)
            elif name in ("etag", "head", "more", "encodings"):
                super().__init__(self.body, self.tag)
            else:
                raise AttributeError(name)
            return getattr(self, name)

    @property
    def tag(self) -> bytes:
        return entity_tag(Position(self.revision, self.mark))

    @property
    def content(self) -> bytes:
        return self.body[:-1]

    @property
    def stored(self) -> bytes:
        """The content as the log has it."""
        return self.content

    @property
    def full(self) -> bytes:
        return full_view(self.stored, self.revision)

    @property
    def template(self) -> Template:
        return decode_template(self.stored, self.revision)

    @property
    def change(self) -> Change:
        """That made it so, but for when, by whom and what came before."""
        return Change(
            self.revision, self.mark, UNKNOWN, "", "", Action.UPDATED, self.name, 0, 0, self.deleted, self.stored, b""
        )

    @property
    def words(self) -> "Words":
        """What queries look at."""
        return self._words


ReadContent = Callable[[int], bytes]
"""The content of the change with this revision, from the log. Raises `StoreUnavailable`."""


class Tombstone:
    """Of a deleted template: what it was is read from the log when it is asked for, which is not for the loop."""

    __slots__ = ("_read", "mark", "name", "revision")

    deleted = True

    def __init__(self, name: str, revision: int, mark: bytes, read: ReadContent) -> None:
        self.name = name
        self.revision = revision
        self.mark = mark
        self._read = read

    @property
    def etag(self) -> bytes:
        return entity_tag(Position(self.revision, self.mark))

    @property
    def template(self) -> Template:
        return decode_template(self._read(self.revision), self.revision)


State = Entry | Tombstone


def no_log(revision: int) -> bytes:
    raise StoreUnavailable


class Words(Struct, frozen=True, gc=False):
    image: str
    text: str  # in lower case
    labels: dict[str, str]


class _Searched(Struct, rename="kebab"):
    name: str = ""
    image_name: str = ""
    display_name: str = ""
    description: str = ""
    labels: dict[str, str] = {}


_searched = msgspec.json.Decoder(_Searched)


def words_of(content: bytes) -> Words:
    found = _searched.decode(content)
    text = "\n".join((found.name, found.display_name, found.description, found.image_name))
    return Words(found.image_name, text.lower(), found.labels)
