"""Another log takes the place of the one that is shown, before anybody has noticed."""

from collections.abc import Iterator
from time import sleep

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, Template
from binder_registry.server.live import follower

from .asking import SCIPY, R, application, asked


@pytest.fixture
def client(store: InMemoryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Of an application that shows two changes, has strong reads, and does not look at its log again by itself."""
    monkeypatch.setattr(follower.Follower, "_follow", lambda self: self._closing.wait(0.02))
    with asked(application(store, strong_reads=True)) as client:
        client.post("/templates", json=SCIPY)
        client.post("/templates", json=R)
        yield client


def other(changes: int) -> InMemoryStore:
    store = InMemoryStore()
    for number in range(changes):
        store.register_template(Template(f"other-{number}", "i"))
    return store


@pytest.mark.parametrize("changes", [1, 2], ids=["fewer", "as many"])
def test_nothing_is_written_to_it(client: TestClient, store: InMemoryStore, changes: int) -> None:
    """Its answer could not be read, and would name a revision that is not its own."""
    store.log = other(changes).log

    answer = client.delete("/templates/other-0")

    assert answer.status_code == 503
    assert store.head().revision == changes


@pytest.mark.parametrize("changes", [1, 2], ids=["fewer", "as many"])
def test_strong_reads_do_not_show_what_was_lost(client: TestClient, store: InMemoryStore, changes: int) -> None:
    assert client.get("/templates/r").status_code == 200
    store.log = other(changes).log

    answer = client.get("/templates/r")

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def promoted(store: InMemoryStore, image: str) -> InMemoryStore:
    store.register_template(Template("scipy", f"{image}:1"))
    store.promote_template("scipy", "stable")
    store.update_template(Template("scipy", f"{image}:2"))
    return store


def test_channels_show_what_the_other_log_holds_at_these_revisions(store: InMemoryStore) -> None:
    target = "/templates/scipy?channel=stable"
    with asked(application(promoted(store, "old"))) as client:
        before = client.get(target).json()["image-name"]
        replacement = promoted(InMemoryStore(), "new")
        replacement.register_template(Template("r", "r"))
        store.log = replacement.log

        while client.get("/templates/r").status_code == 404:
            sleep(0.01)
        assert (before, client.get(target).json()["image-name"]) == ("old:1", "new:1")
