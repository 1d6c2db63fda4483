import json
from typing import Any

import pytest
from msgspec.structs import replace

from binder_registry.apply import ApplyRequest, Step, parse_apply, plan
from binder_registry.errors import InvalidRequest, InvalidTemplate
from binder_registry.selector import Requirement
from binder_registry.template import ContainerLimits, Template
from binder_registry.wire import parse

SCIPY = Template(name="scipy", image_name="jupyter/scipy", labels={"team": "data"}, revision=1)
R = Template(name="r", image_name="jupyter/r", revision=2)
GONE = Template(name="gone", image_name="i", deleted=True, replaced_by="r", revision=3)


def read(**members: Any) -> ApplyRequest:
    return parse_apply(parse(json.dumps({name.replace("_", "-"): value for name, value in members.items()}).encode()))


def wrong_fields(body: str) -> list[str]:
    with pytest.raises(InvalidRequest) as refusal:
        parse_apply(parse(body.encode()))
    return [hint.field for hint in refusal.value.errors]


def planned(request: ApplyRequest) -> list[Step]:
    known = {template.name: template for template in (SCIPY, R, GONE)}
    return plan(request, known.get, lambda: [SCIPY, R])


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_apply_is_read_whole() -> None:
    request = read(
        templates=[{"name": "a", "image-name": "i", "limits": {"cpus": 0.5}}],
        delete={"b": "a", "c": None},
        prune="team=data,!keep",
        dry_run=True,
        note="why",
    )

    assert request == ApplyRequest(
        templates=[Template(name="a", image_name="i", limits=ContainerLimits(cpus=0.5))],
        delete={"b": "a", "c": ""},
        prune=[Requirement("team", "=", "data"), Requirement("keep", "absent")],
        dry_run=True,
        note="why",
    )


@pytest.mark.parametrize(
    "body", ["{}", '{"templates":null,"delete":null,"prune":null,"dry-run":null,"note":null}', '{"templates":[]}']
)
def test_members_that_are_absent_or_null_ask_for_nothing(body: str) -> None:
    assert parse_apply(parse(body.encode())) == ApplyRequest()


def test_a_star_prunes_everything() -> None:
    assert read(templates=[{"name": "a", "image-name": "i"}], prune="*").prune == []


@pytest.mark.parametrize(
    "body",
    [
        '{"prune":"*"}',
        '{"prune":"team=a","templates":[]}',
        '{"prune":"*","templates":null,"allow-empty":null}',
        '{"prune":"*","allow-empty":false}',
        '{"prune":"*","delete":{"a":null}}',
    ],
)
def test_pruning_by_an_empty_list_is_refused(body: str) -> None:
    assert wrong_fields(body) == ["templates"]


@pytest.mark.parametrize("templates", [[], None])
def test_an_empty_list_prunes_where_it_is_said_to_be_meant(templates: list[Any] | None) -> None:
    assert read(templates=templates, prune="*", allow_empty=True) == ApplyRequest(prune=[])


def test_an_empty_list_may_delete_by_name() -> None:
    assert read(templates=[], delete={"a": None}).delete == {"a": ""}


@pytest.mark.parametrize("prune", ['""', '" "', '"a=b=c"', "[]", "true", "0", "{}", '"**"'])
def test_what_is_no_selector_prunes_nothing(prune: str) -> None:
    assert wrong_fields(f'{{"prune":{prune}}}') == ["prune"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("[]", ["body"]),
        ("null", ["body"]),
        ('{"template":[]}', ["template"]),
        ('{"Templates":[],"x":null}', ["Templates", "x"]),
        ('{"templates":{}}', ["templates"]),
        ('{"templates":""}', ["templates"]),
        ('{"templates":0}', ["templates"]),
        ('{"templates":[1]}', ["templates[0]"]),
        ('{"delete":["a"]}', ["delete"]),
        ('{"delete":""}', ["delete"]),
        ('{"delete":{"a/b":null}}', ["delete.a/b"]),
        ('{"delete":{"":null}}', ["delete."]),
        ('{"delete":{"a":"a"}}', ["delete.a"]),
        ('{"delete":{"a":"b/c"}}', ["delete.a"]),
        ('{"delete":{"a":5}}', ["delete.a"]),
        ('{"delete":{"a":false}}', ["delete.a"]),
        ('{"templates":[{"name":"a","image-name":"i"}],"delete":{"a":null}}', ["delete.a"]),
        ('{"dry-run":"true"}', ["dry-run"]),
        ('{"dry-run":""}', ["dry-run"]),
        ('{"dry-run":0}', ["dry-run"]),
        ('{"allow-empty":1}', ["allow-empty"]),
        ('{"allow-empty":"true"}', ["allow-empty"]),
        ('{"note":5}', ["note"]),
        ('{"note":"' + "é" * 513 + '"}', ["note"]),
        ('{"note":"\\u0000"}', ["note"]),
    ],
)
def test_what_is_wrong_with_an_apply_is_named(body: str, fields: list[str]) -> None:
    assert wrong_fields(body) == fields


def test_a_note_may_be_a_kilobyte() -> None:
    assert read(note="é" * 512).note == "é" * 512


