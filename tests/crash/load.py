"""Many connections that write and read at once."""

import time
from pathlib import Path
from threading import Thread

from msgspec import Struct

from binder_registry import Client as RegistryClient
from binder_registry.conformance.reading_out import broken_links, folded
from tests.server.running import KEY, running_server

from .writers import Client, Writer

READERS = 16
WRITERS = 48


class LoadFigures(Struct):
    writes: int
    reads: int
    templates: int


class Reader(Thread):
    """Reads the list and single templates; what it reads never goes back in time."""

    def __init__(self, port: int, number: int, end: float) -> None:
        super().__init__(daemon=True)
        self.unexpected: list[str] = []
        self.reads = 0
        self._client, self._number, self._end = Client(port), number, end

    def run(self) -> None:
        newest = {"/templates": 0, f"/templates/w{self._number}.0": 0}
        while time.monotonic() < self._end:
            for target, known in newest.items():
                status, tag, body = self._client.ask("GET", target)
                self.reads += 1
                if status == 200:
                    newest[target] = int(tag.strip('"').partition("-")[0])
                if status not in (200, 404) or newest[target] < known:
                    self.unexpected.append(f"{target}: {status} {tag} after revision {known}: {body[:200]!r}")
        self._client.close()


def load(folder: Path, seconds: float) -> LoadFigures:
    """Raises `AssertionError` for an answer that is an error, and for a revision that is lost or doubled."""
    with running_server(folder, "--no-access-log", db="sqlite:///registry.db") as server:
        end = time.monotonic() + seconds
        writers = [Writer(server.port, "load", number, lambda: time.monotonic() < end) for number in range(WRITERS)]
        readers = [Reader(server.port, number, end) for number in range(READERS)]
        everyone: list[Writer | Reader] = [*writers, *readers]
        for one in everyone:
            one.start()
        for one in everyone:
            one.join()

        with RegistryClient(server.url, KEY) as client:
            head = client.head().revision
            changes = client.changes(limit=max(head, 1))
            templates = client.list_templates()

    assert [problem for one in everyone for problem in one.unexpected] == []
    given = [revision for writer in writers for revision in writer.acknowledged]
    assert sorted(given) == [change.revision for change in changes] == list(range(1, head + 1))
    assert broken_links(changes) == []
    assert folded(changes) == templates
    return LoadFigures(head, sum(reader.reads for reader in readers), len(templates))
