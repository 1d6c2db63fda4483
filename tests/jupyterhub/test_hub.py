"""A real hub over a real registry, by its REST API and its pages."""

import json
from typing import Any

import pytest

from binder_registry.client import Client
from binder_registry.template import Template
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually


def publish(publisher: Client, name: str, **members: Any) -> None:
    publisher.register_template(Template(**{"name": name, "image_name": "x:1", "command": TINY_SERVER, **members}))


def seen(hub: Hub, name: str) -> None:
    """Once the hub knows it: what follows does not test the feed's speed."""
    with hub.visit("admin") as browser:
        eventually(lambda: f'value="{name}"' in browser.get("/hub/spawn").text)


def test_what_is_published_is_in_the_form_without_a_restart(hub: Hub, publisher: Client) -> None:
    with hub.visit("ada") as browser:
        publish(publisher, "live")

        eventually(lambda: 'value="live"' in browser.get("/hub/spawn").text)


def test_the_chosen_template_starts_and_is_recorded(hub: Hub, publisher: Client) -> None:
    publish(publisher, "chosen", environment={"COLOUR": "{blue}"}, redirect_uri="/files/{x}.html")
    seen(hub, "chosen")

    answer = hub.start("bob", {"template": "chosen"})

    assert answer.status_code in (201, 202), answer.text
    environment = hub.environment("bob")
    assert environment["COLOUR"] == "{blue}"
    assert environment["BINDER_REGISTRY_TEMPLATE"] == "chosen"
    assert environment["JUPYTERHUB_DEFAULT_URL"] == "/files/{x}.html"
    hub.stop_server("bob")


@pytest.mark.parametrize("options", [{"template": "nope"}, {"template": ["plain"]}, {"template": {"a": 1}}])
def test_options_that_choose_nothing_are_a_400_with_what_there_is(
    hub: Hub, publisher: Client, options: dict[str, Any]
) -> None:
    name = f"plain-{len(json.dumps(options))}"
    publish(publisher, name)
    seen(hub, name)

    answer = hub.start("carl", options)

    assert answer.status_code == 400
    assert "environment" in answer.json()["message"] or "Choose one of" in answer.json()["message"]


def test_a_hidden_template_by_rest_reads_like_one_that_does_not_exist(hub: Hub, publisher: Client) -> None:
    publish(publisher, "hidden", allowed_groups=("insiders",))
    seen(hub, "hidden")  # by the admin

    hidden = hub.start("dora", {"template": "hidden"}).json()
    missing = hub.start("dora", {"template": "missing"}).json()

    assert hidden["message"] == missing["message"].replace("missing", "hidden")
    assert hidden["status"] == missing["status"] == 400


def test_testers_see_and_start_what_is_tried_out_and_it_is_recorded(hub: Hub, publisher: Client) -> None:
    publish(publisher, "tried", environment={"V": "1"})
    publisher.promote_template("tried", "testing")
    newest = publisher.update_template(Template(name="tried", environment={"V": "2"})).revision
    hub.api("POST", "/users/tess")
    hub.api("POST", "/groups/testers", {"users": ["tess"]})
    with hub.visit("tess") as browser:
        eventually(lambda: "tried (testing)" in browser.get("/hub/spawn").text)
    with hub.visit("ada") as browser:
        assert "(testing)" not in browser.get("/hub/spawn").text

    assert hub.start("tess", {"template": "tried/testing"}).status_code in (201, 202)
    tried = hub.environment("tess")
    hub.stop_server("tess")
    assert hub.start("tess", {"template": "tried"}).status_code in (201, 202)
    newer = hub.environment("tess")
    hub.stop_server("tess")

    assert (tried["V"], tried["BINDER_REGISTRY_TEMPLATE"], tried["BINDER_REGISTRY_CHANNEL"]) == (
        "1",
        "tried",
        "testing",
    )
    assert (newer["V"], newer["BINDER_REGISTRY_REVISION"]) == ("2", str(newest))
    assert "BINDER_REGISTRY_CHANNEL" not in newer


