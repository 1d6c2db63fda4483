import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.formats.losses import Losses
from binder_registry.formats.z2jh import from_z2jh
from binder_registry.options import ChoiceRefused, default_choice, resolve
from binder_registry.template import Template
from binder_registry.wire import encode_template

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


def of_option(option: dict[str, Any]) -> tuple[list[Template], Losses]:
    return from_z2jh([{"slug": "p", "kubespawner_override": {"image": "i"}, "profile_options": {"a": option}}])


def offered(templates: list[Template]) -> dict[str, Any]:
    """The groups of each template, each choice and each free text."""
    found: dict[str, Any] = {}
    for template in templates:
        found[template.name] = template.allowed_groups
        for option in template.options:
            found |= {f"{option.name}.{choice.name}": choice.allowed_groups for choice in option.choices}
            if option.free_text:
                found[f"{option.name} typed"] = option.free_text.allowed_groups
    return found


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
    *({key: ["students"]} for key in ("exclude", "blocked", "limit_to", "requires", "audience", "for", "unless")),
    *({key: ["students"]} for key in ("Whitelist", "black-list", "cohorts", "only_if", "who_may")),
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

    assert (offered(templates), [loss.left_out for loss in losses]) == ({"p": (), "size.open": None}, [True])


def test_a_profile_none_of_whose_choices_can_be_kept_is_left_out() -> None:
    choices = {"choices": {"big": choice(allowed_groups=[])}}

    templates, _ = from_z2jh([{"slug": "p", "kubespawner_override": {"image": "i"}, "profile_options": {"a": choices}}])

    assert templates == []


@pytest.mark.parametrize("key", ["allowed_groups", "allowed_teams", "groups"])
def test_the_groups_of_a_choice_become_its_own(key: str) -> None:
    templates, losses = moved(size={"big": choice(**{key: ["staff", "it", "staff"]})})

    assert (offered(templates), losses) == ({"p": (), "size.open": None, "size.big": ("staff", "it")}, [])


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


def test_groups_of_a_profile_and_of_a_choice_hold_together() -> None:
    templates, losses = moved({"allowed_groups": STAFF}, size={"big": choice(allowed_groups=STUDENTS)})

    assert (offered(templates), losses) == ({"p": ("staff",), "size.open": None, "size.big": ("students",)}, [])


@pytest.mark.parametrize(
    ("option", "big"),
    [
        (STAFF, STAFF),
        (["students", "staff"], STAFF),  # whoever is of the second list is of the first
        (STAFF, ["students", "staff"]),
    ],
)
def test_lists_of_which_one_says_what_both_say_are_kept(option: list[str], big: list[str]) -> None:
    templates, losses = of_option({"allowed_groups": option, "choices": {"big": {"allowed_groups": big}}})

    assert (offered(templates), losses) == ({"p": (), "a.big": ("staff",)}, [])


def test_a_choice_that_needs_groups_of_two_lists_is_left_out() -> None:
    templates, losses = of_option({"allowed_groups": STAFF, "choices": {"a": {}, "b": {"allowed_groups": STUDENTS}}})

    assert (offered(templates), [(loss.choice, loss.left_out) for loss in losses]) == (
        {"p": (), "a.a": ("staff",)},
        [("option a, choice b", True)],
    )


def test_a_profile_that_needs_groups_of_two_lists_is_left_out() -> None:
    templates, losses = moved({"allowed_groups": STAFF, "groups": STUDENTS})

    assert (templates, [loss.left_out for loss in losses]) == ([], [True])


def test_the_groups_of_an_option_hold_for_its_choices_and_its_free_text() -> None:
    templates, _ = of_option({"allowed_groups": STAFF, "choices": {"big": {}}, "unlisted_choice": {"enabled": True}})

    assert offered(templates) == {"p": (), "a.big": ("staff",), "a typed": ("staff",)}


@pytest.mark.parametrize("content", [{}, {"choices": {}}, {"choices": None, "unlisted_choice": {"enabled": False}}])
def test_an_option_for_some_without_anything_to_choose_leaves_its_profile_out(content: dict[str, Any]) -> None:
    assert of_option({"allowed_groups": STAFF, **content})[0] == []


@pytest.mark.parametrize("key", ["allowed_groups", "allowed_teams", "users", "admin_only"])
@pytest.mark.parametrize("value", [["staff"], [], None, True])
def test_a_restriction_among_the_names_of_choices_or_options_leaves_the_profile_out(key: str, value: object) -> None:
    among_choices = of_option({"choices": {key: value, "open": {}}})
    among_options = from_z2jh([{"slug": "p", "profile_options": {key: value, "size": {"choices": {"open": {}}}}}])

    assert [(found, losses[0].left_out) for found, losses in (among_choices, among_options)] == [([], True)] * 2


