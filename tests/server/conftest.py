"""Fresh registries for each test."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore
from binder_registry.server.live import follower

from .asking import application, asked, listening


@pytest.fixture(autouse=True)
def quick_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing an application waits for its follower's wait to end."""
    monkeypatch.setattr(follower, "WAIT_SECONDS", 0.02)


@pytest.fixture
def store() -> InMemoryStore:
    return InMemoryStore()


@pytest.fixture
def client(store: InMemoryStore) -> Iterator[TestClient]:
    """Of an empty registry over `store`, with the key."""
    with asked(application(store)) as client:
        yield client


@pytest.fixture
def port(store: InMemoryStore) -> Iterator[int]:
    """Where an empty registry over `store` listens."""
    with listening(application(store)) as port:
        yield port
