from typing import Any

import pytest
from msgspec.structs import replace

from binder_registry.differences import changed_members
from binder_registry.errors import ErrorHint, InvalidTemplate
from binder_registry.rules import check, name_problem
from binder_registry.template import ContainerLimits, Template, merged, successor

GOOD = Template(name="scipy", image_name="jupyter/scipy")


def wrong_fields(template: Template) -> list[str]:
    with pytest.raises(InvalidTemplate) as refusal:
        check(template)
    return [hint.field for hint in refusal.value.errors]


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        (Template(), ["name", "image-name"]),
        (Template(name="a"), ["image-name"]),
        (Template(image_name="i"), ["name"]),
        (Template(name="", image_name="i", bind_port=-1), ["name"]),
    ],
)
def test_missing_members_come_first_in_the_words_of_2015(template: Template, missing: list[str]) -> None:
    with pytest.raises(InvalidTemplate, match=r"^name and image-name must be specified$") as refusal:
        check(template)

    assert list(refusal.value.errors) == [ErrorHint("Template", field, "missing_field") for field in missing]


@pytest.mark.parametrize(
    "name", [" ", "a b", "...", "ü", "😀", "a%2Fb", "a\\b", "?x#y", "\u2028", "x" * 2048, "é" * 1024]
)
def test_names_that_a_url_can_reach_are_accepted(name: str) -> None:
    check(replace(GOOD, name=name))


@pytest.mark.parametrize("name", [".", "..", "/", "a/b", "a/", "\0", "a\nb", "\x7f", "\x85", "x" * 2049, "é" * 1025])
def test_names_that_a_url_cannot_reach_are_refused(name: str) -> None:
    assert wrong_fields(replace(GOOD, name=name)) == ["name"]


def test_the_empty_name_has_a_problem() -> None:
    assert name_problem("") is not None


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("image-name", {"image_name": "a\nb"}),
        ("image-name", {"image_name": "x" * 4097}),
        ("command", {"command": "x" * 65_537}),
        ("bind-port", {"bind_port": -1}),
        ("bind-port", {"bind_port": 65536}),
        ("limits.memory", {"limits": ContainerLimits(memory=-1)}),
        ("limits.cpu_shares", {"limits": ContainerLimits(cpu_shares=-1)}),
        ("limits.cpus", {"limits": ContainerLimits(cpus=-0.5)}),
        ("limits.cpus", {"limits": ContainerLimits(cpus=float("nan"))}),
        ("limits.cpus", {"limits": ContainerLimits(cpus=float("inf"))}),
        ("limits.gpus", {"limits": ContainerLimits(gpus=-1)}),
        ("limits.gpus", {"limits": ContainerLimits(gpus=2**63)}),
        ("limits.memory", {"limits": ContainerLimits(memory=10**400)}),
        ("display-name", {"display_name": "x" * 201}),
        ("display-name", {"display_name": "two\nlines"}),
        ("description", {"description": "x" * 10_001}),
        ("deprecated", {"deprecated": "x" * 10_001}),
        ("labels", {"labels": {f"k{number}": "" for number in range(257)}}),
        ("labels.", {"labels": {"": "x"}}),
        ("labels.-a", {"labels": {"-a": "x"}}),
        ("labels.a_", {"labels": {"a_": "x"}}),
        ("labels.ü", {"labels": {"ü": "x"}}),
        ("labels.a\n", {"labels": {"a\n": "x"}}),
        ("labels." + "a" * 64, {"labels": {"a" * 64: "x"}}),
        ("labels.Example.org/a", {"labels": {"Example.org/a": "x"}}),
        ("labels./a", {"labels": {"/a": "x"}}),
        ("labels.a/b/c", {"labels": {"a/b/c": "x"}}),
        ("labels.a/", {"labels": {"a/": "x"}}),
        ("labels." + "a" * 254 + "/b", {"labels": {"a" * 254 + "/b": "x"}}),
        ("labels.a", {"labels": {"a": "has space"}}),
        ("labels.a", {"labels": {"a": "b" * 64}}),
        ("labels.a", {"labels": {"a": "-"}}),
        ("environment", {"environment": {f"K{number}": "" for number in range(257)}}),
        ("environment.1A", {"environment": {"1A": "x"}}),
        ("environment.A-B", {"environment": {"A-B": "x"}}),
        ("environment.A=B", {"environment": {"A=B": "x"}}),
        ("environment.", {"environment": {"": "x"}}),
        ("environment.A\n", {"environment": {"A\n": "x"}}),
        ("environment.A", {"environment": {"A": "a\0b"}}),
        ("allowed-groups", {"allowed_groups": tuple(map(str, range(257)))}),
        ("allowed-groups", {"allowed_groups": ("a", "b", "a")}),
        ("allowed-groups", {"allowed_groups": ("",)}),
        ("allowed-groups", {"allowed_groups": ("a\nb",)}),
        ("replaced-by", {"replaced_by": "scipy"}),
        ("replaced-by", {"replaced_by": "a/b"}),
        ("replaced-by", {"replaced_by": ".."}),
    ],
)
def test_a_member_that_breaks_a_rule_is_named(field: str, members: dict[str, Any]) -> None:
    assert wrong_fields(replace(GOOD, **members)) == [field]


