"""Clients: of servers that say what a test wants, and of real ones."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from binder_registry import Client
from binder_registry.client import transport
from tests.jobs import OF_JOBS

from .servers import TOKEN, Servers, forking_servers
from .stub import Answering, Opened, Stub, running


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what the machine's own environment would change."""
    for name in ("BINDER_REGISTRY_URL", "BINDER_API_KEY", *OF_JOBS, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


@pytest.fixture
def opened() -> Iterator[Opened]:
    with ExitStack() as stack:

        def opened(answer: Answering, path: str = "", **options: Any) -> tuple[Client, Stub]:
            stub = stack.enter_context(running(answer))
            return stack.enter_context(Client(stub.url + path, **options)), stub

        yield opened


@pytest.fixture
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_DELAY", 0.001)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with forking_servers() as servers:
        yield servers


@pytest.fixture
def url(servers: Servers) -> Iterator[str]:
    """Of a new, empty registry."""
    with servers.running() as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, TOKEN) as client:
        yield client
