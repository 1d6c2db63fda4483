"""A hub whose registry goes away, or is not there when the hub starts."""

from pathlib import Path

import pytest

from binder_registry.client import Client
from binder_registry.template import Template
from tests.jupyterhub.conftest import CONFIGURE
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually, running_hub
from tests.server.running import KEY, free_port, running_server


def listed(hub: Hub, name: str) -> None:
    with hub.visit("admin") as browser:
        eventually(lambda: f'value="{name}"' in browser.get("/hub/spawn").text)


@pytest.mark.timeout(240)
def test_the_list_outlives_the_registry_and_a_restart_of_the_hub_and_follows_when_it_is_back(tmp_path: Path) -> None:
    """In one go, for each hub takes seconds to start."""
    port, db = free_port(), f"sqlite:///{tmp_path}/registry.db"
    config = CONFIGURE.format(url=f"http://127.0.0.1:{port}", tiny=TINY_SERVER)

    with running_server(tmp_path, db=db, port=port) as registry, running_hub(tmp_path, config) as hub:
        with Client(registry.url, KEY) as publisher:
            publisher.register_template(Template(name="a", image_name="x", command=TINY_SERVER))
        listed(hub, "a")
        eventually((tmp_path / "binder-registry-snapshot.json").exists)

        registry.kill()

        listed(hub, "a")
        assert hub.start("ada", {"template": "a"}).status_code in (201, 202)
        assert hub.environment("ada")["BINDER_REGISTRY_TEMPLATE"] == "a"

    with running_hub(tmp_path, config) as hub:  # the registry is still down
        listed(hub, "a")
        assert hub.start("bob", {"template": "a"}).status_code in (201, 202)
        hub.environment("bob")

        with running_server(tmp_path, db=db, port=port) as registry, Client(registry.url, KEY) as publisher:
            publisher.register_template(Template(name="b", image_name="x"))

            with hub.visit("admin") as browser:
                eventually(lambda: 'value="b"' in browser.get("/hub/spawn").text, 30)

        told = [line for line in hub.log.read_text().splitlines() if "JupyterHub.binder_registry" in line]
        assert len([line for line in told if "Connection refused" in line]) == 2  # once per hub
        assert len([line for line in told if "gives its list again, after" in line]) == 1


def test_a_hub_that_never_heard_of_its_registry_says_so_and_serves_all_else(tmp_path: Path) -> None:
    config = CONFIGURE.format(url=f"http://127.0.0.1:{free_port()}", tiny=TINY_SERVER)

    with running_hub(tmp_path, config) as hub, hub.visit("ada") as browser:
        form = browser.get("/hub/spawn")
        start = hub.start("bob", {"template": "a"})
        home = browser.get("/hub/home")

    text = "The list of environments cannot be had right now."
    assert (form.status_code, start.status_code, home.status_code) == (503, 503, 200)
    assert text in form.text
    assert text in start.json()["message"]
