"""A writer that knows where its last commit led to, over a log that appends without its lock, and over one that is
locked."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from binder_registry import Identity, LogStore, Registry, Scope, Template
from binder_registry.auth import Reach
from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Change, Head
from binder_registry.errors import StoreUnavailable
from binder_registry.selector import parse_selector
from binder_registry.server import App, Options
from binder_registry.server.live.last_commit import FEW

from .asking import SCIPY, R, application, asked, names

OTHERS = Template(name="others", image_name="i")
OURS = Template(name="r", image_name="i", labels={"team": "physics"})
THEIRS = Template(name="r-maths", image_name="i", labels={"team": "maths"})


class OneHolder:
    blocking = False

    def __init__(self, holder: Identity) -> None:
        self._holder = holder

    def identify(self, token: str) -> Identity:
        return self._holder


class FarLog(MemoryLog):
    """What another server does once: `meanwhile` just before the next append, `while_asked` at the next question for
    a name."""

    def __init__(self) -> None:
        super().__init__()
        self.locked = 0
        self.appended = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self.while_asked: Callable[[], object] = lambda: None
        self.fails = False

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        self.locked += 1
        with super().writing() as rows:
            yield rows

    def current(self, name: str) -> Change | None:
        while_asked, self.while_asked = self.while_asked, lambda: None
        while_asked()
        return super().current(name)

    def append_after(self, head: Head, rows: list[Change]) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        if self.fails:
            self.fails = False
            raise StoreUnavailable
        with super().writing() as there:
            if self.head() != head:
                return False
            there += rows
        self.appended += 1
        return True


class SharedLog(FarLog):
    """It tells what came `behind` a revision with its lock, so many at most."""

    most = 100

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.in_the_end: list[Callable[[], object]] = []  # while the lock is waited for

    @contextmanager
    def writing_behind(self, revision: int) -> Iterator[tuple[list[Change], list[Change]]]:
        while self.in_the_end:
            self.in_the_end.pop()()
        with self.writing() as rows:
            yield rows, self.read(revision, self.head().revision, limit=self.most)

    def current(self, name: str) -> Change | None:
        self.asked.append(name)
        return super().current(name)

    def current_of(self, names: Collection[str]) -> list[Change]:
        return [found for name in names if (found := self.current(name))]


@pytest.fixture(params=[FarLog, SharedLog])
def log(request: pytest.FixtureRequest) -> FarLog:
    kind: type[FarLog] = request.param
    return kind()


@pytest.fixture
def shared() -> SharedLog:
    return SharedLog()


@pytest.fixture
def beside(shared: SharedLog) -> Iterator[TestClient]:
    """One of two servers, with two templates."""
    with asked(application(LogStore(shared))) as client:
        client.post("/templates", json=SCIPY)
        client.post("/templates", json=R)
        yield client


@pytest.fixture
def client(log: FarLog) -> Iterator[TestClient]:
    """With two templates, and so two commits that nobody came between."""
    with asked(application(LogStore(log))) as client:
        client.post("/templates", json=SCIPY)
        client.post("/templates", json=R)
        yield client


def test_one_who_writes_alone_takes_no_lock(client: TestClient, log: FarLog) -> None:
    before = log.locked

    statuses = [
        client.post("/templates", json={**R, "name": "new"}).status_code,
        client.put("/templates/r", json={"command": "c"}).status_code,
        client.patch("/templates/new", json={"command": "d"}).status_code,
        client.delete("/templates/r").status_code,
        client.post("/templates", json=R).status_code,  # where a tombstone is
        client.post("/templates/r/restore", json={"revision": 2}).status_code,
    ]

    assert statuses == [201, 202, 200, 200, 201, 200]
    assert (log.locked, log.appended) == (before, 6)


def test_what_is_written_without_the_lock_is_a_sound_log(client: TestClient, log: FarLog) -> None:
    client.put("/templates/r", json={"command": "c"})
    client.delete("/templates/r")
    client.post("/templates", json=R)

    previous = [(change.name, change.previous) for change in log.read(0, 10)]
    assert previous == [("scipy", 0), ("r", 0), ("r", 2), ("r", 3), ("r", 4)]
    assert client.get("/templates/r").json()["time-created"] == client.get("/templates/r").json()["time-modified"]


def test_where_others_wrote_in_between_it_is_written_behind_them(client: TestClient, log: FarLog) -> None:
    log.meanwhile = lambda: LogStore(log).register_template(OTHERS)

    answer = client.post("/templates", json={**R, "name": "new"})

    assert answer.status_code == 201
    assert [change.name for change in log.read(0, 10)] == ["scipy", "r", "others", "new"]
    assert names(client.get("/templates")) == ["new", "others", "r", "scipy"]


def test_what_others_wrote_may_be_shown_before_it_is_written(client: TestClient, log: FarLog) -> None:
    client.delete("/templates/r")
    client.put("/templates/scipy", json={"command": "c"})

    def others() -> None:
        LogStore(log).register_template(OTHERS)
        shown = client.get("/templates/others", headers={"Registry-Revision": "5"})
        assert shown.status_code == 200

    log.while_asked = others
    answer = client.post("/templates", json=R)

    assert answer.status_code == 201
    assert [change.name for change in log.read(3, 10)] == ["scipy", "others", "r"]


def test_what_others_wrote_in_between_decides(client: TestClient, log: FarLog) -> None:
    log.meanwhile = lambda: LogStore(log).register_template(OTHERS)

    answer = client.post("/templates", json={**R, "name": "others"})

    assert answer.status_code == 409


def test_a_refusal_is_the_logs_and_not_of_what_was_seen(client: TestClient, log: FarLog) -> None:
    before = log.locked

    answers = [
        client.post("/templates", json=R),
        client.put("/templates/r", json={"command": "c"}, headers={"If-Match": '"1"'}),
        client.delete("/templates/nobody"),
    ]

    assert [answer.status_code for answer in answers] == [409, 412, 404]
    assert log.locked == before + 3


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"If-Unmodified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"}, 202),
        ({"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 412),
        ({"If-Match": '"2"'}, 202),
        ({"If-Match": '"1"'}, 412),
        ({"If-None-Match": "*"}, 412),
    ],
)
@pytest.mark.parametrize("last", ["r", "scipy"])  # that was written, whose change the writer has kept
def test_conditions_hold_without_the_lock_as_with_it(
    client: TestClient, condition: dict[str, str], status: int, last: str
) -> None:
    client.put("/templates/r", json={"command": "b"})
    client.put(f"/templates/{last}", json={"command": "b"})
    revision = 3 if last == "scipy" else 4
    condition = {header: value.replace('"2"', f'"{revision}"') for header, value in condition.items()}

    answer = client.put("/templates/r", json={"command": "c"}, headers=condition)

    assert answer.status_code == status


def test_what_older_releases_do_not_understand_takes_the_lock_once(client: TestClient, log: FarLog) -> None:
    before = log.locked

    for command in ("c", "d"):
        client.put("/templates/r", json={"command": command, "icon": "https://example.org/r.svg"})

    assert (log.format(), log.locked, log.current("r").revision) == (2, before + 1, 4)  # type: ignore[union-attr]


def test_a_purge_takes_the_lock(client: TestClient, log: FarLog) -> None:
    client.put("/templates/r", json={"command": "c"})
    before = log.locked

    answer = client.delete("/templates/r/changes/2")

    assert answer.status_code == 204
    assert log.locked == before + 1
    assert log.read(1, 2)[0].content is None


@pytest.fixture
def limited(log: FarLog) -> Iterator[TestClient]:
    """Of who may write what is called `r…` and is of physics, beside one of another team."""
    reach = Reach((("r*",),), tuple(parse_selector("team=physics", parameter="labels")))
    holder = Identity("course", frozenset({Scope.WRITE}), "token", reach=reach)
    store = LogStore(log)
    for template in (OURS, THEIRS):
        store.register_template(template)
    with asked(App(Registry(store, OneHolder(holder)), Options())) as client:
        for _ in range(2):
            client.put("/templates/r", json={"command": "c"})
        yield client


def test_who_is_within_reach_writes_without_the_lock(limited: TestClient, log: FarLog) -> None:
    before = log.locked

    statuses = [
        limited.patch("/templates/r", json={"command": "d"}).status_code,
        limited.post("/templates", json={**R, "name": "r2", "labels": {"team": "physics"}}).status_code,
        limited.patch("/templates/r", json={"replaced-by": "r2"}).status_code,
    ]

    assert (statuses, log.locked) == ([200, 201, 200], before)


@pytest.mark.parametrize(
    ("method", "name", "body"),
    [
        ("PUT", "r-maths", {"command": "c"}),
        ("PATCH", "r-maths", {"labels": {"team": "physics"}}),
        ("PATCH", "r", {"labels": {"team": "maths"}}),
        ("PATCH", "r", {"replaced-by": "r-maths"}),
        ("PATCH", "r", {"replaced-by": "scipy"}),
        ("DELETE", "r-maths", None),
    ],
)
def test_who_is_out_of_reach_writes_nothing_without_the_lock(
    limited: TestClient, log: FarLog, method: str, name: str, body: object
) -> None:
    head = log.head()

    answer = limited.request(method, f"/templates/{name}", json=body)

    assert (answer.status_code, answer.headers.get("registry-error")) == (403, "out_of_reach")
    assert log.head() == head


def test_what_others_moved_out_of_reach_in_between_is_not_written(limited: TestClient, log: FarLog) -> None:
    log.meanwhile = lambda: LogStore(log).replace_template(replace(OURS, labels={"team": "maths"}))

    answer = limited.patch("/templates/r", json={"command": "d"})

    assert answer.status_code == 403
    assert log.head().revision == 5


def test_after_a_failure_the_log_is_asked_again(client: TestClient, log: FarLog) -> None:
    log.fails = True
    failed = client.post("/templates", json={**R, "name": "new"})
    while client.get("/health").status_code != 200:
        pass
    before = log.locked

    written = client.post("/templates", json={**R, "name": "new"})

    assert (failed.status_code, written.status_code) == (503, 201)
    assert log.locked == before + 1


class NearLog(MemoryLog):
    """What another does once, just before the next lock."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        with super().writing() as rows:
            yield rows

    def current(self, name: str) -> Change | None:
        self.asked.append(name)
        return super().current(name)