def test_members_of_the_hubs_group_start_what_is_for_them(hub: Hub, publisher: Client) -> None:
    publish(publisher, "for-group", allowed_groups=("chemists",))
    seen(hub, "for-group")
    hub.api("POST", "/users/emma")
    hub.api("POST", "/groups/chemists", {"users": ["emma"]})

    answer = hub.start("emma", {"template": "for-group"})

    assert answer.status_code in (201, 202), answer.text
    hub.environment("emma")
    hub.stop_server("emma")


def test_no_other_option_has_any_effect(hub: Hub, publisher: Client) -> None:
    publish(publisher, "safe")
    seen(hub, "safe")

    answer = hub.start("fred", {"template": "safe", "cmd": "false", "image": "evil", "default_url": "/evil"})

    assert answer.status_code in (201, 202), answer.text
    assert "JUPYTERHUB_DEFAULT_URL" not in hub.environment("fred")
    hub.stop_server("fred")


def test_a_saved_choice_that_was_renamed_starts_its_successor(hub: Hub, publisher: Client) -> None:
    publish(publisher, "before")
    publish(publisher, "after")
    seen(hub, "after")
    hub.start("gina", {"template": "before"})
    hub.environment("gina")
    hub.stop_server("gina")

    publisher.delete_template("before", replaced_by="after")
    with hub.visit("admin") as browser:
        eventually(lambda: 'value="before"' not in browser.get("/hub/spawn").text)
    answer = hub.api("POST", "/users/gina/server")  # without options: the hub replays those it saved

    assert answer.status_code in (201, 202), answer.text
    assert hub.environment("gina")["BINDER_REGISTRY_TEMPLATE"] == "after"
    hub.stop_server("gina")
    with hub.visit("gina") as browser:
        assert "&#x27;before&#x27; was replaced by &#x27;after&#x27;." in browser.get("/hub/spawn").text


def test_a_saved_choice_that_is_gone_is_a_400_and_the_form_goes_on(hub: Hub, publisher: Client) -> None:
    publish(publisher, "vanishing")
    publish(publisher, "staying")
    seen(hub, "staying")
    hub.start("hugo", {"template": "vanishing"})
    hub.environment("hugo")
    hub.stop_server("hugo")

    publisher.delete_template("vanishing")
    with hub.visit("hugo") as browser:
        eventually(lambda: 'value="vanishing"' not in browser.get("/hub/spawn").text)
        page = browser.get("/hub/spawn").text
    answer = hub.api("POST", "/users/hugo/server")

    assert 'value="staying"' in page
    assert answer.status_code == 400
    assert "'vanishing' is no longer offered. Choose one of: " in answer.json()["message"]


def test_a_past_revision_can_be_pinned(hub: Hub, publisher: Client) -> None:
    publish(publisher, "versioned", environment={"V": "1"})
    first = publisher.get_template("versioned").revision
    publisher.update_template(Template(name="versioned", environment={"V": "2"}))
    with hub.visit("admin") as browser:
        eventually(lambda: f'<option value="r{first}">' in browser.get("/hub/spawn").text)

    answer = hub.start("ines", {"template": "versioned", "revision": first})

    assert answer.status_code in (201, 202), answer.text
    environment = hub.environment("ines")
    assert (environment["V"], environment["BINDER_REGISTRY_REVISION"]) == ("1", str(first))
    hub.stop_server("ines")


def test_a_template_that_the_hub_cannot_offer_is_named_in_its_log_and_harms_no_other(
    hub: Hub, publisher: Client
) -> None:
    publish(publisher, "without-login", command="python -m http.server {port}")
    publish(publisher, "with-login")

    seen(hub, "with-login")

    assert "The environment 'without-login' is not offered: the command 'python' is not among" in hub.log.read_text()
    answer = hub.start("jack", {"template": "without-login"})
    assert answer.status_code == 400


def test_names_and_descriptions_are_text_on_the_page(hub: Hub, publisher: Client) -> None:
    hostile = "</label><script>alert(1)</script>\"'{{ 7*7 }}{% raw %}"
    publish(publisher, hostile.replace("/", "|"), display_name=hostile, description=hostile + "\n<b>second line</b>")
    publish(publisher, "after-hostile")
    seen(hub, "after-hostile")

    with hub.visit("kate") as browser:
        page = browser.get("/hub/spawn").text

    assert "<script>alert(1)" not in page
    assert "<b>second line" not in page
    assert "7*7" in page
    assert "{{ 7*7 }}" not in page
