"""Documents as a server reads and writes them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from binder_registry import Template
from binder_registry.cli.documents import InvalidDocument, read_templates
from binder_registry.cli.reading import Refused, answer_of
from binder_registry.errors import InvalidTemplate
from binder_registry.reading import Question, answer_frame, answer_head, question_frame, read_question
from binder_registry.rules import check
from binder_registry.wire import parse, template_from_members

TWO = """\
- name: scipy
  image-name: quay.io/jupyter/scipy-notebook
  limits: {memory: 2G}
---
name: r
image-name: i
"""
WRONG = """\
- name: a
  bind-port: 99999
  limits:
    memory: 500m
  labels:
    a.b/c: "-x"
  options:
  - name: size
    choices: &sizes
    - name: s
      set: {limits: {cpus: yes}}
    colour: red
- name: a
  image-name: i
---
name: [x]
image-name: i
"""
VALUES = """\
singleuser:
  profileList:
  - display_name: GPU
    kubespawner_override: {image: "x:1", mem_limit: 2G, foo: bar}
    profile_options:
      size:
        choices: {s: {kubespawner_override: {unheard_of: 1}}}
  - kubespawner_override: {image: y}
"""


def asked(text: str, **members: Any) -> Any:
    question = Question(**{"form": "templates", "body": "yaml", "give": "json"} | members)
    answer = answer_of(question, text.encode())
    return json.loads(answer) if question.give == "json" else answer.decode()


def test_documents_are_templates_as_they_would_be_sent() -> None:
    assert asked(TWO) == {
        "templates": [
            {"name": "scipy", "image-name": "quay.io/jupyter/scipy-notebook", "limits": {"memory": 2**31}},
            {"name": "r", "image-name": "i"},
        ],
        "lost": [],
        "problems": [],
    }


def test_what_get_prints_is_taken_without_what_the_registry_keeps() -> None:
    printed = "name: a\nimage-name: i\ncommand: ''\nrevision: 5\ntime-created: 2026-11-24T10:00:00Z\n"

    assert asked(printed)["templates"] == [{"name": "a", "image-name": "i"}]


def test_in_parts_the_templates_stand_on_a_line_of_their_own() -> None:
    question = Question("templates", "yaml", "parts")

    head, templates = answer_of(question, b"name: a\nimage-name: i\ncommand: |\n  x\n  y").split(b"\n")

    assert json.loads(head) == {"templates": None, "lost": [], "problems": []}
    assert json.loads(templates) == [{"name": "a", "image-name": "i", "command": "x\ny"}]


def test_what_has_no_value_is_not_there() -> None:
    assert asked("name: a\nimage-name:\nlabels: {}\ncommand: ''\n")["templates"] == [{"name": "a"}]


def test_json_that_is_no_yaml_has_no_lines() -> None:
    problems = asked(r'{"name": "\ud83d\ude00", "image-name": "i", "bind-port": -1}')["problems"]

    assert problems == [{"field": "templates[0].bind-port", "message": "must be from 0 to 65535"}]


def test_what_breaks_the_rules_is_read_all_the_same_and_told_with_its_line() -> None:
    found = asked(WRONG)

    assert [(problem["line"], problem["field"], problem.get("code")) for problem in found["problems"]] == [
        (4, "templates[0].limits.memory", None),
        (11, "templates[0].options[0].choices[0].set.limits.cpus", None),
        (12, "templates[0].options[0].colour", None),
        (1, "templates[0].image-name", "missing_field"),
        (2, "templates[0].bind-port", None),
        (6, "templates[0].labels.a.b/c", None),
        (13, "templates[1].name", None),
        (16, "templates[2].name", None),
    ]
    assert found["templates"][0]["limits"] == {"memory": "500m"}
    assert found["templates"][0]["options"][0]["choices"][0]["set"] == {"limits": {"cpus": "yes"}}
    assert found["templates"][2] == {"name": ["x"], "image-name": "i"}


def test_what_aliases_stand_for_is_told_where_it_is_written() -> None:
    shared = "- &a\n  name: a\n  image-name: i\n  bind-port: -1\n- <<: *a\n  name: b\n"

    problems = asked(shared)["problems"]

    assert [(problem["line"], problem["field"]) for problem in problems] == [
        (4, "templates[0].bind-port"),
        (5, "templates[1].bind-port"),
    ]


def test_of_many_problems_some_are_told() -> None:
    assert len(asked("- name: a\n" * 1000)["problems"]) == 100


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("name: a\n\tb: c\n", "line 2", "body, line 2: not valid YAML"),
        ("name: a\nname: b\n", "line 1", "a key stands here twice"),
        ("a: &a [*a]", "line 1", "an alias stands within what it is an alias of"),
        ("- 5", "line 1", "body, element 1, line 1: a template must be an object"),
        ("name: a\n---\n5", "line 3", "body, document 2, line 3: a template must be an object"),
        ("name: a\nno: x", "line 2", "body, line 2: the key no must be a string: put it in quotes"),
        ("- name: a\n- name: b\n  labels:\n    1:30: x", "line 4", "body, element 2, line 4: the key 1:30 must be"),
        ("{" * 200 + "}" * 200, "line 1", "not valid YAML"),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(text: str, field: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as told:
        asked(text)

    assert [hint.field for hint in told.value.refusal.hints] == [field]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"name": "a"', "unexpected end of JSON input"),
        ("name: a", "invalid JSON"),
        ('"a"', "a template must be an object"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "too many levels"),
    ],
)
def test_json_is_read_as_json_alone(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        asked(text, body="json")


@pytest.mark.parametrize(("text", "begins"), [('{"name": "a"}', "name: a\n"), ('[{"name": "a"}]', "---\nname: a\n")])
def test_json_becomes_the_text_that_edit_and_export_write(text: str, begins: str) -> None:
    assert asked(text, body="json", give="yaml") == begins


def test_text_becomes_json_and_the_same_text_again() -> None:
    one = '{"name":"a","image-name":"i","command":"x\\ny","labels":{"a":"1"},"default":true,"limits":{"cpus":0.5}}'
    whole = f'[{one},{{"name":"b"}}]'

    written = asked(whole, body="json", give="yaml")

    assert asked(written)["templates"] == json.loads(whole)
    assert asked(written, give="yaml") == written


def test_a_hubs_values_become_templates_and_what_is_lost_is_named() -> None:
    found = asked(VALUES, form="z2jh")

    assert [(one["name"], one["limits"]) for one in found["templates"]] == [("gpu", {"memory": 2**31})]
    assert ("profile GPU", "foo") in [(lost["name"], lost["path"]) for lost in found["lost"]]
    assert [lost["name"] for lost in found["lost"] if lost.get("left-out")] == ["profile 2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b", "there is no singleuser.profileList"),
        ("a: [", "not valid YAML"),
        ("", "is empty"),
        ("profileList: [{slug: '${NAME}'}]", r"body, line 1: holds a placeholder, \$\{NAME\}$"),
        ("a: {singleuser: {profileList: [{slug: x}]}}\nb: {singleuser: {profileList: [{slug: x}]}}", "several lists"),
    ],
)
def test_values_without_a_list_that_can_be_read_are_refused(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        asked(text, form="z2jh")


def test_of_several_lists_one_is_named() -> None:
    one = "{singleuser: {profileList: [{slug: x, kubespawner_override: {image: i}}]}}"

    assert len(asked(f"a: {one}\nb: {one}", form="z2jh", at="b")["templates"]) == 1


def test_what_aliases_make_too_long_is_refused() -> None:
    text = "- &a {name: a, image-name: " + "i" * 1000 + "}\n" + "- *a\n" * 100

    with pytest.raises(Refused, match="comes to more than 50000 bytes"):
        asked(text, most_bytes=50_000)


VALUES_OF_MEMBERS = (
    *("1", "1.0", "yes", "'yes'", "0512", "1_000", "2G", "500m", "null", "true", "[1, x]", "{a: 1}", "2026-11-24"),
    *("1e3", ".inf", "!!int 3", "!x y", '""', "-1", "99999", "1:30", "{1: a}", "9" * 50, "é", "[]", "{}"),
)


@pytest.mark.parametrize(
    "member",
    [
        *(
            "limits: {memory: X}",
            "limits: {cpus: X}",
            "default: X",
            "environment: {A: X}",
            "command: X",
            "bind-port: X",
        ),
        *("overrides: {kubespawner: {a: X}}", "labels: X", "options: X", "allowed-groups: [X]", "X: a", "colour: X"),
    ],
)
def test_a_server_reads_what_the_command_line_reads(member: str, tmp_path: Path) -> None:
    texts = [f"name: a\nimage-name: i\n{member.replace('X', value)}\n" for value in VALUES_OF_MEMBERS]

    read = {text: of_a_server(text) for text in texts}

    assert read == {text: of_the_command_line(text, tmp_path / "a.yaml") for text in texts}


def of_the_command_line(text: str, file: Path) -> Template | None:
    """None where it is refused, here or by the registry."""
    file.write_text(text)
    try:
        [template] = read_templates([str(file)])
        check(template)
    except (InvalidDocument, InvalidTemplate):
        return None
    return template


def of_a_server(text: str) -> Template | None:
    try:
        found = asked(text)
    except Refused:
        return None
    return None if found["problems"] else template_from_members(parse(json.dumps(found["templates"][0]).encode()))


def test_frames_are_read_as_they_were_written() -> None:
    question = Question("z2jh", "json", "yaml", at="a.b", seconds=5)
    stream = io.BytesIO(question_frame(question, b"body") + question_frame(question, b""))

    assert [read_question(stream.read) for _ in range(3)] == [(question, b"body"), (question, b""), None]
    assert answer_head(answer_frame(b"=", b"abc", stays=True)) == (b"=", True, 3)
