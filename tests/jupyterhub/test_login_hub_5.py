"""Login to the page by JupyterHub 5.5, which zero-to-jupyterhub ships."""

import os
from pathlib import Path

import pytest

from tests.jupyterhub.hubs import need
from tests.jupyterhub.test_login import ABOVE, hub_with_registry


@pytest.mark.timeout(240)
def test_a_user_of_hub_5_comes_in_and_reads(tmp_path: Path) -> None:
    python = os.environ.get("BINDER_REGISTRY_TEST_JUPYTERHUB5", "")
    need(python, "BINDER_REGISTRY_TEST_JUPYTERHUB5, the python of an environment with JupyterHub 5.5,")

    with hub_with_registry(tmp_path, python=python) as hub, hub.visit("writer") as browser:
        landed = browser.get(f"{ABOVE}/ui/enter", params={"next": f"{ABOVE}/ui/new"})
        given = {"registry-xsrf": browser.cookies["registry-xsrf"]}
        who = browser.get(f"{ABOVE}/tokens/self", headers=given).json()

        assert "Running JupyterHub version 5." in hub.log.read_text()
        assert (landed.status_code, landed.url.path) == (200, f"{ABOVE}/ui/new")
        assert (who["by"], who["scopes"]) == ("user:writer", ["read"])
