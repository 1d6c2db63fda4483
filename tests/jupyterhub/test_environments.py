"""The hooks as a hub calls them, with its base spawner; `configure` on a hub's configuration."""

import asyncio
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.web import HTTPError

from binder_registry.jupyterhub import Environments, Rules, _spawner_class, configure, without_marks
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.registry_stub import RegistryStub
from tests.jupyterhub.samples import HubUser, catalogue, environments, template

need_module("jupyterhub")
need_module("kubespawner")
need_module("dockerspawner")

from jupyterhub.utils import maybe_future  # noqa: E402
from traitlets.config import Config  # noqa: E402  # comes with the hub


def spawner_for(user: HubUser | None = None, last: dict[str, Any] | None = None) -> Any:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    spawner = SimpleLocalProcessSpawner(user=user or HubUser(), hub=None)
    spawner.user_options = last or {}
    return spawner


def form(hooks: Environments, user: HubUser | None = None, last: dict[str, Any] | None = None) -> str:
    return asyncio.run(hooks.options_form(spawner_for(user, last)))


def started(hooks: Environments, options: dict[str, Any], user: HubUser | None = None) -> Any:
    spawner = spawner_for(user)
    asyncio.run(hooks.apply_user_options(spawner, options))
    return spawner


async def before_the_spawn(spawner: Any) -> None:
    await maybe_future(spawner.run_pre_spawn_hook())


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_form_of_any_spawner_lists_what_the_user_may_see() -> None:
    hooks = environments(catalogue(template("a"), template("b", allowed_groups=["g"])))

    assert 'value="b"' not in form(hooks)
    assert 'value="b"' in form(hooks, HubUser("g"))


def test_the_last_choice_and_its_version_are_marked() -> None:
    hooks = environments(catalogue(template("a", 9), template("b"), versions=1, a=[template("a", 3)]))

    page = form(hooks, last={"template": "a", "revision": "r3"})

    assert 'value="a" required checked' in page
    assert '<option value="r3" selected>' in page


def test_a_last_choice_that_was_replaced_is_told_as_text() -> None:
    hooks = environments(catalogue(template("new"), template("<b>", deleted=True, replaced_by="new")))

    page = form(hooks, last={"template": "<b>"})

    assert "&#x27;&lt;b&gt;&#x27; was replaced by &#x27;new&#x27;." in page
    assert 'value="new" required checked' in page


def test_a_last_choice_that_makes_no_sense_leaves_the_default_marked() -> None:
    hooks = environments(catalogue(template("a"), template("b", default=True)))

    page = form(hooks, last={"template": [1], "x": {}})

    assert 'value="b" required checked' in page


def test_what_the_form_sends_comes_back_as_a_name_and_a_revision() -> None:
    hooks = environments(catalogue())

    assert hooks.options_from_form({"template": ["x-c3a4"], "revision-x-c3a4": ["r3"], "cmd": ["rm"]}) == {
        "template": "ä",
        "revision": "r3",
    }


@pytest.mark.parametrize("sent", [{}, {"template": []}, {"x": ["y"]}])
def test_a_form_without_a_choice_is_no_choice(sent: dict[str, list[str]]) -> None:
    assert environments(catalogue()).options_from_form(sent) == {}


def test_a_link_may_carry_a_name_and_a_revision() -> None:
    options = environments(catalogue()).options_from_form({"template": ["My Env"], "revision": ["12"]})

    assert options == {"template": "My Env", "revision": "12"}


@pytest.mark.parametrize(
    ("sent", "started_name"),
    [("x-64", "x-64"), ("d", "d"), ("x-c3a4", "x-c3a4"), ("x-c3b6", "ö"), ("ä", "ä"), ("x-782d3634", "x-64")],
)
def test_a_link_and_the_rest_api_understand_the_same(sent: str, started_name: str) -> None:
    hooks = environments(catalogue(*(template(name) for name in ("x-64", "d", "ä", "ö", "x-c3a4"))))

    by_link = started(hooks, hooks.options_from_form({"template": [sent]}))
    by_rest = started(hooks, {"template": sent})

    assert by_link.user_options == by_rest.user_options
    assert by_rest.user_options["template"] == started_name


