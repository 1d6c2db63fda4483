import asyncio
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.jupyterhub import NotOffered, Rules, merged_setting, name_of, offer, offered, slug_of
from tests.jupyterhub.samples import template

KUBERNETES, DOCKER, LOCAL, SWARM = Rules("kubernetes"), Rules("docker"), Rules("local"), Rules("swarm")
SHA = "a" * 64


def settings(rules: Rules, **members: object) -> dict[str, object]:
    override: dict[str, object] = offer(template(**members), rules).settings  # type: ignore[arg-type]
    return override


# ── slugs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["scipy", "r-4", "a1-b2-c3"])
def test_a_name_that_can_be_a_slug_is_its_slug(name: str) -> None:
    assert slug_of(name) == name


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.from_regex(r"x-[0-9a-f]{2,6}", fullmatch=True)
)
def test_every_name_comes_back_from_its_slug(name: str) -> None:
    assert name_of(slug_of(name)) == name


@pytest.mark.parametrize("name", ["x-64", "x-", "x-zz", "x-C3A4", "x-c3 a4"])
def test_what_no_name_has_as_its_slug_is_a_name_itself(name: str) -> None:
    assert name_of(name) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_slug_survives_kubespawners_form(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug_of(name))


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rules", [KUBERNETES, DOCKER, LOCAL])
def test_a_command_is_split_into_words(rules: Rules) -> None:
    found = settings(rules, command="jupyterhub-singleuser --ip '0.0.0.0 x'")

    assert found["cmd"] == ["jupyterhub-singleuser", "--ip", "0.0.0.0 x"]


@pytest.mark.parametrize("command", ["", "  "])
def test_no_command_leaves_it_to_the_hub(command: str) -> None:
    assert "cmd" not in settings(KUBERNETES, command=command)


@pytest.mark.parametrize(
    "command",
    [
        "jupyter notebook",  # has no login
        "/tmp/jupyterhub-singleuser",
        "jupyterhub-singleuser-evil",
        "env X=1 jupyterhub-singleuser",
        "X=1 jupyterhub-singleuser",
        "''",
        "jupyterhub-singleuser 'unclosed",
        "jupyterhub-singleuser \0",
        "jupyterhub-singleuser --base-url={base_path}",
        "jupyterhub-singleuser --port={port}",
        "jupyterhub-singleuser --ServerApp.identity_provider_class=jupyter_server.auth.IdentityProvider",
        "jupyterhub-singleuser --ServerApp.allow_unauthenticated_access=True",
        "jupyterhub-singleuser --debug --HubOAuth.access_scopes self",
    ],
)
def test_a_command_that_a_hub_cannot_offer_is_left_out_with_a_reason(command: str) -> None:
    with pytest.raises(NotOffered, match="the command"):
        settings(LOCAL, command=command)


@pytest.mark.parametrize("allowed", [["jupyter labhub", "start.sh"], "jupyter labhub"])
def test_the_admin_allows_further_commands_by_their_first_words(allowed: Any) -> None:
    rules = Rules(allow_commands=allowed)

    assert settings(rules, command="jupyter labhub --debug")["cmd"] == ["jupyter", "labhub", "--debug"]
    with pytest.raises(NotOffered):
        settings(rules, command="jupyter lab")


def test_other_braces_in_a_command_reach_the_container_as_they_are() -> None:
    assert settings(LOCAL, command="jupyterhub-singleuser --x={y}")["cmd"] == ["jupyterhub-singleuser", "--x={y}"]


@pytest.mark.parametrize(
    ("cmd", "offers"),
    [(["jupyterhub-singleuser", "--debug"], 1), ("jupyterhub-singleuser", 1), (["bash", "-c", "x"], 0), ("sh", 0)],
)
def test_the_command_that_is_checked_is_what_the_override_makes_of_it(cmd: Any, offers: int) -> None:
    def changed(template: object, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"]["cmd"] = cmd
        return profile

    found, left_out = offered([template(command="start.sh")], Rules(override=changed))

    assert (len(found), len(left_out)) == (offers, 1 - offers)


@pytest.mark.parametrize("cmd", [None, []])
def test_an_override_that_says_no_command_leaves_it_to_the_hub_too(cmd: Any) -> None:
    def changed(template: object, profile: dict[str, Any]) -> dict[str, Any]:
        return {"kubespawner_override": {"cmd": cmd}}

    [one], _ = offered([template(command="jupyterhub-singleuser --debug")], Rules(override=changed))

    assert one.settings == {}


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["http://evil/", "//evil", "lab", "/a\\b", "/a\nb"])
def test_a_redirect_that_is_no_path_on_the_server_is_left_out(path: str) -> None:
    with pytest.raises(NotOffered, match="redirect-uri"):
        settings(LOCAL, redirect_uri=path)


