"""`resolve`: the one place that applies the choices of a template, and withholds them."""

import re
from typing import Any

import pytest

from binder_registry.matching import matches_in_time
from binder_registry.options import ChoiceRefused, EveryGroup, as_of_today, merged, resolve, visible

SIZE = {
    "name": "size",
    "choices": [
        {"name": "small", "set": {"limits": {"memory": 1}}},
        {"name": "large", "default": True, "set": {"limits": {"memory": 4}, "requests": {"cpus": 2}}},
        {"name": "huge", "allowed-groups": ["staff"], "set": {"overrides": {"kubespawner": {"mem_limit": None}}}},
    ],
}
IMAGE = {
    "name": "image",
    "choices": [{"name": "scipy", "set": {"image-name": "scipy:1"}}],
    "free-text": {"pattern": "^[a-z/:.0-9]+$", "message": "An image.", "set": {"image-name": "{value}"}},
}
TEMPLATE: dict[str, Any] = {"name": "lab", "image-name": "base:1", "limits": {"cpus": 1}, "options": [SIZE, IMAGE]}


def matched(pattern: str, text: str) -> bool:
    return re.match(pattern, text) is not None


def resolved(choices: dict[str, Any], groups: Any = (), template: dict[str, Any] = TEMPLATE) -> dict[str, Any]:
    return resolve(template, choices, groups, matches=matched)


def test_what_is_chosen_is_set_and_no_option_is_left() -> None:
    assert resolved({"size": "small"}) == {"name": "lab", "image-name": "scipy:1", "limits": {"cpus": 1, "memory": 1}}


def test_an_option_that_is_left_out_gets_its_default() -> None:
    assert resolved({})["limits"] == {"cpus": 1, "memory": 4}


def test_the_first_choice_is_the_default_where_none_says_so() -> None:
    assert resolved({})["image-name"] == "scipy:1"


def test_a_choice_for_a_group_is_had_by_its_members() -> None:
    assert resolved({"size": "huge"}, ["staff"])["overrides"] == {"kubespawner": {"mem_limit": None}}


@pytest.mark.parametrize("choice", ["huge", "no-such", "", 1, ["small"], {"free-text": "x"}, {"name": "small"}])
def test_a_withheld_choice_reads_like_one_that_does_not_exist(choice: Any) -> None:
    with pytest.raises(ChoiceRefused, match=r"^There is no such choice of 'size': choose 'small' or 'large'\.$"):
        resolved({"size": choice})


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(ChoiceRefused, match=r"There is no option 'colour': there are 'size', 'image'\."):
        resolved({"colour": "red"})


def test_a_template_of_others_cannot_be_resolved() -> None:
    with pytest.raises(ChoiceRefused, match="There is no environment 'lab'"):
        resolved({}, ["students"], TEMPLATE | {"allowed-groups": ["staff"]})


def test_groups_of_template_and_choice_hold_together() -> None:
    both = TEMPLATE | {"allowed-groups": ["physics"]}

    with pytest.raises(ChoiceRefused):
        resolved({"size": "huge"}, ["physics"], both)
    assert resolved({"size": "huge"}, ["physics", "staff"], both)["name"] == "lab"


def test_a_default_that_the_user_may_not_have_is_not_replaced_by_another() -> None:
    option = {"name": "size", "choices": [{"name": "a", "default": True, "allowed-groups": ["x"]}, {"name": "b"}]}

    with pytest.raises(ChoiceRefused, match="Choose 'size': 'b'"):
        resolved({}, [], TEMPLATE | {"options": [option]})


def test_an_empty_list_of_groups_is_nobody_but_an_admin() -> None:
    option = {"name": "size", "choices": [{"name": "a", "allowed-groups": []}]}
    template = TEMPLATE | {"options": [option]}

    with pytest.raises(ChoiceRefused):
        resolved({"size": "a"}, ["staff"], template)
    assert resolved({"size": "a"}, EveryGroup(), template)["name"] == "lab"
    assert resolved({"size": "a"}, None, template)["name"] == "lab"


def test_what_is_typed_stands_where_the_placeholder_is() -> None:
    assert resolved({"image": {"free-text": "quay.io/a/b:c"}})["image-name"] == "quay.io/a/b:c"


@pytest.mark.parametrize("text", ["Upper", "", "a\nb", "a" * 1025, 5, None, "a\x00", "\u202ea"])
def test_what_does_not_fit_is_refused(text: Any) -> None:
    with pytest.raises(ChoiceRefused):
        resolved({"image": {"free-text": text}})


