from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from binder_registry.cli.documents import load_yaml, members, to_json, to_template, to_yaml
from binder_registry.cli.yaml_text import LoaderAsWritten
from binder_registry.errors import APIErrorResponse
from binder_registry.settings import ContainerLimits, Requests, Settings
from binder_registry.template import Template

UNCLEAR = [
    *("yes", "NO", "off", "On", "True", "FALSE", "1:30", "12:30:45", "0512", "08", "1e3", "1.5e3", "1_000", "+1"),
    *(".5", "1.", "0x1F", "0o17", "0b1", ".inf", "-.INF", ".NaN"),
]
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


def read(member: str) -> Template:
    [document] = load_yaml(f"name: a\nimage-name: i\n{member}\n", "x", LoaderAsWritten)
    return to_template(document)


def of_json(**given: Any) -> Template:
    return to_template({"name": "a", "image-name": "i", **given})


@pytest.mark.parametrize("size", ["2G", "2Gi", "'2 GiB'", "2048M", "2147483648", "'2147483648'"])
def test_memory_is_read_with_its_unit(size: str) -> None:
    assert read(f"limits: {{memory: {size}}}").limits.memory == 2 << 30


@pytest.mark.parametrize("size", ["500m", "-1", "true", "1e400", "9" * 5000, "1.5.1", *UNCLEAR])
def test_memory_that_nobody_can_mean_is_refused(size: str) -> None:
    with pytest.raises(APIErrorResponse, match=r"limits\.memory .* is not a size"):
        read(f"limits: {{memory: {size}}}")


@pytest.mark.parametrize("size", ["2", "512", "1.5", "'4'"])
def test_memory_without_its_unit_is_refused(size: str) -> None:
    with pytest.raises(APIErrorResponse, match=r"limits\.memory .* write the unit"):
        read(f"limits: {{memory: {size}}}")


def test_a_number_of_a_json_file_is_what_a_program_wrote() -> None:
    assert of_json(limits={"memory": 512}).limits.memory == 512


@pytest.mark.parametrize(("written", "cpus"), [("2", 2), ("1.5", 1.5), ("500m", 0.5), ("'0.25'", 0.25), ("1.0", 1)])
def test_cpus_are_read_as_people_write_them(written: str, cpus: float) -> None:
    assert read(f"limits: {{cpus: {written}}}").limits.cpus == cpus


@pytest.mark.parametrize("written", ["2G", "-1", "inf", "9" * 400, "true", *UNCLEAR])
def test_cpus_that_nobody_can_mean_are_refused(written: str) -> None:
    with pytest.raises(APIErrorResponse, match=r"limits\.cpus .* is not a number of CPUs"):
        read(f"limits: {{cpus: {written}}}")


@pytest.mark.parametrize("written", ["8080.0", "8080/tcp", "true", "9" * 5000, *UNCLEAR])
@pytest.mark.parametrize("member", ["bind-port: {}", "limits: {{gpus: {}}}", "limits: {{cpu_shares: {}}}"])
def test_a_whole_number_is_digits(member: str, written: str) -> None:
    with pytest.raises(APIErrorResponse, match="must be a whole number, like 8888, and not"):
        read(member.format(written))


def test_a_whole_number_may_stand_in_quotes() -> None:
    assert read("bind-port: '8080'").bind_port == 8080


@pytest.mark.parametrize(
    "value", ["8080", "-1", "3.10", "1.0", "true", "false", "2026-11-24", "10.0.0.1", "1.2.3", "="]
)
def test_a_text_without_quotes_is_what_was_written(value: str) -> None:
    read_back = read(f"environment: {{X: {value}}}\nlabels: {{x: {value}}}\ndisplay-name: {value}")

    assert (read_back.environment["X"], read_back.labels["x"], read_back.display_name) == (value, value, value)


@pytest.mark.parametrize("value", UNCLEAR)
@pytest.mark.parametrize(
    "member", ["environment: {{X: {}}}", "labels: {{x: {}}}", "command: {}", "allowed-groups: [{}]"]
)
def test_a_text_that_old_yaml_reads_as_something_else_is_refused_with_a_hint(member: str, value: str) -> None:
    with pytest.raises(APIErrorResponse, match=r"may be a text or something else: put .* in quotes"):
        read(member.format(value))


