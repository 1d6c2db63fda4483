"""Options of templates on a hub: what is shown, what is started, and what is refused."""

import asyncio
import time
from typing import Any

import pytest
from tornado.web import HTTPError

from binder_registry.hub.offerable import UNDERSTOOD
from binder_registry.jupyterhub import Choice as OfferChosen
from binder_registry.jupyterhub import (
    Environments,
    NotOffered,
    Rules,
    Standing,
    offer,
    offered,
    start_of,
    without_marks,
)
from binder_registry.member_schema import declared
from binder_registry.settings import Settings
from binder_registry.template import MEMBERS
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template

need_module("jupyterhub")

GIB = 1 << 30
SIZE = {
    "name": "size",
    "display-name": "Size",
    "choices": [
        {"name": "small", "display-name": "<Small>", "set": {"limits": {"memory": GIB}}},
        {"name": "large", "default": True, "set": {"limits": {"memory": 4 * GIB}}},
        {"name": "huge", "allowed-groups": ["staff"], "set": {"limits": {"memory": 64 * GIB}}},
    ],
}
TEXT = {"pattern": "^[^;]+$", "message": "No semicolon.", "set": {"environment": {"TYPED": "a {value} b"}}}
TYPED = {"name": "data", "choices": [{"name": "none"}], "free-text": TEXT}
BOTH = template("lab", options=[SIZE, TYPED])


def spawner_for(user: HubUser | None = None, last: dict[str, Any] | None = None) -> Any:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    spawner = SimpleLocalProcessSpawner(user=user or HubUser(), hub=None)
    spawner.user_options = last or {}
    return spawner


def started(hooks: Environments, options: dict[str, Any], user: HubUser | None = None) -> Any:
    spawner = spawner_for(user)
    asyncio.run(hooks.apply_user_options(spawner, options))
    return spawner


def refusal(hooks: Environments, options: dict[str, Any], user: HubUser | None = None) -> str:
    with pytest.raises(HTTPError) as refused:
        started(hooks, options, user)
    assert refused.value.status_code == 400
    return str(refused.value.log_message)


def told(spawner: Any) -> list[str]:
    async def events() -> list[str]:
        return [event["message"] async for event in spawner.progress()]

    return [message for message in asyncio.run(events()) if "Spawning" not in message]


def page(hooks: Environments, user: HubUser | None = None, last: dict[str, Any] | None = None) -> str:
    return asyncio.run(hooks.options_form(spawner_for(user, last)))


def hub(*templates: dict[str, Any], rules: Rules = Rules(), **options: Any) -> Environments:  # noqa: B008
    return environments(catalogue(*(templates or (BOTH,)), rules=rules), rules, **options)


# ── by REST and by links ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_chosen_is_set() -> None:
    spawner = started(hub(), {"template": "lab", "options": {"size": "small", "data": {"free-text": "x y"}}})

    assert spawner.mem_limit == GIB
    assert spawner.environment["TYPED"] == "a x y b"


def test_what_is_left_out_gets_the_default() -> None:
    assert started(hub(), {"template": "lab"}).mem_limit == 4 * GIB


@pytest.mark.parametrize("choice", ["huge", "no-such", {"free-text": "x"}, {"name": "small"}, 5, ["small"], None, ""])
def test_a_hidden_choice_is_refused_like_one_that_does_not_exist(choice: Any) -> None:
    if choice is None:  # left out, then
        assert started(hub(), {"template": "lab", "options": {"size": choice}}).mem_limit == 4 * GIB
        return

    said = refusal(hub(), {"template": "lab", "options": {"size": choice}})

    assert said == "There is no such choice of 'size': choose 'small' or 'large'."


def test_members_of_its_group_and_admins_start_a_choice_for_a_group() -> None:
    huge = {"template": "lab", "options": {"size": "huge"}}

    assert started(hub(), huge, HubUser("staff")).mem_limit == 64 * GIB
    assert started(hub(), huge, HubUser(admin=True)).mem_limit == 64 * GIB


