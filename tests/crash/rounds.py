"""Kill the server at a random moment, start it again on the same file, and look for what was lost."""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from binder_registry import Change, Client, Template
from binder_registry.changes import Position
from binder_registry.conformance.reading_out import broken_links
from tests.ports import free_port
from tests.server.running import KEY, RunningServer, start_server

from .tokens import TokenKeeper, check_whole, compare
from .writers import APPLIED, MANY_APPLIED, Acknowledged, LargeApplier, Writer
from .writers import Client as Caller

WRITERS = 8
LARGE = 4  # of so many rounds, one has a large apply under way
LONGEST = 0.6  # seconds of writing before the kill, at most


class Figures(Struct):
    rounds: int = 0
    acknowledged: int = 0  # writes
    tokens: int = 0  # made, renewed or revoked
    unanswered: int = 0  # changes that are in the log though nobody was told
    head: int = 0


class Known:
    """What has been read of the log so far."""

    def __init__(self) -> None:
        self.position = Position(0)
        self.templates: dict[str, Template] = {}

    def read(self, client: Client) -> list[Change]:
        """The changes since; fails where they do not follow from what was known, or the list from them."""
        changes: list[Change] = []
        while page := client.changes(since=changes[-1].position if changes else self.position):
            changes += page
        first = self.position.revision + 1
        assert [change.revision for change in changes] == list(range(first, first + len(changes)))
        assert broken_links(changes, self.position.mark) == []
        for change in changes:
            self.templates.pop(change.name, None)
            if not change.deleted:
                assert change.template is not None
                self.templates[change.name] = change.template
        self.position = changes[-1].position if changes else self.position
        assert client.list_templates() == [self.templates[name] for name in sorted(self.templates)]
        return changes


def crash(folder: Path, rounds: int, seed: int, progress: Callable[[Figures], None] = lambda _: None) -> Figures:
    """Raises `AssertionError` for anything lost, doubled or half-written."""
    chance, port, figures, known = random.Random(seed), free_port(), Figures(), Known()
    server = _started(folder, port)
    try:
        for number in range(rounds):
            keeper = TokenKeeper(server.port, f"r{number}", lambda: True)
            keeper.start()
            acknowledged = _write_and_kill(server, number, chance.uniform(0, LONGEST))
            keeper.join()
            server = _started(folder, port)
            caller = Caller(port)
            compare(caller, keeper)
            check_whole(caller)
            caller.close()
            with Client(server.url, KEY) as client:
                changes = known.read(client)
            _compare(acknowledged, changes)
            figures.rounds += 1
            figures.acknowledged += len(acknowledged)
            figures.tokens += keeper.acknowledged
            figures.unanswered += len(changes) - len(acknowledged)
            figures.head = known.position.revision
            progress(figures)
    finally:
        server.kill()
    return figures


def _started(folder: Path, port: int) -> RunningServer:
    return start_server(folder, "--no-access-log", db="sqlite:///registry.db", port=port)


def _write_and_kill(server: RunningServer, number: int, seconds: float) -> Acknowledged:
    writers = [Writer(server.port, str(number), writer, lambda: True) for writer in range(WRITERS)]
    if number % LARGE == 0:
        writers.append(LargeApplier(server.port, str(number), WRITERS, lambda: True))
    for writer in writers:
        writer.start()
    time.sleep(seconds)  # the random moment
    server.kill()
    for writer in writers:
        writer.join()
    assert [problem for writer in writers for problem in writer.unexpected] == []
    acknowledged: Acknowledged = {}
    for writer in writers:
        assert not acknowledged.keys() & writer.acknowledged.keys()
        acknowledged |= writer.acknowledged
    return acknowledged


def _compare(acknowledged: Acknowledged, changes: list[Change]) -> None:
    written = {
        change.revision: (change.name, "" if change.deleted or change.template is None else change.template.command)
        for change in changes
    }
    assert {revision: written.get(revision) for revision in acknowledged} == acknowledged
    sizes = Counter(change.first for change in changes)
    assert set(sizes.values()) <= {1, APPLIED, MANY_APPLIED}
