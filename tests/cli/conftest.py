from collections.abc import Iterator
from pathlib import Path

import pytest

from binder_registry import Client
from tests.jobs import OF_JOBS
from tests.server.running import KEY, running_server

from .invoking import CommandLine


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Without a registry, and without the settings of whoever runs the tests."""
    for name in ("BINDER_REGISTRY_URL", "BINDER_API_KEY", *OF_JOBS, "NO_COLOR", "FORCE_COLOR", "BINDER_REGISTRY_DB"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(monkeypatch, {"XDG_CONFIG_HOME": str(tmp_path / "config")})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One for all tests, which begin with it empty (but not at revision 0)."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running.url


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with Client(server, KEY) as client:
        client.apply(prune="*", allow_empty=True)
        yield client


@pytest.fixture
def registry(command_line: CommandLine, client: Client, server: str) -> CommandLine:
    """The command line of someone with a token for an empty registry."""
    command_line.environment |= {"BINDER_REGISTRY_URL": server, "BINDER_API_KEY": KEY}
    return command_line
