"""Logging in with a token that was pasted: it is kept in memory, and leads to pages of ours only."""

import re

import pytest
from playwright.sync_api import expect

from tests.server.running import KEY, RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import template, write


def test_a_token_logs_in_by_keyboard_alone_and_leads_to_where_one_came_from(tab: Tab) -> None:
    tab.visit("login?next=%2Fui%2Faudit")

    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")  # "Skip to the content"
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type(f" {KEY} ")
    tab.page.keyboard.press("Enter")

    expect(tab.page).to_have_url(f"{tab.url}/ui/audit")
    expect(tab.page.locator("header")).to_contain_text("api-key (key)")


@pytest.mark.parametrize("wrong", ["binreg_nonsense", "two words", "ключ", " "])
def test_what_is_no_good_token_is_said_at_the_field_and_forgotten(tab: Tab, wrong: str) -> None:
    tab.visit("login")

    tab.page.get_by_label("Token").fill(wrong)
    tab.page.get_by_role("button", name="Log in").click()

    field = tab.page.get_by_label("Token")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("token"))
    expect(tab.page.get_by_role("link", name="Log in")).to_be_visible()
    assert tab.axe() == []
    tab.goes("view")  # a token that was kept would be refused there
    tab.shows_heading("What everyone may start")
    tab.complaints[:] = [one for one in tab.complaints if "401" not in one]  # the browser notes the answer


@pytest.mark.parametrize(("why", "said"), [("refused", "did not let you in"), ("unavailable", "does not answer")])
def test_who_comes_back_from_the_hub_in_vain_is_told_why(tab: Tab, why: str, said: str) -> None:
    tab.visit(f"login?failed={why}")

    expect(tab.page.get_by_role("alert")).to_contain_text(said)
    assert tab.axe() == []


@pytest.mark.parametrize("next_", ["https://evil.example/ui/", "//evil.example/ui/", "javascript:alert(1)", "/health"])
def test_a_login_leads_nowhere_else(tab: Tab, next_: str) -> None:
    tab.visit(f"login?next={next_}")

    tab.page.get_by_label("Token").fill(KEY)
    tab.page.get_by_role("button", name="Log in").click()

    expect(tab.page).to_have_url(f"{tab.url}/ui/")


def test_who_is_logged_in_sees_what_they_may_and_logs_out_by_one_key(tab: Tab) -> None:
    tab.log_in(KEY)
    tab.page.get_by_role("link", name="Log out").click()
    tab.shows_heading("You are logged in")
    found = tab.axe()
    facts = tab.page.locator("main").inner_text()

    tab.page.get_by_role("button", name="Log out").press("Enter")

    tab.shows_heading("Log in")
    expect(tab.page.get_by_role("link", name="Log in")).to_be_visible()
    assert all(part in facts for part in ("api-key (key)", "every template", "publish, change and delete"))
    assert found == []


def test_a_pasted_token_is_gone_when_the_page_is_loaded_anew(tab: Tab) -> None:
    tab.log_in(KEY)

    tab.page.reload()

    expect(tab.page.get_by_role("link", name="Log in")).to_be_visible()
    kept = tab.page.evaluate("() => [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]")
    assert KEY not in "".join(kept)


def test_who_reaches_some_templates_sees_no_button_at_others(tab: Tab, server: RunningServer) -> None:
    template(server, "reached-one", labels={"course": "physics"})
    template(server, "reached-not", labels={"course": "physics"})
    narrowed = {"name": "narrowed", "scopes": ["write", "promote"], "templates": ["*-one"], "labels": "course=physics"}
    tab.log_in(write(server, "POST", "/tokens", narrowed)["token"])

    tab.goes("templates/reached-one")
    expect(tab.page.get_by_role("link", name="Edit")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Promote to a new channel…")).to_be_visible()
    tab.goes("templates/reached-not")

    expect(tab.page.get_by_role("link", name="History")).to_be_visible()
    expect(tab.page.get_by_role("link", name="Edit")).to_have_count(0)
    expect(tab.page.get_by_role("button", name="Delete…")).to_have_count(0)
    expect(tab.page.get_by_role("button", name="Promote to a new channel…")).to_have_count(0)


def test_a_token_says_until_when_it_holds_and_what_it_reaches(tab: Tab, server: RunningServer) -> None:
    made = tab.page.request.post(
        f"{server.url}/tokens",
        headers={"Authorization": f"token {KEY}"},
        data={"name": "course", "scopes": ["write"], "templates": ["r-*"], "labels": "team=a"},
    ).json()

    tab.log_in(made["token"])
    tab.goes("login")

    facts = tab.page.locator("main").inner_text()
    assert all(part in facts for part in ("course (token)", "templates named r-*, with team=a"))
    assert tab.page.locator("main time").get_attribute("datetime") == made["expires"]
