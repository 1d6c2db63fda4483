from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.formats.losses import Losses
from binder_registry.formats.z2jh import from_z2jh
from binder_registry.template import Template

STAFF, STUDENTS = ["staff"], ["students"]


def choice(**restriction: Any) -> dict[str, Any]:
    return {"kubespawner_override": {}, **restriction}


def moved(profile: dict[str, Any] | None = None, **options: Any) -> tuple[list[Template], Losses]:
    """A profile with a choice `open` beside those given for each option."""
    return from_z2jh(
        [
            {
                "slug": "p",
                "kubespawner_override": {"image": "i"},
                **(profile or {}),
                "profile_options": {key: {"choices": {"open": {}, **choices}} for key, choices in options.items()},
            }
        ]
    )


def offered(templates: list[Template]) -> dict[str, tuple[str, ...]]:
    return {template.name: template.allowed_groups for template in templates}


NOBODY_KNOWS = [
    {"allowed_groups": []},
    {"allowed_groups": None},
    {"allowed_groups": ""},
    {"allowed_groups": [" "]},
    {"allowed_groups": [None]},
    {"allowed_groups": {"staff": True}},
    {"allowed_groups": [["staff"]]},
    {"allowed_groups": True},
    {"allowed_teams": []},
    {"groups": []},
    {"users": ["ada"]},
    {"users": []},
    {"users": ["ada"], "groups": ["staff"], "access": "yaml"},
    {"access": "yaml"},
    {"access": "keycloak"},
    {"access": "keycloak", "groups": ["staff"]},
    {"access": None},
    {"allowed_users": ["ada"]},
    {"admin_only": True},
    {"allowedGroups": ["staff"]},
    {"allowed-groups": ["staff"]},
    {"required_scopes": ["a"]},
    {"roles": ["a"]},
    {"hidden": True},
    {"visible": False},
    {"enabled": False},
    {"allow_students": False},
    {"denied_groups": ["students"]},
    {"kubespawner_override": {"image": "i", "allowed_groups": ["staff"]}},
    {"kubespawner_override": {"image": "i", "admin_only": True}},
]


@pytest.mark.parametrize("restriction", NOBODY_KNOWS)
def test_a_profile_whose_restriction_cannot_be_kept_is_left_out(restriction: dict[str, Any]) -> None:
    templates, losses = moved(restriction)

    assert (templates, [loss.left_out for loss in losses]) == ([], [True])


@pytest.mark.parametrize("restriction", NOBODY_KNOWS)
def test_a_choice_whose_restriction_cannot_be_kept_is_left_out(restriction: dict[str, Any]) -> None:
    templates, losses = moved(size={"big": choice(**restriction)})

    assert (offered(templates), [loss.left_out for loss in losses]) == ({"p-open": ()}, [True])


def test_a_choice_whose_restriction_cannot_be_kept_is_left_out_of_every_combination() -> None:
    templates, _ = moved(size={"big": choice(users=["ada"])}, image={"r": choice()})

    assert set(offered(templates)) == {"p-open-open", "p-open-r"}


def test_a_profile_none_of_whose_choices_can_be_kept_is_left_out() -> None:
    choices = {"choices": {"big": choice(allowed_groups=[])}}

    templates, _ = from_z2jh([{"slug": "p", "kubespawner_override": {"image": "i"}, "profile_options": {"a": choices}}])

    assert templates == []


@pytest.mark.parametrize("key", ["allowed_groups", "allowed_teams", "groups"])
def test_the_groups_of_a_choice_become_those_of_its_templates(key: str) -> None:
    templates, losses = moved(size={"big": choice(**{key: ["staff", "it", "staff"]})})

    assert (offered(templates), losses) == ({"p-open": (), "p-big": ("staff", "it")}, [])


