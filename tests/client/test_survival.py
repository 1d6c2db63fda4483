"""What a client makes of a server that is killed, restarted or replaced."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from binder_registry import Change, Client, Template
from binder_registry.errors import PositionUnknown, StoreUnavailable
from tests.ports import free_port
from tests.server.running import KEY, RunningServer, running_server, start_server

ROUNDS = 10
WRITES = 20  # acknowledged ones between two kills
PATIENCE = 30.0  # seconds


class Writer(Thread):
    """Writes until it is told to stop, over every failure, and remembers what was acknowledged."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._client = Client(url, KEY, retries=0)
        self.acknowledged: list[int] = []
        self.stopping = Event()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            try:
                self.acknowledged.append(self._client.register_template(Template(f"t{number}", "i")).revision)
            except StoreUnavailable:
                self.stopping.wait(0.01)
        self._client.close()


class Watcher(Thread):
    def __init__(self, client: Client) -> None:
        super().__init__()
        self._changes = client.watch(since=0)
        self.found: list[Change] = []

    def run(self) -> None:
        for change in self._changes:
            self.found.append(change)


def until(count: int, found: Callable[[], int]) -> None:
    end = monotonic() + PATIENCE
    while found() < count:
        assert monotonic() < end, f"{found()} of {count} after {PATIENCE} s"
        sleep(0.005)


def test_every_change_comes_exactly_once_while_the_server_is_killed_and_restarted(tmp_path: Path) -> None:
    port = free_port()

    def started() -> RunningServer:
        return start_server(tmp_path, "--no-access-log", db="sqlite:///registry.db", port=port)

    server = started()
    client = Client(server.url, KEY)
    writer, watcher = Writer(server.url), Watcher(client)
    with ExitStack() as ending:
        ending.callback(lambda: server.kill())
        ending.callback(client.close)
        ending.callback(writer.stopping.set)
        watcher.start()
        writer.start()

        for _ in range(ROUNDS):
            until(len(writer.acknowledged) + WRITES, lambda: len(writer.acknowledged))
            server.kill()
            server = started()
        until(len(writer.acknowledged) + WRITES, lambda: len(writer.acknowledged))
        writer.stopping.set()
        writer.join(PATIENCE)
        head = client.head()
        until(head.revision, lambda: len(watcher.found))

        assert [change.revision for change in watcher.found] == list(range(1, head.revision + 1))
        assert watcher.found == client.changes(limit=head.revision)
        assert set(writer.acknowledged) <= {change.revision for change in watcher.found}
        assert len(writer.acknowledged) >= ROUNDS * WRITES


def test_another_log_in_the_place_of_the_one_that_was_followed_is_noticed(tmp_path: Path) -> None:
    port = free_port()
    with running_server(tmp_path, port=port) as server, Client(server.url, KEY) as client:
        client.register_template(Template("before", "i"))
        changes = client.watch(since=0)
        next(changes)

        server.kill()
        with running_server(tmp_path, port=port):  # in memory: it begins anew
            client.register_template(Template("after", "i"))

            with pytest.raises(PositionUnknown):
                next(changes)
            assert [template.name for template in client.list_templates()] == ["after"]
