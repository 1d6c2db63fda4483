import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.cli.documents import (
    InvalidDocument,
    load_yaml,
    members,
    read_templates,
    to_template,
    to_yaml,
    to_yaml_documents,
)
from binder_registry.errors import APIErrorResponse
from binder_registry.template import ContainerLimits, Template

SCIPY = Template(name="scipy", image_name="jupyter/scipy-notebook")

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_every_text_survives_yaml(text: str) -> None:
    assert load_yaml(to_yaml({"text": text}), "x") == [{"text": text}]


@pytest.mark.parametrize(
    "text",
    [
        *("1e3", "0o17", "017", "0x1f", "0b1", "1.5", ".5", "1.", "+1", "-.inf", "1_000", "12:30"),
        *("2026-11-24", "2026-11-24T10:00:00Z", "yes", "no", "y", "N", "True", "null", "~", "=", "<<"),
        *("", " x", "a: b", "#", "- a", "*a", "&a", "!a"),
    ],
)
def test_a_text_that_looks_like_something_else_stays_in_quotes(text: str) -> None:
    written = to_yaml([text])

    assert written[2] in "\"'"


def test_a_text_of_many_lines_is_written_as_lines() -> None:
    assert to_yaml({"description": "One\nTwo\n"}) == "description: |\n  One\n  Two\n"


def test_a_date_in_a_file_is_a_text() -> None:
    assert load_yaml("day: 2026-11-24", "x") == [{"day": "2026-11-24"}]


def test_a_key_that_stands_twice_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidDocument, match=r"x\.yaml, line 1: not valid YAML: a key stands here twice"):
        load_yaml("name: a\nname: b\n", "x.yaml")


def test_yaml_that_is_not_yaml_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidDocument, match=r"x\.yaml, line 2: not valid YAML"):
        load_yaml("name: a\n\tb: c\n", "x.yaml")


@pytest.mark.parametrize(
    "text",
    [
        *("!!python/object/apply:os.system [true]", "[" * 10_000, "{a: " * 10_000, "- " * 10_000, "a: &a [*b]"),
        *("a: \0", "a: \x1b", '"\\ud800"', "? [a]\n: b", "? {a: b}\n: c", "!!binary é", "!!omap {a: b}", "!!float [a]"),
    ],
)
def test_what_a_safe_reader_refuses_is_a_line_for_people(text: str) -> None:
    with pytest.raises(InvalidDocument, match=r"x\.yaml.*not valid YAML"):
        load_yaml(text, "x.yaml")


def test_merge_keys_are_understood() -> None:
    loaded = load_yaml("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n", "x")

    assert loaded[0]["b"] == {"x": 1, "y": 3}


def test_members_leave_out_what_is_empty_and_what_the_registry_keeps() -> None:
    assert members(Template(name="x", image_name="i", revision=4)) == {"name": "x", "image-name": "i"}


def test_what_get_prints_is_read_as_the_template() -> None:
    printed = members(SCIPY) | {"time-created": "2026-11-24T10:00:00Z", "time-modified": "x", "revision": 5}

    assert to_template(printed) == SCIPY


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(APIErrorResponse, match="the key 1 must be a string"):
        to_template({1: "x"})


def test_a_misspelt_member_is_refused() -> None:
    with pytest.raises(APIErrorResponse, match="image_name is not a member of a template"):
        to_template({"name": "x", "image_name": "i"})


def test_many_documents_are_many_templates(tmp_path: Path) -> None:
    templates = [
        SCIPY,
        Template(name="b", image_name="i", limits=ContainerLimits(memory=5 << 20, cpus=1e-5), command="x y"),
    ]
    file = tmp_path / "all.yaml"
    file.write_text(to_yaml_documents(map(members, templates)))

    assert read_templates([str(file)]) == templates


def test_a_list_is_many_templates(tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text(json.dumps([members(SCIPY), {"name": "b", "image-name": "i"}]))

    assert [template.name for template in read_templates([str(file)])] == ["scipy", "b"]


def test_a_folder_is_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json", "README.md"):
        (tmp_path / name).write_text(json.dumps({"name": name, "image-name": "i"}))

    assert [template.name for template in read_templates([str(tmp_path)])] == ["a.yaml", "b.yml", "c.json"]


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match=r"no \.yaml, \.yml, \.json files in this folder"):
        read_templates([str(tmp_path)])


def test_yaml_in_braces_is_not_taken_for_json(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("{name: x, image-name: i}")

    assert read_templates([str(file)]) == [Template(name="x", image_name="i")]


def test_all_that_is_wrong_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text("name: []\n---\n[{name: x}, {limits: {memory: 500m}}]\n")

    with pytest.raises(InvalidDocument) as raised:
        read_templates([str(file)])

    assert raised.value.message.split("\n       ") == [
        f"{file}, document 1: name must be a string",
        f"{file}, document 2, element 2: limits.memory '500m' is not a size: write bytes, or 512M, 2G, 1.5G",
    ]


def test_a_key_that_is_no_text_is_named_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("name: a\n1:30: x\n")

    with pytest.raises(InvalidDocument, match=r"one\.yaml: the key 1:30 must be a string: put it in quotes"):
        read_templates([str(file)])


def test_json_that_is_not_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text("{'name': 'x'}")

    with pytest.raises(InvalidDocument, match=r"one\.json: invalid JSON"):
        read_templates([str(file)])
