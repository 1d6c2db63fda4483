"""Templates with options, overrides and an order, in the commands that read and write."""

import json
import shlex
from pathlib import Path

import pytest

from binder_registry import Client

from .invoking import CommandLine

SHARED = """\
- name: one
  image-name: i
  options: &sizes
  - &size
    name: size
    choices:
    - {name: small, set: {limits: {memory: 1G}}}
    - {name: large, set: {limits: {memory: 2G}}}
- name: two
  image-name: j
  options: *sizes
- name: three
  image-name: k
  options:
  - <<: *size
    display-name: How large
"""


@pytest.fixture
def sized(client: Client) -> int:
    choices = [{"name": "small"}, {"name": "large", "set": {"limits": {"memory": 1 << 31}}}]
    template = {"name": "sized", "image-name": "i", "options": [{"name": "size", "choices": choices}]}
    client.apply([template | {"overrides": {"kubespawner": {"mem_limit": None}}, "requests": {"memory": 1 << 30}}])
    return client.head().revision


def test_templates_of_one_document_share_their_options(registry: CommandLine, client: Client) -> None:
    registry("apply", "-f", "-", stdin=SHARED)

    one, two, three = (client.get_template(name).options for name in ("one", "two", "three"))
    assert (two, three[0].choices, three[0].display_name) == (one, one[0].choices, "How large")


