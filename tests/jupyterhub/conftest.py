import threading
from collections.abc import Iterator
from typing import Any

import pytest

from binder_registry.client import Client
from binder_registry.jupyterhub import Follower
from tests.browser import CHROMIUM, MISSING, running_browser
from tests.jupyterhub.hubs import TINY_SERVER, Hub, need, running_hub
from tests.server.running import KEY, RunningServer, running_server

CONFIGURE = """
from binder_registry.jupyterhub import configure
configure(
    c,
    url={url!r},
    versions=3,
    allow_commands=[{tiny!r}],
    rules_file="rules.json",
    try_out=("testing", "testers"),
)
"""


@pytest.fixture(autouse=True)
def no_follower_is_left() -> Iterator[None]:
    """One that went on would log into the tests after it. Its registry is closed before this ends."""
    yield
    followers = [thread for thread in threading.enumerate() if isinstance(thread, Follower)]
    for follower in followers:
        follower.stop()
    for follower in followers:
        follower.join(10)
    assert not any(follower.is_alive() for follower in followers)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="session")
def publisher(registry: RunningServer) -> Iterator[Client]:
    with Client(registry.url, KEY) as client:
        yield client


@pytest.fixture(scope="session")
def hub(registry: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for all tests that leave it as it was; each uses users and templates of its own."""
    folder = tmp_path_factory.mktemp("hub")
    with running_hub(folder, CONFIGURE.format(url=registry.url, tiny=TINY_SERVER)) as hub:
        yield hub


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    need(CHROMIUM, MISSING)
    with running_browser() as browser:
        yield browser
