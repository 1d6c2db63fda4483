"""What it costs to say who may start what: whole answers for many users, against the list of the same templates."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from binder_registry import LogStore, Template
from binder_registry.backends import open_log
from binder_registry.choices import Choice, Option
from binder_registry.settings import ContainerLimits, Settings
from tests.hub_stub import HubStub

from .clients import Pace, gets, p99_of
from .rows import Bench, Row
from .servers import Server, serving, status
from .templates import name

TEMPLATES, USERS, GROUPS = 5_000, 1_000, 50
RATE = 10.0  # whole answers a second, each of some megabytes


def of_the_view(bench: Bench) -> Iterator[Row]:
    hub = HubStub()
    hub.models |= {f"token-{number:04}": _user(number) for number in range(USERS)}
    os.environ |= {"JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": "boss-token"}
    database, log = _with_options(bench.folder / "view.sqlite"), bench.folder / "view.log"
    try:
        with serving(f"sqlite:///{database}", "--auth", "jupyterhub", log=log) as server:
            yield _beside_the_list(bench, server)
    finally:
        del os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
        hub.stop()


def _beside_the_list(bench: Bench, server: Server) -> Row:
    for token in range(USERS):  # the hub is asked about each once, and what they see is made
        if status(server, "/view", {"Authorization": f"token token-{token:04}"}) != 200:
            raise SystemExit(f"benchmarks: no view for user {token}")
    pairs = [
        (
            p99_of(server, Pace(_views(), RATE, 32), None, 2 * bench.seconds),
            p99_of(server, Pace(gets(["/templates?view=full"]), RATE, 32), None, 2 * bench.seconds),
        )
        for _ in range(bench.turns)
    ]
    return Row(
        f"p99 of GET /view, whole, for {USERS:,} users in turn, {TEMPLATES:,} templates with options, {RATE:g}/s",
        "our own list in full",
        f"{median(pair[0] for pair in pairs):.0f} ms",
        f"{median(pair[1] for pair in pairs):.0f} ms",
        median(pair[0] / pair[1] for pair in pairs),
        1.5,
        "at most",
    )


def _views() -> Iterator[bytes]:
    for number in itertools.cycle(range(USERS)):
        yield (
            b"GET /view HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nAuthorization: token token-%04d\r\n\r\n" % number
        )


def _user(number: int) -> dict[str, object]:
    groups = [f"group-{(number * step) % GROUPS}" for step in (1, 3, 7)]
    return {"kind": "user", "name": f"user-{number}", "groups": groups, "admin": False, "scopes": ["self"]}


def _with_options(database: Path) -> Path:
    """Half of the templates are for one group each; each has two options, of which some choices are."""
    store = LogStore(open_log(f"sqlite:///{database}"))
    with store.atomic():
        for number in range(TEMPLATES):
            group = f"group-{number % GROUPS}"
            sizes = [
                Choice(name=f"size-{size}", set=Settings(limits=ContainerLimits(memory=size * 2**30)))
                for size in (1, 2, 4)
            ]
            images = [
                Choice(name="stable", set=Settings(image_name="quay.io/jupyter/scipy-notebook:2026-01-05")),
                Choice(
                    name="next", allowed_groups=(group,), set=Settings(image_name="quay.io/jupyter/scipy-notebook:next")
                ),
            ]
            store.register_template(
                Template(
                    name=name(number),
                    image_name="quay.io/jupyter/scipy-notebook:2026-01-05",
                    command="start-notebook.py",
                    allowed_groups=(group,) if number % 2 else (),
                    options=(Option(name="size", choices=tuple(sizes)), Option(name="image", choices=tuple(images))),
                )
            )
    store.close()
    return database
