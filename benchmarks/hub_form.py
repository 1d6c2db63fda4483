"""`python -m benchmarks.hub_form`: processor time of KubeSpawner's form, our part of it and the whole."""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from binder_registry.jupyterhub import Catalogue, Environments, Follower, Rules

TEMPLATES = (500, 5_000)
TURNS = 5
OPTIONS = [
    {"name": "size", "choices": [{"name": f"s{n}", "set": {"limits": {"memory": n << 30}}} for n in range(1, 9)]},
    {"name": "image", "choices": [{"name": "own"}], "free-text": {"set": {"image-name": "{value}"}}},
]
NO_CLUSTER = (
    "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],"
    " clusters: [{name: c, cluster: {server: 'http://localhost:9'}}], users: [{name: u, user: {}}]}"
)


def measure(count: int) -> None:
    from kubespawner import KubeSpawner

    rules = Rules().of(KubeSpawner)
    template = {"image-name": "x:1", "command": "", "limits": {}, "description": "What is in it. " * 8}
    templates = [{**template, "name": f"env-{n}", "revision": n, "options": OPTIONS} for n in range(1, count + 1)]
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


async def _forms(hooks: Environments, *, whole: bool) -> list[float]:
    from kubespawner import KubeSpawner

    taken = []
    for _ in range(TURNS):
        spawner: Any = KubeSpawner(_mock=True)
        spawner.user = SimpleNamespace(name="ada", admin=False, groups=[])
        spawner.user_options, spawner.profile_list = {}, hooks.profile_list
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
