"""tests/install-tools, with programs of our own in the place of npm and the others."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import node

SCRIPT = Path(__file__).parent / "install-tools"
FAILS = "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n"
WORKS = "#!/bin/sh\n"


def installed(folder: Path, npm: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("id", "mkdir", "rm"):
        if not (programs / name).exists():
            (programs / name).symlink_to(str(shutil.which(name)))
    for name, text in {"npm": npm, "curl": WORKS, "chromium-headless-shell": WORKS, "podman": WORKS}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), str(folder / "node")],
        env={"PATH": str(programs), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_why_npm_failed_is_shown_and_kept_for_the_tests_that_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "NODE", tmp_path / "node")

    done = installed(tmp_path, FAILS)

    assert (done.returncode, done.stderr) == (0, "npm install failed:\nnpm error code ENOTFOUND\n")
    assert node.package("binder-client").endswith(": npm install failed: npm error code ENOTFOUND")


def test_on_ci_it_fails(tmp_path: Path) -> None:
    done = installed(tmp_path, FAILS, CI="true")

    assert done.returncode == 1
    assert "ENOTFOUND" in done.stderr


def test_what_works_the_next_time_leaves_no_reason(tmp_path: Path) -> None:
    installed(tmp_path, FAILS)

    done = installed(tmp_path, WORKS)

    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "node" / "unavailable").exists()


def test_the_script_can_be_run() -> None:
    assert os.access(SCRIPT, os.X_OK)
