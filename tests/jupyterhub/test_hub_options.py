"""Options over real hubs, in a real browser: a form with a menu and a text, REST, links, and what was saved before."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from msgspec import structs

from binder_registry.choices import Choice, FreeText, Option
from binder_registry.client import Client
from binder_registry.hub.choosing import OTHER, UNLISTED
from binder_registry.hub.offerable import called
from binder_registry.hub.view import MOST_DRAWN
from binder_registry.jupyterhub import Standing
from binder_registry.options import A_FREE_TEXT
from binder_registry.settings import Settings
from binder_registry.slugs import name_of
from binder_registry.template import Template
from tests.jupyterhub.hubs import PROJECT, Hub, eventually, logged_in
from tests.jupyterhub.samples import catalogue, environments, template
from tests.jupyterhub.test_hub import publish, seen
from tests.server.running import KEY, running_server

SIZE = Option(
    name="size",
    display_name="Size",
    choices=(
        Choice(name="small", default=True, set=Settings(environment={"SIZE": "small"})),
        Choice(name="large", display_name="Large <one>", set=Settings(environment={"SIZE": "large"})),
        Choice(name="huge", allowed_groups=("staff",), set=Settings(environment={"SIZE": "huge"})),
    ),
)
DATA = Option(
    name="data",
    choices=(Choice(name="none", display_name="None"),),
    free_text=FreeText(display_name="Your own", pattern="^[^;]+$", set=Settings(environment={"DATA": "-{value}-"})),
)
SLOW = Option(name="slow", choices=(Choice(name="none"),), free_text=FreeText(pattern="(a+)+$", message="Too slow."))
OPTIONS = (SIZE, DATA, SLOW)


def environment_after(hub: Hub, user: str, options: dict[str, Any] | None) -> dict[str, str]:
    answer = hub.start(user, options)
    assert answer.status_code in (201, 202), answer.text
    found = hub.environment(user)
    hub.stop_server(user)
    return found


def test_a_menu_and_a_text_in_the_form_start_what_they_say(hub: Hub, publisher: Client, browser: Any) -> None:
    publish(publisher, "form-lab", options=OPTIONS)
    publish(publisher, "aaa-first", default=True)
    seen(hub, "form-lab")
    page = logged_in(browser, hub, "olga")
    options = page.get_by_role("group", name="Options of form-lab")  # others have a size too

    options.get_by_label("Size", exact=True).select_option("large")
    options.get_by_label("data: Your own").fill("{username} $(HOME)")
    page.click('#spawn_form [type="submit"]')
    environment = hub.environment("olga")
    hub.stop_server("olga")
    page.goto(f"{hub.url}/hub/spawn")

    assert (environment["SIZE"], environment["DATA"]) == ("large", "-{username} $(HOME)-")
    assert environment["BINDER_REGISTRY_TEMPLATE"] == "form-lab"  # which touching its options chose
    assert options.get_by_label("Size", exact=True).input_value() == "large"
    assert options.get_by_label("data: Your own").input_value() == "{username} $(HOME)"


@pytest.mark.parametrize("text", ["{username}", "{value.__class__}", "--ServerApp.token=", "$(HOME)"])
def test_what_is_typed_is_not_expanded(hub: Hub, publisher: Client, text: str) -> None:
    name = f"typed-{len(text)}"
    publish(publisher, name, options=OPTIONS)
    seen(hub, name)

    environment = environment_after(hub, "pia", {"template": name, "options": {"data": {"free-text": text}}})

    assert environment["DATA"] == f"-{text}-"


def test_rest_links_and_saved_choices_start_the_same(hub: Hub, publisher: Client) -> None:
    publish(publisher, "same-lab", options=OPTIONS)
    seen(hub, "same-lab")

    by_rest = environment_after(hub, "rosa", {"template": "same-lab", "options": {"size": "large"}})
    replayed = environment_after(hub, "rosa", None)
    saved = environment_after(hub, "rosa", {"profile": "same-lab", "size": "large"})
    with hub.visit("rosa") as visitor:
        visitor.get("/hub/spawn?template=same-lab&option.size=large")
    by_link = hub.environment("rosa")
    hub.stop_server("rosa")

    assert [found["SIZE"] for found in (by_rest, replayed, saved, by_link)] == ["large"] * 4


def test_a_replayed_choice_that_is_gone_heals_to_the_default_with_a_message(hub: Hub, publisher: Client) -> None:
    publish(publisher, "healing-lab", options=OPTIONS)
    seen(hub, "healing-lab")
    environment_after(hub, "sara", {"template": "healing-lab", "options": {"size": "large"}})
    without = Option(name="size", display_name="Size", choices=(SIZE.choices[0],))

    publisher.update_template(Template(name="healing-lab", options=(without, DATA)))
    with hub.visit("admin") as visitor:
        eventually(lambda: 'id="profile-option-healing-lab--slow"' not in visitor.get("/hub/spawn").text)
    environment = environment_after(hub, "sara", None)
    with hub.visit("sara") as visitor:
        page = visitor.get("/hub/spawn").text

    assert environment["SIZE"] == "small"
    assert "&#x27;large&#x27; of &#x27;Size&#x27; is no longer offered, so that it is &#x27;small&#x27;." in page


def test_a_hidden_choice_by_hand_made_bodies_reads_like_none(hub: Hub, publisher: Client) -> None:
    publish(publisher, "hidden-lab", options=OPTIONS)
    seen(hub, "hidden-lab")

    hidden = hub.start("tina", {"template": "hidden-lab", "options": {"size": "huge"}})
    missing = hub.start("tina", {"template": "hidden-lab", "options": {"size": "missing"}})
    with hub.visit("tina") as visitor:
        form = {"template": "hidden-lab", "by": "slug", "profile-option-hidden-lab--size": "huge"}
        visitor.get("/hub/spawn")
        posted = visitor.post("/hub/spawn/tina", data={**form, "_xsrf": visitor.cookies["_xsrf"]})

    assert (hidden.status_code, hidden.json()["message"]) == (missing.status_code, missing.json()["message"])
    assert hidden.status_code == 400
    assert "There is no such choice of" in posted.text
    assert not hub.api("GET", "/users/tina").json()["servers"]


def on_the_form(hub: Hub, user: str) -> list[tuple[str, set[str]]]:
    """The templates in order, each with its choices and free texts."""
    with hub.visit(user) as visitor:
        page = visitor.get("/hub/spawn").text
    slugs = re.findall('<input type="radio" name="template" value="([^"]+)"', page)
    return [(name_of(slug), {*_choices_of(page, slug), *_texts_of(page, slug)}) for slug in slugs]


def _choices_of(page: str, slug: str) -> Iterator[str]:
    for option, menu in re.findall(f'<select id="profile-option-{re.escape(slug)}--([^"]+)"(.*?)</select>', page):
        for choice in re.findall('<option value="([^"]*)"', menu):
            if choice not in ("", OTHER):
                yield f"{option}={choice}"


def _texts_of(page: str, slug: str) -> list[str]:
    texts = re.findall(f'<input type="text" id="profile-option-{re.escape(slug)}--([^"]+){UNLISTED}"', page)
    return [f"{option}={A_FREE_TEXT}" for option in texts]


def in_the_view(view: Any) -> list[tuple[str, set[str]]]:
    return [(one["name"], {*map(called, _parts_of(one))}) for one in view["offered"]]


def _parts_of(of: Any) -> Iterator[tuple[str, str]]:
    for option in of.get("options", ()):
        yield from ((option["name"], choice["name"]) for choice in option.get("choices", ()))
        if "free-text" in option:
            yield option["name"], ""


@contextmanager
def registry_beside(hub: Hub, publisher: Client, folder: Path) -> Iterator[str]:
    """The address of one that has the templates of the hub's and its rules, and asks the hub who somebody is."""
    rules = ("--auth", "jupyterhub", "--rules", str(hub.folder / "rules.json"))
    asked = {"JUPYTERHUB_API_URL": hub.api_url}
    with running_server(folder, *rules, environment=asked) as beside, Client(beside.url, KEY) as client:
        client.apply(publisher.list_templates())
        yield beside.url


