"""JupyterHub 5.5, which zero-to-jupyterhub ships: an environment of its own, whose python the variable names.

Our module is there as a single file, as a chart would mount it.
"""

import os
import shutil
from pathlib import Path

import pytest

from binder_registry.client import Client
from binder_registry.hub_auth import HubAuthStore
from binder_registry.template import Template
from tests.jupyterhub.hubs import ADMIN_TOKEN, PROJECT, TINY_SERVER, eventually, need, running_hub
from tests.server.running import KEY, running_server

CONFIG = """
import sys
sys.path.insert(0, {folder!r})
from registry_hooks import configure
configure(c, url={url!r}, allow_commands=[{tiny!r}])
"""


@pytest.mark.timeout(240)
def test_hub_5_lists_starts_heals_refuses_and_vouches_for_tokens(tmp_path: Path) -> None:
    """In one go, for the hub takes seconds to start."""
    python = os.environ.get("BINDER_REGISTRY_TEST_JUPYTERHUB5", "")
    need(python, "BINDER_REGISTRY_TEST_JUPYTERHUB5, the python of an environment with JupyterHub 5.5,")
    shutil.copy(PROJECT / "src" / "binder_registry" / "jupyterhub.py", tmp_path / "registry_hooks.py")

    with running_server(tmp_path) as registry, Client(registry.url, KEY) as publisher:
        config = CONFIG.format(folder=str(tmp_path), url=registry.url, tiny=TINY_SERVER)
        with running_hub(tmp_path, config, python=python) as hub, hub.visit("ada") as browser:
            publisher.register_template(Template(name="a", image_name="x", command=TINY_SERVER))
            publisher.register_template(Template(name="old", image_name="x"))
            publisher.delete_template("old", replaced_by="a")
            eventually(lambda: 'value="a"' in browser.get("/hub/spawn").text)

            refused = hub.start("ada", {"template": "nope"})
            started = hub.start("ada", {"template": "old", "cmd": "false"})

            assert "Running JupyterHub version 5." in hub.log.read_text()
            assert (refused.status_code, started.status_code // 100) == (400, 2)
            assert "There is no environment 'nope'. Choose one of: 'a'." in refused.json()["message"]
            assert hub.environment("ada")["BINDER_REGISTRY_TEMPLATE"] == "a"
            assert HubAuthStore(hub.api_url).identify(ADMIN_TOKEN).by == "service:tests"
