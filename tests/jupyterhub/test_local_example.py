"""`examples/local` as it is, in a real browser; the pictures that it takes are those of the documentation."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.jupyterhub.hubs import JUPYTERHUB, PROJECT, Hub, eventually, need_hub, started, wait_for
from tests.node import NODE
from tests.ports import free_port

EXAMPLE = PROJECT / "examples" / "local"
PICTURES = os.environ.get("BINDER_REGISTRY_PICTURES")  # a folder: where to keep them


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    need_hub()
    folder = tmp_path_factory.mktemp("local")
    names = ("HUB_PORT", "HUB_API_PORT", "PROXY_API_PORT", "REGISTRY_PORT")
    ports = {name: str(free_port()) for name in names}
    path = os.pathsep.join([str(NODE / "node_modules" / ".bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**ports, "PATH": path, "LOCAL_HUB_STATE": str(folder / "state")}
    command = [sys.executable, *JUPYTERHUB, "-f", str(EXAMPLE / "jupyterhub_config.py")]
    with started(command, folder, environment=environment) as process:
        hub = Hub(folder, process, int(ports["HUB_PORT"]), int(ports["HUB_API_PORT"]))
        wait_for(hub)
        eventually(lambda: httpx2.get(f"{hub.url}/services/binder-registry/health", trust_env=False).is_success, 30)
        yield hub


@pytest.fixture(scope="module")
def page(hub: Hub, browser: Any) -> Any:
    page = browser.new_page(viewport={"width": 1000, "height": 720})
    page.set_default_timeout(60_000)
    page.goto(f"{hub.url}/hub/login")
    page.fill("#username_input", "ada")
    page.fill("#password_input", "try-it")
    page.click("#login_submit")
    page.wait_for_url("**/hub/**")
    return page


def publish(hub: Hub, *arguments: str) -> None:
    """With the command line, as the example's README says."""
    environment = {
        **os.environ,
        "BINDER_REGISTRY_URL": f"{hub.url}/services/binder-registry",
        "BINDER_API_KEY": "publish-with-this-token-0123456789",
    }
    subprocess.run([sys.executable, "-m", "binder_registry", *arguments], check=True, cwd=EXAMPLE, env=environment)


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"jupyterhub-{name}.png")


def titles(hub: Hub, page: Any) -> list[str]:
    page.goto(f"{hub.url}/hub/spawn")
    return [title.strip() for title in page.locator(".binder-registry strong").all_text_contents()]


def is_empty(hub: Hub, page: Any) -> bool:
    page.goto(f"{hub.url}/hub/spawn")
    return "There is no environment here that you may start." in page.content()


def test_from_an_empty_list_to_a_running_server_without_a_restart(hub: Hub, page: Any) -> None:
    eventually(lambda: is_empty(hub, page))  # it says something else until it has heard of the registry
    picture(page, "nothing")

    publish(hub, "apply", "-f", "templates.yaml")
    published = time.monotonic()
    eventually(lambda: titles(hub, page) == ["JupyterLab", "Notebook 7", "Welcome"])
    print(f"in the form {time.monotonic() - published:.2f} s after the command ended")
    picture(page, "form")

    publish(hub, "update", "welcome", "--display-name", "<b>Welcome</b> {{ back }}")
    eventually(lambda: titles(hub, page) == ["<b>Welcome</b> {{ back }}", "JupyterLab", "Notebook 7"])
    picture(page, "changed")

    page.check('input[value="welcome"]')
    page.click('#spawn_form [type="submit"]')
    page.wait_for_url("**/user/ada/files/welcome.html")
    assert page.locator("h1").text_content() == "It runs."
    picture(page, "running")


def test_a_template_deleted_between_form_and_submit_is_a_message_in_the_form(hub: Hub, page: Any) -> None:
    publish(hub, "create", "fleeting", "--image", "x:1")
    page.goto(f"{hub.url}/hub/logout")
    page.goto(f"{hub.url}/hub/login")
    page.fill("#username_input", "bob")
    page.fill("#password_input", "try-it")
    page.click("#login_submit")
    eventually(lambda: "fleeting" in titles(hub, page))
    page.check('input[value="fleeting"]')

    publish(hub, "delete", "fleeting")
    with hub.visit("eve", "try-it") as other:
        eventually(lambda: "fleeting" not in other.get("/hub/spawn").text)
    page.click('#spawn_form [type="submit"]')
    page.wait_for_selector(".binder-registry")

    [told] = page.locator(".alert").all_text_contents()
    assert "The environment 'fleeting' is no longer offered. Choose one of: " in told
    assert "fleeting" not in [title.strip() for title in page.locator(".binder-registry strong").all_text_contents()]
    picture(page, "gone")


def test_only_those_with_the_role_may_publish(hub: Hub) -> None:
    url = f"{hub.url}/services/binder-registry/templates"
    template = {"name": "mine", "image-name": "x"}

    def status(token: str) -> int:
        headers = {"Authorization": f"token {token}"}
        return httpx2.post(url, json=template, headers=headers, trust_env=False).status_code

    assert status("read-by-the-hub-itself-0123456789") == 403
    assert status("publish-with-this-token-0123456789") == 201
    assert httpx2.get(url, trust_env=False).status_code == 401
