"""Login to the web page by a real hub, behind its proxy and below its prefix; and what a page of another user's server,
which shares the origin, gets of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.jupyterhub.hubs import PASSWORD, TINY_SERVER, Hub, eventually, running_hub
from tests.ports import free_port
from tests.server.running import AUTHORIZATION, KEY

ABOVE = "/services/binder-registry"
CONFIG = """
c.JupyterHub.custom_scopes = {{
    "custom:binder-registry:read": {{"description": "Read"}},
    "custom:binder-registry:write": {{"description": "Write", "subscopes": ["custom:binder-registry:read"]}},
    "custom:binder-registry:admin": {{"description": "Purge", "subscopes": ["custom:binder-registry:write"]}},
}}
c.JupyterHub.services += [{{
    "name": "binder-registry", "url": "http://127.0.0.1:{port}", "oauth_no_confirm": True,
    "oauth_client_allowed_scopes": ["custom:binder-registry:admin"],
    "command": [{python!r}, "-m", "binder_registry", "serve", "--auth", "jupyterhub", "--protect-reads",
                "--db", "memory:", *{arguments}],
    "environment": {{"BINDER_API_KEY": {key!r}}},
}}]
c.JupyterHub.load_roles += [
    {{"name": "user", "scopes": ["self", "access:services!service=binder-registry"]}},
    {{"name": "registry-reader", "scopes": ["custom:binder-registry:read"], "users": ["reader"]}},
    {{"name": "registry-writer", "scopes": ["custom:binder-registry:write"], "users": ["writer"]}},
    {{"name": "registry-admin", "scopes": ["custom:binder-registry:admin"], "users": ["admin"]}},
]
c.Spawner.cmd = {tiny!r}.split()
"""


@contextmanager
def hub_with_registry(
    folder: Any, *arguments: str, more: str = "", port: int = 0, python: str = sys.executable
) -> Iterator[Hub]:
    settings = {"port": port or free_port(), "python": sys.executable, "key": KEY, "tiny": TINY_SERVER}
    config = CONFIG.format(**settings, arguments=list(arguments)) + more
    with running_hub(folder, config, python=python) as hub:
        health = f"http://127.0.0.1:{settings['port']}{ABOVE}/health"
        eventually(lambda: answers(health), 30)
        yield hub


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, trust_env=False, timeout=30).status_code == 200
    except httpx2.TransportError:
        return False


def asked(hub: Hub, path: str, **options: Any) -> httpx2.Response:
    return httpx2.get(f"{hub.url}{ABOVE}{path}", trust_env=False, timeout=30, **options)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub_with_registry(tmp_path_factory.mktemp("hub")) as hub:
        body = {"name": "scipy", "image-name": "jupyter/scipy"}
        made = httpx2.post(f"{hub.url}{ABOVE}/templates", json=body, headers=AUTHORIZATION, trust_env=False, timeout=30)
        assert made.status_code == 201, made.text
        assert hub.start("mallory", {}).status_code // 100 == 2
        yield hub


@contextmanager
def visitor(browser: Any, hub: Hub, user: str) -> Iterator[Any]:
    """One who came in by the link on our page, and landed where they wanted."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{hub.url}{ABOVE}/ui/login?next={ABOVE}/ui/templates/scipy")
    page.click("text=Log in with JupyterHub")
    page.fill("#username_input", user)
    page.fill("#password_input", PASSWORD)
    page.click("#login_submit")
    page.wait_for_url(f"**{ABOVE}/ui/**")
    page.wait_for_selector("main:not([aria-busy]) h1")
    yield page
    context.close()


ASK = """async ([path, how]) => {
    const headers = how.headers ?? {};
    const second = document.cookie.split("; ").find((pair) => pair.startsWith("registry-xsrf="));
    if (how.second && second) headers["registry-xsrf"] = second.slice(14);
    return (await fetch(path, { ...how, headers })).status;
}"""


def holder(page: Any) -> Any:
    second = "document.cookie.split('registry-xsrf=')[1].split(';')[0]"
    ask = f"fetch('{ABOVE}/tokens/self', {{headers: {{'registry-xsrf': {second}}}}})"
    return page.evaluate(f"async () => (await {ask}).json()")


@pytest.mark.parametrize(("user", "scopes"), [("none", []), ("reader", ["read"]), ("writer", ["read"])])
def test_beside_users_servers_a_login_reads_at_most(browser: Any, hub: Hub, user: str, scopes: list[str]) -> None:
    with visitor(browser, hub, user) as page:
        who = holder(page)
        header = page.inner_text("#top")

    assert (who["by"], who["scopes"]) == (f"user:{user}", scopes)
    assert user in header
    assert "New" not in header.split()


def test_one_lands_where_one_wanted_and_nobody_sees_the_code(browser: Any, hub: Hub) -> None:
    with visitor(browser, hub, "reader") as page:
        address, title = page.url, page.inner_text("h1")

    assert (address, title) == (f"{hub.url}{ABOVE}/ui/templates/scipy", "scipy")
    lines = [line for line in hub.log.read_text().splitlines() if line.startswith("20") and "Z GET /services" in line]
    assert any("/oauth_callback 303" in line for line in lines)
    assert [line for line in lines if "code=" in line or "state=" in line] == []


def test_an_admin_who_logged_in_is_told_why_writes_need_a_token(browser: Any, hub: Hub) -> None:
    with visitor(browser, hub, "admin") as page:
        page.goto(f"{hub.url}{ABOVE}/ui/login")
        page.wait_for_selector("text=This login reads, and does nothing else")
        status = page.evaluate(ASK, [f"{ABOVE}/audit", {"second": True}])

    assert status == 403