@pytest.mark.parametrize(
    "members",
    [
        {"image_name": "registry:5000/a b@sha256:0"},
        {"command": "any\nthing\0"},
        {"bind_port": 65535},
        {"limits": ContainerLimits(2**63 - 1, 2**63 - 1, 0.001, 8)},
        {"display_name": "ü" * 200},
        {"description": "two\nlines\t" + "x" * 9_000},
        {"labels": {"a": "", "A.b-c_9": "v1.0-x_Y", "example.org/a": "b" * 63, "a" * 253 + "/" + "b" * 63: "x"}},
        {"labels": {f"k{number}": "" for number in range(256)}},
        {"environment": {"_": "", "a1_B": "any\nthing =é"}},
        {"allowed_groups": tuple(map(str, range(256)))},
        {"replaced_by": "not there (yet)"},
    ],
)
def test_members_within_the_rules_are_accepted(members: dict[str, Any]) -> None:
    check(replace(GOOD, **members))


def test_all_broken_rules_are_reported_at_once() -> None:
    template = Template(
        name="a/b",
        image_name="a\nb",
        bind_port=-1,
        limits=ContainerLimits(-1, -1),
        labels={"-": "x"},
        replaced_by="a/b",
    )

    assert wrong_fields(template) == [
        "name",
        "image-name",
        "bind-port",
        "limits.memory",
        "limits.cpu_shares",
        "labels.-",
        "replaced-by",
    ]


def test_a_message_names_the_first_ten_problems_only() -> None:
    template = replace(GOOD, labels={f"-{number}": "" for number in range(100)})

    with pytest.raises(InvalidTemplate) as refusal:
        check(template)

    assert len(refusal.value.errors) == 100
    assert refusal.value.message.count(";") == 9


# ── 2015's merge ─────────────────────────────────────────────────────────────────────────────────────────────────────

CURRENT = Template(
    name="a",
    image_name="i",
    command="c",
    limits=ContainerLimits(memory=5, cpus=0.5),
    bind_port=80,
    labels={"a": "1"},
    allowed_groups=("x",),
    revision=3,
)


@pytest.mark.parametrize(
    ("update", "changed"),
    [
        (Template(), {}),
        (Template(name="ignored"), {}),
        (Template(command="new"), {"command": "new"}),
        (Template(limits=ContainerLimits(cpu_shares=2)), {"limits": ContainerLimits(5, 2, 0.5)}),
        (Template(limits=ContainerLimits(memory=6)), {"limits": ContainerLimits(6, 0, 0.5)}),
        (Template(labels={"b": "2"}), {"labels": {"b": "2"}}),
        (Template(labels={}, allowed_groups=()), {}),
        (Template(allowed_groups=("y", "z")), {"allowed_groups": ("y", "z")}),
        (Template(bind_port=0, redirect_uri="/lab"), {"redirect_uri": "/lab"}),
        (Template(revision=9, deleted=True), {}),
    ],
)
def test_a_merge_takes_the_members_that_are_not_zero(update: Template, changed: dict[str, Any]) -> None:
    assert merged(CURRENT, update) == replace(CURRENT, **changed)


# ── what changed ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        ({"image_name": "new", "bind_ip": "::1"}, ["image-name", "container-ip"]),
        ({"limits": ContainerLimits(memory=6, cpus=0.5, gpus=1)}, ["limits.memory", "limits.gpus"]),
        ({"labels": {}}, ["labels"]),
        ({"revision": 9}, []),
        ({"deleted": True}, []),
    ],
)
def test_changed_members_go_by_their_wire_names(changes: dict[str, Any], names: list[str]) -> None:
    assert changed_members(CURRENT, replace(CURRENT, **changes)) == names


def test_of_a_new_template_every_member_that_is_set_is_new() -> None:
    assert changed_members(None, Template(name="a", image_name="i", limits=ContainerLimits(cpus=1))) == [
        "name",
        "image-name",
        "limits.cpus",
    ]


# ── successors ───────────────────────────────────────────────────────────────────────────────────────────────────────


def find_in(*templates: Template) -> Any:
    return {template.name: template for template in templates}.get


def chain(length: int) -> list[Template]:
    """`length` deprecated templates, each replaced by the next, and a living one at the end."""
    steps = [Template(name=str(step), deleted=step % 2 == 0, replaced_by=str(step + 1)) for step in range(length)]
    return [*steps, Template(name=str(length))]


def test_a_living_template_is_its_own_successor() -> None:
    assert successor("scipy", find_in(GOOD)) == GOOD


@pytest.mark.parametrize("deleted", [True, False])
def test_a_stale_choice_resolves_to_its_successor(deleted: bool) -> None:
    old = Template(name="old", deleted=deleted, replaced_by="scipy")

    assert successor("old", find_in(old, GOOD)) == GOOD


def test_eight_hops_are_followed() -> None:
    assert successor("0", find_in(*chain(8))) == Template(name="8")


def test_a_ninth_hop_is_not_followed() -> None:
    assert successor("0", find_in(*chain(9))) is None


@pytest.mark.parametrize(
    "templates",
    [
        [],
        [Template(name="a", deleted=True)],
        [Template(name="a", replaced_by="gone")],
        [Template(name="a", replaced_by="b"), Template(name="b", deleted=True)],
        [Template(name="a", replaced_by="b"), Template(name="b", replaced_by="a")],
        [Template(name="a", replaced_by="a")],
    ],
    ids=["unknown", "tombstone", "to nowhere", "to a tombstone", "a cycle", "itself"],
)
def test_what_leads_nowhere_has_no_successor(templates: list[Template]) -> None:
    assert successor("a", find_in(*templates)) is None


def test_a_template_is_a_value_that_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        GOOD.name = "other"  # type: ignore[misc]
