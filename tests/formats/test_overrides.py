import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.formats.overrides import applied
from binder_registry.formats.z2jh import from_z2jh
from binder_registry.template import Template

TRAITS = ("environment", "node_selector", "mem_limit", "image")
leaves = st.none() | st.text(max_size=2)
# Of one shape per key: KubeSpawner fails where a text is to be merged into.
mappings = st.dictionaries(st.sampled_from("ab"), leaves) | st.dictionaries(
    st.sampled_from("cd"), st.dictionaries(st.sampled_from("ab"), leaves)
)
overrides = st.fixed_dictionaries(
    {}, optional={"environment": mappings, "node_selector": mappings, "mem_limit": leaves, "image": leaves}
)


def without_none(value: Any) -> Any:
    return {k: without_none(v) for k, v in value.items() if v is not None} if isinstance(value, Mapping) else value


@given(st.lists(overrides, max_size=4))
def test_overrides_are_applied_as_kubespawner_applies_them(every: list[dict[str, Any]]) -> None:
    apply = pytest.importorskip("kubespawner").KubeSpawner._apply_overrides
    spawner = SimpleNamespace(log=logging.getLogger(), environment={}, node_selector={}, mem_limit=None, image=None)
    for override in every:
        apply(spawner, override)

    ours = {"environment": {}, "node_selector": {}, "mem_limit": None, "image": None} | applied(every)

    assert {trait: without_none(ours[trait]) for trait in TRAITS} == {
        trait: without_none(getattr(spawner, trait)) for trait in TRAITS
    }


def moved(override: Any, *choices: Any) -> tuple[list[Template], list[str]]:
    """A profile, and choices of one option each."""
    options = {f"o{n}": {"choices": {"c": {"kubespawner_override": choice}}} for n, choice in enumerate(choices)}
    templates, losses = from_z2jh([{"slug": "p", "kubespawner_override": override, "profile_options": options}])
    return templates, [str(loss) for loss in losses]


def test_applying_changes_nothing_that_others_share() -> None:
    shared = {"environment": {"A": "1"}}

    applied([shared, {"environment": {"B": "2"}}])

    assert shared == {"environment": {"A": "1"}}


def test_mappings_within_mappings_are_merged_too() -> None:
    first, second = {"extra_pod_config": {"c": {"a": "1"}}}, {"extra_pod_config": {"c": {"b": "2"}}}

    assert applied([first, second]) == {"extra_pod_config": {"c": {"a": "1", "b": "2"}}}


def test_a_choice_adds_to_the_environment_of_its_profile() -> None:
    [template], _ = moved({"image": "i", "environment": {"A": "1", "B": "1"}}, {"environment": {"B": "2", "C": "3"}})

    assert template.environment == {"A": "1", "B": "2", "C": "3"}


def test_a_later_choice_wins() -> None:
    [template], _ = moved({"image": "i"}, {"image_spec": "j", "mem_limit": "1G"}, {"mem_limit": "2G"})

    assert (template.image_name, template.limits.memory) == ("j", 2**31)


def test_null_takes_a_variable_away_and_that_of_the_hub_is_named() -> None:
    [template], losses = moved({"image": "i", "environment": {"A": "1"}}, {"environment": {"A": None}})

    assert (template.environment, losses) == (
        {},
        [
            "profile p, c: kubespawner_override.environment.A is null, which takes the hub's own away: "
            "not carried over",
        ],
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [("mem_limit", None), ("cpu_limit", 0), ("cmd", None), ("cmd", []), ("default_url", ""), ("uid", None)],
)
def test_what_lifts_the_hubs_own_setting_is_named(key: str, value: object) -> None:
    _, [loss] = moved({"image": "i", key: value})

    shown = "null" if value is None else repr(value)
    assert loss == (
        f"profile p: kubespawner_override.{key} is {shown} in place of the hub's own, which is not carried over"
    )


def test_an_empty_mapping_changes_nothing_and_is_not_named() -> None:
    assert moved({"image": "i", "node_selector": {}, "environment": {}})[1] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("image", value) for value in (["i"], {"tag": "1"}, 5, True, "  ", {"name": "i", "tag": False})]
    + [("cmd", value) for value in ({"a": "b"}, [["a"]], [None])]
    + [("port", value) for value in ("http", 80.5, True, -1, "0x50")]
    + [("default_url", value) for value in (["/lab"], {"a": "b"}, 5.0j)]
    + [("environment", value) for value in (["A=1"], "A=1", 5)]
    + [("extra_resource_limits", value) for value in (["gpu"], {"nvidia.com/gpu": "500m"}, {"nvidia.com/gpu": True})]
    + [("mem_limit", value) for value in ("512m", "2", 2, True, "-1G", -1, "1:30", "0512", float("inf"), ["2G"], "G")]
    + [("cpu_limit", value) for value in ("0512", "1:30", True, -1, float("nan"), "1,5", "two")]
    + [("cpu_guarantee", value) for value in ("0512", True, -0.5, float("inf"))],
)
def test_a_profile_with_a_value_that_cannot_be_meant_is_left_out(key: str, value: object) -> None:
    templates, [loss] = moved({"image": "i", key: value})

    assert (templates, loss.startswith(f"profile p: kubespawner_override.{key} cannot be read")) == ([], True)


