from typing import Any

import msgspec
import pytest

from binder_registry.formats.exported_overrides import kubespawner_override
from binder_registry.formats.kubespawner_settings import OLD_NAMES, SETTINGS
from binder_registry.formats.overrides import NEEDS_WORD, members_of
from binder_registry.options import HARMLESS_OVERRIDES
from binder_registry.settings import ContainerLimits, Requests, Settings
from binder_registry.template import Template


def read(override: dict[Any, Any], **how: bool) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Members, with overrides as values, and what is said."""
    said: list[tuple[str, str]] = []
    members = members_of(override, lambda key, what: said.append((key, what)), **how)
    if "overrides" in members:
        members["overrides"] = msgspec.json.decode(members["overrides"]["kubespawner"])
    return members, said


def back(override: dict[str, Any], *, typed: bool = False) -> Any:
    settings = Settings(**members_of(override, lambda key, what: None, typed=typed))
    return kubespawner_override(settings, lambda key, what: None, typed=typed)


@pytest.mark.parametrize(
    ("key", "value", "members"),
    [
        ("image", "quay.io/x:1", {"image_name": "quay.io/x:1"}),
        ("image_spec", "quay.io/x:1", {"image_name": "quay.io/x:1"}),
        ("cmd", ["a", "b c"], {"command": "a 'b c'"}),
        ("cmd", "start.sh --x", {"command": "'start.sh --x'"}),  # KubeSpawner does not split it
        ("cmd", ["a", "$$(X)"], {"command": "a '$(X)'"}),
        ("default_url", "/lab", {"redirect_uri": "/lab"}),
        ("default_url", "/lab/{{x}}", {"redirect_uri": "/lab/{x}"}),
        ("port", 8888, {"bind_port": 8888}),
        ("mem_limit", "2G", {"limits": ContainerLimits(memory=2**31)}),
        ("mem_limit", "2Gi", {"limits": ContainerLimits(memory=2**31)}),
        ("mem_limit", 1951419879, {"limits": ContainerLimits(memory=1951419879)}),
        ("mem_limit", "1951419879", {"limits": ContainerLimits(memory=1951419879)}),
        ("mem_limit", 2e9, {"limits": ContainerLimits(memory=2 * 10**9)}),
        ("mem_guarantee", "1.5G", {"requests": Requests(memory=3 * 2**29)}),
        ("cpu_limit", 2, {"limits": ContainerLimits(cpus=2)}),
        ("cpu_limit", "2.0", {"limits": ContainerLimits(cpus=2)}),
        ("cpu_limit", 0.00001, {"limits": ContainerLimits(cpus=0.00001)}),
        ("cpu_guarantee", 0.22815625, {"requests": Requests(cpus=0.22815625)}),
        ("environment", {"B": "1", "A": 2}, {"environment": {"A": "2", "B": "1"}}),
        ("environment", {"A": "{{x}} $$(Y)"}, {"environment": {"A": "{x} $(Y)"}}),
        ("extra_resource_limits", {"nvidia.com/gpu": "2"}, {"limits": ContainerLimits(gpus=2)}),
        ("extra_resource_limits", {"nvidia.com/gpu": 2}, {"limits": ContainerLimits(gpus=2)}),
    ],
)
def test_what_has_a_member_becomes_it(key: str, value: Any, members: dict[str, Any]) -> None:
    assert read({key: value}) == (members, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, None) for key in ("image", "cmd", "default_url", "port", "mem_limit", "cpu_limit", "mem_guarantee")]
    + [("cmd", value) for value in ([], ["a", 1], ["$(HOME)/x"])]
    + [("default_url", value) for value in ("/user/{username}/tree", "lab", "//x", "", 5, "/{")]
    + [("mem_limit", 0), ("cpu_limit", 0.0), ("mem_guarantee", 0), ("port", 0), ("port", 70000)]
    + [("environment", value) for value in ({"A": "{username}"}, {"A": "$(HOME)"}, {"A": None}, {"a-b": "1"})]
    + [("environment", {"A": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}}), ("environment", ["A=1"])]
    + [("extra_resource_limits", value) for value in ({"x/y": "1"}, {"nvidia.com/gpu": None}, {"nvidia.com/gpu": "a"})]
    + [("node_selector", {"pool": "large"}), ("node_selector", {}), ("tolerations", [{"key": "a"}]), ("ip", "0.0.0.0")]
    + [("volumes", [{"name": "a"}]), ("uid", None), ("privileged", True), ("extra_pod_config", {"a": {"b": [1, 1.5]}})],
)
def test_what_no_member_says_is_carried_as_it_is(key: str, value: Any) -> None:
    members, said = read({key: value})

    assert (members, [what for _, what in said]) == (
        {"overrides": {key: value}},
        [] if key in HARMLESS_OVERRIDES else [NEEDS_WORD],
    )


def test_what_goes_over_comes_back() -> None:
    override = {
        "image": "i",
        "cmd": ["a", "$$(X) {y}"],
        "default_url": "/lab/{{x}}",
        "mem_limit": None,
        "mem_guarantee": 2**30,
        "environment": {"A": "{{x}}", "B": "{username}", "C": None, "D": "$(HOME)", "E": "$$(E)"},
        "extra_resource_limits": {"nvidia.com/gpu": "1"},
        "init_containers": [{"name": "a", "image": None}],
        "node_selector": {},
    }

    assert back(override) == override


def test_what_a_free_text_sets_comes_back() -> None:
    override = {
        "image": "{value}",
        "cmd": ["a", "--x={value}"],
        "default_url": "/tree/{value}",
        "environment": {"A": "{value}", "B": "{username}", "C": "$$({value})"},
        "node_selector": {"pool": "{value}"},
        "mem_limit": "{value}G",
    }

    assert back(override, typed=True) == override


def test_braces_that_a_free_text_sets_reach_the_server() -> None:
    settings = Settings(environment={"A": "{x}{value}"}, redirect_uri="/{x}", command="a {x}")

    override = kubespawner_override(settings, lambda key, what: None, typed=True)

    formatted = pytest.importorskip("kubespawner.utils").recursive_format(override, value="v")
    assert formatted == {"cmd": ["a", "{x}"], "default_url": "/{{x}}", "environment": {"A": "{{x}}v"}}


def test_the_address_of_a_pod_is_a_member_of_templates() -> None:
    assert read({"ip": "0.0.0.0"}, template=True) == ({"bind_ip": "0.0.0.0"}, [])


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0:0::0", "localhost", None])
def test_another_address_is_carried_as_it_is(address: str | None) -> None:
    assert read({"ip": address}, template=True)[0] == {"overrides": {"ip": address}}


def test_devices_of_which_not_all_are_gpus_stay_one_setting() -> None:
    devices = {"extra_resource_limits": {"nvidia.com/gpu": "1"}}

    assert read(devices, devices=False) == ({"overrides": devices}, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [("image", value) for value in (["i"], 5, True)]
    + [("port", value) for value in ("http", 80.5, True, -1, "0x50")]
    + [("mem_limit", value) for value in ("512m", "2", 2, True, "-1G", -1, "1:30", "0512", ["2G"], "G")]
    + [("cpu_limit", value) for value in ("0512", "1:30", True, -1, "1,5", "two")]
    + [("mem_guarantee", value) for value in ("lots",)],
)
def test_what_cannot_be_meant_is_carried_as_it_is_and_named(key: str, value: Any) -> None:
    members, said = read({key: value})

    assert (members, said[0][0], said[0][1].startswith("cannot be read (")) == ({"overrides": {key: value}}, key, True)


@pytest.mark.parametrize(
    ("key", "value", "members", "said"),
    [
        ("cpu_limit", "500m", {"limits": ContainerLimits(cpus=0.5)}, [("cpu_limit", "500m is read as 0.5")]),
        (
            "image",
            {"name": "x", "tag": 12},
            {"image_name": "x:12"},
            [("image", "given as name and tag is put together")],
        ),
        (
            "environment",
            {"A": True},
            {"environment": {"A": "true"}},
            [("environment.A", "is true or false, and becomes a text")],
        ),
    ],
)
def test_what_is_read_otherwise_than_it_stands_there_is_named(
    key: str, value: Any, members: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    assert read({key: value}) == (members, said)


@pytest.mark.parametrize("key", ["default", "display_name", "mem_gaurantee", "profile_options", True])
def test_what_is_no_setting_of_kubespawner_is_dropped_and_named(key: Any) -> None:
    members, said = read({key: True})

    assert (members, said) == (
        {},
        [(str(key), "is no setting of KubeSpawner, which passes over it: dropped")],
    )


def test_the_settings_are_those_that_kubespawner_has() -> None:
    spawner = pytest.importorskip("kubespawner").KubeSpawner

    traits = {trait for trait in spawner.class_trait_names() if not trait.startswith("_")}
    assert (traits <= SETTINGS, SETTINGS - traits <= set(spawner._deprecated_traits)) == (True, True)


def test_the_old_names_are_those_that_kubespawner_has() -> None:
    spawner = pytest.importorskip("kubespawner").KubeSpawner

    newer = {name: spawner._deprecated_traits[name][0] for name in OLD_NAMES}
    assert {name: newer.get(new, new) for name, new in newer.items()} == OLD_NAMES


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**64, {1, 2}, object()])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="which JSON cannot"):
        read({"extra_pod_config": {"a": value}})


def test_a_member_wins_over_an_override_of_the_same_layer() -> None:
    overrides = {"kubespawner": msgspec.Raw(b'{"mem_limit":"1G","uid":0}')}

    found = kubespawner_override(
        Settings(limits=ContainerLimits(memory=2**31), overrides=overrides), lambda key, what: None
    )

    assert found == {"mem_limit": 2**31, "uid": 0}


@pytest.mark.parametrize(
    ("template", "member"),
    [
        (Template(overrides={"docker": msgspec.Raw(b'{"a":1}')}), "overrides.docker"),
        (Template(command="a 'b"), "command"),
        (Template(bind_ip="127.0.0.1"), "container-ip"),
    ],
)
def test_what_kubespawner_has_no_setting_for_is_named(template: Template, member: str) -> None:
    said: list[str] = []

    override = kubespawner_override(template, lambda key, what: said.append(key))

    assert (override, said) == ({}, [member])


def test_a_weight_of_docker_asks_for_as_much_as_the_kubelet_makes_of_it() -> None:
    assert kubespawner_override(Template(limits=ContainerLimits(cpu_shares=512)), lambda key, what: None) == {
        "cpu_guarantee": 0.5
    }
