"""`python -m benchmarks.promotion_seconds`: from sending a promotion, or a roll-back, to its content in a hub's form.

The registry, the hub and its proxy are processes of their own; a user's session asks for the form again and again.
"""

import statistics
import tempfile
import time
from pathlib import Path

import httpx2

from binder_registry.client import Client
from binder_registry.template import Template
from tests.jupyterhub.hubs import eventually, running_hub
from tests.server.running import KEY, running_server

TURNS = 10  # forth and back
CONFIG = """
from binder_registry.jupyterhub import configure
configure(c, url={url!r}, channel="stable")
"""


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as server,
        Client(server.url, KEY) as publisher,
    ):
        old = publisher.register_template(Template("env", "x:1", display_name="Old")).revision
        publisher.promote_template("env", "stable")
        new = publisher.update_template(Template("env", display_name="New")).revision
        (of_hub := Path(folder) / "hub").mkdir()
        with running_hub(of_hub, CONFIG.format(url=server.url)) as hub, hub.visit("ada") as session:
            eventually(lambda: _shows(session, "Old"))
            turns = [(new, "New"), (old, "Old")] * TURNS
            seconds = [_seconds(publisher, session, revision, title) for revision, title in turns]
    ms = sorted(1000 * each for each in seconds)
    print(f"{len(ms)} promotions and roll-backs: p50 {statistics.median(ms):.0f} ms, at most {ms[-1]:.0f} ms")


def _seconds(publisher: Client, session: httpx2.Client, revision: int, title: str) -> float:
    begun = time.perf_counter()
    publisher.promote_template("env", "stable", revision)
    while not _shows(session, title):
        pass
    return time.perf_counter() - begun


def _shows(session: httpx2.Client, title: str) -> bool:
    return f"<strong>{title}</strong>" in session.get("/hub/spawn").text


if __name__ == "__main__":
    main()