def test_groups_of_template_and_choice_hold_together() -> None:
    hooks = hub(BOTH | {"allowed-groups": ["physics"]}, template("other"))

    said = refusal(hooks, {"template": "lab", "options": {"size": "huge"}}, HubUser("staff"))

    assert said == "There is no environment 'lab'. Choose one of: 'other'."


@pytest.mark.parametrize("options", ["x", ["size"], 5])
def test_options_that_are_no_object_are_refused(options: Any) -> None:
    assert "by the name of its option" in refusal(hub(), {"template": "lab", "options": options})


def test_an_option_that_there_is_not_is_refused_with_what_there_is() -> None:
    said = refusal(hub(), {"template": "lab", "options": {"colour": "red"}})

    assert said == "There is no option 'colour': there are 'size', 'data'."


def test_a_default_for_others_has_to_be_chosen() -> None:
    choices = [{"name": "a", "default": True, "allowed-groups": ["x"]}, {"name": "b"}]
    hooks = hub(template("lab", options=[{"name": "size", "choices": choices}]))

    assert refusal(hooks, {"template": "lab"}) == "Choose 'size': 'b'."
    assert '<option value="" selected>Choose...</option>' in page(hooks)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({}, "Other..."),
        ({"display-name": "Path"}, "Path..."),
        ({"display-name": "Path", "display-name-in-choices": "<My> own"}, "&lt;My&gt; own"),
    ],
)
def test_what_stands_for_typing_among_the_choices_has_a_name_of_its_own(names: dict[str, str], shown: str) -> None:
    lab = template("lab", options=[TYPED | {"free-text": TEXT | names}])

    assert f'<option value="--">{shown}</option>' in page(hub(lab))


def test_a_link_carries_choices() -> None:
    sent = {"template": ["lab"], "option.size": ["large"], "option.data.free-text": ["a/b:c"]}

    options = hub().options_from_form(sent)

    assert options == {"template": "lab", "options": {"size": "large", "data": {"free-text": "a/b:c"}}}


# ── what users type ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["{username}", "{value.__class__}", "$(HOME)", "$$", "{value}", "a'b c\\"])
def test_what_is_typed_arrives_as_it_is(text: str) -> None:
    spawner = started(hub(), {"template": "lab", "options": {"data": {"free-text": text}}})

    assert spawner.environment["TYPED"] == f"a {text} b"


def test_what_is_typed_stays_in_its_word_of_the_command() -> None:
    typed = {"name": "data", "free-text": {"set": {"command": "jupyterhub-singleuser --data={value} --last"}}}
    hooks = hub(template("lab", options=[typed]))

    spawner = started(
        hooks, {"template": "lab", "options": {"data": {"free-text": "x --ServerApp.token='' ' $(HOME)"}}}
    )

    assert spawner.cmd == ["jupyterhub-singleuser", "--data=x --ServerApp.token='' ' $(HOME)", "--last"]


def test_what_is_typed_as_a_whole_word_decides_on_no_login() -> None:
    typed = {"name": "data", "free-text": {"set": {"command": "jupyterhub-singleuser {value}"}}}
    hooks = hub(template("lab", options=[typed]))

    said = refusal(hooks, {"template": "lab", "options": {"data": {"free-text": "--A.allow_unauthenticated_access=1"}}})

    assert "which decides who is let in" in said


@pytest.mark.parametrize("text", ["", "x" * 1025, "a\nb", "a;b"])
def test_what_does_not_fit_is_refused(text: str) -> None:
    said = refusal(hub(), {"template": "lab", "options": {"data": {"free-text": text}}})

    assert said in ("'data' takes one line of 1 to 1024 characters.", "No semicolon.")


def test_a_pattern_without_end_holds_nobody_up() -> None:
    typed = {"name": "data", "free-text": {"pattern": "(a+)+$", "message": "Too slow."}}
    hooks = hub(template("lab", options=[typed]))

    async def start() -> tuple[str, float]:
        longest, over = 0.0, asyncio.Event()

        async def beat() -> None:
            nonlocal longest
            while not over.is_set():
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - before)

        beating = asyncio.create_task(beat())
        try:
            await hooks.apply_user_options(
                spawner_for(), {"template": "lab", "options": {"data": {"free-text": "a" * 60 + "!"}}}
            )
        except HTTPError as error:
            return str(error.log_message), longest
        finally:
            over.set()
            await beating
        return "", longest

    said, longest = asyncio.run(start())

    assert said == "Too slow."
    assert longest < 60  # for ever, where the loop itself applied it