def test_what_is_typed_stays_within_its_word_of_a_command() -> None:
    option = {"name": "path", "free-text": {"set": {"command": "serve --dir '{value}' {value}"}}}

    command = resolved({"path": {"free-text": "a b; $(x) --evil"}}, [], TEMPLATE | {"options": [option]})["command"]

    assert command == "serve --dir 'a b; $(x) --evil' 'a b; $(x) --evil'"


def test_what_is_typed_stands_in_no_key() -> None:
    option = {
        "name": "label",
        "free-text": {"set": {"overrides": {"kubespawner": {"node_selector": {"{value}": "{value}"}}}}},
    }

    overrides = resolved({"label": {"free-text": "gpu"}}, [], TEMPLATE | {"options": [option]})["overrides"]

    assert overrides == {"kubespawner": {"node_selector": {"{value}": "gpu"}}}


@pytest.mark.parametrize("text", ["{username}", "{value.__class__}", "$(HOME)", "$$"])
def test_what_a_spawner_would_expand_does_not_get_into_its_settings(text: str) -> None:
    option = {
        "name": "pool",
        "free-text": {"set": {"overrides": {"kubespawner": {"node_selector": {"pool": "{value}"}}}}},
    }

    with pytest.raises(ChoiceRefused, match="no braces and no dollar signs"):
        resolved({"pool": {"free-text": text}}, [], TEMPLATE | {"options": [option]})


def layers(*settings: dict[str, Any], **base: Any) -> dict[str, Any]:
    options = [{"name": f"o{n}", "choices": [{"name": "c", "set": one}]} for n, one in enumerate(settings)]
    return resolved({}, [], {"name": "lab", **base, "options": options})


def test_later_options_win_over_earlier_ones_key_by_key() -> None:
    first = {"environment": {"A": "1", "B": "1"}, "overrides": {"kubespawner": {"node_selector": {"x": "1", "y": "1"}}}}
    second = {"environment": {"B": "2"}, "overrides": {"kubespawner": {"node_selector": {"y": None}}}}

    outcome = layers(first, second)

    assert outcome["environment"] == {"A": "1", "B": "2"}
    assert outcome["overrides"] == {"kubespawner": {"node_selector": {"x": "1", "y": None}}}


def test_a_member_wins_over_an_override_of_its_own_layer() -> None:
    assert "overrides" not in layers({"limits": {"memory": 2}, "overrides": {"kubespawner": {"mem_limit": None}}})


def test_a_member_wins_over_an_override_of_an_earlier_layer() -> None:
    outcome = layers({"limits": {"memory": 2}}, overrides={"kubespawner": {"mem_limit": None, "cpu_limit": 1}})

    assert outcome["overrides"] == {"kubespawner": {"cpu_limit": 1}}


def test_an_override_wins_over_a_member_of_an_earlier_layer() -> None:
    outcome = layers({"overrides": {"kubespawner": {"mem_limit": None}}}, limits={"memory": 2})

    assert outcome["overrides"] == {"kubespawner": {"mem_limit": None}}


def test_of_an_environment_in_both_spellings_each_variable_counts_by_itself() -> None:
    outcome = layers({"environment": {"A": "2"}}, overrides={"kubespawner": {"environment": {"A": "1", "B": "1"}}})

    assert outcome["environment"] == {"A": "2"}
    assert outcome["overrides"] == {"kubespawner": {"environment": {"B": "1"}}}


def test_nothing_of_the_template_is_changed() -> None:
    before = repr(TEMPLATE)

    outcome = resolved({"size": "small"})
    outcome["limits"]["memory"] = 99

    assert repr(TEMPLATE) == before


def test_of_a_template_is_seen_what_the_groups_may_take() -> None:
    seen = visible(TEMPLATE, ["students"])

    assert seen is not None
    assert [choice["name"] for choice in seen["options"][0]["choices"]] == ["small", "large"]
    assert visible(TEMPLATE, None) == visible(TEMPLATE, ["staff"]) == TEMPLATE


def test_an_option_with_nothing_to_take_hides_the_template() -> None:
    option = {
        "name": "size",
        "choices": [{"name": "a", "allowed-groups": ["x"]}],
        "free-text": {"allowed-groups": ["y"]},
    }

    assert visible(TEMPLATE | {"options": [SIZE, option]}, ["staff"]) is None
    assert visible(TEMPLATE | {"options": [SIZE, option]}, ["y"]) is not None


