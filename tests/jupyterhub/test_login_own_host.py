"""Login by a hub where no user's server shares the registry's host name: there it does all that the hub grants, and a
page of a user's server gets nothing of it."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from msgspec import Struct

from tests.jupyterhub.hubs import PASSWORD, Hub, eventually
from tests.jupyterhub.test_login import ABOVE, hub_with_registry
from tests.ports import free_port
from tests.server.running import AUTHORIZATION

OWN_HOST = """
service = c.JupyterHub.services[-1]
service["command"] += ["--public-url", "http://localhost:{port}"]
service["oauth_redirect_uri"] = "http://localhost:{port}/services/binder-registry/oauth_callback"
c.JupyterHub.public_url = c.JupyterHub.bind_url
"""
SUBDOMAINS = """
c.JupyterHub.subdomain_host = c.JupyterHub.bind_url.replace("127.0.0.1", "hub.localhost")
"""


class Site(Struct):
    """`url` is the registry's as browsers reach it, `others` a page of another user's server, `direct` past proxies."""

    hub: Hub
    url: str
    others: str
    direct: str


@pytest.fixture(scope="module", params=["own", "subdomain_host"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port, own = free_port(), request.param == "own"
    more = OWN_HOST.format(port=port) if own else SUBDOMAINS
    with hub_with_registry(tmp_path_factory.mktemp("hub"), port=port, more=more) as hub:
        proxy = hub.url.rpartition(":")[2]
        url = f"http://localhost:{port}" if own else f"http://binder-registry--service.hub.localhost:{proxy}"
        others = hub.url if own else f"http://mallory.hub.localhost:{proxy}"
        assert hub.start("mallory", {}).status_code // 100 == 2
        yield Site(hub, url + ABOVE, f"{others}/user/mallory/", f"http://127.0.0.1:{port}{ABOVE}")


@pytest.fixture(scope="module")
def writer(browser: Any, site: Site) -> Iterator[Any]:
    """In a tab on the page for a new template, which they came for."""
    page = browser.new_context().new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{site.url}/ui/login?next={ABOVE}/ui/new")
    page.click("text=Log in with JupyterHub")
    page.fill("#username_input", "writer")
    page.fill("#password_input", PASSWORD)
    page.click("#login_submit")
    page.wait_for_url(f"{site.url}/ui/new")
    yield page
    page.context.close()


def templates(site: Site) -> list[tuple[str, str]]:
    found = httpx2.get(f"{site.direct}/templates", headers=AUTHORIZATION, trust_env=False, timeout=30).json()
    return [(one["name"], one["image-name"]) for one in found]


def test_one_who_may_write_does_so_by_the_login(writer: Any, site: Site) -> None:
    writer.get_by_label("Name", exact=True).fill("scipy")
    writer.get_by_label("Image name").fill("jupyter/scipy")
    writer.get_by_role("button", name="Save…").click()
    writer.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    writer.wait_for_selector("h1:text-is('scipy')")

    assert templates(site) == [("scipy", "jupyter/scipy")]


def test_a_page_of_a_users_server_writes_and_reads_nothing(writer: Any, site: Site) -> None:
    eventually(lambda: site.hub.api("GET", "/users/mallory").json()["servers"][""]["ready"], 40)
    assert any(cookie["name"] == "registry-login" for cookie in writer.context.cookies(f"{site.url}/"))
    before = templates(site)
    lured = writer.context.new_page()
    lured.goto(site.others)
    asked = """async ([address, how]) => {
        try { return (await fetch(address, { credentials: "include", ...how })).status; } catch { return "refused"; }
    }"""
    form = """(address) => {
        const form = Object.assign(document.createElement("form"), { method: "POST", enctype: "text/plain" });
        form.action = address;
        const field = Object.assign(document.createElement("input"), { name: '{"name":"evil","image-name":"x' });
        field.value = '"}';
        form.append(field);
        document.documentElement.append(form);
        form.submit();
    }"""

    read = lured.evaluate(asked, [f"{site.url}/templates", {}])
    body = '{"name":"evil","image-name":"x"}'
    lured.evaluate(asked, [f"{site.url}/templates", {"method": "POST", "mode": "no-cors", "body": body}])
    with lured.expect_navigation(url="**/templates") as answer:
        lured.evaluate(form, f"{site.url}/templates")

    assert read == "refused"
    assert answer.value.status == 401
    assert templates(site) == before
