"""A hub that offers what a channel points at, and what some of its users try out beside it."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tornado.web import HTTPError

from binder_registry import InMemoryStore, Template
from binder_registry.hub.channels import content_revision
from binder_registry.jupyterhub import Environments, Follower, Rules, configure
from binder_registry.server.live import follower
from binder_registry.slugs import slug_of
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template
from tests.server.asking import application, listening

need_module("jupyterhub")

from traitlets.config import Config  # noqa: E402  # comes with the hub

LAB = Template(name="lab", image_name="i:1", display_name="Lab", command="jupyterhub-singleuser", default=True)
ON_STABLE = Rules("local", channel="stable", try_out=("testing", "testers"))
USER, TESTER = HubUser(), HubUser("testers")


def spawner_for(user: HubUser, last: dict[str, Any] | None = None) -> Any:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    spawner = SimpleLocalProcessSpawner(user=user, hub=None)
    spawner.user_options = last or {}
    return spawner


def form(hooks: Environments, user: HubUser, last: dict[str, Any] | None = None) -> str:
    return asyncio.run(hooks.options_form(spawner_for(user, last)))


def started(hooks: Environments, options: dict[str, Any], user: HubUser) -> Any:
    spawner = spawner_for(user)
    asyncio.run(hooks.apply_user_options(spawner, options))
    return spawner


def ran(hooks: Environments, options: dict[str, Any], user: HubUser) -> tuple[Any, ...]:
    """The template, revision and channel that a server is told."""
    environment = started(hooks, options, user).environment
    return tuple(environment.get(f"BINDER_REGISTRY_{what}") for what in ("TEMPLATE", "REVISION", "CHANNEL"))


def eventually(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def hub_over(store: InMemoryStore, **options: Any) -> Iterator[Environments]:
    with listening(application(store)) as port:
        given: dict[str, Any] = {"snapshot": None, "poll": 0.05, "channel": "stable", **options}
        hooks = configure(Config(), f"http://127.0.0.1:{port}", **given)
        followers = [one for one in (hooks.follower, hooks._beside) if one]
        try:
            for one in followers:
                eventually(partial(getattr, one, "catalogue"))
            yield hooks
        finally:
            for one in followers:
                one.stop()


@pytest.fixture(autouse=True)
def quick_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing an application waits for its follower's wait to end."""
    monkeypatch.setattr(follower, "WAIT_SECONDS", 0.02)


@pytest.fixture
def store() -> InMemoryStore:
    """Its first revision is `stable`, its second one `testing`; a third is newer."""
    store = InMemoryStore()
    store.register_template(LAB)
    store.promote_template("lab", "stable")
    store.update_template(replace(LAB, image_name="i:2"))
    store.promote_template("lab", "testing")
    store.update_template(replace(LAB, image_name="i:3"))
    store.register_template(Template(name="nobody", image_name="i:1"))
    return store


TRY_OUT = {"try_out": ("testing", "testers")}


def images(hooks: Environments) -> dict[str, str]:
    found = hooks.catalogue
    return {name: offer.image for name, offer in found.offers.items()} if found else {}


# ── what a channel points at ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_hub_offers_what_its_channel_points_at_and_nothing_else(store: InMemoryStore) -> None:
    with hub_over(store) as hooks:
        assert images(hooks) == {"lab": "i:1"}


@pytest.mark.parametrize("streams", [True, False])
def test_it_follows_promotions_and_nothing_that_is_only_published(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch, streams: bool
) -> None:
    if not streams:
        monkeypatch.setattr(Follower, "_follow", lambda self: False)
    with hub_over(store, poll=60 if streams else 0.02) as hooks:
        store.update_template(replace(LAB, image_name="i:4"))
        store.promote_template("lab", "stable")
        eventually(lambda: images(hooks) == {"lab": "i:4"})
        store.promote_template("lab", "stable", 1)
        eventually(lambda: images(hooks) == {"lab": "i:1"})
        store.demote_template("lab", "stable")
        eventually(lambda: images(hooks) == {})


def test_a_right_that_is_taken_away_today_is_gone_in_the_channel(store: InMemoryStore) -> None:
    with hub_over(store) as hooks:
        store.update_template(replace(LAB, allowed_groups=("staff",)))

        eventually(lambda: 'value="lab"' not in (form_or_none(hooks, USER) or ""))
        assert images(hooks) == {"lab": "i:1"}


def form_or_none(hooks: Environments, user: HubUser) -> str | None:
    try:
        return form(hooks, user)
    except HTTPError:
        return None


def test_what_ran_is_recorded_by_its_content_and_its_channel(store: InMemoryStore) -> None:
    with hub_over(store, **TRY_OUT) as hooks:
        assert ran(hooks, {"template": "lab"}, USER) == ("lab", "1", "stable")
        assert ran(hooks, {"template": "lab/testing"}, TESTER) == ("lab", "3", "testing")


def test_without_a_channel_a_promotion_is_no_other_revision(store: InMemoryStore) -> None:
    with hub_over(store, channel="latest", versions=3) as hooks:
        eventually(lambda: hooks.catalogue.offers["lab"].versions)  # type: ignore[union-attr]
        store.promote_template("lab", "stable")
        store.register_template(Template(name="later", image_name="i:1"))
        eventually(lambda: "later" in images(hooks))
        lab = hooks.catalogue.offers["lab"]  # type: ignore[union-attr]

        assert (lab.revision, [*lab.versions]) == (5, ["r3", "r1"])
        assert ran(hooks, {"template": "lab"}, USER) == ("lab", "5", None)