def test_all_errors_are_reported_at_once() -> None:
    fields = wrong_fields(
        """{"templates": [
            {"name": "a", "image-name": "i"},
            {"name": "b"},
            {"name": "c", "image-name": "i", "limits": {"memory": "x"}, "labels": {"a": 1}},
            {"name": "d", "image-name": "i", "limits": {"memory": -1}, "bind-port": -1, "labels": {"-": "x"}},
            {"name": "e", "image-name": "i", "image": "i"},
            7,
            {"name": "a", "image-name": "j"}
        ], "delete": {"a": "x/y"}, "prune": "", "dry-run": 1, "note": [], "other": 1}"""
    )

    assert sorted(fields) == sorted(
        [
            "templates[1].image-name",
            "templates[2].limits.memory",
            "templates[2].labels",
            "templates[3].limits.memory",
            "templates[3].bind-port",
            "templates[3].labels.-",
            "templates[4].image",
            "templates[5]",
            "templates",
            "delete.a",
            "delete.a",
            "prune",
            "dry-run",
            "note",
            "other",
        ]
    )


def test_a_missing_member_of_an_entry_has_2015s_code() -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        read(templates=[{"name": "a"}])

    assert [(hint.field, hint.code) for hint in refusal.value.errors] == [("templates[0].image-name", "missing_field")]
    assert refusal.value.message == "templates[0]: name and image-name must be specified"


def test_the_message_of_a_wrong_type_says_once_where() -> None:
    with pytest.raises(InvalidTemplate, match=r"^templates\[0\].command must be a string$"):
        read(templates=[{"name": "a", "image-name": "i", "command": 1}])


def test_after_a_hundred_faults_no_more_templates_are_looked_at() -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        parse_apply(parse(b'{"templates":[' + b",".join([b"{}"] * 1000) + b"]}"))

    assert [hint.field for hint in refusal.value.errors][-2:] == ["templates[49].name", "templates[49].image-name"]
    assert len(refusal.value.errors) == 100
    assert refusal.value.message.endswith("; and 950 templates were not looked at")


@pytest.mark.timeout(30)
def test_a_large_apply_is_read_in_linear_time() -> None:
    """Quadratic work over these names would take many minutes."""
    entries = ",".join(f'{{"name":"{number % 49_999}","image-name":"i"}}' for number in range(50_000))
    deletes = ",".join(f'"d{number}":null' for number in range(50_000))

    fields = wrong_fields(f'{{"templates":[{entries}],"delete":{{{deletes}}}}}')

    assert fields == ["templates"]


# ── planning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def steps(request: ApplyRequest) -> list[tuple[str, str, list[str]]]:
    return [(step.action, step.after.name, step.changed) for step in planned(request)]


def test_a_new_template_is_created_and_no_member_is_named() -> None:
    assert steps(ApplyRequest([Template(name="new", image_name="i")])) == [("created", "new", [])]


def test_a_template_that_differs_is_updated_to_the_whole_new_state() -> None:
    [step] = planned(ApplyRequest([Template(name="scipy", image_name="new")]))

    assert (step.action, step.changed) == ("updated", ["image-name", "labels"])
    assert step.after == Template(name="scipy", image_name="new")


def test_a_template_that_is_as_it_should_be_is_unchanged() -> None:
    assert steps(ApplyRequest([replace(SCIPY, revision=0)])) == [("unchanged", "scipy", [])]


def test_a_deleted_template_is_created_again() -> None:
    assert steps(ApplyRequest([Template(name="gone", image_name="i")])) == [("created", "gone", [])]


def test_a_deletion_names_the_successor_in_the_tombstone() -> None:
    [step] = planned(ApplyRequest(delete={"scipy": "r"}))

    assert (step.action, step.changed) == ("deleted", [])
    assert step.after == replace(SCIPY, deleted=True, replaced_by="r")


def test_a_deletion_without_a_successor_keeps_the_one_that_the_template_named() -> None:
    old = Template(name="old", image_name="i", replaced_by="scipy")

    [step] = plan(ApplyRequest(delete={"old": ""}), {"old": old}.get, list)

    assert step.after.replaced_by == "scipy"


@pytest.mark.parametrize(("name", "replaced_by"), [("never", ""), ("never", "r"), ("gone", ""), ("gone", "r")])
def test_what_is_gone_already_is_unchanged(name: str, replaced_by: str) -> None:
    assert steps(ApplyRequest(delete={name: replaced_by})) == [("unchanged", name, [])]


def test_a_tombstone_can_get_another_successor() -> None:
    [step] = planned(ApplyRequest(delete={"gone": "scipy"}))

    assert (step.action, step.after) == ("deleted", replace(GONE, replaced_by="scipy"))


def test_pruning_deletes_what_is_selected_and_not_named() -> None:
    request = ApplyRequest([replace(R, revision=0)], prune=[])

    assert steps(request) == [("unchanged", "r", []), ("deleted", "scipy", [])]


def test_pruning_leaves_what_is_not_selected() -> None:
    assert steps(ApplyRequest(prune=[Requirement("team", "=", "data")])) == [("deleted", "scipy", [])]


def test_pruning_leaves_the_successor_that_a_deletion_names() -> None:
    [step] = planned(ApplyRequest(delete={"scipy": "r"}, prune=[Requirement("team", "exists")]))

    assert step.after.replaced_by == "r"
