from typing import Any

import pytest

from binder_registry.formats.profile_lists import find_profiles
from binder_registry.formats.z2jh import from_z2jh
from binder_registry.settings import HUBS_OWN_IMAGE

LIST = [{"display_name": "One", "kubespawner_override": {}}]
CHART = {"singleuser": {"image": {"name": "base", "tag": "1"}, "profileList": LIST}}
HUB = {
    "hub": {"config": {"KubeSpawner": {"profile_list": LIST}}},
    "singleuser": {"image": {"name": "base", "tag": "1"}},
}


def below(path: str, values: Any) -> Any:
    for key in reversed(path.split(".")):
        values = {key: values} if key else values
    return values


@pytest.mark.parametrize("chart", [CHART, HUB])
@pytest.mark.parametrize("path", ["", "jupyterhub", "basehub.jupyterhub", "a.b.c", "1.2"])
def test_a_list_is_found_below_any_chart_with_the_image_beside_it(path: str, chart: Any) -> None:
    [template], _ = from_z2jh(below(path, chart), bake_image=True)

    assert (template.name, template.image_name) == ("one", "base:1")


def test_several_lists_are_refused_with_their_paths() -> None:
    values = {"a": CHART, "b": {"c": HUB}}

    with pytest.raises(
        ValueError, match=r"`at` names one: a\.singleuser\.profileList, b\.c\.hub\.config\.KubeSpawner\.profile_list$"
    ):
        find_profiles(values)


def test_two_lists_of_one_chart_are_refused() -> None:
    with pytest.raises(ValueError, match="there are several lists"):
        find_profiles({"singleuser": CHART["singleuser"], "hub": HUB["hub"]})


def test_an_alias_of_a_list_is_another_list() -> None:
    with pytest.raises(ValueError, match="there are several lists"):
        find_profiles({"a": CHART, "b": CHART})


@pytest.mark.parametrize("at", ["b", "b.c", "b.c.singleuser", "b.c.singleuser.profileList"])
def test_one_of_several_lists_is_named_by_its_path_or_one_above(at: str) -> None:
    other = {"singleuser": {"image": "other", "profileList": LIST}}

    [template], _ = from_z2jh({"a": CHART, "b": {"c": other}, "bb": CHART}, at, bake_image=True)

    assert template.image_name == "other"


def test_a_list_of_another_name_is_named_by_its_path() -> None:
    assert find_profiles({"profiles": {"jupyterlab": LIST}}, "profiles.jupyterlab").profiles == LIST


@pytest.mark.parametrize("at", ["c", "a.singleuser.image", "a.singleuser.profileList.x", "a."])
def test_a_path_without_a_list_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match=r"there is no singleuser\.profileList at"):
        find_profiles({"a": CHART, "b": CHART}, at)


def test_empty_lists_beside_the_list_do_not_matter() -> None:
    values = {"singleuser": {"profileList": []}, "hub": {"config": {"KubeSpawner": {"profile_list": LIST}}}}

    assert find_profiles(values).profiles == LIST


def test_values_that_hold_themselves_are_searched_once() -> None:
    values: dict[str, Any] = {"jupyterhub": CHART}
    values["again"] = values

    assert find_profiles(values).profiles == LIST


def test_aliases_of_aliases_are_searched_in_no_time() -> None:
    values: Any = {"x": 1}
    for _ in range(60):
        values = {"p": values, "q": values}

    assert find_profiles({"bomb": values, **CHART}).profiles == LIST


def test_aliases_of_aliases_to_a_list_are_refused_in_no_time() -> None:
    values: Any = CHART
    for _ in range(60):
        values = {"p": values, "q": values}

    with pytest.raises(ValueError, match="there are several lists"):
        find_profiles(values)


def test_a_mapping_of_profiles_is_read_as_kubespawner_reads_it() -> None:
    profiles = {"b": {"display_name": "First", "kubespawner_override": {"image": "i"}}, "a": {"display_name": "Zweite"}}
    spawner = pytest.importorskip("kubespawner").KubeSpawner

    wanted = spawner._get_initialized_profile_list(None, spawner._sorted_dict_values(None, profiles))

    templates, _ = from_z2jh({"singleuser": {"image": {"name": "i"}, "profileList": profiles}})
    assert [template.name for template in templates] == [profile["slug"] for profile in wanted]


def test_a_profile_of_a_mapping_without_a_name_takes_its_key() -> None:
    [template], _ = from_z2jh({"profileList": {"one": {"kubespawner_override": {"image": "i"}}}})

    assert template.name == "one"


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ({"name": "x", "tag": 2026}, "x:2026"),
        ({"name": "x", "tag": None}, "x"),
        ({"name": "x", "tag": ""}, "x"),
        ({"name": 5, "tag": 1.5}, "5:1.5"),
        ("x:1", "x:1"),
    ],
)
def test_the_hubs_image_is_put_together(image: object, found: str) -> None:
    [template], losses = from_z2jh({"singleuser": {"image": image, "profileList": LIST}}, bake_image=True)

    assert (template.image_name, losses) == (found, [])


@pytest.mark.parametrize("image", [{"name": "x", "tag": True}, {"tag": "1"}, ["x"], 5, {"name": {"a": "b"}}])
def test_an_image_of_the_hub_that_is_none_is_named_and_not_taken(image: object) -> None:
    [template], losses = from_z2jh({"singleuser": {"image": image, "profileList": LIST}}, bake_image=True)

    assert (template.image_name, losses[0].member) == (HUBS_OWN_IMAGE, "singleuser.image")
