import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.jupyterhub import NotOffered, Rules, command_words, name_of, offer, offered, slug_of
from tests.jupyterhub.samples import template

KUBERNETES, DOCKER, LOCAL = Rules("kubernetes"), Rules("docker"), Rules("local")


def settings(rules: Rules, **members: object) -> dict[str, object]:
    override: dict[str, object] = offer(template(**members), rules).profile["kubespawner_override"]  # type: ignore[arg-type]
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


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_slug_survives_kubespawners_form(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug_of(name))


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_command_is_split_into_words() -> None:
    assert command_words("jupyterhub-singleuser --ip '0.0.0.0 x'") == ["jupyterhub-singleuser", "--ip", "0.0.0.0 x"]


def test_no_command_is_the_command_that_asks_the_hub_who_is_there() -> None:
    assert command_words("") == ["jupyterhub-singleuser"]


@pytest.mark.parametrize(
    "command",
    [
        "jupyter notebook",  # has no login
        "/tmp/jupyterhub-singleuser",
        "jupyterhub-singleuser-evil",
        "jupyterhub-singleuser 'unclosed",
        "jupyterhub-singleuser \0",
        "jupyterhub-singleuser --base-url={base_path}",
        "jupyterhub-singleuser --port={port}",
    ],
)
def test_a_command_that_a_hub_cannot_offer_is_left_out_with_a_reason(command: str) -> None:
    with pytest.raises(NotOffered, match="the command"):
        command_words(command)


def test_the_admin_allows_further_commands_by_their_first_words() -> None:
    allowed = ["jupyter labhub", "start.sh"]

    assert command_words("jupyter labhub --debug", allowed) == ["jupyter", "labhub", "--debug"]
    with pytest.raises(NotOffered):
        command_words("jupyter lab", allowed)


def test_other_braces_in_a_command_reach_the_container_as_they_are() -> None:
    assert command_words("jupyterhub-singleuser --x={y}")[1] == "--x={y}"


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


@pytest.mark.parametrize("image", ["", "two words", "-option", "a\nb", "x" * 600])
def test_an_image_that_no_engine_could_pull_is_left_out(image: str) -> None:
    with pytest.raises(NotOffered, match="image"):
        settings(LOCAL, image_name=image)


@pytest.mark.parametrize("memory", [-1, 2**63, "512M", True])
def test_a_limit_that_a_spawner_refuses_is_left_out(memory: object) -> None:
    with pytest.raises(NotOffered, match=r"limits\.memory"):
        settings(LOCAL, limits={"memory": memory})


@pytest.mark.parametrize("limits", [{"memory": (6 << 20) - 1}, {"cpus": 0.009}])
def test_limits_that_the_docker_engine_refuses_are_left_out_there_alone(limits: dict[str, float]) -> None:
    with pytest.raises(NotOffered, match="the least that Docker takes"):
        settings(DOCKER, limits=limits)

    assert settings(KUBERNETES, limits=limits)


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


def test_a_loopback_address_of_2015_does_not_hide_a_pod() -> None:
    assert "ip" not in settings(KUBERNETES, container_ip="127.0.0.1")


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

    assert one.profile["kubespawner_override"]["node_selector"] == {"gpu": "true"}


def test_the_override_leaves_a_template_out_with_none() -> None:
    _, left_out = offered([template("a")], Rules(override=lambda template, profile: None))

    assert left_out == [("a", "the hub's override leaves it out")]


def test_an_override_that_fails_leaves_out_that_template_only() -> None:
    def fragile(template: object, profile: dict[str, object]) -> dict[str, object]:
        return profile if profile["slug"] == "a" else profile["nope"]  # type: ignore[return-value]

    offers, [(name, reason)] = offered([template("a"), template("b")], Rules(override=fragile))

    assert [one.name for one in offers] == ["a"]
    assert (name, reason) == ("b", "the hub's override failed: KeyError('nope')")


def test_everything_from_the_registry_is_escaped_for_kubespawners_form() -> None:
    profile = offer(template(display_name="<b>", description="'{{x}}'"), KUBERNETES).profile

    assert profile["display_name"] == "&lt;b&gt;"
    assert profile["description"] == "&#x27;&#123;&#123;x&#125;&#125;&#x27;"


def test_escaping_is_left_to_a_form_that_does_it_itself() -> None:
    assert offer(template(display_name="<b>"), Rules("kubernetes", escape=False)).profile["display_name"] == "<b>"