def test_no_name_can_be_chosen_so_that_the_form_starts_another_template() -> None:
    hooks = environments(catalogue(template("ä"), template("x-c3a4")))
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', form(hooks))

    sent = {"template": ["x-c3a4"], **{name: [value] for name, value in hidden}}

    assert started(hooks, hooks.options_from_form(sent)).user_options["template"] == "ä"


def test_a_saved_choice_of_a_name_that_is_gone_is_no_other_templates_slug() -> None:
    hooks = environments(catalogue(template("ä"), template("other")))

    with pytest.raises(HTTPError, match="There is no environment 'x-c3a4'"):
        started(hooks, {"template": "x-c3a4", "profile": "x-782d63336134"})


def test_a_template_is_called_what_the_override_calls_it() -> None:
    rules = Rules(override=lambda template, profile: {**profile, "display_name": "<i>", "description": "of the north"})

    page = form(environments(catalogue(template("a"), rules=rules), rules))

    assert "<strong>&lt;i&gt;</strong><small>of the north</small>" in page


# ── the start ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_any_spawner_is_set_from_the_template() -> None:
    members = {"command": "jupyterhub-singleuser --debug", "redirect_uri": "/lab", "limits": {"memory": 5 << 20}}
    spawner = started(environments(catalogue(template("a", **members))), {"template": "a"})  # type: ignore[arg-type]

    assert spawner.cmd == ["jupyterhub-singleuser", "--debug"]
    assert (spawner.default_url, spawner.mem_limit) == ("/lab", 5 << 20)


def test_only_the_choice_itself_is_left_of_the_options() -> None:
    spawner = started(environments(catalogue(template("a"))), {"template": "a", "cmd": "sh", "image": "evil"})

    assert without_marks(spawner.user_options) == {"template": "a", "profile": "a"}
    assert spawner.cmd == ["jupyterhub-singleuser"]


def test_a_hidden_template_cannot_be_started_with_handmade_options() -> None:
    hooks = environments(catalogue(template("a"), template("secret", allowed_groups=["g"])))

    with pytest.raises(HTTPError, match="There is no environment 'secret'"):
        started(hooks, {"template": "secret"})


def test_admins_start_what_is_for_groups() -> None:
    hooks = environments(catalogue(template("secret", allowed_groups=["g"])))

    assert started(hooks, {"template": "secret"}, HubUser(admin=True)).user_options["template"] == "secret"


def test_keys_of_the_auth_state_may_hold_dots_when_they_are_given_one_by_one() -> None:
    found = catalogue(template("a"), template("b", allowed_groups=["g"]))
    hooks = environments(found, auth_state_groups=["user", "https://example.org/groups"])

    page = form(hooks, HubUser(auth_state={"user": {"https://example.org/groups": ["g"]}}))

    assert 'value="b"' in page


@pytest.mark.parametrize("rules", [Rules(), Rules(image_command=True)])  # there is no image to have one
@pytest.mark.parametrize(("cmd", "runs"), [(["wrapper"], ["wrapper"]), (None, ["jupyterhub-singleuser"])])
def test_without_a_command_the_hubs_own_runs(cmd: Any, runs: list[str], rules: Rules) -> None:
    spawner = spawner_for()
    spawner.cmd = cmd

    asyncio.run(environments(catalogue(template("a"), rules=rules)).apply_user_options(spawner, {"template": "a"}))

    assert spawner.cmd == runs


