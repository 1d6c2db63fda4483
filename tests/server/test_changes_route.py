"""`GET /changes`: the log as pages, by filters, and waiting for more."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, Template
from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Change, Position, next_mark
from binder_registry.conformance.reading_out import whole_log
from binder_registry.log_store import LogStore

from .asking import application, asked, error_name, hints, listening
from .sockets import connected

Row = dict[str, Any]


class CountingLog(MemoryLog):
    """Knows how many revisions it was asked for, each time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def read_each(self, revisions: Collection[int], **options: Any) -> list[Change]:
        self.asked.append(len(revisions))
        return super().read_each(revisions, **options)


def labelled(name: str, **labels: str) -> Template:
    return Template(name, "i", labels=labels)


@pytest.fixture
def store() -> InMemoryStore:
    """a enters course=x at 1, leaves it at 4, is deleted at 6; b enters at 5; c never does."""
    store = InMemoryStore()
    store.register_template(labelled("a", course="x"), note="why")
    store.register_template(labelled("b", course="y"))
    store.register_template(labelled("c"))
    store.replace_template(labelled("a", course="y"))
    store.replace_template(labelled("b", course="x"))
    store.delete_template("a")
    store.delete_template("b")
    return store


@pytest.fixture
def client(store: InMemoryStore) -> Iterator[TestClient]:
    with asked(application(store)) as client:
        yield client


def rows(client: TestClient, query: str) -> list[Row]:
    answer = client.get(f"/changes?{query}")
    assert answer.status_code == 200, answer.text
    found: list[Row] = answer.json()["changes"]
    return found


def revisions(client: TestClient, query: str) -> list[int]:
    return [row["revision"] for row in rows(client, query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7]),
        ("since=0", [1, 2, 3, 4, 5, 6, 7]),
        ("since=5", [6, 7]),
        ("since=7", []),
        ("since=2&limit=2", [3, 4]),
        ("order=newest", [7, 6, 5, 4, 3, 2, 1]),
        ("order=newest&limit=2", [7, 6]),
        ("order=newest&since=5", [7, 6]),
        ("order=oldest&limit=1", [1]),
        ("name=a", [1, 4, 6]),
        ("name=a&order=newest&limit=1", [6]),
        ("name=nothing", []),
        ("name=a*", []),
        ("label=course=x", [1, 4, 5, 7]),
        ("label=course=x&since=1", [4, 5, 7]),
        ("label=course=x&name=a", [1, 4]),
        ("label=!course", [3]),
        ("label=course", [1, 2, 4, 5, 6, 7]),
    ],
)
def test_the_log_is_paged_and_filtered(client: TestClient, query: str, expected: list[int]) -> None:
    assert revisions(client, query) == expected


@pytest.mark.parametrize("query", ["since=1&", "since=2&limit=1&", "since=3&", ""])
def test_what_left_a_selector_is_told_also_when_what_was_before_is_purged(
    client: TestClient, store: InMemoryStore, query: str
) -> None:
    store.purge_change("a", 1)

    found = rows(client, f"{query}label=course=x")

    assert ("a", 4, True) in [(row["name"], row["revision"], row.get("deleted", False)) for row in found]


def test_a_deletion_is_told_also_when_what_was_before_is_purged(client: TestClient, store: InMemoryStore) -> None:
    store.register_template(labelled("a", course="x"))
    store.purge_change("b", 5)

    found = revisions(client, "since=6&label=course=x")

    assert found == [7, 8]


def test_the_changes_before_those_of_a_page_are_read_at_once() -> None:
    log = CountingLog()
    store = LogStore(log)
    with store.atomic():
        for number in range(300):
            store.register_template(labelled(f"t{number}", course="x"))
        for number in range(300):
            store.replace_template(labelled(f"t{number}"))
    with asked(application(store)) as client:
        found = revisions(client, "since=300&label=course=x")

    assert (len(found), log.asked) == (300, [32, 64, 128, 76])  # once for each step of the page


def test_a_template_that_leaves_the_selector_is_sent_as_deleted(client: TestClient) -> None:
    found = rows(client, "label=course=x")

    assert [(row["name"], row["action"], row.get("deleted", False)) for row in found] == [
        ("a", "created", False),
        ("a", "deleted", True),
        ("b", "updated", False),
        ("b", "deleted", True),
    ]
    assert "template" not in found[1]  # what it became is not for this reader