def test_braces_in_the_redirect_are_doubled_for_the_spawner_that_formats_them() -> None:
    assert settings(LOCAL, redirect_uri="/lab/{username}")["default_url"] == "/lab/{{username}}"


@pytest.mark.parametrize("variable", ["JUPYTERHUB_API_TOKEN", "jupyterhub_user", "JPY_API_TOKEN", "BINDER_REGISTRY_X"])
def test_an_environment_that_would_replace_the_hubs_own_variables_is_left_out(variable: str) -> None:
    with pytest.raises(NotOffered, match=variable):
        settings(LOCAL, environment={variable: "x"})


@pytest.mark.parametrize(
    "image",
    ["scipy", "jupyter/scipy:1", "QUAY.IO/jupyter/base:1", "localhost:5000/a", "localhost/a", "[::1]:5000/a",
     f"a@sha256:{SHA}", f"a:1@sha256:{SHA}", f"a@sha512:{SHA}{SHA}", "a__b", "a-b_c.d", "a--b/c", "a:T", "a:_x",
     "a:" + "t" * 128, f"a/{SHA}", "a/" * 127 + "a", "127.0.0.1:5000/a/b"],
)  # fmt: skip
def test_an_image_is_offered_as_engines_read_references(image: str) -> None:
    assert settings(KUBERNETES, image_name=image)["image"] == image


@pytest.mark.parametrize(
    "image",
    ["", "two words", "-option", "a\nb", "a\n", "ghcr.io/MyOrg/x", "localhost:5000/A", "Scipy", "a:", "a:-x", "a:b:c",
     "a//b", "a/", "/a", "a-", "a___b", "a..b", "_a", "a@", "a@sha256:abc", f"a@sha256:{SHA.upper()}", f"a@md5:{SHA}",
     f"a@sha256:{SHA}a", f"a@sha256:{SHA}:1", "a:" + "t" * 129, "docker://r/a", "https://r/a", "reg:port/a",
     "reg-/a:1:2", SHA, "a/" * 128 + "a", "ä/b", "a:ä", "a" * 9000],
)  # fmt: skip
@pytest.mark.parametrize("rules", [KUBERNETES, LOCAL])
def test_an_image_that_no_engine_could_pull_is_left_out(image: str, rules: Rules) -> None:
    with pytest.raises(NotOffered, match="is not a reference to an image"):
        settings(rules, image_name=image)


def test_capital_letters_in_the_name_of_an_image_are_said() -> None:
    with pytest.raises(NotOffered, match="capital letters"):
        settings(KUBERNETES, image_name="ghcr.io/MyOrg/x:1")


@pytest.mark.parametrize("memory", [-1, 2**63, "512M", True])
def test_a_limit_that_a_spawner_refuses_is_left_out(memory: object) -> None:
    with pytest.raises(NotOffered, match=r"limits\.memory"):
        settings(LOCAL, limits={"memory": memory})


@pytest.mark.parametrize("limits", [{"memory": (6 << 20) - 1}, {"cpus": 0.009}])
@pytest.mark.parametrize("rules", [DOCKER, SWARM])
def test_limits_that_the_docker_engine_refuses_are_left_out_there_alone(limits: dict[str, float], rules: Rules) -> None:
    with pytest.raises(NotOffered, match="the least that Docker takes"):
        settings(rules, limits=limits)

    assert settings(KUBERNETES, limits=limits)


@pytest.mark.parametrize("limits", [{"memory": 512}, {"memory": (4 << 20) - 1}, {"memory": 0.5}, {"cpus": 0.0005}])
def test_limits_with_which_no_pod_starts_are_left_out(limits: dict[str, float]) -> None:
    with pytest.raises(NotOffered, match="the least that Kubernetes takes"):
        settings(KUBERNETES, limits=limits)

    assert settings(LOCAL, limits=limits)


def test_a_single_share_is_the_least_that_kubernetes_counts() -> None:
    assert settings(KUBERNETES, limits={"cpu_shares": 1})["cpu_guarantee"] == 0.001


@pytest.mark.parametrize("port", [-1, 65536, "8888"])
def test_a_port_that_no_server_can_have_is_left_out(port: object) -> None:
    with pytest.raises(NotOffered, match="bind-port"):
        settings(DOCKER, bind_port=port)


