"""Tokens on the page: made, shown once, renewed, revoked; by who may."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Dialog, expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import read, write

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def make(server: RunningServer) -> Make:
    return lambda name, **members: write(server, "POST", "/tokens", {"name": name, "scopes": ["write"], **members})


def _token(server: RunningServer, name: str) -> Any:
    return read(server, f"/tokens?name={name}")["tokens"][0]


def test_a_token_is_made_by_keyboard_and_its_secret_is_shown_once(admin_tab: Tab, server: RunningServer) -> None:
    page = admin_tab.page
    admin_tab.visit("tokens")

    admin_tab.tabs_to(page.get_by_text("Make a token"))
    page.keyboard.press("Enter")
    admin_tab.tabs_to(page.get_by_label("Name", exact=True))
    page.keyboard.type("ci-keys")
    admin_tab.tabs_to(page.get_by_label("promote"))
    page.keyboard.press("Space")
    admin_tab.tabs_to(page.get_by_label("Names of templates"))
    page.keyboard.type("r-*")
    admin_tab.tabs_to(page.get_by_label("Labels"))
    page.keyboard.type("team=a")
    page.keyboard.press("Enter")

    secret = page.get_by_role("textbox", name="The secret of ci-keys")
    expect(page.get_by_role("heading", name="The secret of ci-keys")).to_be_focused()
    made, text = _token(server, "ci-keys"), secret.input_value()
    found = admin_tab.axe()
    admin_tab.tabs_to(page.get_by_role("button", name="I have put it away"))
    page.keyboard.press("Enter")
    expect(secret).to_have_count(0)
    assert text.startswith(f"binreg_{made['id']}")
    assert (set(made["scopes"]), made["templates"], made["labels"]) == ({"write", "promote"}, ["r-*"], "team=a")
    assert text not in page.content()
    assert found == []


def test_the_secret_can_be_copied(admin_tab: Tab) -> None:
    page = admin_tab.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin_tab.visit("tokens")
    page.get_by_text("Make a token").click()
    page.get_by_label("Name", exact=True).fill("copied")
    page.get_by_role("button", name="Make the token").click()

    page.get_by_role("button", name="Copy the secret").click()

    expect(page.get_by_role("button", name="Copy the secret")).to_have_text("Copied")
    secret = page.get_by_role("textbox", name="The secret of copied").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == secret


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("Name", "Not Allowed", "a to z, digits and -"),
        ("Name", "taken", "names are not given twice"),
        ("Labels", "a==", "is not key=value"),
        ("Names of templates", "x" * 300, "at most 256"),
        ("Days that it lasts", "400", "366 days"),
    ],
)
def test_what_the_server_refuses_stands_at_its_field(
    admin_tab: Tab, server: RunningServer, make: Make, field: str, value: str, why: str
) -> None:
    if not read(server, "/tokens?name=taken")["tokens"]:
        make("taken")
    page = admin_tab.page
    admin_tab.visit("tokens")
    page.get_by_text("Make a token").click()
    page.get_by_label("Name", exact=True).fill("refused")

    page.get_by_label(field, exact=True).fill(value)
    page.get_by_role("button", name="Make the token").click()

    refused = page.get_by_label(field, exact=True)
    expect(refused).to_be_focused()
    expect(refused).to_have_attribute("aria-invalid", "true")
    expect(refused.locator("xpath=..").locator(".hint")).to_contain_text(why)
    admin_tab.complaints[:] = [one for one in admin_tab.complaints if "status of 4" not in one]  # the browser's note


def test_a_token_is_revoked_after_a_question_that_names_what_ends_with_it(
    admin_tab: Tab, server: RunningServer, make: Make
) -> None:
    parent = make("parent", scopes=["write", "tokens"])
    child = {"name": "child", "scopes": ["write"]}
    admin_tab.page.request.post(
        f"{server.url}/tokens", headers={"Authorization": f"token {parent['token']}"}, data=child
    )
    page = admin_tab.page
    admin_tab.visit("tokens")

    page.get_by_role("button", name="Revoke parent").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("1 token that it made ends with it: child.")
    found = admin_tab.axe()
    page.get_by_role("button", name="Revoke", exact=True).press("Enter")

    expect(page.get_by_role("button", name="Revoke parent")).to_have_count(0)
    page.get_by_text("Expired or revoked").click()
    expect(page.get_by_role("region", name="Tokens that have ended")).to_contain_text("child")
    assert "revoked" in _token(server, "child")
    assert found + admin_tab.axe() == []


def test_a_secret_that_stands_there_goes_with_its_token(admin_tab: Tab, make: Make) -> None:
    make("shown")
    page = admin_tab.page
    admin_tab.visit("tokens")
    page.get_by_role("button", name="Rotate shown").click()
    page.get_by_role("button", name="Rotate", exact=True).click()
    expect(page.get_by_role("textbox", name="The secret of shown")).to_be_visible()

    page.get_by_role("button", name="Revoke shown").click()
    page.get_by_role("button", name="Revoke", exact=True).click()

    expect(page.get_by_role("textbox", name="The secret of shown")).to_have_count(0)


def test_a_question_that_is_not_answered_revokes_nothing(admin_tab: Tab, server: RunningServer, make: Make) -> None:
    make("kept")
    admin_tab.visit("tokens")

    button = admin_tab.page.get_by_role("button", name="Revoke kept")
    button.press("Enter")
    admin_tab.page.keyboard.press("Escape")

    expect(button).to_be_focused()
    assert "revoked" not in _token(server, "kept")


def test_a_token_gets_another_secret(admin_tab: Tab, make: Make) -> None:
    old = make("rotated")["token"]
    page = admin_tab.page
    admin_tab.visit("tokens")

    page.get_by_role("button", name="Rotate rotated").click()
    page.get_by_label("Hours that the old secret holds").fill("1.5")
    page.get_by_role("button", name="Rotate", exact=True).click()

    secret = page.get_by_role("textbox", name="The secret of rotated")
    expect(secret).to_be_visible()
    assert secret.input_value()[:15] == old[:15]
    assert secret.input_value() != old


def test_leaving_a_secret_asks(admin_tab: Tab, make: Make) -> None:
    make("left")
    page = admin_tab.page
    admin_tab.visit("tokens")
    page.get_by_role("button", name="Rotate left").click()
    page.get_by_role("button", name="Rotate", exact=True).click()
    expect(page.get_by_role("textbox", name="The secret of left")).to_be_visible()
    asked: list[str] = []

    def stays(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stays)

    page.get_by_role("link", name="Environments").click()

    expect(page.get_by_role("textbox", name="The secret of left")).to_be_visible()
    assert "shown once" in asked[0]


def test_a_holder_is_offered_the_scopes_that_are_theirs(tab: Tab, make: Make) -> None:
    tab.log_in(make("own", scopes=["tokens"])["token"])
    tab.goes("tokens")
    expect(tab.page.get_by_role("heading", name="Yours, and those that you made: 1")).to_be_visible()
    found = tab.axe()

    tab.page.get_by_text("Make a token").click()
    expect(tab.page.get_by_role("group", name="It may").get_by_role("checkbox")).to_have_count(1)

    assert found == []


def test_who_may_not_make_tokens_is_not_offered_to(tab: Tab, make: Make) -> None:
    tab.log_in(make("writer-only")["token"])
    tab.goes("tokens")

    expect(tab.page.get_by_text("Make a token")).to_have_count(0)
    expect(tab.page.locator("main")).to_contain_text("writer-only (token)")


def test_nobody_is_led_to_the_login(tab: Tab) -> None:
    tab.visit("tokens")

    tab.shows_heading("You need to log in")
    assert tab.axe() == []
    tab.complaints[:] = [one for one in tab.complaints if "401" not in one]