def token_of(hub: Hub, user: str) -> str:
    token: str = hub.api("POST", f"/users/{user}/tokens", {}).json()["token"]
    return token


def views_by_rules(hub: Hub, publisher: Client, folder: Path, *users: str) -> dict[str, Any]:
    """What is said of them; "" explains."""
    with registry_beside(hub, publisher, folder) as url:
        with Client(url, KEY) as client:
            views = {"": client.view(explain=True)}
        for user in users:
            with Client(url, token_of(hub, user)) as client:
                views[user] = client.view()
    return views


def test_a_program_that_never_saw_this_fills_in_a_form_from_the_schema_and_starts_by_rest(
    hub: Hub, publisher: Client, tmp_path: Path
) -> None:
    publish(publisher, "schema-lab", options=(SIZE, DATA), labels={"for": "programs"})
    seen(hub, "schema-lab")
    hub.api("POST", "/users/xena")

    with registry_beside(hub, publisher, tmp_path) as url:
        view = f"{url}/view?as=schema&label=for=programs"
        drawn = subprocess.run(
            [sys.executable, PROJECT / "examples" / "form" / "start.py", f"{hub.url}/hub/api", view],
            input="1\n2\n2\nquay.io/a\n",  # the template, large, and a text of one's own
            env={**os.environ, "TOKEN": token_of(hub, "xena"), "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    environment = hub.environment("xena") if drawn.returncode == 0 else {}
    hub.stop_server("xena")

    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert (environment["SIZE"], environment["DATA"]) == ("large", "-quay.io/a-")
    assert "1. small (default)\n  2. Large <one> \nSize: " in drawn.stdout


def test_what_a_registry_says_of_users_is_what_their_forms_show_and_what_rest_takes(
    hub: Hub, publisher: Client, tmp_path: Path
) -> None:
    shell = Choice(name="shell", set=Settings(command="bash"))
    sizes = structs.replace(SIZE, choices=(*SIZE.choices, shell))
    own = Option(name="own", choices=(Choice(name="none"),), free_text=FreeText(allowed_groups=("staff",)))
    publish(publisher, "view-lab", options=(sizes, DATA, own), order=1)
    publish(publisher, "view-group", allowed_groups=("viewers",))
    seen(hub, "view-group")
    for user in ("vera", "walt"):
        hub.api("POST", f"/users/{user}")
    for group in ("staff", "viewers"):
        hub.api("POST", f"/groups/{group}")
        hub.api("POST", f"/groups/{group}/users", {"users": ["vera"]})

    views = views_by_rules(hub, publisher, tmp_path, "vera", "walt")

    shown = {user: in_the_view(view) for user, view in views.items() if user}
    assert shown == {user: on_the_form(hub, user) for user in shown}
    assert [dict(shown[user]).keys() & {"view-group"} for user in shown] == [{"view-group"}, set()]
    lab = [each for each in views[""]["hidden"] if each["name"] == "view-lab"]
    rules = {each["choice"]: each["rule"] for each in lab}
    assert rules == {"huge": "choice-groups", "shell": "command", A_FREE_TEXT: "choice-groups"}
    launch = {"template": "view-lab", "options": {"size": "small", "data": "none", "own": "none"}}
    assert views["vera"]["offered"][0]["launch"] == launch
    huge = {"template": "view-lab", "options": {"size": "huge"}}
    assert environment_after(hub, "vera", huge)["SIZE"] == "huge"
    typed = {"template": "view-lab", "options": {"own": {"free-text": "a"}}}
    others = (huge, typed, {"template": "view-group"})
    assert [hub.start("walt", one).status_code for one in others] == [400, 400, 400]


def test_a_pattern_without_end_stalls_no_other_request(hub: Hub, publisher: Client) -> None:
    publish(publisher, "slow-lab", options=OPTIONS)
    seen(hub, "slow-lab")

    refused = hub.start("uma", {"template": "slow-lab", "options": {"slow": {"free-text": "a" * 60 + "!"}}})

    assert (refused.status_code, refused.json()["message"]) == (400, "Too slow.")
    assert httpx2.get(f"{hub.api_url}/", trust_env=False).status_code == 200


def test_the_fields_of_a_large_form_are_drawn_once_for_what_is_chosen_and_sent(browser: Any) -> None:
    options = [{"name": "size", "choices": [{"name": f"s{number}"} for number in range(10)]}]
    found = catalogue(*(template(f"env-{number}", options=options) for number in range(MOST_DRAWN // 10)))
    page = browser.new_page()
    page.set_content(f"<form>{found.view(Standing(False, frozenset())).form_marking('env-0', '', {})}</form>")

    for slug in ("env-7", "env-8", "env-7"):
        page.check(f'[value="{slug}"]')
    page.select_option("#profile-option-env-7--size", "s3")
    page.check('[value="env-8"]')
    page.select_option("#profile-option-env-7--size", "s4")  # which chooses its environment again
    legends = page.locator("legend").all_inner_texts()
    sent = page.evaluate("Object.entries(Object.fromEntries(new FormData(document.forms[0])))")
    page.close()

    assert legends == ["Options of env-0", "Options of env-7", "Options of env-8"]
    understood = environments(found).options_from_form({name: [value] for name, value in sent})
    assert understood == {"template": "env-7", "options": {"size": "s4"}}