@pytest.mark.parametrize(
    ("auth_state", "sees"),
    [
        ({"oauth_user": {"groups": ["g"]}}, True),
        ({"oauth_user": {"groups": "g"}}, False),
        ({"oauth_user": []}, False),
        ({"groups": ["g"]}, False),
        (None, False),
    ],
)
def test_groups_may_come_from_the_auth_state(auth_state: Any, sees: bool) -> None:
    found = catalogue(template("a"), template("b", allowed_groups=["g"]))
    hooks = environments(found, auth_state_groups="oauth_user.groups")

    assert ('value="b"' in form(hooks, HubUser(auth_state=auth_state))) is sees


def test_the_user_is_told_while_the_server_starts() -> None:
    hooks = environments(catalogue(template("new"), template("old", deleted=True, replaced_by="new")))

    async def first_event() -> Any:
        spawner = spawner_for()
        await hooks.apply_user_options(spawner, {"template": "old"})
        return [event["message"] async for event in spawner.progress()]

    assert asyncio.run(first_event())[0] == "'old' was replaced by 'new'."


def test_the_next_start_of_the_same_spawner_tells_nothing_old() -> None:
    hooks = environments(catalogue(template("new"), template("old", deleted=True, replaced_by="new")))

    async def events() -> Any:
        spawner = spawner_for()
        await hooks.apply_user_options(spawner, {"template": "old"})
        await hooks.apply_user_options(spawner, {"template": "new"})
        return [event["message"] async for event in spawner.progress()]

    assert not any("replaced" in message for message in asyncio.run(events()))


# ── nothing to offer ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_is_set_back_makes_a_list_no_younger(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = environments(catalogue(template("a")), max_stale=3600)
    began, seen = time.time(), time.monotonic()
    monkeypatch.setattr(time, "time", lambda: began - 86400)
    monkeypatch.setattr(time, "monotonic", lambda: seen + 3601)

    with pytest.raises(HTTPError) as refusal:
        form(hooks)

    assert refusal.value.status_code == 503


@pytest.mark.parametrize(
    ("hooks", "status"),
    [
        (environments(None), 503),
        (environments(catalogue(template("a")), max_stale=-1), 503),
        (environments(catalogue()), 403),
        (environments(catalogue(template("a", allowed_groups=["g"]))), 403),
    ],
    ids=["nothing loaded", "too old", "nothing there", "nothing for this user"],
)
def test_nothing_to_offer_is_said_by_the_form_and_by_the_start(hooks: Environments, status: int) -> None:
    with pytest.raises(HTTPError) as no_form:
        form(hooks)
    with pytest.raises(HTTPError) as no_start:
        started(hooks, {"template": "a"})

    assert (no_form.value.status_code, no_start.value.status_code) == (status, status)


# ── configure ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def registry() -> Iterator[RegistryStub]:
    with RegistryStub() as stub:
        stub.publish(template("a"))
        yield stub


def configured(registry: RegistryStub, **sections: Any) -> tuple[Any, Environments]:
    c = Config(**sections)
    hooks = configure(c, registry.url, snapshot=None, poll=0.05)
    hooks.follower.stop()
    return c, hooks


def test_a_hub_without_a_spawner_class_has_the_default_one(registry: RegistryStub) -> None:
    c, hooks = configured(registry)

    assert c.LocalProcessSpawner.options_form == hooks.options_form


@pytest.mark.parametrize(
    ("chosen", "section", "forms"),
    [
        ("simple", "SimpleLocalProcessSpawner", {"options_form"}),
        ("docker", "DockerSpawner", {"options_form"}),
        ("dockerspawner.SystemUserSpawner", "SystemUserSpawner", {"options_form"}),
        ("kubespawner.KubeSpawner", "KubeSpawner", {"profile_list", "options_form"}),
        ("no.such.Spawner", "Spawner", {"options_form"}),
    ],
)
def test_the_spawner_class_decides_which_hooks_are_set(
    registry: RegistryStub, chosen: str, section: str, forms: set[str]
) -> None:
    c, hooks = configured(registry, JupyterHub={"spawner_class": chosen})

    assert set(c[section]) - {"pre_spawn_hook"} == {*forms, "options_from_form", "apply_user_options"}
    assert {form: c[section][form] for form in forms} == {form: getattr(hooks, form) for form in forms}


