"""A hub whose registry is not there when the hub starts, or goes away."""

from pathlib import Path

import pytest

from binder_registry.client import Client
from binder_registry.template import Template
from tests.jupyterhub.conftest import CONFIGURE
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually, running_hub
from tests.ports import free_port
from tests.server.running import KEY, running_server


def listed(hub: Hub, name: str, seconds: float = 15) -> None:
    with hub.visit("admin") as browser:
        eventually(lambda: f'value="{name}"' in browser.get("/hub/spawn").text, seconds)


def told(hub: Hub, what: str) -> int:
    """How often its log says so; a hub that is started again goes on with the same file."""
    lines = hub.log.read_text().splitlines()
    return len([line for line in lines if "JupyterHub.binder_registry" in line and what in line])


def says_that_there_is_no_list(hub: Hub) -> None:
    """And serves all else."""
    with hub.visit("ada") as browser:
        form = browser.get("/hub/spawn")
        start = hub.start("bob", {"template": "a"})
        home = browser.get("/hub/home")

    text = "The list of environments cannot be had right now."
    assert (form.status_code, start.status_code, home.status_code) == (503, 503, 200)
    assert text in form.text
    assert text in start.json()["message"]


@pytest.mark.timeout(240)
def test_the_list_outlives_the_registry_and_a_restart_of_the_hub_and_follows_when_it_is_back(tmp_path: Path) -> None:
    """In one go, for each hub takes seconds to start."""
    port, db = free_port(), f"sqlite:///{tmp_path}/registry.db"
    config = CONFIGURE.format(url=f"http://127.0.0.1:{port}", tiny=TINY_SERVER).replace("versions=3", "poll=1")
    config = config.replace('    try_out=("testing", "testers"),\n', "")  # that has a follower, and lines, of its own

    with running_hub(tmp_path, config) as hub:  # which never heard of its registry
        says_that_there_is_no_list(hub)

        with running_server(tmp_path, db=db, port=port) as registry, Client(registry.url, KEY) as publisher:
            publisher.register_template(Template(name="a", image_name="x", command=TINY_SERVER))
            listed(hub, "a", 30)
            eventually((tmp_path / "binder-registry-snapshot.json").exists)

            registry.kill()

        eventually(lambda: told(hub, "Connection refused") == 2)  # that it never heard of it, and this
        listed(hub, "a")
        assert hub.start("ada", {"template": "a"}).status_code in (201, 202)
        assert hub.environment("ada")["BINDER_REGISTRY_TEMPLATE"] == "a"

    with running_hub(tmp_path, config) as hub:  # the registry is still down
        listed(hub, "a")
        assert hub.start("bob", {"template": "a"}).status_code in (201, 202)
        hub.environment("bob")

        with running_server(tmp_path, db=db, port=port) as registry, Client(registry.url, KEY) as publisher:
            publisher.register_template(Template(name="b", image_name="x"))

            listed(hub, "b", 30)
            eventually(lambda: told(hub, "gives its list again, after") == 2)
            refused = told(hub, "Connection refused")

        assert refused == 3  # once per hub and outage
