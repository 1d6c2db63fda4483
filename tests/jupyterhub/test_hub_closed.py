"""A real hub on a channel, whose administrator did things in another order; users who ask for what is not theirs."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from binder_registry.client import Client
from binder_registry.errors import TemplateExists
from binder_registry.template import Template
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually, logged_in, running_hub

# The list, which is asked first, asks as `resolve` does, and whoever passes it would pass there: to see what a start
# comes to where the list lets somebody through, it lets everybody through to one template.
CONFIG = """
from binder_registry import jupyterhub
from binder_registry.jupyterhub import configure

choose = jupyterhub.Catalogue.choose

def lets_through(catalogue, name, revision, standing):
    admin = standing.admin or name == "let-through"
    return choose(catalogue, name, revision, jupyterhub.Standing(admin, standing.groups))

jupyterhub.Catalogue.choose = lets_through

def override(template, profile):
    if template["name"] == "unsafe":
        profile["kubespawner_override"]["cmd"] = ["python", "-m", "http.server"]
    return {{**profile, "display_name": "North: " + profile["display_name"]}}

del c.JupyterHub.spawner_class
configure(c, url={url!r}, override=override, channel="stable", try_out=("testing", "testers"))
c.JupyterHub.spawner_class = "simple"  # after
c.Spawner.cmd = ["env", "WRAPPED=1", *{tiny!r}.split()]
"""


@pytest.fixture(scope="module")
def hub(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    config = CONFIG.format(url=registry.url, tiny=TINY_SERVER)
    with running_hub(tmp_path_factory.mktemp("hub"), config) as hub:
        yield hub


def test_a_template_without_a_command_runs_in_the_hubs_wrapper(hub: Hub, publisher: Client) -> None:
    publisher.register_template(Template(name="wrapped", image_name="x:1"))
    publisher.promote_template("wrapped", "stable")
    with hub.visit("ada") as browser:
        eventually(lambda: "<strong>North: wrapped</strong>" in browser.get("/hub/spawn").text)

    answer = hub.start("ada", {"template": "wrapped"})

    assert answer.status_code in (201, 202), answer.text
    environment = hub.environment("ada")
    assert (environment["WRAPPED"], environment["BINDER_REGISTRY_TEMPLATE"]) == ("1", "wrapped")
    hub.stop_server("ada")


@pytest.mark.parametrize(
    "options", [{"template": "unsafe"}, {"profile": "unsafe"}, {"template": "closed", "cmd": "sh"}]
)
def test_what_is_not_allowed_cannot_be_started(hub: Hub, publisher: Client, options: dict[str, str]) -> None:
    for name, groups in (("unsafe", ()), ("closed", ("staff",)), ("marker", ())):
        with suppress(TemplateExists):
            publisher.register_template(Template(name=name, image_name="x:1", allowed_groups=groups))
            publisher.promote_template(name, "stable")
    with hub.visit("admin") as browser:
        eventually(lambda: 'value="marker"' in browser.get("/hub/spawn").text)

    answer = hub.start("bob", options)

    assert answer.status_code == 400


def test_a_template_that_the_list_let_through_is_refused_at_the_start(hub: Hub, publisher: Client) -> None:
    publish_on_stable(publisher, "for-all", "For all")
    publisher.register_template(Template(name="let-through", image_name="x:1", allowed_groups=("staff",)))
    publisher.promote_template("let-through", "stable")
    with hub.visit("admin") as browser:
        eventually(lambda: 'value="let-through"' in browser.get("/hub/spawn").text)

    answer = hub.start("bob", {"template": "let-through"})

    assert answer.status_code == 400
    assert answer.json()["message"] == "There is no environment 'let-through'."


# ── the channel, in a browser ────────────────────────────────────────────────────────────────────────────────────────


def publish_on_stable(publisher: Client, name: str, title: str) -> int:
    """The revision that the channel points at."""
    first = publisher.register_template(Template(name=name, image_name="x:1", display_name=title)).revision
    publisher.promote_template(name, "stable")
    return first


def titles(page: Any, of: str) -> list[str]:
    """What the form offers now whose titles begin so."""
    page.reload()
    found = [title.removeprefix("North: ") for title in page.locator("label strong").all_inner_texts()]
    return [title for title in found if title.startswith(of)]


def test_publishing_changes_nothing_on_a_channel_and_promotions_forth_and_back_do(
    hub: Hub, publisher: Client, browser: Any
) -> None:
    first = publish_on_stable(publisher, "staged", "Staged 1")
    page = logged_in(browser, hub, "una")
    eventually(lambda: titles(page, "Staged") == ["Staged 1"])

    publisher.update_template(Template(name="staged", display_name="Staged 2"))
    publish_on_stable(publisher, "staged-later", "Later")
    eventually(lambda: titles(page, "Later"))  # so that what was before is known, too
    published = titles(page, "Staged")
    publisher.promote_template("staged", "stable")
    eventually(lambda: titles(page, "Staged") != published)
    promoted = titles(page, "Staged")
    publisher.promote_template("staged", "stable", first)
    eventually(lambda: titles(page, "Staged") != promoted)

    assert (published, promoted, titles(page, "Staged")) == (["Staged 1"], ["Staged 2"], ["Staged 1"])


def test_a_tester_sees_what_is_tried_out_beside_what_everybody_is_offered(
    hub: Hub, publisher: Client, browser: Any
) -> None:
    publish_on_stable(publisher, "tried-out", "Tried 1")
    publisher.update_template(Template(name="tried-out", display_name="Tried 2"))
    publisher.promote_template("tried-out", "testing")
    hub.api("POST", "/users/theo")
    hub.api("POST", "/groups/testers", {"users": ["theo"]})
    page = logged_in(browser, hub, "theo")

    eventually(lambda: len(titles(page, "Tried")) == 2)

    assert titles(page, "Tried") == ["Tried 1", "Tried 2 (testing)"]
    with hub.visit("vito") as visitor:
        assert "Tried 2" not in visitor.get("/hub/spawn").text


def test_a_right_that_is_taken_away_today_is_gone_from_what_a_channel_shows(
    hub: Hub, publisher: Client, browser: Any
) -> None:
    publish_on_stable(publisher, "taken", "Taken 1")
    publish_on_stable(publisher, "left", "Left 1")
    page = logged_in(browser, hub, "wim")
    eventually(lambda: titles(page, "Taken") and titles(page, "Left"))

    publisher.update_template(Template(name="taken", display_name="Taken 2", allowed_groups=("staff",)))
    eventually(lambda: not titles(page, "Taken"))

    assert titles(page, "Left") == ["Left 1"]
    assert hub.start("wim", {"template": "taken"}).status_code == 400
    with hub.visit("admin") as visitor:
        assert "Taken 1" in visitor.get("/hub/spawn").text
