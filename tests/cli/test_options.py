from datetime import timedelta

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.cli.options import given_members, whole
from binder_registry.cli.output import ago, printable
from binder_registry.quantities import format_size, parse_size

from .invoking import CommandLine


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("0", 0),
        ("512", 512),
        ("512b", 512),
        ("1k", 1024),
        ("512M", 2**29),
        ("512MB", 2**29),
        ("512Mi", 2**29),
        ("2G", 2**31),
        ("2 GiB", 2**31),
        ("1.5g", 3 * 2**29),
        ("1T", 2**40),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_sizes_are_read_as_people_write_them(written: str, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize("written", ["", "G", "two", "-1G", "1X", "1e3", "1.G", "٣G", "1 000", "inf"])
def test_what_is_no_size_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(written)


@given(st.integers(min_value=1, max_value=2**63))
def test_a_size_is_shown_exactly(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("size", "shown"), [(2**31, "2G"), (3 * 2**29, "1.5G"), (2**29, "512M"), (1000, "1000"), (0, "")]
)
def test_a_size_is_shown_short(size: int, shown: str) -> None:
    assert format_size(size) == shown


def test_only_what_was_given_is_in_the_patch() -> None:
    flags = {"image": "i", "memory": 0, "cpus": None, "label": (("a", "b"), ("c", None)), "env": (), "groups": ("g",)}

    assert given_members(flags) == {
        "image-name": "i",
        "limits": {"memory": 0},
        "labels": {"a": "b", "c": None},
        "allowed-groups": ["g"],
    }


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(days=3, hours=5), "3 days ago"),
        (timedelta(hours=1, minutes=59), "1 hour ago"),
        (timedelta(minutes=2), "2 minutes ago"),
        (timedelta(seconds=1), "1 second ago"),
        (timedelta(milliseconds=3), "now"),
        (timedelta(seconds=-5), "now"),
    ],
)
def test_times_are_told_as_people_tell_them(age: timedelta, shown: str) -> None:
    assert ago(age) == shown


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert printable("a\x1b[31mb\x9b1m\r\n\tc\x7f") == r"a\x1b[31mb\x9b1m\r\n\tc\x7f"


def test_a_whole_number_has_bounds_where_they_are_given() -> None:
    port = whole(1, 65535)

    with pytest.raises(click.BadParameter, match="0 is not from 1 to 65535"):
        port.convert("0", None, None)


COMMANDS_WITH_NUMBERS = [
    ["changes", "--limit"],
    ["list", "--revision"],
    ["get", "n", "--revision"],
    ["export", "--revision"],
    ["run", "n", "--revision"],
    ["run", "n", "--publish"],
    ["apply", "--as-of"],
    ["diff", "n"],
    ["restore", "n"],
    ["purge", "n", "--yes"],
    ["create", "n", "--image", "i", "--port"],
    ["create", "n", "--image", "i", "--gpus"],
    ["update", "n", "--order"],
    ["changes", "--since"],
    ["update", "n", "--if-match"],
    ["serve", "--port"],
    ["serve", "--drain-delay"],
]


@pytest.mark.parametrize("command", COMMANDS_WITH_NUMBERS, ids=" ".join)
@pytest.mark.parametrize("number", [str(2**63), str(2**64), str(10**30), "1e3", "٣", "1_0", "0x10", "+5", "nan"])
def test_a_number_that_nobody_can_mean_is_a_wrong_usage(
    command: list[str], number: str, command_line: CommandLine
) -> None:
    result = command_line(*command, number)

    assert (result.code, result.out) == (2, "")
    assert "Invalid value" in result.err
