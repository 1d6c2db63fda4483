"""A file planned, looked at, and applied; in a real browser."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, read, template, write

HUB = """\
singleuser:
  profileList:
    - display_name: From a hub
      kubespawner_override: {image: "quay.io/hub:1", colour: red}
"""


def _yaml(*templates: dict[str, Any]) -> str:
    return "\n---\n".join(json.dumps(one) for one in templates)


def _planned(tab: Tab, text: str) -> None:
    tab.page.get_by_label("Text", exact=True).fill(text)
    tab.page.get_by_role("button", name="Plan").click()
    expect(tab.page.locator(".planned h2")).to_be_focused()


def test_a_pasted_text_is_planned_looked_at_and_applied_by_keyboard(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "keys", labels={"a": "b"})
    page = admin_tab.page
    admin_tab.visit("apply")

    admin_tab.tabs_to(page.get_by_label("Text", exact=True))
    page.keyboard.type("{name: keys, image-name: new, labels: {a: b}}")
    admin_tab.tabs_to(page.get_by_role("button", name="Plan"))
    page.keyboard.press("Enter")
    expect(page.locator(".planned h2")).to_be_focused()
    admin_tab.tabs_to(page.locator(".steps summary"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="+ new")).to_be_visible()
    found = admin_tab.axe()
    admin_tab.tabs_to(page.get_by_role("button", name="Apply"))
    page.keyboard.press("Enter")
    page.get_by_label("Note").press_sequentially("by hand")
    found += admin_tab.axe()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Applied")).to_be_focused()
    newest = read(server, "/templates/keys/changes?limit=1")["changes"][0]
    assert (newest["template"]["image-name"], newest["note"]) == ("new", "by hand")
    assert found + admin_tab.axe() == []


def test_a_request_whose_numbers_a_browser_would_round_is_not_planned(admin_tab: Tab) -> None:
    admin_tab.visit("apply")

    override = {"kubespawner": {"uid": 2**53 + 1}}
    request = {"templates": [{"name": "rounded", "image-name": "x", "overrides": override}]}
    _planned(admin_tab, json.dumps(request))

    expect(admin_tab.page.locator(".planned")).to_contain_text("a browser would round")


def test_nothing_is_written_by_a_plan(admin_tab: Tab, server: RunningServer) -> None:
    admin_tab.visit("apply")

    _planned(admin_tab, _yaml({"name": "planned-only", "image-name": "x"}))

    expect(admin_tab.page.locator(".planned")).to_contain_text("1 template created")
    assert all(one["name"] != "planned-only" for one in read(server, "/templates"))


def test_a_plan_is_gone_once_the_text_is_another_one(admin_tab: Tab) -> None:
    admin_tab.visit("apply")
    _planned(admin_tab, _yaml({"name": "first", "image-name": "x"}))

    admin_tab.page.get_by_label("Text", exact=True).fill(_yaml({"name": "second", "image-name": "x"}))

    expect(admin_tab.page.get_by_role("button", name="Apply")).to_have_count(0)


def test_what_prune_deletes_is_shown_and_asked_before(admin_tab: Tab, server: RunningServer) -> None:
    for name in ("victim-1", "victim-2"):
        template(server, name, labels={"prune": "me"})
    page = admin_tab.page
    admin_tab.visit("apply")
    page.get_by_label("Labels of what is deleted").fill("prune=me")
    _planned(admin_tab, _yaml({"name": "kept", "image-name": "x", "labels": {"prune": "me"}}))
    expect(page.locator(".steps").first).to_contain_text("victim-2")

    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("dialog")).to_contain_text("These are deleted: victim-1 and victim-2.")
    page.get_by_role("button", name="Apply, and delete 2").click()

    expect(page.get_by_role("heading", name="Applied")).to_be_visible()
    names = [one["name"] for one in read(server, "/templates")]
    assert ("kept" in names, "victim-1" in names) == (True, False)


def test_a_file_is_dropped_on_the_page(admin_tab: Tab) -> None:
    admin_tab.visit("apply")

    admin_tab.page.evaluate(
        """(text) => {
            const files = new DataTransfer();
            files.items.add(new File([text], "values.yaml"));
            const how = { dataTransfer: files, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent("drop", how));
        }""",
        HUB,
    )

    expect(admin_tab.page.get_by_text("values.yaml is here.")).to_be_visible()
    expect(admin_tab.page.get_by_label("Text", exact=True)).to_have_value(HUB)


def test_a_hubs_values_say_what_would_be_lost(admin_tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(HUB)
    page = admin_tab.page
    admin_tab.visit("apply")

    page.get_by_label("File", exact=True).set_input_files(tmp_path / "values.yaml")
    expect(page.get_by_role("radio", name="The values of a hub")).to_be_checked()
    page.get_by_role("button", name="Plan").click()

    expect(page.locator(".planned")).to_contain_text("Lost, or to look at: 1")
    expect(page.locator(".planned li").first).to_have_text(re.compile("^note.*colour"))
    expect(page.locator(".planned")).to_contain_text("from-a-hub")
    assert admin_tab.axe() == []


def test_what_is_wrong_names_line_and_member_and_leads_there(admin_tab: Tab) -> None:
    page = admin_tab.page
    admin_tab.visit("apply")

    _planned(admin_tab, "name: wrong\nimage-name: x\nlimits:\n  memory: 2x\nbind-port: 99999\n")
    page.get_by_role("button", name="Line 4").click()

    area = page.get_by_label("Text", exact=True)
    chosen = area.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    expect(area).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".planned")).to_contain_text("templates[0].limits.memory")
    expect(page.locator(".planned")).to_contain_text("must be from 0 to 65535")
    expect(page.get_by_role("button", name="Apply")).to_have_count(0)
    assert (chosen, admin_tab.axe()) == ("  memory: 2x", [])


def test_what_is_no_yaml_names_its_line(admin_tab: Tab) -> None:
    admin_tab.visit("apply")

    _planned(admin_tab, "name: a\n image: [x")

    expect(admin_tab.page.get_by_role("button", name="Line 2")).to_be_visible()
    admin_tab.complaints[:] = [one for one in admin_tab.complaints if "400" not in one]  # the browser notes the answer


def test_a_plan_that_no_longer_holds_is_shown_anew_and_nothing_is_done(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "raced")
    page = admin_tab.page
    admin_tab.visit("apply")
    _planned(admin_tab, _yaml({"name": "raced", "image-name": "mine"}))
    change(server, "raced", image_name="theirs", description="of another")

    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Apply").last.click()

    expect(page.get_by_role("alert")).to_contain_text("nothing was done")
    expect(page.locator(".planned")).to_contain_text("description")
    assert read(server, "/templates/raced")["image-name"] == "theirs"
    admin_tab.complaints[:] = [one for one in admin_tab.complaints if "412" not in one]


def test_what_others_write_elsewhere_is_no_reason_to_look_again(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "mine")
    page = admin_tab.page
    admin_tab.visit("apply")
    _planned(admin_tab, _yaml({"name": "mine", "image-name": "new"}))
    template(server, "elsewhere")

    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Apply").last.click()

    expect(page.get_by_role("heading", name="Applied")).to_be_visible()
    assert read(server, "/templates/mine")["image-name"] == "new"
    admin_tab.complaints[:] = [one for one in admin_tab.complaints if "412" not in one]


def test_a_request_of_json_promotes_as_it_says(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "promoted", labels={"to": "promote"})
    page = admin_tab.page
    admin_tab.visit("apply")

    _planned(admin_tab, json.dumps({"promote": {"channel": "stable", "label": "to=promote"}}))
    expect(page.locator(".planned")).to_contain_text("stable: it is new to revision")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Apply").last.click()

    expect(page.get_by_role("heading", name="Applied")).to_be_visible()
    assert read(server, "/templates/promoted?channel=stable")["name"] == "promoted"


def test_a_pasted_text_survives_leaving_which_asks(admin_tab: Tab) -> None:
    page = admin_tab.page
    admin_tab.visit("apply")
    page.get_by_label("Text", exact=True).fill("name: draft")
    asked: list[str] = []

    def leaves(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", leaves)

    page.get_by_role("link", name="Audit").click()
    admin_tab.shows_heading()
    page.go_back()
    expect(page.get_by_label("Text", exact=True)).to_have_value("name: draft")
    page.reload()

    expect(page.get_by_label("Text", exact=True)).to_have_value("name: draft")
    assert "not applied yet" in asked[0]


def test_a_thousand_templates_are_planned_and_shown_in_parts(admin_tab: Tab) -> None:
    page = admin_tab.page
    admin_tab.visit("apply")

    _planned(admin_tab, json.dumps([{"name": f"many-{n:04}", "image-name": "x"} for n in range(1000)]))
    expect(page.locator(".steps > li")).to_have_count(100)
    page.get_by_role("button", name="Show 100 templates of 900 left").press("Enter")

    expect(page.locator(".steps > li")).to_have_count(200)
    expect(page.locator(".steps > li").nth(100)).to_be_focused()


@pytest.mark.parametrize("scopes", [None, ["read"]])
def test_who_may_not_write_is_told_and_led_on(tab: Tab, server: RunningServer, scopes: list[str] | None) -> None:
    if scopes:
        tab.log_in(write(server, "POST", "/tokens", {"name": "reader-of-files", "scopes": scopes})["token"])
        tab.goes("apply")
    else:
        tab.visit("apply")

    expect(tab.page.get_by_role("main").get_by_role("link", name="Log in")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Plan")).to_have_count(0)
    assert tab.axe() == []