@pytest.mark.parametrize("rules", [KUBERNETES, DOCKER, LOCAL])
def test_name_and_revision_are_recorded_in_the_environment(rules: Rules) -> None:
    environment = settings(rules, name="scipy", revision=7)["environment"]

    assert environment == {"BINDER_REGISTRY_TEMPLATE": "scipy", "BINDER_REGISTRY_REVISION": "7"}


def test_on_kubernetes_shares_are_a_guarantee_and_no_cap() -> None:
    found = settings(KUBERNETES, limits={"cpu_shares": 512})

    assert found["cpu_guarantee"] == 0.5
    assert "cpu_limit" not in found


def test_on_docker_shares_are_passed_through_and_gpus_are_asked_of_the_engine() -> None:
    found = settings(DOCKER, limits={"cpu_shares": 512, "gpus": 2})

    assert found["extra_host_config"] == {
        "cpu_shares": 512,
        "device_requests": [{"count": 2, "capabilities": [["gpu"]]}],
    }


def test_the_resource_that_gpus_are_asked_as_is_the_admins_choice() -> None:
    found = settings(Rules("kubernetes", gpu_resource="amd.com/gpu"), limits={"gpus": 1})

    assert found["extra_resource_limits"] == {"amd.com/gpu": 1}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
def test_a_loopback_address_of_2015_does_not_hide_a_pod(address: str) -> None:
    assert "ip" not in settings(KUBERNETES, container_ip=address)


@pytest.mark.parametrize("rules", [KUBERNETES, DOCKER])
@pytest.mark.parametrize("address", ["localhost", "$(JUPYTERHUB_API_TOKEN)", "0.0.0.0 ", "1.2.3"])
def test_an_address_that_is_none_is_left_out(address: str, rules: Rules) -> None:
    with pytest.raises(NotOffered, match="container-ip"):
        settings(rules, container_ip=address)


def test_what_a_swarm_cannot_be_told_is_passed_over_or_left_out() -> None:
    found = settings(SWARM, limits={"memory": 1 << 30, "cpu_shares": 512}, container_ip="127.0.0.1", bind_port=9000)

    assert (found["mem_limit"], found["port"]) == (1 << 30, 9000)
    assert not found.keys() & {"extra_host_config", "host_ip", "remove", "cpu_guarantee"}
    with pytest.raises(NotOffered, match=r"limits\.gpus"):
        settings(SWARM, limits={"gpus": 1})


def test_a_local_server_keeps_the_free_port_that_it_is_given() -> None:
    assert not settings(LOCAL, bind_port=8888, container_ip="0.0.0.0").keys() & {"port", "ip"}


def test_a_long_name_still_makes_a_label() -> None:
    labels = settings(KUBERNETES, name="ä" * 100)["extra_labels"]

    assert isinstance(labels, dict)
    assert re.fullmatch(r"[0-9a-f]{40}", labels["binder-registry/template"])


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_bad_template_leaves_the_others_offered() -> None:
    offers, left_out = offered([template("good"), template("bad", command="'")], LOCAL)

    assert [one.name for one in offers] == ["good"]
    assert left_out == [("bad", "the command cannot be split into words: No closing quotation")]


def test_the_list_is_in_the_order_of_what_people_read() -> None:
    offers, _ = offered(
        [template("a", display_name="Zebra"), template("b", display_name="apple"), template("M")], LOCAL
    )

    assert [one.title for one in offers] == ["apple", "M", "Zebra"]


def test_a_deleted_and_a_replaced_template_are_not_listed() -> None:
    offers, left_out = offered([template("a", deleted=True), template("b", replaced_by="c")], LOCAL)

    assert not offers
    assert [reason for _, reason in left_out] == ["it was deleted", "it is replaced by 'c'"]


def test_the_override_changes_a_profile() -> None:
    def with_nodes(template: object, profile: dict[str, object]) -> dict[str, object]:
        profile["kubespawner_override"]["node_selector"] = {"gpu": "true"}  # type: ignore[index]
        return profile

    [one], _ = offered([template()], Rules("kubernetes", override=with_nodes))

    assert one.settings["node_selector"] == {"gpu": "true"}


def test_the_override_leaves_a_template_out_with_none() -> None:
    _, left_out = offered([template("a")], Rules(override=lambda template, profile: None))

    assert left_out == [("a", "the hub's override leaves it out")]


def test_an_override_that_fails_leaves_out_that_template_only() -> None:
    def fragile(template: object, profile: dict[str, object]) -> dict[str, object]:
        return profile if profile["slug"] == "a" else profile["nope"]  # type: ignore[return-value]

    offers, [(name, reason)] = offered([template("a"), template("b")], Rules(override=fragile))

    assert [one.name for one in offers] == ["a"]
    assert (name, reason) == ("b", "the hub's override failed: KeyError('nope')")