@pytest.mark.parametrize(
    ("profile", "kept"),
    [
        ({"allowed_groups": STAFF}, ("staff",)),
        ({"allowed_teams": ["org:team"]}, ("org:team",)),
        ({"groups": STAFF, "access": "yaml"}, ("staff",)),
        ({"groups": STAFF, "access": "all"}, ("staff",)),
        ({"allowed_groups": "staff"}, ("staff",)),
        ({"allowed_groups": [2026]}, ("2026",)),
        ({"allowed_groups": STAFF, "allowed_teams": STAFF}, ("staff",)),
        ({"access": "all", "admin_only": False, "enabled": True}, ()),
    ],
)
def test_the_groups_of_a_profile_are_kept(profile: dict[str, Any], kept: tuple[str, ...]) -> None:
    templates, _ = moved(profile)

    assert offered(templates) == {"p": kept}


@pytest.mark.parametrize(
    ("profile", "big"),
    [
        (STAFF, STAFF),
        (["students", "staff"], STAFF),  # whoever is of the second list is of the first
        (STAFF, ["students", "staff"]),
    ],
)
def test_lists_of_which_one_says_what_both_say_are_kept(profile: list[str], big: list[str]) -> None:
    templates, _ = moved({"allowed_groups": profile}, size={"big": choice(allowed_groups=big)})

    assert offered(templates)["p-big"] == ("staff",)


def test_a_combination_that_needs_groups_of_two_lists_is_left_out() -> None:
    templates, losses = moved({"allowed_groups": STAFF}, size={"big": choice(allowed_groups=STUDENTS)})

    assert (offered(templates), [(loss.where, loss.left_out) for loss in losses]) == (
        {"p-open": ("staff",)},
        [("profile p, big", True)],
    )


def test_a_combination_of_choices_for_different_groups_is_left_out() -> None:
    templates, _ = moved(size={"big": choice(allowed_groups=STAFF)}, image={"r": choice(allowed_groups=STUDENTS)})

    assert offered(templates) == {"p-open-open": (), "p-open-r": ("students",), "p-big-open": ("staff",)}


def test_the_groups_of_an_option_hold_for_its_choices() -> None:
    option = {"allowed_groups": STAFF, "choices": {"big": {}}}

    templates, _ = from_z2jh([{"slug": "p", "kubespawner_override": {"image": "i"}, "profile_options": {"a": option}}])

    assert offered(templates) == {"p-big": ("staff",)}


@pytest.mark.parametrize("restriction", [{"allowed_groups": STAFF}, {"allowed_groups": []}, {"admin_only": True}])
@pytest.mark.parametrize(("choices", "kept"), [({"a": {}}, {"p-a": ()}), ({}, {}), (None, {})])
def test_free_text_for_some_is_left_out_and_never_stands_for_everybody(
    restriction: dict[str, Any], choices: Any, kept: dict[str, Any]
) -> None:
    option = {"choices": choices, "unlisted_choice": {"enabled": True, **restriction}}

    templates, losses = from_z2jh(
        [{"slug": "p", "kubespawner_override": {"image": "i"}, "profile_options": {"image": option}}]
    )

    assert (offered(templates), losses[0].left_out) == (kept, True)
    assert "unlisted_choice" in str(losses[0])


group_lists = st.lists(st.sampled_from("abc"), max_size=3) | st.sampled_from([None, "a"])
restrictions: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {}, optional={"allowed_groups": group_lists, "groups": group_lists}
)
choices_of_an_option = st.lists(restrictions, min_size=1, max_size=3)


def may(user: str, *parts: dict[str, Any]) -> bool:
    """Whether all restrictions, each of which any of its groups meets, hold for a user of one group."""
    return all(user in (groups or ()) for part in parts for groups in part.values())


@given(restrictions, choices_of_an_option, choices_of_an_option)
def test_nobody_is_offered_what_the_list_withholds(
    profile: dict[str, Any], sizes: list[dict[str, Any]], images: list[dict[str, Any]]
) -> None:
    options = {
        option: {"choices": {str(number): choice(**each) for number, each in enumerate(choices)}}
        for option, choices in (("size", sizes), ("image", images))
    }

    templates, _ = from_z2jh(
        [{"slug": "p", "kubespawner_override": {"image": "i"}, "profile_options": options, **profile}]
    )

    for template in templates:
        _, size, image = template.name.split("-")
        parts = (profile, sizes[int(size)], images[int(image)])
        for user in "abcd":
            offered_to = not template.allowed_groups or user in template.allowed_groups
            assert may(user, *parts) or not offered_to
