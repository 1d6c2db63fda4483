"""Login by a hub where the registry has a host name of its own: there it does all that the hub grants, and a page of a
user's server, which is of another site then, gets nothing of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.jupyterhub.hubs import PASSWORD, Hub, eventually
from tests.jupyterhub.test_login import ABOVE, hub_with_registry, templates
from tests.ports import free_port

OWN_HOST = """
service = c.JupyterHub.services[-1]
service["url"] = "http://127.0.0.1:{port}"
service["command"] += ["--public-url", "http://localhost:{port}"]
service["oauth_redirect_uri"] = "http://localhost:{port}/services/binder-registry/oauth_callback"
c.JupyterHub.public_url = c.JupyterHub.bind_url
"""


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Hub]:
    with hub_with_registry(tmp_path_factory.mktemp("hub"), more=OWN_HOST.format(port=port)) as hub:
        assert hub.start("mallory", {}).status_code // 100 == 2
        yield hub


@pytest.fixture(scope="module")
def writer(browser: Any, hub: Hub, port: int) -> Iterator[Any]:
    """In a tab on the page for a new template, which they came for."""
    page = browser.new_context().new_page()
    page.set_default_timeout(60_000)
    page.goto(f"http://localhost:{port}{ABOVE}/ui/login?next={ABOVE}/ui/new")
    page.click("text=Log in with JupyterHub")
    page.fill("#username_input", "writer")
    page.fill("#password_input", PASSWORD)
    page.click("#login_submit")
    page.wait_for_url(f"http://localhost:{port}{ABOVE}/ui/new")
    yield page
    page.context.close()


def test_one_who_may_write_does_so_by_the_login(writer: Any, hub: Hub) -> None:
    writer.get_by_label("Name", exact=True).fill("scipy")
    writer.get_by_label("Image name").fill("jupyter/scipy")
    writer.get_by_role("button", name="Save…").click()
    writer.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    writer.wait_for_selector("h1:text-is('scipy')")

    assert [(one["name"], one["image-name"]) for one in templates(hub)] == [("scipy", "jupyter/scipy")]


def test_a_page_of_another_site_writes_and_reads_nothing(writer: Any, hub: Hub, port: int) -> None:
    eventually(lambda: hub.api("GET", "/users/mallory").json()["servers"][""]["ready"], 40)
    before = templates(hub)
    lured = writer.context.new_page()
    lured.goto(f"{hub.url}/user/mallory/")
    assert any(cookie["name"] == "registry-login" for cookie in writer.context.cookies())
    asked = """async ([address, how]) => {
        try { return (await fetch(address, { credentials: "include", ...how })).status; } catch { return "refused"; }
    }"""
    ours = f"http://localhost:{port}{ABOVE}"

    read = lured.evaluate(asked, [f"{ours}/templates", {}])
    lured.evaluate(asked, [f"{ours}/templates/scipy/restore", {"method": "POST", "mode": "no-cors", "body": "{}"}])
    lured.evaluate(
        """(address) => {
            const form = Object.assign(document.createElement("form"), { method: "POST", enctype: "text/plain" });
            form.action = address;
            const field = Object.assign(document.createElement("input"), { name: '{"name":"evil","image-name":"x' });
            field.value = '"}';
            form.append(field);
            document.documentElement.append(form);
            form.submit();
        }""",
        f"{ours}/templates",
    )
    lured.wait_for_url(f"{ours}/templates")

    assert read == "refused"
    assert templates(hub) == before
    lured.close()