@pytest.mark.parametrize(("text", "fits"), [("quay.io/a/b:c", True), ("Not An Image", False), ("{x}", False)])
def test_a_typed_image_is_a_reference_to_one(text: str, fits: bool) -> None:
    typed = {"name": "image", "free-text": {"set": {"image-name": "{value}"}}}
    hooks = environments(catalogue(template("lab", options=[typed]), rules=Rules("docker")), Rules("docker"))
    hooks.follower.catalogue = catalogue(template("lab", options=[typed]))

    options = {"template": "lab", "options": {"image": {"free-text": text}}}

    if fits:
        assert started(hooks, options)
    else:
        assert "is not a reference to an image" in refusal(hooks, options)


# ── saved choices ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_choice_that_kubespawner_saved_goes_on_to_work() -> None:
    spawner = started(hub(), {"profile": "lab", "size": "small", "data--unlisted-choice": "mine"})

    assert (spawner.mem_limit, spawner.environment["TYPED"]) == (GIB, "a mine b")
    assert told(spawner) == []


@pytest.mark.parametrize("gone", ["huge", "gone"])
def test_a_saved_choice_that_is_gone_heals_to_the_default_and_says_so(gone: str) -> None:
    spawner = started(hub(), {"profile": "lab", "size": gone})

    assert spawner.mem_limit == 4 * GIB
    assert told(spawner) == [f"'{gone}' of 'Size' is no longer offered, so that it is 'large'."]


def test_a_saved_text_that_fits_no_longer_heals_with_a_message() -> None:
    spawner = started(hub(), {"profile": "lab", "data--unlisted-choice": "a;b"})

    assert "TYPED" not in spawner.environment
    assert told(spawner) == ["'a;b' of 'data' is no longer offered, so that it is 'none'."]


def test_what_was_started_is_saved_as_kubespawner_spells_it() -> None:
    options = {"template": "lab", "options": {"size": "small", "data": {"free-text": "x"}}}

    spawner = started(hub(), options)

    assert without_marks(spawner.user_options) == {
        "template": "lab",
        "profile": "lab",
        "size": "small",
        "data--unlisted-choice": "x",
    }


def test_the_form_marks_the_choices_of_the_last_time() -> None:
    shown = page(hub(), last={"profile": "lab", "size": "small", "data--unlisted-choice": '"<x>'})

    assert '<option value="small" selected>' in shown
    assert '<option value="large" selected>' not in shown
    assert 'value="&quot;&lt;x&gt;"' in shown


def test_the_form_says_what_is_gone() -> None:
    shown = page(hub(), last={"profile": "lab", "size": "gone"})

    assert "&#x27;gone&#x27; of &#x27;Size&#x27; is no longer offered" in shown
    assert '<option value="large" selected>' in shown


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_field_has_a_label_of_its_own() -> None:
    shown = page(hub())

    assert "<fieldset><legend>Options of lab</legend>" in shown
    assert '<label for="profile-option-lab--size">Size</label><select id="profile-option-lab--size"' in shown
    assert '<label for="profile-option-lab--data--unlisted-choice">' in shown


def test_the_form_shows_markup_of_options_as_text() -> None:
    assert "&lt;Small&gt;" in page(hub())


def test_the_form_shows_a_choice_to_its_group_only() -> None:
    assert 'value="huge"' not in page(hub())
    assert 'value="huge"' in page(hub(), HubUser("staff"))


def test_what_the_form_sends_is_what_was_chosen() -> None:
    sent = {
        "by": ["slug"],
        "template": ["lab"],
        "profile-option-lab--size": ["small"],
        "profile-option-lab--data": ["none"],
        "profile-option-lab--data--unlisted-choice": ["left over"],
        "profile-option-other--size": ["huge"],
    }

    assert hub().options_from_form(sent)["options"] == {"size": "small", "data": "none"}