@pytest.mark.parametrize("value", UNCLEAR)
@pytest.mark.parametrize("quoted", ['"{}"', "'{}'", "!!str {}"])
def test_in_quotes_it_is_a_text(quoted: str, value: str) -> None:
    assert read(f"environment: {{X: {quoted.format(value)}}}").environment == {"X": value}


@pytest.mark.parametrize("value", ["", "~", "null"])
def test_an_entry_without_a_value_is_refused_with_a_hint(value: str) -> None:
    with pytest.raises(APIErrorResponse, match=r'environment\.X has no value: write "" for an empty text'):
        read(f"environment: {{X: {value}}}")


def test_whole_numbers_and_truths_of_a_json_file_are_texts_where_texts_are_meant() -> None:
    assert of_json(environment={"A": 1, "B": True}).environment == {"A": "1", "B": "true"}


def test_a_fraction_of_a_json_file_is_no_text_because_its_zeros_are_lost() -> None:
    with pytest.raises(APIErrorResponse, match=r"labels\.python must be a text: put it in quotes"):
        of_json(labels={"python": 3.10})


@pytest.mark.parametrize("key", ["on", "No", "0512", "1:30", "~"])
def test_a_key_that_old_yaml_reads_as_something_else_is_refused(key: str) -> None:
    with pytest.raises(APIErrorResponse, match="must be a string: put it in quotes"):
        read(f"labels: {{{key}: x}}")


def test_a_number_may_be_the_key_of_a_label() -> None:
    assert read("labels: {2026: x}").labels == {"2026": "x"}


@pytest.mark.parametrize("document", ["hello", "5", "true", "[a]", "2026-11-24"])
def test_what_is_no_template_is_told_in_words_of_documents(document: str) -> None:
    [value] = load_yaml(document, "x", LoaderAsWritten)

    with pytest.raises(APIErrorResponse, match="a template must be an object, with members like"):
        to_template(value)


@given(texts, st.floats(min_value=0, max_value=1e18))
def test_what_is_written_out_is_read_back_identically(text: str, cpus: float) -> None:
    cpus = int(cpus) if cpus.is_integer() else cpus
    template = Template(
        name="a", image_name=text or "i", limits=ContainerLimits(cpus=cpus), environment={"X": text}, command=text
    )
    [read_back] = load_yaml(to_yaml(members(template)), "x", LoaderAsWritten)

    assert to_template(read_back) == template


def test_documents_of_others_keep_what_old_yaml_would_reckon() -> None:
    [read_back] = load_yaml("[0512, 1:30, 1_000, 1e3, 2, 1.5, yes, off, 'no']", "x")

    assert read_back == ["0512", "1:30", "1_000", "1e3", 2, 1.5, True, False, "no"]


@pytest.mark.parametrize("text", ["!!bool foo", "!!timestamp foo", "!!int ''", "!!float x", "a: ="])
def test_tags_that_do_not_fit_are_no_fault_of_ours(text: str) -> None:
    assert len(load_yaml(text, "x")) == 1


# ── options, and what belongs to a spawner ───────────────────────────────────────────────────────────────────────────

SIZES = """
options:
- name: 1
  display-name: 2026
  choices:
  - name: large
    default: true
    set:
      limits: {memory: 2G, cpus: 500m, gpus: 1}
      requests: {memory: 1Gi, cpus: 250m}
      environment: {PORT: 8080}
      bind-port: 8888
      overrides: {kubespawner: {uid: 1000}}
  free-text: {set: {limits: {memory: 3G}}}
requests: {memory: 1G, cpus: 0.5}
order: 10
default: true
"""


