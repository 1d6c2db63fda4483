"""The rules of options, choices and free texts, and what is said of each."""

from typing import Any

import msgspec
import pytest

from binder_registry.errors import InvalidTemplate
from binder_registry.rules import check
from binder_registry.wire import parse, template_from_members

SMALL = {"name": "small"}


def fields(*options: Any, **members: Any) -> list[str]:
    """Of the hints that a template with these options gets."""
    whole = {"name": "a", "image-name": "i", "options": options, **members}
    try:
        check(template_from_members(parse(msgspec.json.encode(whole))))
    except InvalidTemplate as error:
        return [hint.field for hint in error.errors]
    return []


def size(**members: Any) -> dict[str, Any]:
    return {"name": "size", "choices": [SMALL], **members}


def typed(**members: Any) -> dict[str, Any]:
    return {"name": "image", "free-text": members}


@pytest.mark.parametrize("name", ["a", "mem_1_9", "01-python", "a.b", "A" * 63])
def test_a_name_of_an_option_or_a_choice_is_taken_as_hubs_have_it(name: str) -> None:
    assert fields({"name": name, "choices": [{"name": name}]}) == []


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "a b", "é", "a/b", "a\n", "A" * 64])
def test_another_name_is_refused(name: str) -> None:
    refused = fields({"name": name, "choices": [{"name": name}]})

    assert refused == ["options[0].name", "options[0].choices[0].name"]


@pytest.mark.parametrize("name", ["profile", "template", "revision", "channel", "options"])
def test_what_a_start_says_beside_its_options_is_no_name_of_one(name: str) -> None:
    assert fields({"name": name, "choices": [{"name": name}]}) == ["options[0].name"]


@pytest.mark.parametrize(
    ("option", "refused"),
    [
        ({"name": "size"}, ["options[0]"]),
        ({"name": "size", "choices": []}, ["options[0]"]),
        ({"name": "size", "build": True}, []),
        ({"name": "size", "free-text": {}}, []),
        (size(choices=[SMALL, SMALL]), ["options[0].choices"]),
        (size(choices=[{"name": f"c{n}"} for n in range(256)]), []),
        (size(choices=[{"name": f"c{n}"} for n in range(257)]), ["options[0].choices"]),
        (size(choices=[{"name": "a", "default": True}, {"name": "b", "default": True}]), ["options[0].choices"]),
        (size(choices=[{"name": "a", "allowed-groups": []}]), ["options[0].choices[0].allowed-groups"]),
        (size(choices=[{"name": "a", "allowed-groups": ["x", "x"]}]), ["options[0].choices[0].allowed-groups"]),
        (size(choices=[{"name": "a", "allowed-groups": None}]), []),
        (size(choices=[SMALL, {"name": "b", "display-name": "x\ny"}]), ["options[0].choices[1].display-name"]),
        (size(choices=[{"name": "a", "description": "x" * 10_001}]), ["options[0].choices[0].description"]),
        (size(choices=[{"name": "a", "deprecated": "x" * 10_001}]), ["options[0].choices[0].deprecated"]),
        (size(choices=[{"name": "a", "set": {"limits": {"memory": -1}}}]), ["options[0].choices[0].set.limits.memory"]),
        (size(choices=[{"name": "a", "set": {"requests": {"cpus": -1}}}]), ["options[0].choices[0].set.requests.cpus"]),
        (size(choices=[{"name": "a", "set": {"bind-port": 65536}}]), ["options[0].choices[0].set.bind-port"]),
        (size(choices=[{"name": "a", "set": {"environment": {"1": ""}}}]), ["options[0].choices[0].set.environment.1"]),
        (size(choices=[{"name": "a", "set": {"overrides": {"K": {}}}}]), ["options[0].choices[0].set.overrides.K"]),
        (typed(pattern="("), ["options[0].free-text.pattern"]),
        (typed(pattern="a" * 1001), ["options[0].free-text.pattern"]),
        (typed(**{"allowed-groups": []}), ["options[0].free-text.allowed-groups"]),
        (typed(set={"command": "a 'b"}), ["options[0].free-text.set.command"]),
        (typed(set={"redirect-uri": "{value}/lab"}), ["options[0].free-text.set.redirect-uri"]),
        (typed(set={"redirect-uri": "/lab/{value}"}), []),
        (typed(set={"overrides": {"kubespawner": {"node_selector": {"pool": "{value}"}}}}), []),
        (
            typed(set={"overrides": {"kubespawner": {"uid": "{value}"}}}),
            ["options[0].free-text.set.overrides.kubespawner.uid"],
        ),
        (typed(colour="red"), ["options[0].free-text.colour"]),
        (size(choices=[{"name": "a", "set": {"name": "b"}}]), ["options[0].choices[0].set.name"]),
        (size(choices=[{"name": "a", "set": {"options": []}}]), ["options[0].choices[0].set.options"]),
        (size(choices=["a"]), ["options[0].choices[0]"]),
        (size(choices={"a": {}}), ["options[0].choices"]),
    ],
)
def test_a_rule_names_what_breaks_it(option: dict[str, Any], refused: list[str]) -> None:
    assert fields(option) == refused


def test_options_are_few_and_each_is_there_once() -> None:
    assert fields(*({"name": f"o{n}", "build": True} for n in range(17))) == ["options"]
    assert fields(size(), size()) == ["options"]


def test_faults_of_several_levels_are_told_together() -> None:
    wrong = size(choices=[{"name": "a", "set": {"limits": {"memory": "x"}}}, {"name": "b", "sets": {}}])

    assert fields(wrong, limits={"gpus": "y"}) == [
        "options[0].choices[0].set.limits.memory",
        "options[0].choices[1].sets",
        "limits.gpus",
    ]
