"""`Registry-Revision` of a request: the answer shows that revision, or is 412."""

import threading

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore
from binder_registry.server import App, service
from binder_registry.template import Template
from tests.server.asking import SCIPY, R

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