@pytest.mark.parametrize("chosen", ["kubespawner.KubeSpawner", "docker", "dockerspawner.SwarmSpawner", "simple"])
def test_a_spawner_class_that_is_chosen_after_configure_has_the_hooks_too(registry: RegistryStub, chosen: str) -> None:
    c, hooks = configured(registry)
    cls = _spawner_class(Config(JupyterHub={"spawner_class": chosen}))

    heard = {trait: hook for section in cls.section_names() for trait, hook in c.get(section, {}).items()}

    assert heard["options_form"] == hooks.options_form
    assert heard["apply_user_options"] == hooks.apply_user_options
    if cls.__name__ == "KubeSpawner":
        assert heard["profile_list"] == hooks.profile_list


def test_what_a_late_spawner_is_given_is_made_for_it(registry: RegistryStub, caplog: pytest.LogCaptureFixture) -> None:
    from dockerspawner import DockerSpawner

    registry.publish(template("a", image_name="late:1"))
    c, hooks = configured(registry)
    spawner = DockerSpawner(config=c, user=HubUser(), hub=None, orm_spawner=None)

    asyncio.run(hooks.apply_user_options(spawner, {"template": "a"}))

    assert spawner.image == "late:1"
    assert "The spawner is DockerSpawner: call `configure` after it is chosen." in caplog.messages


def test_a_spawner_that_would_not_ask_is_refused(registry: RegistryStub) -> None:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    class Deaf(SimpleLocalProcessSpawner):  # type: ignore[misc]
        def apply_user_options(self, options: Any) -> None:
            """Instead of the trait, so that no configuration reaches it."""

    with pytest.raises(ValueError, match="Deaf has a method apply_user_options"):
        configured(registry, JupyterHub={"spawner_class": Deaf})