def test_a_text_counts_where_the_menu_says_so() -> None:
    sent = {"profile": ["lab"], "profile-option-lab--data": ["--"], "profile-option-lab--data--unlisted-choice": ["x"]}

    assert hub().options_from_form(sent)["options"] == {"data": {"free-text": "x"}}


def test_an_option_with_nothing_for_a_user_hides_the_template() -> None:
    option = {"name": "size", "choices": [{"name": "a", "allowed-groups": ["staff"]}]}
    hooks = hub(template("lab", options=[option]), template("other"))

    assert 'value="lab"' not in page(hooks)
    assert refusal(hooks, {"template": "lab"}) == "There is no environment 'lab'. Choose one of: 'other'."


def test_the_order_is_that_of_the_templates_then_their_titles() -> None:
    offers, _ = offered([template("a"), template("b", order=20), template("c", order=10), template("d", order=20)])

    assert [one.name for one in offers] == ["c", "b", "d", "a"]


@pytest.mark.parametrize(
    ("templates", "name"),
    [
        ([template("a"), template("b", default=True)], "b"),
        ([template("a", order=2, default=True), template("b", order=1, default=True)], "b"),
        ([template("a", order=2), template("b", order=1)], "b"),
        ([template("a"), template("b", default=True, allowed_groups=["g"])], "a"),
    ],
)
def test_a_start_without_a_choice_gets_what_the_form_preselects(templates: list[dict[str, Any]], name: str) -> None:
    hooks = hub(*templates)

    assert started(hooks, {}).user_options["template"] == name
    assert f'value="{name}" required checked' in page(hooks)


def test_the_default_of_the_configuration_wins() -> None:
    hooks = hub(template("a"), template("b", default=True), default="a")

    assert started(hooks, {}).user_options["template"] == "a"


def test_a_paused_template_is_hidden_and_says_why_to_who_chose_it() -> None:
    hooks = hub(template("a"), template("b", paused="Back on Monday."))

    assert 'value="b"' not in page(hooks)
    assert refusal(hooks, {"template": "b"}) == "The environment 'b' is paused: Back on Monday. Choose one of: 'a'."


def test_a_paused_template_of_others_reads_like_none() -> None:
    hooks = hub(template("a"), template("b", paused="Back on Monday.", allowed_groups=["g"]))

    assert refusal(hooks, {"template": "b"}) == "There is no environment 'b'. Choose one of: 'a'."


# ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("ignore", "memory"), [(True, 64 * GIB), (False, 0)])
def test_the_case_of_groups_counts_unless_the_admin_says_otherwise(ignore: bool, memory: int) -> None:
    hooks = hub(rules=Rules(ignore_group_case=ignore))
    huge = {"template": "lab", "options": {"size": "huge"}}

    if memory:
        assert started(hooks, huge, HubUser("STAFF")).mem_limit == memory
    else:
        assert "no such choice" in refusal(hooks, huge, HubUser("STAFF"))


def test_the_groups_of_today_decide_about_the_choices_of_yesterday() -> None:
    open_size = SIZE | {"choices": [{"name": "huge"}, {"name": "small"}]}
    old, today = template("lab", 3, options=[open_size]), template("lab", 9, options=[SIZE])
    hooks = environments(catalogue(today, versions=1, lab=[old]))

    said = refusal(hooks, {"template": "lab", "revision": 3, "options": {"size": "huge"}})

    assert said.startswith("There is no such choice of 'size'")


def test_a_pinned_revision_without_an_option_starts_and_says_so() -> None:
    old = template("lab", 3, limits={"memory": GIB})
    hooks = environments(catalogue(template("lab", 9, options=[SIZE]), versions=1, lab=[old]))

    spawner = started(hooks, {"template": "lab", "revision": 3, "options": {"size": "small"}})

    assert spawner.mem_limit == GIB
    assert told(spawner) == ["Revision 3 has no option 'size'."]