@pytest.fixture
def near() -> NearLog:
    return NearLog()


@pytest.fixture
def writer(near: NearLog) -> Iterator[TestClient]:
    """With two templates; the newest was written last."""
    with asked(application(LogStore(near))) as client:
        client.post("/templates", json=SCIPY)
        client.post("/templates", json=R)
        yield client


def test_under_the_lock_nothing_is_asked_that_is_known(writer: TestClient, near: NearLog) -> None:
    near.asked.clear()

    statuses = [
        writer.put("/templates/scipy", json={"command": "c"}).status_code,
        writer.post("/templates", json=R).status_code,
        writer.patch("/templates/r", json={"command": "d"}).status_code,
        writer.delete("/templates/r").status_code,
    ]

    assert (statuses, near.asked) == ([202, 409, 200, 200], [])


def test_under_the_lock_what_others_wrote_is_asked_for(writer: TestClient, near: NearLog) -> None:
    near.meanwhile = lambda: LogStore(near).update_template(Template(name="scipy", command="theirs"))

    answer = writer.put("/templates/scipy", json={"image-name": "ours"})

    assert (answer.json()["command"], answer.json()["image-name"]) == ("theirs", "ours")
    assert [change.previous for change in near.read(2, 4)] == [1, 3]


def test_a_tombstone_is_asked_for_by_its_name(writer: TestClient, near: NearLog) -> None:
    writer.delete("/templates/scipy")
    writer.put("/templates/r", json={"command": "c"})

    statuses = [
        writer.put("/templates/scipy", json={"command": "c"}).status_code,
        writer.post("/templates", json=SCIPY).status_code,
    ]

    assert statuses == [404, 201]
    assert [change.previous for change in near.read(4, 5)] == [3]


