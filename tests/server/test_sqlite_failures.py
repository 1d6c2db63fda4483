"""A SQLite file that is taken away, replaced or locked while the server runs."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry import LogStore
from binder_registry.backends import sqlite_pragmas
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.conformance.reading_out import broken_links, whole_log
from binder_registry.server.live import follower

from .asking import SCIPY, R, application, asked, names

PATIENCE = 20.0  # seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def client(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """With one template."""
    monkeypatch.setattr(follower, "BACKOFF_SECONDS", (0.01, 0.05))
    monkeypatch.setattr(sqlite_pragmas, "BUSY_SECONDS", 0.05)
    with closing(LogStore(SQLiteLog(path))) as store, asked(application(store)) as client:
        client.post("/templates", json=SCIPY)
        yield client


def created(client: TestClient) -> httpx2.Response:
    """Once writes are taken again."""
    end = monotonic() + PATIENCE
    while (answer := client.post("/templates", json=R)).status_code == 503:
        assert monotonic() < end
        sleep(0.01)
    return answer


def reads_go_on(client: TestClient) -> bool:
    return names(client.get("/templates")) == ["scipy"] and client.get("/health?for=reads").status_code == 200


def test_while_the_file_is_away_writes_fail_and_reads_go_on(client: TestClient, path: Path) -> None:
    away = path.rename(path.with_name("away.db"))
    failed = client.post("/templates", json=R)
    health = client.get("/health")
    still_read = reads_go_on(client)

    away.rename(path)
    answer = created(client)

    assert (failed.status_code, health.status_code, still_read) == (503, 503, True)
    assert (answer.status_code, answer.headers["registry-revision"]) == (201, "2")


def test_a_file_in_the_place_of_another_takes_no_writes(
    client: TestClient, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.rename(path.with_name("away.db"))
    shutil.copy(path.with_name("away.db"), path)

    failed = [client.post("/templates", json=R).status_code for _ in range(3)]

    assert failed == [503] * 3
    assert "was replaced while it was in use" in caplog.text
    assert reads_go_on(client)


def test_while_another_process_holds_the_lock_writes_fail_and_reads_go_on(client: TestClient, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        failed = client.post("/templates", json=R)
        past = client.get("/templates/scipy?revision=1")
        still_read = reads_go_on(client)
        other.execute("ROLLBACK")

    answer = created(client)

    assert (failed.status_code, past.status_code, still_read) == (503, 200, True)
    assert (answer.status_code, answer.headers["registry-revision"]) == (201, "2")


def damaged(change: Callable[[bytearray], None]) -> Callable[[bytes], bytes]:
    def damage(wal: bytes) -> bytes:
        copy = bytearray(wal)
        change(copy)
        return bytes(copy)

    return damage


def _zero_the_end(wal: bytearray) -> None:
    wal[-4096:] = bytes(4096)


def _turn_a_bit(wal: bytearray) -> None:
    wal[len(wal) // 2] ^= 1


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut by a byte": lambda wal: wal[:-1],
    "cut by a frame": lambda wal: wal[:-4120],
    "cut in the middle": lambda wal: wal[: len(wal) // 2],
    "cut to its header": lambda wal: wal[:32],
    "empty": lambda wal: b"",
    "zeros at its end": damaged(_zero_the_end),
    "a bit turned": damaged(_turn_a_bit),
    "garbage at its end": lambda wal: wal + b"\xa5" * 10_000,
    "whole": lambda wal: wal,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_of_a_torn_log_file_all_that_is_whole_is_there(path: Path, damage: str) -> None:
    """SQLite's write-ahead log, that is, as a power cut may leave it."""
    torn = path.with_name("torn.db")
    with closing(LogStore(SQLiteLog(path))) as store, asked(application(store)) as client:
        for number in range(20):
            client.post("/templates", json={**SCIPY, "name": f"t{number:02}"})
            client.put(f"/templates/t{number:02}", json={"command": "c" * 3000})
        shutil.copy(path, torn)
        torn.with_name("torn.db-wal").write_bytes(DAMAGES[damage](path.with_name("registry.db-wal").read_bytes()))
        before = whole_log(store)

    with closing(LogStore(SQLiteLog(torn))) as store, asked(application(store)) as client:
        after, origin = whole_log(store), store.log.origin()
        answer = client.post("/templates", json=R)

    assert after == before[: len(after)]
    assert broken_links(after, origin) == []
    assert (answer.status_code, answer.headers["registry-revision"]) == (201, str(len(after) + 1))
    assert (after == before) == (damage in ("whole", "garbage at its end"))
