"""A hub with 5,000 templates with options, whose registry takes five seconds for every answer later on."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.jupyterhub.conftest import CONFIGURE
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually, running_hub
from tests.jupyterhub.registry_stub import RegistryStub
from tests.jupyterhub.samples import template
from tests.times import TIMES

TEMPLATES, USERS = 5_000, 20 * TIMES
SIZES: list[dict[str, Any]] = [
    {"name": name, "set": {"limits": {"memory": 1 << 30}}} for name in ("small", "medium", "large", "huge")
]
SIZES[-1]["allowed-groups"] = ["staff"]
IMAGES = [{"name": f"image-{number}", "set": {"image-name": f"x:{number}"}} for number in range(4)]
OPTIONS = [
    {"name": "size", "choices": SIZES},
    {"name": "image", "choices": IMAGES, "free-text": {"set": {"image-name": "{value}"}}},
]


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryStub]:
    with RegistryStub() as stub:
        for number in range(TEMPLATES):
            groups = [] if number % 10 else [f"g{number % 50}"]
            text = "Text about what is in it. " * 5
            members: dict[str, Any] = {
                "description": text,
                "command": TINY_SERVER,
                "allowed_groups": groups,
                "options": OPTIONS,
            }
            stub.publish(template(f"env-{number}", **members))
        yield stub


@pytest.fixture(scope="module")
def hub(registry: RegistryStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    config = CONFIGURE.format(url=registry.url, tiny=TINY_SERVER).replace("versions=3", "versions=0")
    with running_hub(tmp_path_factory.mktemp("hub"), config) as hub:
        yield hub


@contextmanager
def others(hub: Hub) -> Iterator[Callable[[], list[float]]]:
    """How long (seconds) other requests to the hub took meanwhile."""
    taken: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with httpx2.Client(timeout=60, trust_env=False) as client:
            while not over.is_set():
                begun = time.perf_counter()
                assert client.get(f"{hub.api_url}/").status_code == 200
                taken.append(time.perf_counter() - begun)
                time.sleep(0.02)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield lambda: sorted(taken)
        finally:
            over.set()
            asking.result()


def told(what: str, taken: list[float]) -> None:
    p99 = taken[int(len(taken) * 0.99)]
    print(f"{what}: {len(taken)} other requests, median {statistics.median(taken):.3f} s, p99 {p99:.3f} s")


@pytest.mark.timeout(240)
def test_many_users_at_once_open_a_form_of_five_thousand_templates(hub: Hub) -> None:
    with hub.visit("admin") as browser:
        eventually(lambda: browser.get("/hub/spawn").text.count('name="template"') == TEMPLATES)
        hub.api("POST", "/users", {"usernames": [f"user{number}" for number in range(USERS)]})
        cookies = dict(browser.cookies)

    def visit(number: int) -> int:
        answer = users.get(f"{hub.url}/hub/spawn/user{number}")
        return answer.content.count(b'name="template"') if answer.status_code == 200 else -answer.status_code

    every = httpx2.Limits(max_connections=USERS)
    with (
        httpx2.Client(cookies=cookies, limits=every, timeout=120, trust_env=False) as users,
        ThreadPoolExecutor(USERS) as pool,
    ):
        shown = list(pool.map(visit, range(USERS)))

    assert shown == [TEMPLATES - TEMPLATES // 10] * USERS


@pytest.mark.timeout(240)
def test_a_registry_that_takes_five_seconds_delays_nobody(hub: Hub, registry: RegistryStub) -> None:
    registry.delay = 5.0
    registry.stop()
    registry.start()
    asked = len(registry.requests)
    eventually(lambda: len(registry.requests) > asked, 30)  # an answer is on its way, for five seconds

    with others(hub) as taken, hub.visit("ada") as browser:
        form = browser.get("/hub/spawn")
        start = hub.start("bob", {"template": "env-1"})
        hub.environment("bob")
        eventually(lambda: len(taken()) >= 100)
        told("while the registry takes 5 s", taken())
        slowest = taken()[-1]

    assert form.status_code == 200
    assert start.status_code in (201, 202)
    assert slowest < registry.delay