@pytest.mark.parametrize(
    ("key", "value", "limits"),
    [
        ("mem_limit", "2G", {"memory": 2**31}),
        ("mem_limit", "2Gi", {"memory": 2**31}),
        ("mem_limit", 1951419879, {"memory": 1951419879}),
        ("mem_limit", "1951419879", {"memory": 1951419879}),
        ("mem_limit", 2e9, {"memory": 2 * 10**9}),
        ("cpu_limit", "500m", {"cpus": 0.5}),
        ("cpu_limit", 2, {"cpus": 2}),
        ("cpu_limit", "2.0", {"cpus": 2}),
        ("cpu_limit", 0.00001, {"cpus": 0.00001}),
        ("cpu_guarantee", "500m", {"cpu_shares": 512}),
        ("extra_resource_limits", {"nvidia.com/gpu": 2}, {"gpus": 2}),
        ("extra_resource_limits", {"nvidia.com/gpu": "2"}, {"gpus": 2}),
    ],
)
def test_numbers_and_sizes_are_read_where_they_are_unmistakable(key: str, value: object, limits: object) -> None:
    [template], losses = moved({"image": "i", key: value})

    found = {name: getattr(template.limits, name) for name in template.limits.__struct_fields__}
    assert ({name: value for name, value in found.items() if value}, losses) == (limits, [])


def test_a_guarantee_between_two_shares_is_named() -> None:
    [template], losses = moved({"image": "i", "cpu_guarantee": 0.22815625})

    assert (template.limits.cpu_shares, losses) == (
        234,
        ["profile p: kubespawner_override.cpu_guarantee of 0.22815625 becomes 0.228515625, 234 of 1024 CPU shares"],
    )


def test_an_image_in_two_parts_is_put_together() -> None:
    [template], losses = moved({"image": {"name": "quay.io/x", "tag": 12}})

    assert (template.image_name, losses) == ("quay.io/x:12", [])


def test_a_variable_whose_name_yaml_takes_for_a_truth_is_named() -> None:
    [template], losses = moved({"image": "i", "environment": {False: "1", "A": "1", 5: "x"}})

    assert (template.environment, len(losses)) == ({"A": "1"}, 2)


@pytest.mark.parametrize(
    "profile",
    [
        {"profile_options": ["a"]},
        {"profile_options": {"a": "text"}},
        {"profile_options": {"a": {"choices": ["b"]}}},
        {"profile_options": {"a": {"choices": {"b": "text"}}}},
        {"profile_options": {"a": {"choices": {"b": {"kubespawner_override": ["x"]}}}}},
        {"profile_options": {"a": {"choices": {"--": {}}}}},
        {"kubespawner_override": "text"},
        {"slug": ["x"]},
        {"slug": True},
    ],
)
def test_what_has_another_shape_is_left_out_and_named(profile: dict[str, Any]) -> None:
    templates, losses = from_z2jh([{"slug": "p", "kubespawner_override": {"image": "i"}, **profile}])

    assert (templates, [loss.left_out for loss in losses]) == ([], [True])


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        ({"profile_options": None}, ["p"]),
        ({"profile_options": {"a": None}}, ["p"]),
        ({"profile_options": {"a": {"choices": None}}}, ["p"]),
        ({"profile_options": {"a": {"choices": {"b": None}}}}, ["p-b"]),
        ({"profile_options": {"a": {"choices": {1: {"kubespawner_override": None}}}}}, ["p-1"]),
        ({"profile_options": {1: {"choices": {True: {}}}}}, ["p-true"]),
        ({"profile_options": {"a": {"choices": {"b": {}}, "unlisted_choice": None}}}, ["p-b"]),
        ({"slug": 1524699}, ["1524699"]),
        ({"slug": None, "display_name": 2026}, ["2026"]),
        ({"display_name": "Two\nlines"}, ["p"]),
    ],
)
def test_what_is_empty_or_a_number_is_read(profile: dict[str, Any], names: list[str]) -> None:
    templates, losses = from_z2jh([{"slug": "p", "kubespawner_override": {"image": "i"}, **profile}])

    assert ([template.name for template in templates], losses) == (names, [])


def test_a_profile_without_an_override_has_the_hubs_image() -> None:
    values = {"singleuser": {"image": {"name": "i"}, "profileList": [{"slug": "p", "kubespawner_override": None}]}}

    [template], _ = from_z2jh(values)

    assert template == Template(name="p", image_name="i")
