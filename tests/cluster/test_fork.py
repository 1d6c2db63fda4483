"""An asynchronous standby that missed the newest changes is promoted: everybody who saw them is told."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from signal import SIGCONT, SIGSTOP

import httpx2
import pytest

from binder_registry import Client, Template
from binder_registry.backends import open_log
from binder_registry.changes import Change, Position
from binder_registry.errors import PositionUnknown, RevisionNotShown
from binder_registry.log_store import LogStore
from tests.backends.postgres_server import PostgresServer, eventually
from tests.cluster import faults
from tests.cluster.load import DEADLINE
from tests.cluster.readers import Readers
from tests.server.running import KEY, RunningServer

KEPT = Template("kept", "i")
LOST = Template("lost", "i")


@dataclass
class Fork:
    """What was seen before: `seen` is the position of the list, `tag` the ETag of a template, both of the lost log."""

    servers: list[RunningServer]
    seen: Position
    tag: str
    position: Position  # of the log that took its place
    templates: list[str]
    readers: Readers
    client: Client
    watching: "Future[list[Change]]"

    def ask(self, server: RunningServer, path: str, **headers: str) -> httpx2.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.get(f"{server.url}{path}", headers=given, timeout=DEADLINE, trust_env=False)


@pytest.fixture(scope="module", params=[1, 9], ids=["shorter", "grown past it"])
def fork(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fork]:
    """Revision 1 is in both logs; 2 to 4 are lost. `param` is how many others were written in their place before any
    server looked again."""
    with ExitStack() as stack:
        primary = PostgresServer.new()
        stack.callback(primary.remove)
        standby = primary.standby("standby")
        stack.callback(standby.remove)
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        servers = stack.enter_context(
            faults.cluster(tmp_path_factory.mktemp("fork"), f"postgresql://postgres@{hosts}/postgres", servers=2)
        )
        readers = stack.enter_context(Readers([server.port for server in servers], 10))
        client = stack.enter_context(Client(servers[0].url, KEY))
        watching = watched(stack, servers[1])
        client.register_template(KEPT)
        primary.wait_for(standby)
        standby.stop()
        client.register_template(LOST)
        client.update_template(LOST)
        client.update_template(KEPT)
        seen = client.position()
        readers.have(seen.revision)
        tag = httpx2.get(f"{servers[1].url}/templates/kept", trust_env=False).headers["ETag"]
        for server in servers:
            server.process.send_signal(SIGSTOP)
        primary.kill()
        standby.start()
        standby.promote()
        with closing(LogStore(open_log(standby.url()))) as store:
            for _ in range(request.param):
                store.update_template(Template("kept", f"of revision {store.head().revision + 1}"))
            position, templates = store.head(), [template.name for template in store.list_templates()]
        for server in servers:
            server.process.send_signal(SIGCONT)
        fork = Fork(servers, seen, tag, position, templates, readers, client, watching)
        eventually(lambda: all(fork.ask(server, "/health").status_code == 200 for server in servers))
        eventually(lambda: all(fork.ask(server, "/templates").headers["ETag"] == f'"{position}"' for server in servers))
        yield fork


def watched(stack: ExitStack, server: RunningServer) -> "Future[list[Change]]":
    """What `Client.watch` gives until it ends, from before the first change on."""
    client = Client(server.url, KEY)

    def watch() -> list[Change]:
        return list(client.watch(since=0))

    threads = stack.enter_context(ThreadPoolExecutor(1))
    stack.callback(client.close)  # before the thread is waited for
    return threads.submit(watch)


def test_every_server_shows_the_log_that_there_is(fork: Fork) -> None:
    for server in fork.servers:
        listed = fork.ask(server, "/templates")
        assert [template["name"] for template in listed.json()] == fork.templates
        assert fork.ask(server, "/templates/lost").status_code == 404
        assert fork.ask(server, "/templates/kept").json()["image-name"] == f"of revision {fork.position.revision}"


def test_every_server_says_so_loudly(fork: Fork) -> None:
    for server in fork.servers:
        lines = server.log.read_text().splitlines()
        assert any("CRITICAL" in line and str(fork.seen) in line for line in lines)
        assert any("CRITICAL" in line and str(fork.position) in line for line in lines)


def test_no_stream_goes_on_from_what_was_lost(fork: Fork) -> None:
    for stream in fork.readers.streams:
        eventually(lambda stream=stream: 410 in stream.refused)  # type: ignore[misc]
        assert stream.position == str(fork.seen)
        assert stream.revisions == [1, 2, 3, 4]


def test_a_watching_client_raises(fork: Fork) -> None:
    with pytest.raises(PositionUnknown):
        fork.watching.result(DEADLINE)


def test_pages_do_not_go_on_from_what_was_lost(fork: Fork) -> None:
    for server in fork.servers:
        answer = fork.ask(server, f"/changes?since={fork.seen}")
        assert (answer.status_code, answer.headers["Registry-Error"]) == (410, "position_unknown")


def test_nothing_that_was_lost_counts_as_unchanged(fork: Fork) -> None:
    for server in fork.servers:
        for path, tag in (
            ("/templates/kept", fork.tag),
            ("/templates", f'"{fork.seen}"'),
            ("/templates?q=k", fork.tag),
        ):
            assert fork.ask(server, path, If_None_Match=tag).status_code == 200


def test_a_write_from_what_was_lost_is_refused(fork: Fork) -> None:
    for server in fork.servers:
        answer = httpx2.patch(
            f"{server.url}/templates/kept",
            json={"command": "c"},
            headers={"Authorization": f"token {KEY}", "If-Match": fork.tag},
            timeout=DEADLINE,
            trust_env=False,
        )
        assert answer.status_code == 412


def test_a_client_that_saw_more_is_told_once_and_reads_on(fork: Fork) -> None:
    if fork.position.revision < fork.seen.revision:
        with pytest.raises(RevisionNotShown):
            fork.client.get_template("kept")

    assert fork.client.get_template("kept").revision == fork.position.revision
