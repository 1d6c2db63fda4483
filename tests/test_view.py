"""What may be started, by whom, and what stands in the way: properties over random templates and groups."""

import re
from typing import Any

import pytest
from hypothesis import given, settings

from binder_registry.hub.groups import Standing
from binder_registry.hub.offering_of import offering_of
from binder_registry.hub.offers import offered
from binder_registry.hub.rules import Rules
from binder_registry.offering import Hidden
from binder_registry.options import EveryGroup, resolve, visible
from binder_registry.view import hidden_by_groups, launch_of, on_any_hub, place_of
from tests.view_cases import Json, held, is_for, parts_of, templates

FEW = settings(max_examples=40)


def matched(pattern: str, text: str) -> bool:
    return re.match(pattern, text) is not None


@FEW
@given(templates(), held)
def test_what_is_seen_and_what_is_hidden_are_all_there_is(template: Json, groups: frozenset[str]) -> None:
    seen = visible(template, groups)
    hidden = [(row.option, row.choice) for row in hidden_by_groups(template, groups)]

    shown = [part for part, _ in parts_of(seen)] if seen else [("", "")]
    whole = [part for part, _ in parts_of(template)] if seen else [("", "")]
    assert sorted(hidden + (shown if seen else [])) == sorted(whole)


@FEW
@given(templates(), held)
def test_all_that_is_seen_is_theirs_and_nothing_that_is_hidden(template: Json, groups: frozenset[str]) -> None:
    seen = visible(template, groups)
    hidden = {(row.option, row.choice) for row in hidden_by_groups(template, groups)}

    assert seen is None or (is_for(seen, groups) and all(is_for(part, groups) for _, part in parts_of(seen)))
    assert not any(is_for(part, groups) for place, part in parts_of(template) if place in hidden)


@pytest.mark.parametrize(
    ("members", "places"),
    [
        ({"allowed-groups": ["staff"]}, [("", "")]),
        ({"choices": [{"name": "l", "allowed-groups": ["staff"]}], "free-text": {}}, [("o", "l")]),
        ({"choices": [{"name": "l"}], "free-text": {"allowed-groups": ["staff"]}}, [("o", "(free text)")]),
        ({"choices": [{"name": "l", "allowed-groups": ["staff"]}], "build": True}, [("o", "l")]),
        ({"free-text": {"allowed-groups": ["staff"]}}, [("", "")]),
    ],
)
def test_each_thing_for_others_is_hidden_and_not_seen(members: Json, places: list[tuple[str, str]]) -> None:
    own = {} if "allowed-groups" in members else {"options": [{"name": "o", **members}]}
    template = {"name": "t", "image-name": "i", **(own or members)}
    seen = visible(template, ["physics"])

    assert [(row.option, row.choice) for row in hidden_by_groups(template, ["physics"])] == places
    assert not [place for place, _ in parts_of(seen or {}) if place in places]
    assert (seen is None) == (places == [("", "")])


@FEW
@given(templates(), held)
def test_a_template_is_hidden_as_a_whole_where_it_or_all_of_an_option_is_for_others(
    template: Json, groups: frozenset[str]
) -> None:
    theirs = [
        option.get("build")
        or any(is_for(part, groups) for (name, _), part in parts_of(template) if name == option["name"])
        for option in template.get("options", ())
    ]

    assert (visible(template, groups) is not None) == (is_for(template, groups) and all(theirs))


@FEW
@given(templates(), held)
def test_what_is_hidden_names_the_groups_that_it_is_for(template: Json, groups: frozenset[str]) -> None:
    parts = dict(parts_of(template))

    for row in hidden_by_groups(template, groups):
        allowed = parts.get((row.option, row.choice), template).get("allowed-groups", ())
        assert row.rule == ("choice-groups" if row.choice or "any choice" in row.needs else "allowed-groups")
        assert all(repr(group) in row.needs for group in allowed) or "any choice" in row.needs