def test_the_settings_of_a_choice_are_read_as_those_of_a_template() -> None:
    template = read(SIZES)

    [option] = template.options
    [choice] = option.choices
    assert (option.name, option.display_name, choice.default) == ("1", "2026", True)
    assert choice.set == Settings(
        limits=ContainerLimits(memory=2 << 30, cpus=0.5, gpus=1),
        requests=Requests(memory=1 << 30, cpus=0.25),
        environment={"PORT": "8080"},
        bind_port=8888,
        overrides={"kubespawner": Raw(b'{"uid":1000}')},
    )
    assert option.free_text is not None
    assert option.free_text.set.limits.memory == 3 << 30
    assert (template.requests, template.order, template.default) == (Requests(1 << 30, 0.5), 10, True)


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ("requests: {memory: 512}", r"requests\.memory .* write the unit"),
        ("requests: {cpus: half}", r"requests\.cpus 'half' is not a number of CPUs"),
        ("order: 010", "order must be a whole number"),
        ("default: yes", "default must be true or false, and not yes"),
        ("default: 'true'", "default must be true or false"),
        ("default: 1", "default must be true or false"),
        ("paused: off", "paused may be a text or something else: put off in quotes"),
        ("options: [{name: 0512}]", r"options\[0\]\.name may be a text or something else: put 0512 in quotes"),
        ("options: [{name: a, choices: [{name: on}]}]", r"options\[0\]\.choices\[0\]\.name may be a text"),
        ("options: [{name: a, build: No}]", r"options\[0\]\.build must be true or false, and not No"),
        (
            "options: [{name: a, choices: [{name: b}, {name: c, set: {limits: {memory: 500m}}}]}]",
            r"options\[0\]\.choices\[1\]\.set\.limits\.memory '500m' is not a size",
        ),
        ("options: {name: a}", "options must be a list"),
        ("options: [a]", r"options\[0\] must be an object"),
        ("allowed-groups: {}", "allowed-groups must be a list of strings"),
        ("overrides: {kubespawner: {a: {b: [0, yes]}}}", r"overrides\.kubespawner\.a\.b may be .* put yes in quotes"),
        ("overrides: {kubespawner: {uid: 0512}}", r"overrides\.kubespawner\.uid may be .* put 0512 in quotes"),
        ("overrides: {kubespawner: {uid: 1e3}}", r"overrides\.kubespawner\.uid may be .* put 1e3 in quotes"),
        ("overrides: {kubespawner: {uid: " + "9" * 30 + "}}", "overrides must not hold numbers of more than 64 bits"),
        ("overrides: {kubespawner: {uid: " + "9" * 500 + "}}", r"overrides\.kubespawner\.uid may be"),
        ("overrides: {kubespawner: 1}", "overrides must be an object of objects"),
    ],
)
def test_what_an_option_or_an_override_can_hardly_mean_is_refused_with_its_path(member: str, problem: str) -> None:
    with pytest.raises(APIErrorResponse, match=problem):
        read(member)


@pytest.mark.parametrize(
    ("written", "json"),
    [
        ("1", b"1"),
        ("1.0", b"1.0"),
        ("true", b"true"),
        ('"1"', b'"1"'),
        ("'true'", b'"true"'),
        ("null", b"null"),
        ("~", b"null"),
        ("", b"null"),
        ("-0.5", b"-0.5"),
        ("2026-11-24", b'"2026-11-24"'),
        ("[1, {a: false}]", b'[1,{"a":false}]'),
        ("{}", b"{}"),
        ("[]", b"[]"),
        ("0.00000001", b"1e-8"),
        ("'yes'", b'"yes"'),
        ("512Mi", b'"512Mi"'),
    ],
)
def test_an_override_is_what_yaml_clearly_says(written: str, json: bytes) -> None:
    overrides = read(f"overrides: {{kubespawner: {{it: {written}}}}}").overrides

    assert bytes(overrides["kubespawner"]) == b'{"it":%b}' % json


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(-(2.0**62), 2.0**62)
    | texts
    | st.sampled_from(UNCLEAR),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.sampled_from(UNCLEAR), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, plain, max_size=4))
def test_overrides_survive_yaml_byte_for_byte(settings: dict[str, Any]) -> None:
    template = of_json(overrides={"kubespawner": settings})
    [read_back] = load_yaml(to_yaml(members(template)), "x", LoaderAsWritten)

    assert to_template(read_back).overrides == template.overrides


def test_what_no_member_says_is_json_for_those_who_keep_it() -> None:
    [document] = load_yaml("name: a\ncolours: {red: 1, blue: 1.0, dark: true, named: '1'}\n", "x", LoaderAsWritten)

    assert repr(to_json(document)["colours"]) == "{'red': 1, 'blue': 1.0, 'dark': True, 'named': '1'}"