@pytest.mark.parametrize("hook", ["apply_user_options", "options_from_form", "options_form"])
def test_a_spawner_that_would_not_ask_starts_nothing_where_it_is_chosen_later(
    registry: RegistryStub, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    c, _ = configured(registry, JupyterHub={"spawner_class": SimpleLocalProcessSpawner})
    deaf = type("Deaf", (SimpleLocalProcessSpawner,), {hook: lambda *_: {}})(user=HubUser(), hub=None, config=c)

    with pytest.raises(HTTPError) as refused:
        asyncio.run(before_the_spawn(deaf))

    assert refused.value.status_code == 503
    assert f"Deaf has a method {hook}, so that the hub does not ask the registry." in caplog.messages


@pytest.mark.parametrize("section", ["Spawner", "SimpleLocalProcessSpawner"])
def test_the_hook_before_the_spawn_that_the_admin_has_still_runs(registry: RegistryStub, section: str) -> None:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    seen: list[str] = []
    theirs = {"pre_spawn_hook": lambda spawner: seen.append(spawner.user.name)}
    c, _ = configured(registry, JupyterHub={"spawner_class": SimpleLocalProcessSpawner}, **{section: theirs})
    spawner = SimpleLocalProcessSpawner(user=HubUser(), hub=None, config=c)

    asyncio.run(before_the_spawn(spawner))

    assert seen == ["ada"]


def test_a_list_of_the_hubs_own_gives_way_and_the_log_says_so(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture
) -> None:
    static = {"profile_list": [{"display_name": "mine"}]}

    c, hooks = configured(registry, JupyterHub={"spawner_class": "kubespawner.KubeSpawner"}, KubeSpawner=static)

    assert c.KubeSpawner.profile_list == hooks.profile_list
    assert "The hub's own profile_list gives way to the registry's list." in caplog.messages


def test_a_default_that_is_misspelt_is_said_at_the_start(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture
) -> None:
    registry.publish(template("a"))

    hooks = configure(Config(), registry.url, snapshot=None, default="A")
    hooks.follower.tried.wait(10)
    hooks.follower.stop()

    assert "The environment 'A', which default= names, is not in the registry's list" in caplog.text


@pytest.mark.parametrize("own", [{}, {"profile_list": []}])
def test_where_the_hub_has_no_list_of_its_own_nothing_gives_way(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture, own: dict[str, Any]
) -> None:
    configured(registry, JupyterHub={"spawner_class": "kubespawner.KubeSpawner"}, KubeSpawner=own)

    assert "gives way" not in caplog.text


def test_a_misspelt_trait_of_an_override_is_said(caplog: pytest.LogCaptureFixture) -> None:
    from dockerspawner import DockerSpawner

    def override(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"]["extra_host_confg"] = {}
        return profile

    catalogue(template("a"), rules=Rules(override=override).of(DockerSpawner))

    assert caplog.messages == [
        "The override sets extra_host_confg for 'a', which the spawner does not have. Is extra_host_config meant?"
    ]


@pytest.mark.parametrize("chosen", ["docker", "dockerspawner.SwarmSpawner", "simple", "kubespawner.KubeSpawner"])
def test_of_our_own_settings_each_is_a_trait(chosen: str, caplog: pytest.LogCaptureFixture) -> None:
    cls = _spawner_class(Config(JupyterHub={"spawner_class": chosen}))

    catalogue(template("a", limits={"memory": 1 << 30, "cpu_shares": 5}, bind_port=1), rules=Rules().of(cls))

    assert not caplog.messages


def test_a_class_of_the_admins_own_is_known_by_its_parents(registry: RegistryStub) -> None:
    from kubespawner import KubeSpawner

    class OurSpawner(KubeSpawner):  # type: ignore[misc]
        pass

    c, hooks = configured(registry, JupyterHub={"spawner_class": OurSpawner})

    assert c.OurSpawner.profile_list == hooks.profile_list


def test_a_hook_that_the_admin_has_runs_after_ours_with_the_choice_made(registry: RegistryStub) -> None:
    seen: list[Any] = []

    async def theirs(spawner: Any, options: Any) -> None:
        seen.append(spawner.default_url)

    registry.publish(template("a", redirect_uri="/a"))
    c, _ = configured(registry, Spawner={"apply_user_options": theirs})
    asyncio.run(c.LocalProcessSpawner.apply_user_options(spawner_for(), {"template": "a"}))

    assert seen == ["/a"]


def test_before_5_3_the_hook_before_the_spawn_chains_with_the_admins(registry: RegistryStub) -> None:
    class OldSpawner:  # of a hub whose spawners know no apply_user_options
        pass

    seen: list[str] = []
    theirs = {"pre_spawn_hook": lambda spawner: seen.append(spawner.default_url)}
    registry.publish(template("a", redirect_uri="/a"))
    c, _ = configured(registry, JupyterHub={"spawner_class": OldSpawner}, OldSpawner=theirs)
    asyncio.run(c.OldSpawner.pre_spawn_hook(spawner_for(last={"template": "a"})))

    assert seen == ["/a"]
    assert "apply_user_options" not in c.OldSpawner


def test_the_hooks_survive_that_traitlets_copies_what_is_configured(registry: RegistryStub) -> None:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    c, hooks = configured(registry, JupyterHub={"spawner_class": "simple"})

    spawner = SimpleLocalProcessSpawner(config=c, user=HubUser(), hub=None)

    assert spawner.options_form.__self__ is hooks


def test_a_form_in_the_first_moment_waits_for_the_first_answer(registry: RegistryStub) -> None:
    registry.delay = 0.3

    _, hooks = configured(registry)

    assert 'value="a"' in form(hooks)
