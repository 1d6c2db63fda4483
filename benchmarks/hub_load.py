"""A real hub whose form 200 users open at once, and how long its other requests wait meanwhile.

Each side is a process of its own, so that none is measured by another's work: the hub, its proxy, those who read forms
and throw them away, and one that asks the hub for something else.
"""

import http.client
import multiprocessing
import selectors
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.jupyterhub.fake_kubernetes import FakeKubernetes
from tests.jupyterhub.hubs import Hub, eventually, running_hub
from tests.jupyterhub.registry_stub import RegistryStub

from .servers import Server

USERS = 200
IDLE_SECONDS = 10.0
EVERY = 0.02  # seconds, in which another request falls due
CONFIG = """
c.JupyterHub.log_level = "WARN"
c.JupyterHub.spawner_class = {spawner!r}
from binder_registry.jupyterhub import configure
configure(c, url={url!r}, snapshot=None)
"""
Wait = tuple[float, float]  # when a request fell due, and the seconds from then to its answer


@dataclass(frozen=True)
class Forms:
    first: float  # when the first one arrived
    last: float
    size: float  # megabytes of one


@dataclass
class Others:
    """One request after another. Those that fall due while one waits are taken to wait for the same answer."""

    waits: list[Wait] = field(default_factory=list)


def measure_hub(spawner: str, templates: list[dict[str, Any]]) -> None:
    with _hub(spawner, templates) as hub:
        cookies = _logged_in(hub, len(templates))
        with _others(hub) as idle:
            time.sleep(IDLE_SECONDS)
        server = Server(0, hub.process.pid, 0.0)
        begun, before = time.perf_counter(), sum(server.cpu()[:2])
        with _others(hub) as beside, multiprocessing.get_context("spawn").Pool(1) as reader:
            forms = reader.apply(_open_all, (int(hub.url.rpartition(":")[2]), cookies))
        spent = 1000 * (sum(server.cpu()[:2]) - before) / USERS
        arriving = [wait for due, wait in beside.waits if due < forms.first]
        made = [wait for due, wait in beside.waits if due >= forms.first]
        resident = server.resident()
    print(
        f"{spawner}, {len(templates)} templates: {USERS} forms of {forms.size:.2f} MB in {forms.last - begun:.1f} s,"
        f" {spent:.0f} ms of the hub's processor for each; the hub has {resident:.0f} MB. Others wait"
        f" {_told([wait for _, wait in idle.waits])} idle; {_told(arriving)} until the first form is there;"
        f" {_told(made)} from then on"
    )


def _told(waits: list[float]) -> str:
    in_order = sorted(1000 * wait for wait in waits)
    if not in_order:
        return "nothing"
    median, p99 = in_order[len(in_order) // 2], in_order[int(len(in_order) * 0.99)]
    return f"{median:.1f} ms, p99 {p99:.1f}, at most {in_order[-1]:.1f}"


@contextmanager
def _hub(spawner: str, templates: list[dict[str, Any]]) -> Iterator[Hub]:
    with RegistryStub() as registry, FakeKubernetes() as kubernetes, tempfile.TemporaryDirectory() as folder:
        for template in templates:
            registry.publish(template)
        config = Path(folder) / "kubeconfig"
        config.write_text(kubernetes.kubeconfig)
        text = CONFIG.format(spawner=spawner, url=registry.url)
        with running_hub(Path(folder), text, environment={"KUBECONFIG": str(config)}) as hub:
            yield hub


def _logged_in(hub: Hub, templates: int) -> list[str]:
    """The cookies of each user, once the list is there."""
    with hub.visit("admin") as browser:
        eventually(lambda: browser.get("/hub/spawn").text.count('type="radio"') == templates, 120)
    cookies = []
    for number in range(USERS):
        with hub.visit(f"user{number}") as browser:
            cookies.append("; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar))
    return cookies


@contextmanager
def _others(hub: Hub) -> Iterator[Others]:
    """Its `waits` are there when the block is left."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    child = spawning.Process(target=_ask, args=(int(hub.api_url.split(":")[2].partition("/")[0]), theirs), daemon=True)
    child.start()
    assert ours.recv() == "begun"
    others = Others()
    yield others
    ours.send("over")
    others.waits = ours.recv()
    child.join()


def _ask(port: int, told: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/hub/api/")
    connection.getresponse().read()
    told.send("begun")
    waits, due = [], time.perf_counter()
    while not told.poll():
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.request("GET", "/hub/api/")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        now = time.perf_counter()
        while due <= now:
            waits.append((due, now - due))
            due += EVERY
    told.send(waits)


def _open_all(port: int, cookies: list[str]) -> Forms:
    """What arrives is counted, and not looked at but for its first line."""
    reading, sizes, arrived = selectors.DefaultSelector(), dict[int, int](), []
    for cookie in cookies:
        visit = socket.create_connection(("127.0.0.1", port))
        head = f"GET /hub/spawn HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        visit.sendall(head.encode())
        reading.register(visit, selectors.EVENT_READ)
    space = bytearray(1 << 20)
    while reading.get_map():
        for key, _ in reading.select():
            visit = key.fileobj  # type: ignore[assignment]
            count = visit.recv_into(space)
            if key.fd not in sizes and not space.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"a form is answered with {bytes(space[:60])!r}")
            sizes[key.fd] = sizes.get(key.fd, 0) + count
            if not count:
                arrived.append(time.perf_counter())
                reading.unregister(visit)
                visit.close()
    return Forms(arrived[0], arrived[-1], max(sizes.values()) / 1e6)