@pytest.mark.parametrize(
    ("option", "building"), [({}, {"allowed_groups": STAFF}), ({"allowed_groups": STAFF}, {}), ({}, {"users": []})]
)
def test_building_images_that_is_for_some_is_left_out(option: dict[str, Any], building: dict[str, Any]) -> None:
    content = {**option, "dynamic_image_building": {"enabled": True, **building}}

    alone, _ = of_option(content)
    [beside], losses = of_option({**content, "choices": {"a": {}}})

    assert (alone, beside.options[0].build, losses[0].left_out) == ([], False, True)


@pytest.mark.parametrize("restriction", [{"allowed_groups": []}, {"admin_only": True}, {"users": ["ada"]}])
@pytest.mark.parametrize(("choices", "kept"), [({"a": {}}, {"p": (), "a.a": None}), ({}, {}), (None, {})])
def test_a_free_text_whose_restriction_cannot_be_kept_is_left_out(
    restriction: dict[str, Any], choices: Any, kept: dict[str, Any]
) -> None:
    templates, losses = of_option({"choices": choices, "unlisted_choice": {"enabled": True, **restriction}})

    assert (offered(templates), losses[0].left_out) == (kept, True)


def test_the_groups_of_a_free_text_are_kept() -> None:
    templates, losses = of_option({"unlisted_choice": {"enabled": True, "allowed_groups": STAFF}})

    assert (offered(templates), losses) == ({"p": (), "a typed": ("staff",)}, [])


@pytest.mark.parametrize(
    ("groups", "spellings"),
    [
        (["Org:a", "org:b", "Other:c"], "Org, org"),
        (["Staff", "staff"], "Staff, staff"),
        (["Org:a", "Org:A"], "Org:A, Org:a"),
        (["Org:a", "Org:b", "b"], ""),
    ],
)
def test_a_list_that_relies_on_groups_without_case_is_named(groups: list[str], spellings: str) -> None:
    _, losses = moved(size={"big": choice(allowed_groups=groups)})

    assert [loss.what.partition(" differ ")[0] for loss in losses] == ([spellings] if spellings else [])


group_lists = st.lists(st.sampled_from("abc"), max_size=3) | st.sampled_from([None, "a"])
restrictions: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {}, optional={"allowed_groups": group_lists, "groups": group_lists}
)
choices_of_an_option = st.lists(restrictions, min_size=1, max_size=3)


def may(user: str, *parts: dict[str, Any]) -> bool:
    """Whether all restrictions, each of which any of its groups meets, hold for a user of one group."""
    return all(user in (groups or ()) for part in parts for groups in part.values())


def resolves(template: Template, choices: dict[str, str], group: str) -> bool:
    try:
        resolve(json.loads(encode_template(template)), choices, {group})
    except ChoiceRefused:
        return False
    return True


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
        given = {option.name: {one.name for one in option.choices} for option in template.options}
        for size, image in product(given["size"], given["image"]):
            parts = (profile, sizes[int(size)], images[int(image)])
            for user in "abcd":
                assert may(user, *parts) or not resolves(template, {"size": size, "image": image}, user)


@pytest.mark.parametrize(
    ("choices", "before", "after"),
    [
        ({"a": {"allowed_groups": []}, "b": {}}, "a", "b"),
        ({"a": {}, "b": {"default": True, "allowed_groups": []}, "c": {}}, "b", "a"),
        ({"a": {"users": ["ada"]}, "b": {"allowed_groups": []}, "c": {}}, "a", "c"),
        ({"a": {"default": True, "groups": []}, "b": {}, "c": {"default": True}}, "a", "c"),
        ({1: {"allowed_groups": None}, 2: {}}, "1", "2"),
    ],
)
def test_where_the_default_is_left_out_the_next_one_is_named(choices: dict[Any, Any], before: str, after: str) -> None:
    [template], losses = of_option({"choices": choices})

    [said] = [loss for loss in losses if "nothing is chosen" in loss.what]
    assert said.place == f"profile p, option a, choice {before}"
    assert said.what == f"was taken where nothing is chosen: choice {after} is now"
    taken = default_choice(json.loads(encode_template(template))["options"][0])
    assert taken is not None
    assert taken["name"] == after


def test_where_another_choice_is_left_out_the_default_stays() -> None:
    _, losses = of_option({"choices": {"a": {}, "b": {"allowed_groups": []}}})

    assert [loss.what for loss in losses if "nothing is chosen" in loss.what] == []


@pytest.mark.parametrize("default", [{}, {"default": True}])
def test_where_the_default_profile_is_left_out_the_next_one_is_named(default: dict[str, bool]) -> None:
    profiles = [{"slug": slug, "kubespawner_override": {"image": "i"}} for slug in "abc"]
    closed = {**profiles[1], "allowed_groups": [], **default} if default else {**profiles[0], "allowed_groups": []}

    templates, losses = from_z2jh([profiles[0], closed, profiles[2]] if default else [closed, *profiles[1:]])

    assert [loss.what for loss in losses if "nothing is chosen" in loss.what] == [
        f"was started where nothing is chosen: {templates[0].name} is now"
    ]