def test_of_many_rows_nothing_is_kept(writer: TestClient, near: NearLog) -> None:
    writer.post("/apply", json={"templates": [{**R, "name": f"t{number}"} for number in range(FEW + 1)]})
    near.asked.clear()

    writer.put("/templates/scipy", json={"command": "c"})

    assert near.asked == ["scipy"]


def test_what_others_wrote_comes_with_the_lock(beside: TestClient, shared: SharedLog) -> None:
    shared.asked.clear()
    shared.meanwhile = lambda: LogStore(shared).update_template(Template(name="scipy", command="theirs"))

    answer = beside.put("/templates/scipy", json={"image-name": "ours"})

    assert (answer.json()["command"], answer.json()["image-name"]) == ("theirs", "ours")
    assert [change.previous for change in shared.read(2, 4)] == [1, 3]
    assert shared.asked == ["scipy"]  # by the other


def test_what_others_wrote_is_shown_with_what_is_written_behind_it(beside: TestClient, shared: SharedLog) -> None:
    shared.meanwhile = lambda: LogStore(shared).register_template(OTHERS)

    beside.post("/templates", json={**R, "name": "new"})

    assert names(beside.get("/templates")) == ["new", "others", "r", "scipy"]


@pytest.mark.parametrize("most", [0, 1])
def test_of_more_than_is_told_with_the_lock_the_log_is_asked(beside: TestClient, shared: SharedLog, most: int) -> None:
    def others() -> None:
        for name in ("a", "new"):
            LogStore(shared).register_template(replace(OTHERS, name=name))

    shared.most, shared.meanwhile = most, others

    answer = beside.post("/templates", json={**R, "name": "new"})

    shown = beside.get("/templates", headers={"Registry-Revision": "4"})  # the answer does not wait for the follower
    assert (answer.status_code, names(shown)) == (409, ["a", "new", "r", "scipy"])