def test_who_logs_out_is_out(browser: Any, hub: Hub) -> None:
    with visitor(browser, hub, "reader") as page:
        page.goto(f"{hub.url}{ABOVE}/ui/login")
        page.click("button:has-text('Log out')")
        page.wait_for_selector("text=Log in with JupyterHub")

        assert [cookie["name"] for cookie in page.context.cookies() if cookie["name"].startswith("registry")] == []


@pytest.fixture(scope="module")
def lured(browser: Any, hub: Hub) -> Iterator[Any]:
    """An admin's tab, in which a page of mallory's server is open. It waits for its server: scripts run in it."""
    with visitor(browser, hub, "admin") as page:
        eventually(lambda: hub.api("GET", "/users/mallory").json()["servers"][""]["ready"], 40)
        page.goto(f"{hub.url}/user/mallory/")
        yield page


@pytest.mark.parametrize("credentials", ["include", "same-origin", "omit"])
def test_a_page_beside_ours_reads_nothing(lured: Any, credentials: str) -> None:
    for path in ("/templates", "/tokens/self", "/ui/plain", "/changes"):
        status = lured.evaluate(ASK, [ABOVE + path, {"credentials": credentials, "second": True}])

        assert status == 401, path


def test_a_page_beside_ours_sees_no_cookie_of_ours(lured: Any) -> None:
    assert "registry" not in lured.evaluate("document.cookie")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_page_beside_ours_writes_nothing(lured: Any, hub: Hub, method: str) -> None:
    path = f"{ABOVE}/templates" + ("" if method == "POST" else "/scipy")
    body = '{"name": "evil", "image-name": "evil"}'

    status = lured.evaluate(ASK, [path, {"method": method, "credentials": "include", "body": body}])

    assert status == 401
    assert [one["image-name"] for one in templates(hub)] == ["jupyter/scipy"]


def test_a_form_beside_ours_writes_nothing(lured: Any, hub: Hub) -> None:
    form = f"""() => {{
        const form = Object.assign(document.createElement("form"), {{ method: "POST", enctype: "text/plain" }});
        form.action = "{ABOVE}/templates";
        const field = Object.assign(document.createElement("input"), {{ name: '{{"name":"evil","image-name":"x' }});
        field.value = '"}}';
        form.append(field);
        document.documentElement.append(form);
        form.submit();
    }}"""
    with lured.expect_navigation(url=f"**{ABOVE}/templates") as answer:
        lured.evaluate(form)
    lured.goto(f"{hub.url}/user/mallory/")

    assert answer.value.status == 401
    assert [one["image-name"] for one in templates(hub)] == ["jupyter/scipy"]


def test_our_page_is_in_no_frame(lured: Any) -> None:
    framed = f"""() => new Promise((resolve) => {{
        const frame = document.createElement("iframe");
        frame.src = "{ABOVE}/ui/plain";
        frame.onload = () => {{
            let text = "closed";
            try {{ text = frame.contentDocument.body.innerText; }} catch {{}}
            resolve(text ?? "closed");
        }};
        document.documentElement.append(frame);
    }})"""

    assert "scipy" not in lured.evaluate(framed)


@pytest.mark.parametrize("page", ["", "templates/scipy", "plain"])
def test_who_opens_our_page_neither_sees_nor_clicks_in_it(lured: Any, page: str) -> None:
    """It is in a group of its own, by its `Cross-Origin-Opener-Policy`."""
    opened = f"""async () => {{
        const ours = window.open("{ABOVE}/ui/{page}");
        for (;;) {{
            try {{
                if (ours.closed) return "cut off";
                if (ours.document.body?.innerText.includes("scipy")) return ours.document.body.innerText;
            }} catch {{ return "cut off"; }}
            await new Promise((resolve) => setTimeout(resolve, 20));
        }}
    }}"""

    assert lured.evaluate(opened) == "cut off"


def test_who_opens_another_address_of_ours_and_takes_its_cookie_still_only_reads(lured: Any, hub: Hub) -> None:
    """An origin is one: that is why a login does not write here."""
    opened = f"""async () => {{
        const ours = window.open("{ABOVE}/health");
        while (!ours.document.cookie.includes("registry-xsrf")) await new Promise((resolve) => setTimeout(resolve, 20));
        const second = ours.document.cookie.split("registry-xsrf=")[1].split(";")[0];
        const all = ours.document.cookie;
        ours.close();
        const headers = {{ "registry-xsrf": second }};
        const body = '{{"name": "evil", "image-name": "evil"}}';
        const done = [["/templates", {{ method: "POST", body }}], ["/templates/scipy", {{ method: "DELETE" }}],
            ["/templates/scipy/channels/stable", {{ method: "PUT", body: '{{"revision": 1}}' }}],
            ["/tokens", {{ method: "POST", body: '{{"name": "mine", "scopes": ["write"]}}' }}], ["/audit", {{}}]];
        const statuses = [];
        for (const [path, how] of done) statuses.push((await fetch("{ABOVE}" + path, {{ ...how, headers }})).status);
        return [all.includes("registry-login"), statuses];
    }}"""

    sees_login, statuses = lured.evaluate(opened)

    assert (sees_login, statuses) == (False, [403] * 5)
    assert [one["image-name"] for one in templates(hub)] == ["jupyter/scipy"]


def templates(hub: Hub) -> Any:
    return asked(hub, "/templates", headers=AUTHORIZATION).json()
