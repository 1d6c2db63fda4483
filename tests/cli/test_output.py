"""Output where not every character can be written, and tables where there is little room."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from msgspec import structs

from binder_registry import Client, Template
from binder_registry.cli.output import local, until
from tests import forks

from .invoking import COMMAND, CommandLine

NAME = "smile\N{GRINNING FACE}"
ODD = Template(
    name=NAME, image_name="i", display_name="環境 – “tief”", environment={"A": "ß"}, description="zwei\nZeilen ü 環"
)
ENCODINGS = ["cp1252", "ascii:strict", "gbk"]

OF_TERMINALS = [(timedelta(days=3, hours=12), "in 3 days"), (-timedelta(days=3, hours=12), "3 days ago")]

Ran = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def ran(registry: CommandLine, client: Client) -> Ran:
    client.register_template(ODD)

    def ran(encoding: str, *arguments: str | bytes) -> "subprocess.CompletedProcess[bytes]":
        environment = os.environ | registry.environment | {"PYTHONIOENCODING": encoding}
        return forks.ran(*map(os.fsdecode, arguments), environment=environment)

    return ran


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "arguments",
    [
        *(("list",), ("list", "-o", "wide"), ("list", "-o", "name"), ("get", NAME), ("changes", "-o", "wide")),
        *(("diff", NAME, "0"), ("run", NAME, "--print"), ("prepull",), ("apply", "-f", "-"), ("--help",)),
        ("update", NAME, "--image", "環"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_written_is_escaped_and_no_failure(ran: Ran, encoding: str, arguments: tuple[str, ...]) -> None:
    done = ran(encoding, *arguments)

    assert (done.returncode, b"Error" in done.stderr) == (0, False)
    assert done.stdout.decode(encoding.partition(":")[0])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_documents_stay_what_they_are(ran: Ran, encoding: str) -> None:
    as_json, as_yaml, json_export, yaml_export = (
        ran(encoding, *arguments).stdout.decode(encoding.partition(":")[0])
        for arguments in (
            ("get", NAME, "-o", "json"),
            ("get", NAME, "-o", "yaml"),
            ("export", "--format", "json"),
            ("export",),
        )
    )

    assert json.loads(as_json) == yaml.safe_load(as_yaml)
    assert json.loads(json_export) == [yaml.safe_load(yaml_export)]
    assert json.loads(as_json)["display-name"] == ODD.display_name


@pytest.mark.parametrize("encoding", ["cp1252", "gbk"])
def test_what_is_exported_is_applied_as_unchanged(ran: Ran, registry: CommandLine, encoding: str) -> None:
    exported = ran(encoding, "export").stdout

    assert registry("apply", "-f", "-", stdin=exported).out == "Done: 1 unchanged\n"


def test_a_failure_is_one_line_in_any_encoding(ran: Ran) -> None:
    done = ran("ascii", "get", NAME, "--revision", "0")

    assert (done.returncode, done.stderr.count(b"\n"), done.stderr.isascii()) == (1, 1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            (b"get", b"\xff"),
            (b"create", b"\xff", b"--image", b"i"),
            (b"list", b"-q", b"\xff"),
            (b"apply", b"-f", b"\xff"),
        ),
        *((b"update", b"a", b"--env", b"\xff=1"), (b"\xff",)),
        *((b"list", b"--url", b"\xff"), (b"export", b"-f", b"/not/there/\xff"), (b"rename", b"a", b"\xff")),
        (b"create", b"a", b"--image", b"i", b"-m", b"\xff"),
    ],
)
def test_arguments_of_bytes_that_are_no_text_are_refused(ran: Ran, arguments: tuple[bytes, ...]) -> None:
    done = ran("utf-8", *arguments)

    assert (done.returncode in (1, 2), b"Error: " in done.stderr) == (True, True)
    assert b"fault of binder-registry" not in done.stderr


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("columns", ["20", "100"])
@pytest.mark.parametrize("command", ["list -o wide", "changes -o wide"])
@pytest.mark.parametrize("stem", ["course-of-the-autumn-term-2026-group", "環境" * 9, "\N{GRINNING FACE}" * 18])
def test_no_name_is_cut_off_however_narrow_the_terminal(
    registry: CommandLine, client: Client, columns: str, command: str, stem: str
) -> None:
    full = Template(command="c" * 90, labels={"k" * 30: "v" * 30, "l" * 30: "v" * 30}, display_name="d" * 90)
    image = f"quay.io/{'j' * 30}"
    client.apply([structs.replace(full, name=f"{stem}-{number}", image_name=image) for number in range(3)])

    with registry.on_terminal(
        *command.split(), *(["-n", "3"] if "changes" in command else []), COLUMNS=columns
    ) as terminal:
        shown = terminal.end().out

    assert [shown.count(f"{stem}-{number}") for number in range(3)] == [1, 1, 1]


# ── outputs that take nothing ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["list -o wide", "list -o json", "changes", "export", "get a -o yaml", "--help"])
def test_a_full_disk_is_one_line_and_no_success(registry: CommandLine, client: Client, command: str) -> None:
    client.register_template(Template(name="a", image_name="i"))

    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *command.split()], env=os.environ | registry.environment, stdout=full, stderr=subprocess.PIPE
        )

    assert (done.returncode, done.stderr) == (1, b"Error: No space left on device.\n")


@pytest.mark.parametrize("closing", ["2>&-", ">&- 2>&- <&-", "2>/dev/full"])
@pytest.mark.parametrize(("command", "code"), [("list", 0), ("get nope", 1), ("create", 2)])
def test_the_exit_code_stays_where_nothing_can_be_told(
    registry: CommandLine, closing: str, command: str, code: int
) -> None:
    line = f"exec {shlex.join(COMMAND)} {command} {closing}"

    done = subprocess.run(["sh", "-c", line], env=os.environ | registry.environment, stdout=subprocess.DEVNULL)

    assert done.returncode == code


# ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def set_to(zone: str) -> None:
        patch.setenv("TZ", zone)
        time.tzset()

    with monkeypatch.context() as patch:
        yield set_to
    time.tzset()


@pytest.mark.parametrize(("name", "year", "day"), [("UTC-14", 9999, (12, 31, 23)), ("UTC+12", 1, (1, 1))])
def test_a_time_that_a_zone_has_not_is_shown_as_it_is(
    zone: Callable[[str], None], name: str, year: int, day: tuple[int, int]
) -> None:
    zone(name)
    at_the_end = datetime(year, *day, tzinfo=UTC)

    assert local(at_the_end).isoformat() == at_the_end.isoformat()


def test_a_time_is_shown_as_the_clock_of_this_machine_has_it(zone: Callable[[str], None]) -> None:
    zone("UTC-2")

    assert local(datetime(2026, 1, 1, 23, tzinfo=UTC)).isoformat() == "2026-01-02T01:00:00+02:00"


@pytest.mark.parametrize(("ahead", "told"), OF_TERMINALS)
def test_what_is_to_come_is_told_as_people_say_it(monkeypatch: pytest.MonkeyPatch, ahead: timedelta, told: str) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    assert until(datetime.now(UTC) + ahead) == told