def test_a_free_text_is_for_its_groups() -> None:
    option = {"name": "data", "choices": [{"name": "none"}], "free-text": TEXT | {"allowed-groups": ["staff"]}}
    hooks = hub(template("lab", options=[option]))
    typed = {"template": "lab", "options": {"data": {"free-text": "x"}}}

    assert refusal(hooks, typed) == "There is no such choice of 'data': choose 'none'."
    assert 'type="text"' not in page(hooks)
    assert started(hooks, typed, HubUser("staff")).environment["TYPED"] == "a x b"


def test_the_start_itself_asks_for_the_groups_of_the_template() -> None:
    found = offer(template("lab", allowed_groups=["physics"]), Rules())

    with pytest.raises(HTTPError, match="There is no environment 'lab'"):
        asyncio.run(start_of(OfferChosen(found), {}, Standing(False, frozenset()), Rules()))


def test_a_pinned_revision_whose_options_have_nothing_for_a_user_does_not_start() -> None:
    for_staff = {"name": "size", "choices": [{"name": "only", "allowed-groups": ["staff"]}]}
    old, today = template("lab", 3, options=[for_staff]), template("lab", 9)
    hooks = environments(catalogue(today, versions=1, lab=[old]))

    assert refusal(hooks, {"template": "lab", "revision": 3}) == "Choose 'size': another environment."


# ── what a hub offers of it ──────────────────────────────────────────────────────────────────────────────────────────


VOLUMES: dict[str, Any] = {"overrides": {"kubespawner": {"volumes": []}}}
KUBERNETES = Rules("kubernetes")


def test_an_override_that_the_admin_did_not_name_hides_the_template() -> None:
    with pytest.raises(NotOffered, match=r"^overrides\.kubespawner\.volumes is not among those that this hub allows$"):
        offer(template(**VOLUMES), KUBERNETES)


@pytest.mark.parametrize("allowed", [["volumes"], "volumes"])
def test_an_override_that_the_admin_named_is_set(allowed: Any) -> None:
    found = offer(template(**VOLUMES), Rules("kubernetes", allow_overrides=allowed))

    assert found.settings["volumes"] == []


@pytest.mark.parametrize("args", [["--a", "--ServerApp.allow_unauthenticated_access=1"], "--A.login_handler_class=x"])
def test_allowed_arguments_decide_no_more_than_commands_who_is_let_in(args: Any) -> None:
    opened = template(overrides={"kubespawner": {"args": args}})

    with pytest.raises(NotOffered, match=r"which decides who is let in$"):
        offer(opened, Rules("kubernetes", allow_overrides=["args"]))


def test_overrides_for_other_spawners_are_nothing_to_this_one() -> None:
    assert offer(template(**VOLUMES), Rules("docker")).settings.keys().isdisjoint({"volumes"})


def test_overrides_come_from_the_farthest_to_the_nearest_class() -> None:
    overrides = {"kubespawner": {"node_selector": {"a": "2"}}, "spawner": {"node_selector": {"a": "1", "b": "1"}}}

    assert offer(template(overrides=overrides), KUBERNETES).settings["node_selector"] == {"a": "2", "b": "1"}


def test_null_lifts_what_the_hub_set() -> None:
    assert offer(template(overrides={"kubespawner": {"mem_limit": None}}), KUBERNETES).settings["mem_limit"] is None


def test_a_member_wins_over_an_override_of_its_own_layer() -> None:
    found = offer(template(limits={"memory": GIB}, overrides={"kubespawner": {"mem_limit": None}}), KUBERNETES)

    assert found.settings["mem_limit"] == GIB


@pytest.mark.parametrize("section", [5, [], None, "x"])
def test_overrides_that_are_no_settings_hide_the_template(section: Any) -> None:
    _, left_out = offered([template("a", overrides={"kubespawner": section})], KUBERNETES)

    assert [name for name, _ in left_out] == ["a"]


def with_choice(**choice: Any) -> dict[str, Any]:
    return template("lab", options=[{"name": "size", "choices": [{"name": "small"}, {"name": "large", **choice}]}])


