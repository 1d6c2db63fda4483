"""Templates with all members, in and out."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binder_registry.apply import parse_apply, plan
from binder_registry.template import Template, merged
from binder_registry.wire import decode_template, encode_template, merge_patch, parse, template_from_members

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
names = st.from_regex(r"[a-z0-9]([a-z0-9._]{0,5}[a-z0-9])?", fullmatch=True)
numbers = st.integers(0, 2**63 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | texts | st.just("<&>\u2028\b"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)
overrides = st.dictionaries(st.sampled_from(["kubespawner", "docker"]), st.dictionaries(texts, json_values, max_size=3))
sets = st.fixed_dictionaries(
    {},
    optional={
        "image-name": texts,
        "command": texts,
        "limits": st.dictionaries(st.sampled_from(["memory", "gpus"]), numbers),
        "requests": st.dictionaries(st.sampled_from(["memory", "cpus"]), numbers),
        "environment": st.dictionaries(st.sampled_from(["A", "B"]), texts),
        "bind-port": st.integers(0, 65535),
        "overrides": overrides,
    },
)
choices = st.fixed_dictionaries(
    {"name": names}, optional={"display-name": texts, "default": st.booleans(), "deprecated": texts, "set": sets}
)
options = st.fixed_dictionaries(
    {"name": names},
    optional={
        "choices": st.lists(choices, max_size=3),
        "free-text": st.fixed_dictionaries({}, optional={"pattern": texts, "set": sets}),
        "build": st.booleans(),
    },
)
templates = st.fixed_dictionaries(
    {"name": names, "image-name": names},
    optional={
        "order": numbers,
        "default": st.booleans(),
        "requests": st.dictionaries(st.sampled_from(["memory", "cpus"]), numbers),
        "options": st.lists(options, max_size=2),
        "overrides": overrides,
        "paused": texts,
        "contact": texts,
    },
)


def read(value: Any) -> Template:
    return template_from_members(parse(msgspec.json.encode(value)))


@settings(deadline=None)
@given(templates)
def test_a_template_is_the_same_after_any_way_through_its_json(value: dict[str, Any]) -> None:
    template = read(value)
    content = encode_template(template)

    assert encode_template(decode_template(content)) == content
    assert template_from_members(parse(content)) == template == decode_template(content)


@settings(deadline=None)
@given(templates)
def test_a_template_that_is_applied_as_it_is_stored_does_not_change(value: dict[str, Any]) -> None:
    stored = decode_template(encode_template(read(value)))

    steps = plan(parse_apply(parse(b'{"templates":[]}')), lambda name: stored, list)
    [step] = plan(
        msgspec.structs.replace(parse_apply(parse(b"{}")), templates=[read(value)]), lambda name: stored, list
    )

    assert (steps, step.action) == ([], "unchanged")


@pytest.mark.parametrize(
    ("before", "after"), [("1", "1.0"), ("1", "true"), ("0", "false"), ("null", "0"), ("null", '""'), ("[]", "{}")]
)
def test_overrides_that_only_look_alike_differ(before: str, after: str) -> None:
    old, new = (
        template_from_members(
            parse(f'{{"name":"a","image-name":"i","overrides":{{"kubespawner":{{"x":{value}}}}}}}'.encode())
        )
        for value in (before, after)
    )

    [step] = plan(msgspec.structs.replace(parse_apply(parse(b"{}")), templates=[new]), lambda name: old, list)

    assert (step.action, step.changed) == ("updated", ["overrides.kubespawner.x"])


def test_a_patch_replaces_overrides_whole_and_keeps_their_nulls() -> None:
    before = read({"name": "a", "image-name": "i", "overrides": {"kubespawner": {"uid": 1}, "docker": {"x": 1}}})
    patch = {"overrides": {"kubespawner": {"mem_limit": None}}}

    patched = merge_patch(before, parse(msgspec.json.encode(patch)))

    assert encode_template(patched).endswith(b'"overrides":{"kubespawner":{"mem_limit":null}}}')


def test_a_patch_replaces_options_whole_and_merges_requests() -> None:
    before = read(
        {
            "name": "a",
            "image-name": "i",
            "requests": {"memory": 1, "cpus": 1},
            "options": [{"name": "x", "build": True}],
        }
    )
    patch = {"requests": {"cpus": None}, "options": [{"name": "y", "build": True}]}

    patched = merge_patch(before, parse(msgspec.json.encode(patch)))

    assert patched == read({**patch, "name": "a", "image-name": "i", "requests": {"memory": 1}})


def test_an_update_of_2015_merges_requests_and_replaces_overrides() -> None:
    before = read({"name": "a", "image-name": "i", "requests": {"memory": 1}, "overrides": {"docker": {"x": 1}}})

    updated = merged(before, read({"name": "a", "requests": {"cpus": 2}, "overrides": {"kubespawner": {"y": None}}}))

    wanted = {"requests": {"memory": 1, "cpus": 2}, "overrides": {"kubespawner": {"y": None}}}
    assert updated == read({"name": "a", "image-name": "i", **wanted})