def test_a_row_holds_the_whole_change(client: TestClient, store: InMemoryStore) -> None:
    [change] = store.changes(limit=1)

    [row] = rows(client, "limit=1")

    assert row == {
        "revision": 1,
        "position": str(change.position),
        "time": row["template"]["time-created"],
        "note": "why",
        "action": "created",
        "name": "a",
        "previous": 0,
        "first": 1,
        "digest": change.digest.hex(),
        "template": client.get("/templates/a?revision=1").json(),
    }


def test_the_marks_of_a_feed_verify(client: TestClient, store: InMemoryStore) -> None:
    found = rows(client, "")

    marks = [store.log.origin(), *(Position.parse(row["position"]).mark for row in found)]
    log = whole_log(store)

    assert [next_mark(mark, change) for mark, change in zip(marks, log, strict=False)] == marks[1:]


def test_the_rows_of_one_apply_share_their_first(client: TestClient) -> None:
    templates = [{"name": name, "image-name": "i"} for name in ("p", "q", "r")]

    client.post("/apply", json={"templates": templates})

    assert [row["first"] for row in rows(client, "since=7")] == [8, 8, 8]


def test_the_head_is_the_position_to_go_on_from(client: TestClient, store: InMemoryStore) -> None:
    head = client.get("/changes?since=7").headers["etag"].strip('"')
    store.register_template(Template("new", "i"))

    assert head == f"7-{head[2:]}"
    assert [row["name"] for row in rows(client, f"since={head}&wait=5")] == ["new"]


def test_a_page_that_is_not_the_last_links_to_the_next(client: TestClient) -> None:
    found, target = [], "/changes?limit=2&label=course"
    while target:
        answer = client.get(target)
        found.append([row["revision"] for row in answer.json()["changes"]])
        target = answer.links.get("next", {}).get("url", "")

    assert [revision for page in found for revision in page] == [1, 2, 4, 5, 6, 7]
    assert max(len(page) for page in found) == 2


@pytest.mark.parametrize(
    "target", ["/changes?since={0}", "/templates/c/changes?since={0}", "/changes?since={0}&wait=5"]
)
def test_a_position_of_another_log_is_gone(client: TestClient, target: str) -> None:
    other = InMemoryStore()
    other.register_template(Template("c", "i"))

    answer = client.get(target.format(other.head()))

    assert (answer.status_code, error_name(answer)) == (410, "position_unknown")
    assert "list again" in answer.json()["message"]


def test_a_position_ahead_of_the_log_is_gone(client: TestClient) -> None:
    answer = client.get("/changes?since=8")

    assert (answer.status_code, error_name(answer)) == (410, "position_unknown")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=x", "since"),
        ("since=-1", "since"),
        ("since=1-2", "since"),
        ("since=1&since=2", "since"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("wait=61", "wait"),
        ("wait=x", "wait"),
        ("wait=-1", "wait"),
        ("order=up", "order"),
        ("label=", "label"),
        ("label=a b", "label"),
        ("order=newest&label=a", "order"),
        ("sinse=1", "sinse"),
    ],
)
def test_a_malformed_parameter_is_named(client: TestClient, query: str, field: str) -> None:
    answer = client.get(f"/changes?{query}")

    assert (answer.status_code, hints(answer)) == (400, [field])


@pytest.mark.parametrize("query", ["since=7", "since=7&name=new", "since=7&label=course=x", "since=6&name=new"])
def test_a_poll_waits_until_there_is_something(store: InMemoryStore, query: str) -> None:
    with listening(application(store)) as port, connected(port) as connection:
        connection.send(f"GET /changes?{query}&wait=30 HTTP/1.1\r\nHost: r\r\n\r\n".encode())
        store.register_template(labelled("new", course="x"))

        [row] = connection.answer().json()["changes"]

    assert row["name"] == "new"


def test_a_poll_passes_over_what_it_does_not_ask_for(store: InMemoryStore) -> None:
    with listening(application(store)) as port, connected(port) as connection:
        connection.send(b"GET /changes?since=7&name=b&wait=30 HTTP/1.1\r\nHost: r\r\n\r\n")
        store.register_template(Template("other", "i"))
        store.register_template(Template("b", "i"))

        found = connection.answer().json()["changes"]

    assert [row["revision"] for row in found] == [9]


def test_a_poll_ends_empty_when_nothing_came(client: TestClient) -> None:
    answer = client.get("/changes?since=7&wait=1")

    assert (answer.status_code, answer.json()) == (200, {"changes": []})
    assert answer.headers["registry-revision"] == "7"


def test_a_poll_that_has_something_does_not_wait(client: TestClient) -> None:
    assert revisions(client, "since=6&wait=60") == [7]