def renamed(template: object, profile: dict[str, Any]) -> dict[str, Any]:
    return {**profile, "display_name": f"North: {profile['display_name']}", "slug": "mine"}


def test_what_an_override_calls_a_template_is_text_as_well_and_the_slug_stays() -> None:
    one = offer(template("a", display_name="<b>", deprecated="soon"), Rules("kubernetes", override=renamed))

    assert (one.title, one.slug) == ("North: <b>", "a")
    assert one.profile["display_name"] == "North: &lt;b&gt;"
    assert one.profile["slug"] == "a"
    assert one.profile["description"] == "Deprecated: soon"


def test_an_override_cannot_take_a_templates_groups_away_by_mistake() -> None:
    def careless(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        template.pop("allowed-groups")
        template["limits"].clear()
        return profile

    given = template(allowed_groups=["g"], limits={"memory": 1 << 30})
    [one], _ = offered([given], Rules(override=careless))

    assert one.groups == {"g"}
    assert given["limits"] == {"memory": 1 << 30}


@pytest.mark.parametrize("given", [5, "x", {}, {"kubespawner_override": None}])
def test_an_override_that_gives_no_profile_leaves_the_template_out(given: Any) -> None:
    _, [(_, reason)] = offered([template("a")], Rules(override=lambda template, profile: given))

    assert reason == "the hub's override gives no profile with a kubespawner_override"


def test_everything_from_the_registry_is_escaped_for_kubespawners_form() -> None:
    profile = offer(template(display_name="<b>", description="'{{x}}'"), KUBERNETES).profile

    assert profile["display_name"] == "&lt;b&gt;"
    assert profile["description"] == "&#x27;&#123;&#123;x&#125;&#125;&#x27;"


def test_escaping_is_left_to_a_form_that_does_it_itself() -> None:
    assert offer(template(display_name="<b>"), Rules("kubernetes", escape=False)).profile["display_name"] == "<b>"


# ── merging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "ours", "both"),
    [
        (1, 2, 2),
        ([1], [2], [2]),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"drop": ["ALL"]}}, {"a": {"user": 1}}, {"a": {"drop": ["ALL"], "user": 1}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        (None, {"a": 1}, {"a": 1}),
        ({"a": 1}, None, None),
    ],
)
def test_values_are_merged_as_kubespawner_does_it(before: Any, ours: Any, both: Any) -> None:
    assert merged_setting(before, ours) == both


def test_merging_changes_nothing_that_the_hub_or_an_override_holds() -> None:
    before, ours = {"a": {"b": [1]}}, {"a": {"c": [2]}}

    both = merged_setting(before, ours)
    both["a"]["b"].append(9)
    both["a"]["c"].append(9)

    assert (before, ours) == ({"a": {"b": [1]}}, {"a": {"c": [2]}})


def test_a_function_of_the_hub_is_asked_and_ours_is_merged_into_its_answer() -> None:
    both = merged_setting(lambda spawner: {"for": spawner, "cap": {"drop": ["ALL"]}}, {"cap": {"add": []}})

    assert both("ada") == {"for": "ada", "cap": {"drop": ["ALL"], "add": []}}


@pytest.mark.parametrize("answer", [[], [("cap_drop", ["ALL"])], "cap_drop=ALL", 0, {"cap_drop"}])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_function_of_the_hub_that_gives_no_mapping_is_not_passed_over(answer: Any, asynchronous: bool) -> None:
    """What it closes would be open."""

    async def later(spawner: str) -> Any:
        return answer

    async def ask() -> Any:
        both = merged_setting(later if asynchronous else lambda spawner: answer, {"a": 1})("ada")
        return await both if asynchronous else both

    with pytest.raises(TypeError, match="the hub's own function gives no mapping"):
        asyncio.run(ask())


def test_a_function_of_the_hub_may_give_nothing_where_the_spawner_takes_that() -> None:
    assert merged_setting(lambda spawner: None, {"a": 1})("ada") == {"a": 1}
    with pytest.raises(TypeError, match="but NoneType"):
        merged_setting(lambda spawner: None, {"a": 1}, takes_none=False)("ada")


def test_an_asynchronous_function_of_the_hub_is_awaited() -> None:
    async def theirs(spawner: str) -> dict[str, str]:
        return {"for": spawner}

    assert asyncio.run(merged_setting(theirs, {"a": 1})("ada")) == {"for": "ada", "a": 1}