@pytest.mark.parametrize(
    "settings",
    [VOLUMES, {"command": "bash"}, {"image-name": "Not An Image"}, {"environment": {"JUPYTERHUB_X": "1"}}],
)
def test_a_choice_that_the_hub_cannot_start_is_hidden_alone(settings: dict[str, Any]) -> None:
    found = offer(with_choice(set=settings), KUBERNETES)

    assert [choice["name"] for choice in found.options[0]["choices"]] == ["small"]
    assert list(found.hidden) == [("size", "large")]


def test_without_its_default_a_template_is_not_offered() -> None:
    with pytest.raises(NotOffered, match=r"size=large, the default, is not: overrides\.kubespawner\.volumes"):
        offer(with_choice(set=VOLUMES, default=True), KUBERNETES)


def test_what_an_override_that_fails_at_the_start_says_is_for_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    secret = ""

    def override(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        if secret:
            raise LookupError(secret)
        return profile

    hooks = hub(BOTH, rules=Rules(override=override))
    secret = "token=s3cr3t"

    with pytest.raises(HTTPError) as refused:
        started(hooks, {"template": "lab"})

    assert (refused.value.status_code, refused.value.log_message) == (
        500,
        "This environment cannot be started: the hub's override failed.",
    )
    assert "'lab' cannot be started: the hub's override failed: LookupError('token=s3cr3t')" in caplog.text


def test_why_an_override_fails_for_a_choice_is_logged() -> None:
    def override(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        return profile if profile["kubespawner_override"].get("mem_limit") != GIB else profile["nope"]

    hidden = {("size", "small"): "the hub's override failed: KeyError('nope')"}
    assert offer(BOTH, Rules(override=override)).hidden == hidden


def test_a_hidden_choice_is_refused_as_if_it_did_not_exist() -> None:
    hooks = hub(with_choice(set={"command": "bash"}))

    said = refusal(hooks, {"template": "lab", "options": {"size": "large"}}, HubUser(admin=True))

    assert said == "There is no such choice of 'size': choose 'small'."


def test_what_users_type_reaches_into_no_cluster() -> None:
    typed = {"name": "x", "free-text": {"set": {"overrides": {"kubespawner": {"volumes": ["{value}"]}}}}}

    with pytest.raises(NotOffered, match="must not hold"):
        offer(template(options=[typed]), Rules("kubernetes", allow_overrides=["volumes"]))


def test_what_this_module_is_too_old_to_know_is_not_offered() -> None:
    with pytest.raises(NotOffered, match="it uses quantum, which this hub's module is too old to know"):
        offer(template(uses=["options", "quantum"]), KUBERNETES)


def test_the_module_knows_every_member_that_must_be_understood() -> None:
    marked = {one.wire for one in (*MEMBERS, *declared(Settings)) if one.member.must_understand}

    assert marked == UNDERSTOOD


def test_the_hubs_own_image_sets_none() -> None:
    found = offer(template(image_name="(the hub's own)"), KUBERNETES)

    assert "image" not in found.settings
    assert found.image == ""


def test_the_images_of_all_choices_are_counted() -> None:
    choices = [
        {"name": "a", "set": {"image-name": "a:1"}},
        {"name": "b", "allowed-groups": ["x"], "set": {"overrides": {"kubespawner": {"image": "b:1"}}}},
    ]
    typed = {"set": {"image-name": "{value}"}}
    options = [{"name": "image", "choices": choices, "free-text": typed}]

    found = offer(
        template(image_name="(the hub's own)", options=options), Rules("kubernetes", allow_overrides=["image"])
    )

    assert found.images == {"a:1", "b:1"}


@pytest.mark.parametrize(
    ("rules", "settings"),
    [
        (KUBERNETES, {"mem_guarantee": GIB, "cpu_guarantee": 0.5}),
        (Rules("swarm"), {"mem_guarantee": GIB, "cpu_guarantee": 0.5}),
        (Rules("docker"), {"extra_host_config": {"cpu_shares": 512, "mem_reservation": GIB}}),
    ],
)
def test_requests_are_set_aside_where_they_can_be(rules: Rules, settings: dict[str, Any]) -> None:
    found = offer(template(requests={"memory": GIB, "cpus": 0.5}, limits={"cpu_shares": 512}), rules)

    assert found.settings.items() >= settings.items()
