"""`python -m benchmarks.hub_form`: what forms cost a hub: processor time in one process, then real hubs with 200 users.

What KubeSpawner's class makes of a list of profiles by itself is measured too, as it is for a form of another make.
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from binder_registry.jupyterhub import Catalogue, Environments, Follower, Rules

from .hub_load import measure_hub

TEMPLATES = (500, 5_000)
FEW = 10  # the hub's own work for 200 visits, whatever the list
TURNS = 5
AT_ONCE = 200  # users
OPTIONS = [
    {"name": "size", "choices": [{"name": f"s{n}", "set": {"limits": {"memory": n << 30}}} for n in range(1, 9)]},
    {"name": "image", "choices": [{"name": "own"}], "free-text": {"set": {"image-name": "{value}"}}},
]
NO_CLUSTER = (
    "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],"
    " clusters: [{name: c, cluster: {server: 'http://localhost:9'}}], users: [{name: u, user: {}}]}"
)


def _templates(count: int) -> list[dict[str, Any]]:
    template = {"image-name": "x:1", "command": "", "limits": {}, "description": "What is in it. " * 8}
    return [{**template, "name": f"env-{n}", "revision": n, "options": OPTIONS} for n in range(1, count + 1)]


def measure(count: int) -> None:
    from kubespawner import KubeSpawner

    rules, templates = Rules().of(KubeSpawner), _templates(count)
    began = time.process_time()
    found = Catalogue().having(templates, rules)
    made = time.process_time() - began
    follower = Follower("http://localhost:9", "", rules)
    follower.catalogue, follower.contact = found, time.time()
    first, *ours = asyncio.run(_forms(Environments(follower), whole=False))
    whole = asyncio.run(_forms(Environments(follower), whole=True))
    ms = 1000 * statistics.median(ours), 1000 * statistics.median(whole)
    print(
        f"{count} templates: list made in {made:.2f} s, in the follower's thread; of a form ours {ms[0]:.1f} ms", end=""
    )
    print(f" ({1000 * first:.0f} ms the first time), the whole {ms[1]:.0f} ms")


def measure_turns(count: int) -> None:
    """How long the loop is held up when many open a form at once: by all of them, or by one."""
    from kubespawner import KubeSpawner

    rules, templates = Rules().of(KubeSpawner), _templates(count)
    follower = Follower("http://localhost:9", "", rules)
    follower.catalogue, follower.contact = Catalogue().having(templates, rules), time.time()
    longest, taken = asyncio.run(_at_once(Environments(follower)))
    print(
        f"{count} templates: {AT_ONCE} forms at once take {taken:.2f} s, and hold up others for {1000 * longest:.0f} ms"
        " at most"
    )


async def _at_once(hooks: Environments) -> tuple[float, float]:
    longest, left = 0.0, AT_ONCE

    async def others() -> None:
        nonlocal longest
        before = time.process_time()
        while left:
            await asyncio.sleep(0)
            now = time.process_time()
            longest, before = max(longest, now - before), now

    async def opened(spawner: Any) -> None:
        nonlocal left
        await hooks.options_form(spawner)
        left -= 1

    spawners = [_spawner(hooks) for _ in range(AT_ONCE)]
    began = time.process_time()
    await asyncio.gather(others(), *map(opened, spawners))
    return longest, time.process_time() - began


def _spawner(hooks: Environments) -> Any:
    from kubespawner import KubeSpawner

    spawner: Any = KubeSpawner(_mock=True)
    spawner.user = SimpleNamespace(name="ada", admin=False, groups=[])
    spawner.user_options, spawner.profile_list = {}, hooks.profile_list
    return spawner


async def _forms(hooks: Environments, *, whole: bool) -> list[float]:
    taken = []
    for _ in range(TURNS):
        spawner = _spawner(hooks)
        form = spawner.options_form if whole else hooks.profile_list
        began = time.process_time()
        await form(spawner)
        taken.append(time.process_time() - began)
    return taken


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "kubeconfig"
        config.write_text(NO_CLUSTER)
        os.environ["KUBECONFIG"] = str(config)  # read when the client is imported
        for count in TEMPLATES:
            measure(count)
        measure_turns(TEMPLATES[1])
        for spawner, count in (("simple", FEW), ("simple", TEMPLATES[1]), ("kubespawner.KubeSpawner", TEMPLATES[1])):
            measure_hub(spawner, _templates(count))
