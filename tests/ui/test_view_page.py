"""What somebody is offered, and why not the rest: behind a hub, as an admin, a user, and nobody."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.hub_stub import SCOPES, HubStub
from tests.server.running import RunningServer, running_server
from tests.ui.tab import Tab
from tests.ui.writes import template, write

LARGE = {"name": "large", "allowed-groups": ["staff"], "set": {"limits": {"memory": 2**34}}}
SIZE = {"name": "size", "choices": [{"name": "small", "default": True}, LARGE]}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubStub]:
    hub = HubStub()
    hub.models["registrys-own"] = {"kind": "service", "name": "registry", "scopes": []}
    hub.models["ada-token"] = {"kind": "user", "name": "ada", "groups": ["physics"], "scopes": [SCOPES[0]]}
    hub.users["ada"] = {"kind": "user", "name": "ada", "groups": ["physics"], "admin": False}
    yield hub
    hub.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, hub: HubStub) -> Iterator[RunningServer]:
    environment = {"JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": "registrys-own"}
    with running_server(tmp_path_factory.mktemp("view"), "--auth", "jupyterhub", environment=environment) as server:
        template(server, "scipy", display_name="SciPy", options=[SIZE], labels={"course": "physics"})
        template(server, "gpu", allowed_groups=["physics"])
        template(server, "staff-only", allowed_groups=["staff"])
        template(server, "old")
        write(server, "POST", "/apply", {"delete": {"old": "scipy"}})
        yield server


@pytest.fixture
def boss(tab: Tab) -> Tab:
    tab.log_in("boss-token")
    return tab


def test_labels_that_nothing_has_are_not_told_as_all_there_is(boss: Tab) -> None:
    boss.goes("view?label=course%3Dalchemy")

    expect(boss.page.locator("main")).to_contain_text("nothing else has these labels")
    expect(boss.page.locator("main")).to_contain_text("Nothing with these labels.")


def test_an_admin_sees_by_keyboard_what_a_user_is_offered_and_why_not_the_rest(boss: Tab) -> None:
    boss.goes("view")

    boss.tabs_to(boss.page.get_by_role("radio", name="Everyone").or_(boss.page.get_by_role("radio", name="Myself")))
    boss.page.keyboard.press("ArrowDown")
    boss.tabs_to(boss.page.get_by_label("User of the hub"))
    boss.page.keyboard.type("ada")
    boss.page.keyboard.press("Enter")

    boss.shows_heading("What ada may start")
    expect(boss.page.locator(".offers > li")).to_contain_text(["gpu", "SciPy"])
    expect(boss.page.locator(".rest > li")).to_contain_text(
        [
            "It was deleted, and 'scipy' took its place.",
            "It takes the group 'staff'.",
            "The choice “large” of size takes the group 'staff'.",
        ]
    )
    assert boss.page.url.endswith("view?user=ada")
    assert boss.axe() == []


def test_groups_are_added_one_by_one_and_stand_in_the_address(boss: Tab) -> None:
    boss.goes("view")
    boss.page.get_by_role("radio", name="Members of groups").check()
    boss.page.get_by_label("Groups", exact=True).last.fill("staff")
    boss.page.get_by_role("button", name="Add").click()
    boss.page.keyboard.type("physics")
    boss.page.keyboard.press("Enter")

    boss.shows_heading("What members of physics and staff may start")
    expect(boss.page.locator(".offers > li")).to_contain_text(["gpu", "SciPy", "staff-only"])
    expect(boss.page.get_by_role("button", name="Without staff")).to_be_visible()
    assert boss.page.url.endswith("view?group=staff&group=physics")
    assert boss.axe() == []


@pytest.mark.parametrize(
    ("asked", "field", "why"),
    [
        ("user=nobody-there", "User of the hub", "nobody-there"),
        ("channel=NO!", "Channel", "lower-case"),
        ("label===", "Labels", "is not key=value"),
    ],
)
def test_what_the_server_refuses_stands_at_its_field(boss: Tab, asked: str, field: str, why: str) -> None:
    boss.goes(f"view?{asked}")

    refused = boss.page.get_by_label(field)
    expect(refused).to_have_attribute("aria-invalid", "true")
    expect(refused.locator("xpath=..").locator(".hint")).to_contain_text(why)
    assert boss.axe() == []
    boss.complaints[:] = [one for one in boss.complaints if "400" not in one]  # the browser notes the answer


def test_who_is_no_admin_sees_what_is_theirs_and_nothing_of_the_rest(tab: Tab) -> None:
    tab.log_in("ada-token")
    tab.goes("view")

    tab.shows_heading("What you may start")
    expect(tab.page.locator(".offers > li")).to_contain_text(["gpu", "SciPy"])
    expect(tab.page.get_by_role("heading", name="Hidden")).to_have_count(0)
    expect(tab.page.get_by_role("radio")).to_have_count(0)
    expect(tab.page.locator("main")).not_to_contain_text("staff")
    assert tab.axe() == []


def test_nobody_sees_what_is_for_everyone(tab: Tab) -> None:
    tab.visit("view")

    tab.shows_heading("What everyone may start")
    expect(tab.page.locator(".offers > li")).to_contain_text(["SciPy"])


def test_one_offered_leads_to_its_template(browser: Browser, server: RunningServer) -> None:
    with Tab.opened(browser, server.url) as tab:
        tab.visit("view?label=course%3Dphysics")
        expect(tab.page.locator(".offers > li")).to_have_count(1)

        tab.page.get_by_role("link", name="SciPy").click()

        expect(tab.page).to_have_url(f"{server.url}/ui/templates/scipy")
