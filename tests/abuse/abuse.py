"""What an abuse is, and what it needs around it."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from msgspec import Struct, field

from tests.hub_stub import HubStub

from .wire import Seen, Target


class Surroundings(Struct, frozen=True):
    """How the server is started. A `wrapper` takes what it prints, access log included; else there is none."""

    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()

    def __or__(self, other: "Surroundings") -> "Surroundings":
        return Surroundings(
            self.arguments + other.arguments, {**self.environment, **other.environment}, self.wrapper + other.wrapper
        )


Around = Callable[[], AbstractContextManager[Surroundings]]


@contextmanager
def plainly() -> Iterator[Surroundings]:
    yield Surroundings()


@contextmanager
def strong_reads() -> Iterator[Surroundings]:
    yield Surroundings(("--strong-reads",))


@contextmanager
def hanging_hub() -> Iterator[Surroundings]:
    """Tokens are a hub's, which takes connections and answers nothing."""
    hub = HubStub()
    hub.answering.clear()
    try:
        yield Surroundings(("--auth", "jupyterhub"), {"JUPYTERHUB_API_URL": hub.url})
    finally:
        hub.stop()


# Both outputs into a pipe that its own process holds open, and nobody reads.
UNREAD = """
import os, sys
reader, writer = os.pipe()
os.set_inheritable(reader, True)
os.dup2(writer, 1)
os.dup2(writer, 2)
os.execv(sys.argv[1], sys.argv[1:])
"""


@contextmanager
def unread_log() -> Iterator[Surroundings]:
    """Nobody reads what the server says on standard output and standard error."""
    yield Surroundings(wrapper=(sys.executable, "-c", UNREAD))


class Abuse(Struct, frozen=True):
    """`run` ends by itself; its docstring says what it does. `prepare` writes what has to be there before, and `fill`,
    given a URL and whether little is enough, what has to be in the database before a server starts."""

    run: Callable[[Target, Seen], Awaitable[None]]
    prepare: Callable[[Target], Awaitable[None]] | None = None
    fill: Callable[[str, bool], None] | None = None
    around: Around = plainly
    honest: bool = False  # nobody may be refused
    stores: bool = False  # what it wrote is to be kept: a server that starts on it may take as much memory
    deletes: bool = False  # what it wrote is gone at its end, and no list is left that is as long as it was meanwhile
    of_store: bool = True  # what it costs depends on the database; else the short form tries it over SQLite only
    beside: bool = False  # over PostgreSQL, a second server is there, which others write to

    @property
    def name(self) -> str:
        return self.run.__name__.replace("_", " ")

    @property
    def sentence(self) -> str:
        return " ".join((self.run.__doc__ or "").split())