def test_pins_are_contents_that_are_older_than_what_the_channel_points_at(store: InMemoryStore) -> None:
    store.promote_template("lab", "stable", 3)

    with hub_over(store, versions=3) as hooks:
        eventually(lambda: hooks.catalogue.offers["lab"].versions)  # type: ignore[union-attr]
        lab = hooks.catalogue.offers["lab"]  # type: ignore[union-attr]

        assert (lab.revision, [*lab.versions]) == (3, ["r1"])
        assert ran(hooks, {"template": "lab", "revision": 1}, USER) == ("lab", "1", "stable")


def test_a_template_that_is_not_in_the_channel_is_left_out_by_its_rule() -> None:
    found = catalogue(template("a", channel="stable"), template("b"), rules=ON_STABLE)

    assert ([*found.offers], found.left_out) == (["a"], {"b": "it has no revision in the channel 'stable'"})


def test_a_template_that_leaves_the_label_leaves_the_list_at_once() -> None:
    store = InMemoryStore()
    store.register_template(replace(LAB, labels={"hub": "physics"}))

    with hub_over(store, channel="", label="hub=physics", poll=60) as hooks:
        store.replace_template(LAB)

        eventually(lambda: images(hooks) == {})


# ── what some try out ────────────────────────────────────────────────────────────────────────────────────────────────


def test_members_of_the_group_see_the_other_channel_too_marked_as_such(store: InMemoryStore) -> None:
    with hub_over(store, **TRY_OUT) as hooks:
        tester, user = form(hooks, TESTER), form(hooks, USER)

    assert tester.index("<strong>Lab</strong>") < tester.index("<strong>Lab (testing)</strong>")
    assert "Lab" in user
    assert "testing" not in user


def test_nobody_else_can_tell_that_there_is_something_to_try_out(store: InMemoryStore) -> None:
    with hub_over(store, **TRY_OUT) as hooks:
        refused = []
        for name in ("lab/testing", "lab/missing"):
            with pytest.raises(HTTPError) as caught:
                started(hooks, {"template": name}, USER)
            refused.append(str(caught.value.log_message).replace(name, "NAME"))

    assert refused[0] == refused[1]


def test_a_template_that_is_for_others_is_not_tried_out_either(store: InMemoryStore) -> None:
    store.update_template(replace(LAB, allowed_groups=("staff",)))

    with hub_over(store, **TRY_OUT) as hooks:
        assert "(testing)" in form(hooks, HubUser("testers", "staff"))
        assert form_or_none(hooks, TESTER) is None
        assert "(testing)" in form(hooks, HubUser(admin=True))


def test_a_saved_choice_stays_on_its_channel(store: InMemoryStore) -> None:
    with hub_over(store, **TRY_OUT) as hooks:
        saved = started(hooks, {"template": "lab/testing"}, TESTER).user_options

        store.promote_template("lab", "testing")
        eventually(lambda: images(hooks) == {"lab": "i:1", "lab/testing": "i:3"})

        assert ran(hooks, saved, TESTER) == ("lab", "5", "testing")
        assert f'value="{saved["profile"]}" required checked' in form(hooks, TESTER, saved)


def test_the_default_is_what_everybody_is_offered(store: InMemoryStore) -> None:
    with hub_over(store, **TRY_OUT) as hooks:
        assert ran(hooks, {}, TESTER) == ("lab", "1", "stable")


def test_what_is_tried_out_ends_with_its_channel_and_the_rest_stays(store: InMemoryStore) -> None:
    with hub_over(store, **TRY_OUT) as hooks:
        eventually(lambda: len(images(hooks)) == 2)
        store.demote_template("lab", "testing")

        eventually(lambda: images(hooks) == {"lab": "i:1"})


def test_a_hub_without_case_knows_the_group_too(store: InMemoryStore) -> None:
    with hub_over(store, try_out=("testing", "Testers"), ignore_group_case=True) as hooks:
        assert "(testing)" in form(hooks, HubUser("TESTERS"))


def test_an_override_is_given_the_templates_own_name() -> None:
    asked = []

    def override(one: Any, profile: dict[str, Any]) -> dict[str, Any]:
        asked.append((one["name"], one.get("channel")))
        return profile

    rules = Rules("local", override=override, try_out=("testing", "testers"))
    catalogue(template("lab/testing", channel="testing"), rules=rules)

    assert asked == [("lab", "testing")]


def test_under_another_spawner_it_is_tried_out_by_the_same_group() -> None:
    rules = Rules("kubernetes", try_out=("testing", "testers"))
    hooks = environments(catalogue(template("a"), template("a/testing", channel="testing"), rules=rules), rules)

    assert f'value="{slug_of("a/testing")}"' in form(hooks, TESTER)
    assert f'value="{slug_of("a/testing")}"' not in form(hooks, USER)


# ── on disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_has_a_snapshot_which_a_hub_on_another_channel_does_not_take(store: InMemoryStore, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    with hub_over(store, snapshot=str(path), **TRY_OUT) as hooks:
        url = hooks.follower._url
        eventually(lambda: path.exists() and path.with_name("list-testing.json").exists())

    def offered(**options: Any) -> dict[str, str]:
        hooks = configure(Config(), url, snapshot=str(path), **options)
        for one in (hooks.follower, hooks._beside):
            if one:
                one.stop()
        return images(hooks)

    assert offered(channel="stable", **TRY_OUT) == {"lab": "i:1", "lab/testing": "i:2"}
    assert offered(channel="testing") == offered() == {}
    assert json.loads(path.read_text())["templates"][0]["channel"] == "stable"


def test_the_content_of_a_row_is_its_own_unless_it_says_another() -> None:
    assert [content_revision(one) for one in ({"revision": 4}, {"revision": 4, "content-revision": 1})] == [4, 1]
