"""`Registry-Revision` of a request: the answer shows that revision, or is 412."""

import threading

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore
from binder_registry.server import App, Limits, service
from binder_registry.template import Template
from tests.server.asking import SCIPY, R, application, asked

NEVER = 3600.0  # seconds; longer than a test may run


def test_a_revision_that_is_far_from_the_log_is_not_waited_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SHOWN_SECONDS", NEVER)

    answer = client.get("/templates", headers={"Registry-Revision": str(service.NEAR + 1)})

    assert (answer.status_code, answer.headers["registry-error"]) == (412, "revision_not_shown")


def test_a_revision_that_comes_soon_is_waited_for(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SHOWN_SECONDS", NEVER)
    client.post("/templates", json=SCIPY)
    answers = []
    reader = threading.Thread(
        target=lambda: answers.append(client.get("/templates/r", headers={"Registry-Revision": "2"}))
    )
    reader.start()
    while reader.is_alive() and not waiting(client):
        pass

    client.post("/templates", json=R)

    reader.join(60)
    assert [answer.status_code for answer in answers] == [200]


def test_a_revision_that_does_not_come_is_412(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SHOWN_SECONDS", 0.05)

    answer = client.get("/templates", headers={"Registry-Revision": "1"})

    assert (answer.status_code, answer.headers["registry-error"]) == (412, "revision_not_shown")


@pytest.mark.parametrize("revision", ["1", "9000000"])
def test_who_waited_for_nothing_leaves_nothing_behind(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    monkeypatch.setattr(service, "SHOWN_SECONDS", 0.01)

    client.get("/templates", headers={"Registry-Revision": revision})

    assert not waiting(client)


def test_more_requests_than_may_wait_for_a_revision_are_refused() -> None:
    with asked(application(limits=Limits(waiting_revisions=1))) as client:
        reader = threading.Thread(target=lambda: client.get("/templates/r", headers={"Registry-Revision": "1"}))
        reader.start()
        while reader.is_alive() and not waiting(client):
            pass

        answer = client.get("/templates", headers={"Registry-Revision": "1"})

        client.post("/templates", json=SCIPY)
        reader.join(60)
    assert (answer.status_code, answer.headers["registry-error"]) == (503, "too_busy")
    assert answer.json()["message"].startswith("Too many requests wait for a revision")


def test_a_revision_that_another_writer_made_is_shown_however_far_it_is(
    client: TestClient, store: InMemoryStore
) -> None:
    with store.atomic():
        for number in range(service.NEAR + 10):
            store.register_template(Template(name=f"t{number}", image_name="i"))

    answer = client.get("/templates", headers={"Registry-Revision": str(service.NEAR + 10)})

    assert (answer.status_code, len(answer.json())) == (200, service.NEAR + 10)


def waiting(client: TestClient) -> bool:
    """Whether a request waits for a revision."""
    app = client.app
    assert isinstance(app, App)
    return bool(app.service.present.waiting)
