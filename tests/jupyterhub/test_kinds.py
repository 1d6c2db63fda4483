"""What the traits of real spawners take, and what `null` makes of them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tornado.web import HTTPError

from binder_registry.jupyterhub import Catalogue, NotOffered, Rules, check_kinds
from binder_registry.options import HARMLESS_OVERRIDES
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import catalogue, environments, template
from tests.jupyterhub.test_kubespawner import _a_cluster_that_is_never_asked, container, spawner_with, start, started

need_module("kubespawner")
need_module("dockerspawner")

__all__ = ["_a_cluster_that_is_never_asked"]  # a fixture

ALLOWED = (
    *("environment", "args", "cmd", "volumes", "volume_mounts", "uid", "fs_gid", "privileged", "service_account", "ip"),
    *("extra_pod_config", "extra_container_config", "init_containers", "extra_labels", "container_security_context"),
    *(
        "extra_host_config",
        "mounts",
        "extra_create_kwargs",
        "network_name",
        "extra_container_spec",
        "http_timeout",
        "image",
        "port",
    ),
)
AFFINITY = {"weight": 1, "preference": {"matchExpressions": []}}
SET_BY_THE_HUB: dict[str, Any] = {
    "mem_limit": "2G",
    "cpu_limit": 2.0,
    "mem_guarantee": "1G",
    "cpu_guarantee": 1.0,
    "image_pull_policy": "Always",
    "working_dir": "/home/ada",
    "node_selector": {"zone": "a"},
    "tolerations": [{"key": "zone", "operator": "Exists"}],
    "extra_resource_limits": {"example.org/gpu": "1"},
    "extra_resource_guarantees": {"example.org/gpu": "1"},
    **{f"node_affinity_{need}": [AFFINITY] for need in ("preferred", "required")},
    **{f"{kind}_preferred": [AFFINITY] for kind in ("pod_affinity", "pod_anti_affinity")},
    **{f"{kind}_required": [{"topologyKey": "zone"}] for kind in ("pod_affinity", "pod_anti_affinity")},
}


def rules_of(spawner_class: str, **rules: Any) -> Rules:
    import dockerspawner
    import kubespawner
    from jupyterhub import spawner

    modules = (kubespawner, dockerspawner, spawner)
    [found] = [getattr(module, spawner_class) for module in modules if hasattr(module, spawner_class)]
    return Rules(allow_overrides=ALLOWED, **rules).of(found)


def having(settings: dict[str, Any], spawner_class: str = "KubeSpawner", **members: Any) -> Catalogue:
    one = template(overrides={"spawner": settings}, **members)
    return catalogue(one, rules=rules_of(spawner_class))


# ── null ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_harmless_key_is_tried() -> None:
    assert set(SET_BY_THE_HUB) == HARMLESS_OVERRIDES


@pytest.mark.parametrize("key", [*SET_BY_THE_HUB])
def test_null_lifts_what_the_hub_set(key: str) -> None:
    found = having({key: None})

    lifted = started(environments(found, found.rules), {"template": "scipy"}, **{key: SET_BY_THE_HUB[key]})

    assert lifted == started(environments(found, found.rules), {"template": "scipy"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("volumes", [{"name": "home", "emptyDir": {}}]),
        ("extra_pod_config", {"hostNetwork": False}),
        ("init_containers", [{"name": "chown", "image": "busybox"}]),
        ("container_security_context", {"runAsNonRoot": True}),
        ("uid", 1000),
        ("privileged", True),
        ("args", ["--debug"]),
        ("environment", {"A": "b"}),
    ],
)
def test_null_lifts_what_the_admin_allows_too(key: str, value: Any) -> None:
    found = having({key: None})

    lifted = started(environments(found, found.rules), {"template": "scipy"}, **{key: value})

    assert lifted == started(environments(found, found.rules), {"template": "scipy"})


def test_what_null_lifted_is_back_for_the_next_start() -> None:
    found = catalogue(template(overrides={"spawner": {"node_selector": None}}), template("other"),
                      rules=rules_of("KubeSpawner"))  # fmt: skip

    async def both() -> dict[str, Any]:
        spawner = spawner_with(environments(found, found.rules), node_selector={"zone": "a"})
        await start(spawner, {"template": "scipy"})
        return await start(spawner, {"template": "other"})

    assert asyncio.run(both())["spec"]["nodeSelector"] == {"zone": "a"}


def test_null_leaves_the_variables_that_say_which_template_it_is() -> None:
    found = having({"environment": None})

    pod = started(environments(found, found.rules), {"template": "scipy"}, environment={"OF_THE_HUB": "1"})

    variables = {one["name"]: one.get("value") for one in container(pod)["env"]}
    assert "OF_THE_HUB" not in variables
    assert (variables["BINDER_REGISTRY_TEMPLATE"], variables["BINDER_REGISTRY_REVISION"]) == ("scipy", "1")


@pytest.mark.parametrize("labels", [None, {"binder-registry/template": "another"}])
def test_no_override_changes_the_labels_that_say_which_template_it_is(labels: Any) -> None:
    found = having({"extra_labels": labels})

    pod = started(environments(found, found.rules), {"template": "scipy"})

    assert pod["metadata"]["labels"]["binder-registry/template"] == "scipy"


@pytest.mark.parametrize("variable", ["JUPYTERHUB_API_URL", "JPY_API_TOKEN", "BINDER_REGISTRY_TEMPLATE"])
def test_a_variable_of_the_hubs_is_not_set_under_another_key(variable: str) -> None:
    found = having({"environment": {"A": {"name": variable, "value": "mine"}}})

    assert found.left_out["scipy"] == f"environment sets {variable}, which is the hub's"


# ── values of the wrong kind ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("environment", ["a"], "environment is no object of variables"),
        ("environment", [{"a": "b"}], "environment is no object of variables"),
        ("environment", "", "environment is no object of variables"),
        ("environment", {"A": 1}, "environment.A is no text"),
        ("cmd", ["jupyterhub-singleuser", None], "cmd is no list of words"),
        ("cmd", {"jupyterhub-singleuser": 1}, "cmd is no list of words"),
        ("cmd", 5, "cmd is no list of words"),
        ("args", [1], "args[0] is 1 that the spawner does not take: it wants a unicode string"),
        ("args", ["--debug", None], "args[1] is null that the spawner does not take"),
        ("args", [["--debug"]], "args[0] is a list that the spawner does not take"),
        ("mem_limit", {"a": 1}, "mem_limit is an object"),
        ("mem_limit", "plenty", "mem_limit is a text"),
        ("cpu_limit", "0.5", "cpu_limit is a text"),
        ("node_selector", "x", "node_selector is a text"),
        ("tolerations", 1, "tolerations is 1 that the spawner does not take: it wants a list or a dict"),
        ("node_affinity_required", "zone", "node_affinity_required is a text"),
        ("working_dir", ["/home"], "working_dir is a list"),
        ("image_pull_policy", True, "image_pull_policy is true"),
        ("privileged", "yes", "privileged is a text"),
        ("uid", "root", "uid is a text"),
        ("http_timeout", {}, "http_timeout is an object"),
    ],
)
def test_a_value_of_the_wrong_kind_is_not_offered(key: str, value: Any, reason: str) -> None:
    assert reason in having({key: value}).left_out["scipy"]


@pytest.mark.parametrize("spawner_class", ["DockerSpawner", "SwarmSpawner", "SimpleLocalProcessSpawner"])
def test_the_class_of_the_hubs_spawner_decides_what_is_wrong(spawner_class: str) -> None:
    assert "mem_limit is a text" in having({"mem_limit": "plenty"}, spawner_class).left_out["scipy"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mem_limit", "1.5G"),
        ("mem_limit", 1 << 30),
        ("cpu_limit", 1),
        ("uid", 1000),
        ("volumes", {"home": {"name": "home"}}),  # merged by name
        ("volumes", [{"name": "home"}]),
        ("environment", {"A": "b", "GONE": None}),
        ("extra_pod_config", {"a": [{"b": None}], "c": None}),
        ("no_such_trait", 1),  # which is told apart
    ],
)
def test_a_value_of_the_right_kind_is_offered(key: str, value: Any) -> None:
    rules = Rules(allow_overrides=[*ALLOWED, "no_such_trait"])
    from kubespawner import KubeSpawner

    found = catalogue(template(overrides={"spawner": {key: value}}), rules=rules.of(KubeSpawner))

    assert not found.left_out


def test_a_list_that_is_too_short_is_not_said_to_be_no_list() -> None:
    from traitlets import HasTraits, List

    class Spawner(HasTraits):
        two: Any = List(minlen=2)

    with pytest.raises(NotOffered) as refused:
        check_kinds({"two": [1]}, Spawner.class_traits())

    assert str(refused.value) == "two is a list that the spawner does not take"


def test_a_member_that_no_registry_gives_is_a_sentence() -> None:
    found = catalogue(template(limits=5), rules=rules_of("KubeSpawner"))

    assert found.left_out["scipy"].startswith("something in it is missing or of the wrong kind (AttributeError: ")


@pytest.mark.parametrize(
    ("key", "inner"),
    [
        ("extra_container_config", {"command": ["sh"]}),
        ("extra_container_config", {"args": ["jupyter", "lab"]}),
        ("extra_container_config", {"args": []}),
        ("extra_container_config", {"args": None}),
        ("extra_container_spec", {"args": ["sh"]}),
        ("extra_create_kwargs", {"entrypoint": "sh"}),
        ("extra_create_kwargs", {"command": "jupyterhub-singleuser --x"}),
    ],
)
def test_what_runs_instead_of_the_command_is_held_to_the_allowed_ones(key: str, inner: dict[str, Any]) -> None:
    reason = having({key: inner}).left_out["scipy"]

    assert reason.startswith(f"{key}.{next(iter(inner))}: the command ")


@pytest.mark.parametrize("inner", [{"command": ["jupyterhub-singleuser"]}, {"args": ["tini", "--"]}, {"tty": True}])
def test_what_runs_instead_of_the_command_may_be_an_allowed_one(inner: dict[str, Any]) -> None:
    rules = rules_of("KubeSpawner", allow_commands=["tini"])

    found = catalogue(template(overrides={"spawner": {"extra_container_config": inner}}), rules=rules)

    assert not found.left_out


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("spawner_class", "settings", "engine"),
    [
        ("KubeSpawner", {"mem_limit": 1}, "Kubernetes"),
        ("KubeSpawner", {"mem_limit": "1K"}, "Kubernetes"),
        ("KubeSpawner", {"cpu_limit": 0.0001}, "Kubernetes"),
        ("DockerSpawner", {"mem_limit": "5M"}, "Docker"),
        ("DockerSpawner", {"cpu_limit": 0.001}, "Docker"),
        ("SwarmSpawner", {"mem_limit": 512}, "Docker"),
    ],
)
def test_a_limit_with_which_no_server_starts_is_not_offered(
    spawner_class: str, settings: dict[str, Any], engine: str
) -> None:
    [(name, value)] = settings.items()

    reason = having(settings, spawner_class).left_out["scipy"]

    assert reason == f"{name} {value!r} is below the least that {engine} takes"


@pytest.mark.parametrize(
    "settings",
    [{"mem_limit": -1}, {"cpu_limit": -0.5}, {"mem_limit": True}, {"cpu_guarantee": -1}, {"mem_guarantee": -5}],
)
@pytest.mark.parametrize("spawner_class", ["KubeSpawner", "DockerSpawner", "SimpleLocalProcessSpawner"])
def test_a_limit_that_is_no_amount_is_not_offered(spawner_class: str, settings: dict[str, Any]) -> None:
    assert "is not one that a spawner takes" in having(settings, spawner_class).left_out["scipy"]


def test_a_limit_that_only_tells_the_server_may_be_small() -> None:
    assert not having({"mem_limit": 1}, "SimpleLocalProcessSpawner").left_out


def test_a_choice_with_too_small_a_limit_is_hidden_alone() -> None:
    small = {"name": "b", "set": {"overrides": {"kubespawner": {"mem_limit": "1K"}}}}
    lab = template("lab", options=[{"name": "size", "choices": [{"name": "a"}, small]}])

    assert [*catalogue(lab, rules=rules_of("KubeSpawner")).offers["lab"].hidden] == [("size", "b")]


# ── settings without effect ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trait", ["extra_host_config", "links"])
def test_what_a_swarm_inherits_and_never_reads_is_told(trait: str, caplog: pytest.LogCaptureFixture) -> None:
    rules = rules_of("SwarmSpawner")

    catalogue(template(overrides={"spawner": {trait: {"a": "b"}}}), rules=replace(rules, allow_overrides=[trait]))

    assert f"sets {trait} for 'scipy', which has no effect on this spawner" in caplog.text


def test_what_an_engine_reads_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    having({"extra_host_config": {"privileged": False}}, "DockerSpawner")

    assert "no effect" not in caplog.text


# ── choices, functions ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_choice_of_the_wrong_kind_is_hidden_alone() -> None:
    wrong = {"name": "b", "set": {"overrides": {"kubespawner": {"node_selector": "x"}}}}
    lab = template("lab", options=[{"name": "size", "choices": [{"name": "a"}, wrong]}])

    found = catalogue(lab, rules=rules_of("KubeSpawner"))

    assert "node_selector is a text" in found.offers["lab"].hidden["size", "b"]


def test_what_the_hubs_override_makes_of_the_wrong_kind_is_not_offered() -> None:
    def changed(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"]["tolerations"] = "all"
        return profile

    found = catalogue(template(), rules=rules_of("KubeSpawner", override=changed))

    assert "tolerations is a text" in found.left_out["scipy"]


def test_what_is_in_a_value_of_the_wrong_kind_is_not_told() -> None:
    assert "s3cret" not in having({"environment": ["PASSWORD=s3cret"]}).left_out["scipy"]


@pytest.mark.parametrize(
    ("trait", "answer", "told"),
    [
        ("environment", ["PASSWORD=s3cret"], "environment is a list that the spawner does not take"),
        ("args", ["--token", {"s3cret": 1}], "args[1] is an object that the spawner does not take"),
        ("mem_limit", "s3cret", "mem_limit is a text that the spawner does not take"),
        ("port", {"s3cret"}, "port is something that the spawner does not take"),
    ],
)
def test_what_is_in_an_answer_of_the_wrong_kind_is_not_told(
    trait: str, answer: Any, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    def changed(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"][trait] = lambda spawner: answer
        return profile

    found = catalogue(template(), rules=rules_of("KubeSpawner", override=changed))

    with pytest.raises(HTTPError, match=f"the spawner refuses its {trait}"):
        started(environments(found, found.rules), {"template": "scipy"})

    assert told in caplog.text
    assert "s3cret" not in caplog.text


def test_a_functions_answer_of_the_wrong_kind_is_refused_at_the_start() -> None:
    def changed(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"]["tolerations"] = lambda spawner: "all"
        return profile

    found = catalogue(template(), rules=rules_of("KubeSpawner", override=changed))

    with pytest.raises(HTTPError, match="the spawner refuses its tolerations"):
        started(environments(found, found.rules), {"template": "scipy"})


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_function_of_the_override_that_fails_is_said_to_the_user_and_starts_nothing(asynchronous: bool) -> None:
    async def later(spawner: Any) -> str:
        return failing(spawner)

    def failing(spawner: Any) -> str:
        raise LookupError("s3cret")

    def changed(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"]["tolerations"] = later if asynchronous else failing
        return profile

    found = catalogue(template(), rules=rules_of("KubeSpawner", override=changed))

    with pytest.raises(HTTPError, match="the hub's own function for tolerations failed") as refused:
        started(environments(found, found.rules), {"template": "scipy"})
    assert "s3cret" not in str(refused.value)


def test_an_image_that_is_the_hubs_own_by_an_override_is_the_hubs() -> None:
    own = {"name": "a", "set": {"overrides": {"kubespawner": {"image": "(the hub's own)"}}}}
    found = catalogue(template(options=[{"name": "image", "choices": [own]}]), rules=rules_of("KubeSpawner"))

    pod = started(environments(found, found.rules), {"template": "scipy"}, image="hub/own:1")

    assert container(pod)["image"] == "hub/own:1"
