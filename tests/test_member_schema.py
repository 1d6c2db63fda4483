"""A member of a template is declared once; whoever has to know it, knows it."""

from typing import Any

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from binder_registry.cli.options import given_members, member_options
from binder_registry.formats.z2jh import to_z2jh
from binder_registry.member_schema import declared, structure_of, walked
from binder_registry.template import KEPT_BY_REGISTRY, Template
from binder_registry.wire import encode_template, parse, template_from_members


def example(structure: type[Struct]) -> dict[str, Any]:
    """A structure with an example for every member that a request may say."""
    whole: dict[str, Any] = {}
    for one in declared(structure):
        if one.member.read_only:
            continue
        within = structure_of(one.type)
        if within:
            whole[one.wire] = example(within) if within is one.type else [example(within)]
        else:
            whole[one.wire] = one.member.example
    return whole


WHOLE = template_from_members(parse(msgspec.json.encode(example(Template))))
AMOUNTS = ("limits", "requests")
IN_FILES_ONLY = {"options", "overrides"}  # too much for a flag
SINGLE = [
    path
    for path, one in walked(Template)
    if not one.member.read_only
    and path not in ("name", "image-name", *AMOUNTS)
    and ("." not in path or path.split(".")[0] in AMOUNTS)
]


def without(path: str) -> Template:
    outer, _, inner = path.partition(".")
    attribute = next(one.attribute for one in declared(Template) if one.wire == outer)
    empty: Any = getattr(Template(), attribute)
    return replace(WHOLE, **{attribute: replace(getattr(WHOLE, attribute), **{inner: 0}) if inner else empty})


def test_a_member_that_says_nothing_of_itself_cannot_be_declared() -> None:
    class Forgotten(msgspec.Struct):
        colour: str = ""

    with pytest.raises(TypeError, match="colour is declared without a Member"):
        declared(Forgotten)


@pytest.mark.parametrize("path", SINGLE)
def test_a_member_is_written_and_read(path: str) -> None:
    content = encode_template(WHOLE)

    assert encode_template(without(path)) != content
    assert template_from_members(parse(content)) == WHOLE


def test_every_member_has_a_flag() -> None:
    @member_options(removable=False)
    def command() -> None: ...

    flags = {option.name: [("k", "v")] if option.name in ("env", "label") else 1 for option in command.__click_params__}  # type: ignore[attr-defined]
    flags["groups"] = [1]  # type: ignore[list-item]
    patch = given_members(flags)

    given = {f"{outer}.{inner}" for outer in AMOUNTS for inner in patch.pop(outer)} | set(patch)
    assert given == {*SINGLE, "image-name"} - IN_FILES_ONLY


@pytest.mark.parametrize("path", SINGLE)
def test_a_member_goes_into_a_hubs_values_or_is_named(path: str) -> None:
    out_of_service = {"paused", "replaced_by"} - {path.replace("-", "_")}  # such a template is in no list
    kept: dict[str, Any] = dict.fromkeys(out_of_service, "")
    other = Template(name="other", image_name="i", order=WHOLE.order + 1)
    values, notes = to_z2jh([replace(WHOLE, **kept), other])

    values_without, notes_without = to_z2jh([replace(without(path), **kept), other])

    assert values_without != values or notes_without != notes


def test_what_the_registry_keeps_is_what_requests_cannot_say() -> None:
    assert KEPT_BY_REGISTRY == (
        "time_created",
        "time_modified",
        "channels",
        "content_revision",
        "promoted",
        "uses",
        "revision",
        "deleted",
    )