def test_what_is_deleted_is_asked_for_under_the_lock_too(beside: TestClient, shared: SharedLog) -> None:
    shared.meanwhile = lambda: LogStore(shared).delete_template("r")
    for name in ("new", "newer"):
        beside.post("/templates", json={**R, "name": name})
    shared.asked.clear()
    shared.meanwhile = lambda: LogStore(shared).register_template(OTHERS)

    answer = beside.post("/templates", json=R)

    assert (answer.status_code, shared.asked.count("r")) == (201, 2)  # without the lock, and with it
    assert [change.previous for change in shared.read(0, 10) if change.name == "r"] == [0, 2, 3]


def test_what_comes_while_the_lock_is_waited_for_is_of_the_same_commit(beside: TestClient, shared: SharedLog) -> None:
    writers: list[Thread] = []
    unanswered = beside.app.service.group_commit  # type: ignore[attr-defined]

    def write(name: str) -> None:
        writers.append(Thread(target=lambda: beside.post("/templates", json={**R, "name": name})))
        writers[-1].start()

    def more() -> None:
        write("b")
        while unanswered._waiting._queue.empty():  # it is counted a moment before it is handed over
            pass

    shared.meanwhile = lambda: LogStore(shared).register_template(OTHERS)
    shared.in_the_end.append(more)
    before = shared.locked
    write("a")
    for writer in writers:
        writer.join(30)

    assert [change.name for change in shared.read(2, 9)] == ["others", "a", "b"]
    assert shared.locked == before + 2  # that of the other server, and one of ours
