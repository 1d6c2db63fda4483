"""A real hub whose administrator did things in another order, and users who ask for what they may not have."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from binder_registry.client import Client
from binder_registry.errors import TemplateExists
from binder_registry.template import Template
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually, running_hub

CONFIG = """
from binder_registry.jupyterhub import configure

def override(template, profile):
    if template["name"] == "unsafe":
        profile["kubespawner_override"]["cmd"] = ["python", "-m", "http.server"]
    return {{**profile, "display_name": "North: " + profile["display_name"]}}

del c.JupyterHub.spawner_class
configure(c, url={url!r}, override=override)
c.JupyterHub.spawner_class = "simple"  # after
c.Spawner.cmd = ["env", "WRAPPED=1", *{tiny!r}.split()]
"""


@pytest.fixture(scope="module")
def hub(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    config = CONFIG.format(url=registry.url, tiny=TINY_SERVER)
    with running_hub(tmp_path_factory.mktemp("hub"), config) as hub:
        yield hub


def test_a_template_without_a_command_runs_in_the_hubs_wrapper(hub: Hub, publisher: Client) -> None:
    publisher.register_template(Template(name="wrapped", image_name="x:1"))
    with hub.visit("ada") as browser:
        eventually(lambda: "<strong>North: wrapped</strong>" in browser.get("/hub/spawn").text)

    answer = hub.start("ada", {"template": "wrapped"})

    assert answer.status_code in (201, 202), answer.text
    environment = hub.environment("ada")
    assert (environment["WRAPPED"], environment["BINDER_REGISTRY_TEMPLATE"]) == ("1", "wrapped")
    hub.stop_server("ada")


@pytest.mark.parametrize(
    "options", [{"template": "unsafe"}, {"profile": "unsafe"}, {"template": "closed", "cmd": "sh"}]
)
def test_what_is_not_allowed_cannot_be_started(hub: Hub, publisher: Client, options: dict[str, str]) -> None:
    for name, groups in (("unsafe", ()), ("closed", ("staff",)), ("marker", ())):
        with suppress(TemplateExists):
            publisher.register_template(Template(name=name, image_name="x:1", allowed_groups=groups))
    with hub.visit("admin") as browser:
        eventually(lambda: 'value="marker"' in browser.get("/hub/spawn").text)

    answer = hub.start("bob", options)

    assert answer.status_code == 400
