"""Clients of servers that say what a test wants."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from binder_registry import Client
from binder_registry.client import transport

from .stub import Answering, Opened, Stub, running


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
