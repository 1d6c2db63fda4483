"""The unit in examples/systemd: systemd itself looks at it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_lines import fault

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "examples/systemd/binder-registry.service"
PROGRAM = "/opt/binder-registry/bin/binder-registry"
MOST_EXPOSED = "20"  # of 100: `systemd-analyze security` calls up to 20 "OK", of what needs a network

needs_systemd = pytest.mark.skipif(
    not (shutil.which("systemd-analyze") or "CI" in os.environ), reason="systemd-analyze is not installed"
)


def analyzed(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """With the program of this environment in the place of the installed one."""
    unit = folder / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, str(Path(sys.executable).parent / "binder-registry")))
    return subprocess.run(["systemd-analyze", *words, str(unit)], capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    done = analyzed(tmp_path, "verify", "--man=no")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_it_is_hardened(tmp_path: Path) -> None:
    done = analyzed(tmp_path, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}")

    assert done.returncode == 0, done.stdout


@needs_systemd
def test_a_unit_without_its_hardening_would_be_noticed(tmp_path: Path) -> None:
    unit = tmp_path / "plain.service"
    unit.write_text("[Service]\nType=notify\nExecStart=/bin/true\nUser=daemon\n")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(unit)]

    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_its_command_is_one_that_the_program_knows() -> None:
    [line] = re.findall(rf"^ExecStart={PROGRAM} (.*)$", UNIT.read_text(), re.MULTILINE)

    assert fault(line) == ""


def test_systemd_waits_longer_than_the_server_takes_to_stop() -> None:
    text = UNIT.read_text()

    assert "Type=notify\n" in text
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[0]) > 10
