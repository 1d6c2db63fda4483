"""The description of the API, held to the server that it describes."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import validate

from binder_registry.errors import InvalidRequest, InvalidTemplate, error_name
from binder_registry.rules import check
from binder_registry.selector import SELECTOR, parse_selector
from binder_registry.server.description.openapi import described, description
from binder_registry.server.description.schemas import MEMBERS, schemas
from binder_registry.server.http.error_status import STATUS
from binder_registry.server.routes import ROUTES, Route
from binder_registry.shown_log import LIVE
from binder_registry.template import WIRE_NAMES, ContainerLimits, Template
from binder_registry.wire import encode, parse, template_from_members

WORD = "a" * 63
DESCRIPTION = description()
BY_ROUTE = pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIPTION["paths"][route.path][route.method.lower()]
    return found


def errors_of(schema: str, value: object) -> list[str]:
    document = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas()}}
    return [str(error) for error in Draft202012Validator(document).iter_errors(value)]


def test_the_description_is_valid_openapi_3_1() -> None:
    document = json.loads(described(""))

    validate(document)

    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("protected", [False, True])
def test_reads_are_described_as_open_unless_they_are_protected(protected: bool) -> None:
    document = json.loads(described(protect_reads=protected))

    assert ({} in document["paths"]["/templates"]["get"]["security"]) != protected
    assert {} not in document["paths"]["/templates"]["post"]["security"]


def test_the_description_of_a_prefix_is_made_once_and_names_it() -> None:
    document = json.loads(described("/services/registry"))

    assert document["servers"] == [{"url": "/services/registry"}]
    assert described("/services/registry") is described("/services/registry")


@BY_ROUTE
def test_every_error_that_a_route_answers_is_described_under_its_status(route: Route) -> None:
    responses = operation(route)["responses"]

    for error in route.all_errors:
        shared = responses[str(STATUS[error][0])]
        if route.answer == "Health" and STATUS[error][0] == 503:
            continue  # its body says what is wrong
        response = DESCRIPTION["components"]["responses"][shared["$ref"].rpartition("/")[2]]
        assert error_name(error) in response["headers"]["Registry-Error"]["schema"]["enum"]


@BY_ROUTE
def test_every_parameter_of_a_path_is_described(route: Route) -> None:
    in_path = [parameter.name for parameter in route.parameters if parameter.where == "path"]

    assert all(f"{{{name}}}" in route.path for name in in_path)
    assert route.path.count("{") == len(in_path)


def test_every_schema_that_is_named_is_there() -> None:
    text = described("").decode()

    named = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}

    assert named <= set(schemas())


def test_every_example_of_a_parameter_is_valid() -> None:
    for route in ROUTES:
        for parameter in operation(route)["parameters"]:
            Draft202012Validator(parameter["schema"]).validate(parameter["example"])


def test_people_are_told_about_the_members_that_there_are() -> None:
    outer = {path for path in MEMBERS if "." not in path and "[]" not in path}
    limits = {path.removeprefix("limits.") for path in MEMBERS if path.startswith("limits.")}

    assert outer == set(WIRE_NAMES.values())
    assert limits == set(ContainerLimits.__struct_fields__)
    assert set(WIRE_NAMES) == set(Template.__struct_fields__)


def test_the_answer_to_the_index_is_described() -> None:
    assert errors_of("Index", json.loads(LIVE)) == []


# Rules of templates: each value at or beyond a limit, and whether the rules take it.
VALUES = [
    ("name", "a", True),
    ("name", "a b+ä", True),
    ("name", "...", True),
    ("name", "", False),
    ("name", ".", False),
    ("name", "..", False),
    ("name", "a/b", False),
    ("name", "a\n", False),
    ("name", "\x7f", False),
    ("name", "\x9f", False),
    ("name", "a" * 2048, True),
    ("name", "a" * 2049, False),
    ("image-name", "i\x1f", False),
    ("image-name", "i\xa0", True),
    ("image-name", "i" * 4096, True),
    ("image-name", "i" * 4097, False),
    ("command", "c" * 65536, True),
    ("command", "c" * 65537, False),
    ("redirect-uri", "/" * 4096, True),
    ("redirect-uri", "/" * 4097, False),
    ("container-ip", "1" * 255, True),
    ("container-ip", "1" * 256, False),
    ("environment", {"A" * 1024: "x" * 32768}, True),
    ("environment", {"A" * 1025: "x"}, False),
    ("environment", {"A": "x" * 32769}, False),
    ("allowed-groups", ["g" * 255], True),
    ("allowed-groups", ["g", "g" * 256], False),
    ("bind-port", 65535, True),
    ("bind-port", 65536, False),
    ("bind-port", -1, False),
    ("limits", {"memory": 2**63 - 1}, True),
    ("limits", {"memory": -1}, False),
    ("limits", {"memory": "1"}, False),
    ("limits", {"cpus": 0.5}, True),
    ("limits", {"cpus": -0.5}, False),
    ("limits", {"cpu": 1}, False),
    ("display-name", "x" * 200, True),
    ("display-name", "x" * 201, False),
    ("display-name", "x\n", False),
    ("description", "x\n" * 5000, True),
    ("description", "x" * 10_001, False),
    ("deprecated", "x" * 10_001, False),
    ("labels", {"a.b-c_D": "x", f"{'d' * 253}/{WORD}": WORD}, True),
    ("labels", {"a": ""}, True),
    ("labels", {f"{'d' * 254}/a": "x"}, False),
    ("labels", {WORD + "a": "x"}, False),
    ("labels", {"A.example/a": "x"}, False),
    ("labels", {"a/b/c": "x"}, False),
    ("labels", {"-a": "x"}, False),
    ("labels", {"a\n": "x"}, False),
    ("labels", {"a": "x-"}, False),
    ("labels", {"a": "x\n"}, False),
    ("labels", {f"k{number}": "" for number in range(256)}, True),
    ("labels", {f"k{number}": "" for number in range(257)}, False),
    ("environment", {"_A1": "x\ny"}, True),
    ("environment", {"1A": "x"}, False),
    ("environment", {"A\n": "x"}, False),
    ("environment", {"A": "\0"}, False),
    ("environment", {f"A{number}": "" for number in range(257)}, False),
    ("allowed-groups", ["a", "b"], True),
    ("allowed-groups", ["a", "a"], False),
    ("allowed-groups", [""], False),
    ("allowed-groups", ["a\t"], False),
    ("allowed-groups", [f"g{number}" for number in range(257)], False),
    ("replaced-by", "", True),
    ("replaced-by", "b", True),
    ("replaced-by", "..", False),
    ("time-created", "2026-01-05T09:00:00Z", True),
    ("time-created", 5, False),
    ("command", None, True),
    ("unknown", 1, False),
]


@pytest.mark.parametrize(("member", "value", "fine"), VALUES, ids=lambda value: repr(value)[:40])
def test_the_schema_of_a_template_takes_what_the_rules_take(member: str, value: object, fine: bool) -> None:
    sent = {"name": "n", "image-name": "i", member: value}

    assert (errors_of("DesiredTemplate", sent) == []) == fine
    assert rules_take(sent) == fine


def rules_take(members: dict[str, object]) -> bool:
    try:
        check(template_from_members(parse(encode(members))))
    except InvalidTemplate:
        return False
    return True


@pytest.mark.parametrize(
    ("selector", "fine"),
    [
        ("a=b", True),
        ("a!=b", True),
        ("a", True),
        ("!a", True),
        ("x.example/a=b,c , !d", True),
        ("a=", True),
        ("", False),
        ("a=b,", False),
        ("a==b", False),
        ("!a=b", False),
        ("a!", False),
        ("a = b", False),
    ],
)
def test_the_pattern_of_a_selector_takes_what_is_parsed(selector: str, fine: bool) -> None:
    schema = {"type": "string", "pattern": f"^{SELECTOR}$"}

    assert Draft202012Validator(schema).is_valid(selector) == fine
    assert parses(selector) == fine


def parses(selector: str) -> bool:
    try:
        parse_selector(selector, parameter="label")
    except InvalidRequest:
        return False
    return True