@FEW
@given(templates(), held)
def test_a_launch_is_a_start_that_they_may_make(template: Json, groups: frozenset[str]) -> None:
    seen = visible(template, groups)
    launch = launch_of(template, seen) if seen else None

    if launch:
        assert resolve(template, launch.get("options", {}), groups, matches=matched)["name"] == launch["template"]
    elif seen:
        assert any("free-text" in option and "choices" not in option for option in seen["options"])


def test_a_launch_names_the_defaults_and_where_these_are_for_others_the_first() -> None:
    size = {"name": "size", "choices": [{"name": "s"}, {"name": "l", "default": True}]}
    gpu = {"name": "gpu", "choices": [{"name": "many", "allowed-groups": ["staff"]}, {"name": "one"}, {"name": "no"}]}
    template = {"name": "t", "image-name": "i", "options": [size, gpu, {"name": "repo", "build": True}]}
    seen = visible(template, [])

    assert seen
    assert launch_of(template, seen) == {"template": "t", "options": {"size": "l", "gpu": "one"}}


@FEW
@given(templates("a"), templates("b"), templates("c"), held)
def test_it_is_what_the_form_of_a_hub_offers_in_its_order(a: Json, b: Json, c: Json, groups: frozenset[str]) -> None:
    three = [{**template, "revision": 1} for template in (a, b, c)]
    standing = Standing(isinstance(groups, EveryGroup), groups)
    form, _ = offered(three)
    on_it = [dict(seen.template) for offer in form if (seen := offer.seen_by(standing))]

    left = filter(None, (on_any_hub(template).template for template in three))
    found = [shown for template in sorted(left, key=place_of) if (shown := visible(template, groups))]

    assert [template["name"] for template in found] == [template["name"] for template in on_it]
    assert [dict(parts_of(template)) for template in found] == [dict(parts_of(template)) for template in on_it]


@pytest.mark.parametrize(
    ("members", "rule", "needs"),
    [
        ({"deleted": True}, "deleted", "it was deleted"),
        ({"deleted": True, "replaced-by": "new"}, "deleted", "it was deleted, and 'new' took its place"),
        ({"replaced-by": "new", "paused": "later"}, "replaced", "it is replaced by 'new'"),
        ({"paused": "Back on Monday."}, "paused", "it is paused: Back on Monday."),
    ],
)
def test_what_no_hub_offers_says_why(members: dict[str, Any], rule: str, needs: str) -> None:
    offering = on_any_hub({"name": "old", "image-name": "i", **members})

    assert offering.template is None
    assert offering.hidden == (Hidden("old", rule, needs),)


@pytest.mark.parametrize(
    ("part", "needs"),
    [
        ({"allowed-groups": ["physics", "staff"]}, "one of the groups 'physics', 'staff'"),
        ({"allowed-groups": ["staff"]}, "the group 'staff'"),
        (
            {"options": [{"name": "size", "choices": [{"name": "l", "allowed-groups": ["staff"]}]}]},
            "for any choice of 'size', the group 'staff'",
        ),
        (
            {"options": [{"name": "size", "choices": [{"name": "l", "allowed-groups": []}]}]},
            "for any choice of 'size', an admin: it is for no group",
        ),
    ],
)
def test_what_it_takes_is_a_sentence(part: dict[str, Any], needs: str) -> None:
    [hidden] = hidden_by_groups({"name": "t", "image-name": "i", **part}, [])

    assert hidden.needs == needs


def test_what_is_not_in_a_channel_is_told_with_the_words_of_a_hub_on_it() -> None:
    template = {"name": "t", "image-name": "i", "revision": 1, "paused": "later", "channel": "testing"}
    by_the_hub = offering_of(template, Rules(channel="stable"))

    assert on_any_hub(template, "stable") == by_the_hub
    assert [row.rule for row in by_the_hub.hidden] == ["channel"]
