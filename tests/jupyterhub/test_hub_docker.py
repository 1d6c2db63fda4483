"""A real hub, the real DockerSpawner, and real containers where podman can run them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binder_registry.client import Client
from binder_registry.template import ContainerLimits, Template
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually, need_module, running_hub
from tests.jupyterhub.podman import IMAGE, podman_service

need_module("dockerspawner")

CONFIG = """
from dockerspawner import DockerSpawner
from jupyterhub.utils import random_port

class HostNetwork(DockerSpawner):
    async def get_ip_and_port(self):
        return "127.0.0.1", self.port

def free_port(spawner):
    spawner.port = random_port()

async def host(spawner):  # without what it says no container starts on a machine that is itself one
    return {{"ulimits": [
        {{"Name": "nofile", "Soft": 1024, "Hard": 1024}}, {{"Name": "nproc", "Soft": 4096, "Hard": 4096}}]}}

c.JupyterHub.spawner_class = HostNetwork
c.JupyterHub.hub_connect_url = "http://127.0.0.1:" + str(c.JupyterHub.hub_port)
c.HostNetwork.client_kwargs = {{"base_url": {engine!r}}}
c.HostNetwork.network_name = "host"
c.HostNetwork.use_internal_ip = True
c.HostNetwork.pull_policy = "never"
c.HostNetwork.read_only_volumes = {volumes!r}
c.HostNetwork.extra_host_config = host
c.HostNetwork.pre_spawn_hook = free_port  # one network for all: each server needs a port of its own
from binder_registry.jupyterhub import configure
configure(c, url={url!r}, allow_commands=[{tiny!r}])
"""


@pytest.fixture(scope="module")
def hub(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    here = (sys.base_prefix, sys.prefix, str(Path(__file__).parent))
    volumes = {path: path for path in ("/usr", *here)}
    with podman_service(folder) as engine:
        config = CONFIG.format(engine=engine, volumes=volumes, url=registry.url, tiny=TINY_SERVER)
        with running_hub(folder, config) as hub:
            yield hub


@pytest.mark.timeout(240)
def test_a_container_runs_with_the_templates_limits(hub: Hub, publisher: Client) -> None:
    limits = ContainerLimits(memory=384 << 20, cpu_shares=256)
    publisher.register_template(Template(name="box", image_name=IMAGE, command=TINY_SERVER, limits=limits))
    with hub.visit("ada") as browser:
        eventually(lambda: 'value="box"' in browser.get("/hub/spawn").text)
        answer = hub.start("ada", {"template": "box"})
        assert answer.status_code in (201, 202), answer.text
        eventually(lambda: hub.api("GET", "/users/ada").json()["servers"].get("", {}).get("ready"), 30)

        limits_seen = browser.get("/user/ada/limits").json()

    assert limits_seen == {"memory": 384 << 20, "cpu": 256}
    hub.stop_server("ada")
