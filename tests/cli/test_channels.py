"""promote, demote and channels."""

import json

import pytest

from binder_registry import Client, Template
from binder_registry.channels import Channel

from .invoking import CommandLine


@pytest.fixture
def course(client: Client) -> Client:
    """Two templates of a course; one has a newer content than the one that is being tested."""
    for name in ("a", "b"):
        client.register_template(Template(name, "i", labels={"course": "physics"}))
    client.promote_template("a", "testing")  # 3
    client.patch_template("a", {"command": "c"})
    return client


def first(client: Client) -> int:
    """The revision that is being tested."""
    return channels(client, "a")["testing"].revision


def channels(client: Client, name: str) -> dict[str, Channel]:
    [newest] = client.changes(name=name, newest_first=True, limit=1)
    return newest.template.channels if newest.template else {}


def test_one_template_is_promoted_and_rolled_back(registry: CommandLine, course: Client) -> None:
    before = first(course)

    newest = registry("promote", "a", "stable", "-m", "tested")
    back = registry("promote", "a", "stable", "--revision", str(before))

    assert (newest.code, newest.out) == (0, f"a: stable is revision {before + 3}\n")
    assert (back.code, back.out) == (0, f"a: stable is revision {before}, 1 behind\n")
    assert channels(course, "a")["stable"] == Channel(before, 1)


@pytest.mark.parametrize("dry", [True, False])
def test_many_are_promoted_with_a_plan(registry: CommandLine, course: Client, dry: bool) -> None:
    result = registry("promote", "-l", "course=physics", "--from", "testing", "stable", *["--dry-run"] * dry)

    said = f"1 of 2 templates {'would be' if dry else 'were'} promoted\n"
    assert result.out == f"promoted\ta\tnothing to {first(course)}\nunchanged\tb\tit has no channel 'testing'\n{said}"
    assert ("stable" in channels(course, "a")) is not dry


def test_an_empty_channel_to_promote_from_does_not_mean_the_newest(registry: CommandLine, course: Client) -> None:
    result = registry("promote", "-l", "course=physics", "--from", "", "stable")

    assert (result.code, "promote.from must be" in result.err) == (1, True)
    assert "stable" not in channels(course, "a")


def test_a_channel_ends(registry: CommandLine, course: Client) -> None:
    result = registry("demote", "a", "testing")

    assert (result.code, channels(course, "a")) == (0, {})
    assert registry("demote", "a", "testing").code == 1


@pytest.mark.parametrize("name", [(), ("a",)])
def test_channels_are_shown(registry: CommandLine, course: Client, name: tuple[str, ...]) -> None:
    table, listed = registry("channels", *name), registry("channels", *name, "-o", "json")

    assert table.out.split() == ["a", "testing", str(first(course)), "1"]
    assert json.loads(listed.out) == [{"template": "a", "channel": "testing", "revision": first(course), "behind": 1}]


@pytest.mark.parametrize("asked", [("get", "a"), ("list", "--name", "a")], ids=["get", "list"])
def test_what_a_channel_shows_is_shown(registry: CommandLine, course: Client, asked: tuple[str, ...]) -> None:
    tested, newest = (json.loads(registry(*asked, *of, "-o", "json").out) for of in (("--channel", "testing"), ()))
    missing = registry(*asked, "--channel", "stable")

    [tested, newest] = [one if isinstance(one, dict) else one[0] for one in (tested, newest)]
    told = "Error: The template 'a' has no channel 'stable'" if asked[0] == "get" else ""
    assert ("command" in tested, newest["command"]) == (False, "c")
    assert (missing.code, missing.out, missing.err.startswith(told)) == (int(bool(told)), "", True)


def test_a_channel_is_shown_as_it_was(registry: CommandLine, course: Client) -> None:
    before = str(course.head().revision)
    course.promote_template("a", "testing")

    now, then = (registry("get", "a", "--channel", "testing", "-o", "json", *of) for of in ((), ("--revision", before)))

    assert ("command" in json.loads(now.out), "command" in json.loads(then.out)) == (True, False)


def test_what_was_promoted_stands_in_the_history(registry: CommandLine, course: Client) -> None:
    one = first(course)
    course.promote_template("a", "testing", note="tested")
    course.demote_template("a", "testing")

    shown = registry("changes", "a").out
    [change] = json.loads(registry("changes", "a", "--since", str(one + 1), "-n", "1", "-o", "json").out)

    assert f"testing new to {one}\n" in shown
    assert f"testing {one} to {one + 3}: tested\n" in shown
    assert f"testing {one + 3} ended\n" in shown
    assert change["promoted"] == {"channel": "testing", "from": 0, "to": one}


def test_files_hold_no_channels(registry: CommandLine, course: Client) -> None:
    assert "testing" not in registry("export").out


@pytest.mark.parametrize(
    "words",
    [
        ("stable",),
        ("a", "b", "c"),
        ("-l", "x", "a", "stable"),
        ("-l", "x", "--revision", "1", "stable"),
        ("a", "stable", "--from", "testing"),
        ("a", "stable", "--from", ""),
        ("a", "stable", "--dry-run"),
    ],
)
def test_a_promotion_that_is_not_clear_is_wrong_usage(registry: CommandLine, words: tuple[str, ...]) -> None:
    assert registry("promote", *words).code == 2