def test_the_example_of_the_page_is_applied(registry: CommandLine, client: Client) -> None:
    page = (Path(__file__).parents[2] / "docs" / "template.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]

    result = registry("apply", "-f", "-", stdin=example)

    first, second = client.list_templates()
    assert (result.code, first.options) == (0, second.options)
    assert first.options


@pytest.mark.usefixtures("sized")
@pytest.mark.parametrize("output", ["yaml", "json"])
def test_what_get_prints_of_options_is_applied_as_unchanged(registry: CommandLine, output: str) -> None:
    printed = registry("get", "sized", "-o", output).out

    assert registry("apply", "-f", "-", stdin=printed).out == "Done: 1 unchanged\n"


@pytest.mark.usefixtures("sized")
def test_a_template_is_shown_with_a_line_for_each_value(registry: CommandLine) -> None:
    shown = dict(line.split("\t") for line in registry("get", "sized").out.splitlines())

    assert (shown["options"], shown["options.size"]) == ("size", "small, large")
    assert (shown["options.size.large.limits.memory"], shown["requests.memory"]) == ("2G", "1G")
    assert shown["overrides.kubespawner.mem_limit"] == "null"


def test_a_difference_in_a_choice_says_whose_it_is(registry: CommandLine, client: Client, sized: int) -> None:
    came = client.get_json("sized")
    came["options"][0]["choices"][1]["set"]["limits"]["memory"] = 1 << 32
    client.apply([came])

    lines = registry("diff", "sized", str(sized)).out.splitlines()

    assert [line for line in lines if line[0] in "+-"][2:] == [
        "-options.size.large.limits.memory: 2147483648",
        "+options.size.large.limits.memory: 4294967296",
    ]


def test_the_history_of_a_template_names_what_changed(registry: CommandLine, client: Client, sized: int) -> None:
    came = client.get_json("sized")
    came["options"][0]["choices"][1]["set"]["limits"]["memory"] = 1 << 32
    client.apply([came])
    client.delete_template("sized")
    client.register_template(client.get_template("sized", revision=sized))

    rows = [line.split("\t") for line in registry("changes", "sized", "-o", "wide", "-n", "3").out.splitlines()]

    assert [row[-1] for row in rows][1:] == ["", "options.size.large.limits.memory"]
    assert rows[0][-1].startswith("name,image-name,requests.memory,options,options.size,")


@pytest.mark.parametrize(
    "member", ["order", "default", "requests.memory", "requests", "options", "overrides", "paused"]
)
def test_members_are_unset(registry: CommandLine, client: Client, sized: int, member: str) -> None:
    client.patch_template("sized", {"order": 1, "default": True, "paused": "x"})

    result = registry("update", "sized", "--unset", member)

    outer, _, _ = member.partition(".")
    assert (result.code, outer in client.get_json("sized")) == (0, False)


@pytest.mark.parametrize("member", ["options.size", "overrides.kubespawner", "revision", "time-created", "order.x"])
def test_what_cannot_be_unset_is_refused(registry: CommandLine, sized: int, member: str) -> None:
    result = registry("update", "sized", "--unset", member)

    assert (result.code, "--unset" in result.err) == (2, True)


def test_asking_for_more_than_the_limit_is_told(registry: CommandLine, client: Client, sized: int) -> None:
    result = registry("update", "sized", "--memory", "512M", "--request-cpus", "1")

    assert (result.code, result.err) == (
        0,
        "Hint: requests.memory is more than limits.memory: Kubernetes refuses that.\n",
    )


@pytest.fixture
def ordered(client: Client) -> None:
    titles = {"a": ("Zeta", 0), "b": ("", 20), "c": ("beta", 10), "d": ("Alpha", 10), "e": ("Eta", 0)}
    client.apply(
        [{"name": name, "image-name": "i", "display-name": it, "order": n} for name, (it, n) in titles.items()]
    )


@pytest.mark.parametrize("output", ["table", "wide"])
@pytest.mark.usefixtures("ordered")
def test_people_see_lists_by_order_and_title(registry: CommandLine, output: str) -> None:
    rows = registry("list", "-o", output).out.splitlines()

    assert [row.split("\t")[0] for row in rows] == ["d", "c", "b", "e", "a"]


@pytest.mark.usefixtures("ordered")
def test_programs_see_lists_by_name(registry: CommandLine) -> None:
    as_json = [one["name"] for one in json.loads(registry("list", "-o", "json").out)]

    assert (as_json, registry("list", "-o", "name").out.split()) == (["a", "b", "c", "d", "e"],) * 2


def test_a_wide_list_shows_order_default_and_the_number_of_options(
    registry: CommandLine, client: Client, sized: int
) -> None:
    client.patch_template("sized", {"order": 7, "default": True, "paused": "Back on Monday."})

    row = registry("list", "-o", "wide").out.rstrip("\n").split("\t")

    assert (row[3], row[-3:]) == ("paused", ["7", "default", "1"])


@pytest.mark.parametrize("written", ['W/"{}"', '"{}"', "{}", '"{}-gzip"'])
def test_a_revision_may_be_an_etag(registry: CommandLine, client: Client, sized: int, written: str) -> None:
    result = registry("update", "sized", "--order", "3", "--if-match", written.format(sized))

    assert (result.code, client.get_template("sized").order) == (0, 3)


@pytest.mark.parametrize("written", ["*", '"x"', "W/", ""])
def test_what_is_no_revision_is_refused(registry: CommandLine, sized: int, written: str) -> None:
    assert registry("update", "sized", "--order", "3", "--if-match", written).code == 2


@pytest.mark.parametrize("before", [True, False])
def test_a_hint_names_the_registry_that_was_named(
    registry: CommandLine, client: Client, sized: int, server: str, before: bool
) -> None:
    named = ["--url", server]
    arguments = [*named, "delete", "sized"] if before else ["delete", "sized", *named]

    deleted = registry(*arguments, BINDER_REGISTRY_URL="http://127.0.0.1:9")
    hint = deleted.out.partition("`binder-registry ")[2].partition("`")[0]

    assert registry(*shlex.split(hint), BINDER_REGISTRY_URL="http://127.0.0.1:9").code == 0
    assert client.get_template("sized")


@pytest.mark.parametrize("cpus", ["nan", "inf", "-1", "1e3"])
def test_a_number_of_cpus_that_is_none_is_wrong_usage(registry: CommandLine, sized: int, cpus: str) -> None:
    assert registry("update", "sized", "--cpus", cpus).code == 2