def test_null_is_kept_to_remove_what_a_hub_has_set() -> None:
    assert merged({"a": {"b": 1, "c": 2}}, {"a": {"b": None}, "d": None}) == {"a": {"b": None, "c": 2}, "d": None}


@pytest.mark.parametrize(("text", "fits"), [("abc", True), ("Abc", False), ("xabc", False)])
def test_a_pattern_matches_from_the_start_of_the_text(text: str, fits: bool) -> None:
    assert matches_in_time("[a-c]+", text) is fits


def test_a_pattern_that_takes_for_ever_is_a_refusal() -> None:
    assert not matches_in_time("(a+)+$", "a" * 60 + "b")


def test_a_broken_pattern_is_a_refusal() -> None:
    assert not matches_in_time("(", "a")


def sized(*choices: Any, **members: Any) -> dict[str, Any]:
    """A template with one option."""
    return {"name": "t", "options": [{"name": "size", "choices": list(choices)}], **members}


def typed(typed: dict[str, Any] | None, **members: Any) -> dict[str, Any]:
    option = {"name": "image", "choices": [{"name": "a"}]}
    return {"name": "t", "options": [option if typed is None else option | {"free-text": typed}], **members}


def groups_of(composed: dict[str, Any], option: int = 0) -> list[Any]:
    """Of each choice, and of the free text: its groups, or None for everyone."""
    found = composed["options"][option]
    parts = [*found.get("choices", ()), *([found["free-text"]] if "free-text" in found else [])]
    return [part.get("allowed-groups") for part in parts]


@pytest.mark.parametrize("member", ["allowed-groups", "deprecated", "replaced-by", "paused"])
def test_what_is_said_of_a_template_today_is_said_of_its_past(member: str) -> None:
    said = {member: ["staff"] if member == "allowed-groups" else "x"}
    today, past = {"name": "t", "image-name": "j"}, {"name": "t", "image-name": "i"}

    assert as_of_today(today | said, past) == past | said
    assert as_of_today(today, past | said) == past


def test_what_runs_is_of_the_past() -> None:
    past = {"name": "t", "image-name": "i", "default": True, "order": 1, "labels": {"a": "b"}}

    assert as_of_today({"name": "t", "image-name": "j", "order": 2, "labels": {"a": "c"}}, past) == past


@pytest.mark.parametrize(
    ("today", "past", "composed"),
    [
        (None, None, None),
        (None, ["a"], None),
        (["a"], None, ["a"]),
        (["b"], ["a"], ["b"]),
    ],
)
def test_a_choice_and_a_free_text_are_for_the_groups_of_today(today: Any, past: Any, composed: Any) -> None:
    def with_groups(groups: Any) -> dict[str, Any]:
        return {} if groups is None else {"allowed-groups": groups}

    now, then = sized({"name": "s", **with_groups(today)}), sized({"name": "s", "set": {}, **with_groups(past)})
    assert groups_of(as_of_today(now, then)) == [composed]
    now, then = typed(with_groups(today)), typed({"set": {}, **with_groups(past)})
    assert groups_of(as_of_today(now, then)) == [None, composed]


def test_a_choice_that_is_gone_keeps_its_own_groups() -> None:
    past = sized({"name": "s"}, {"name": "l", "allowed-groups": ["staff"]}, {"name": "xl"})

    composed = as_of_today(sized({"name": "s", "allowed-groups": ["physics"]}), past)

    assert groups_of(composed) == [["physics"], ["staff"], None]


@pytest.mark.parametrize(
    ("then", "own", "left"),
    [
        (None, None, None),
        (None, ["a"], ["a"]),
        (["a", "b"], None, ["a", "b"]),
        (["a", "b"], ["b", "c"], ["b"]),
        (["a"], ["b"], []),
    ],
)
def test_an_option_or_a_free_text_that_is_gone_opens_for_nobody(then: Any, own: Any, left: Any) -> None:
    part = {} if own is None else {"allowed-groups": own}
    whole = {} if then is None else {"allowed-groups": then}

    choices = as_of_today({"name": "t"}, sized({"name": "s", **part}, **whole))
    free = as_of_today(typed(None), typed(part, **whole))

    assert groups_of(choices) == [left]
    assert groups_of(free) == [None, left]
    assert "allowed-groups" not in choices
