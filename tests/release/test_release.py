"""What a release says and changes, and what is refused."""

import subprocess
from datetime import date
from pathlib import Path

import pytest

from release.__main__ import release, stated
from release.changes import NoSection, released, section

CHANGELOG = """# Changes

## Unreleased

- A second thing.

## 0.1.0 (2026-01-05)

- A first thing.
"""
VERSION = 'A module.\n"""\n\n__version__ = "0.1.0"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clean tree of a project."""
    file = tmp_path / "src/binder_registry/version.py"
    file.parent.mkdir(parents=True)
    file.write_text(VERSION)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    chart = tmp_path / "chart/binder-registry/Chart.yaml"
    chart.parent.mkdir(parents=True)
    chart.write_text("name: binder-registry\nversion: 0.1.0\nappVersion: 0.1.0\n")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "A"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_notes_are_the_section_of_a_release() -> None:
    assert section(CHANGELOG, "0.1.0") == "- A first thing.\n"
    assert section(CHANGELOG, "Unreleased") == "- A second thing.\n"


def test_a_release_takes_what_was_unreleased_and_leaves_room() -> None:
    after = released(CHANGELOG, "0.2.0", date(2026, 2, 1))

    assert section(after, "0.2.0") == "- A second thing.\n"
    with pytest.raises(NoSection):
        section(after, "Unreleased")


def test_a_release_of_which_nothing_is_said_is_refused() -> None:
    nothing = CHANGELOG.replace("- A second thing.\n\n", "")

    with pytest.raises(NoSection):
        released(nothing, "0.2.0", date(2026, 2, 1))


def test_the_version_is_stated_in_one_place_in_the_chart_and_in_the_changelog(project: Path) -> None:
    stated(project, "0.2.0")

    changed = subprocess.check_output(["git", "diff", "--name-only"], cwd=project, text=True).split()
    assert changed == ["CHANGELOG.md", "chart/binder-registry/Chart.yaml", "src/binder_registry/version.py"]
    assert (project / "chart/binder-registry/Chart.yaml").read_text().count(": 0.2.0\n") == 2
    assert '__version__ = "0.2.0"\n' in (project / "src/binder_registry/version.py").read_text()


@pytest.mark.parametrize("version", ["0.0.9", "1.2.x", "v1.2.3", "1.02", ""])
def test_what_is_no_newer_version_is_refused(project: Path, version: str) -> None:
    with pytest.raises(SystemExit, match=r"no version after 0\.1\.0"):
        release(project, version)


def test_a_release_that_was_made_is_not_made_again(project: Path) -> None:
    subprocess.run(["git", "tag", "v0.2.0"], cwd=project, check=True)

    with pytest.raises(SystemExit, match="released already"):
        release(project, "0.2.0")


def test_a_tree_with_more_than_is_committed_is_refused(project: Path) -> None:
    (project / "more").write_text("x")

    with pytest.raises(SystemExit, match=r"more than is committed:\n.*more"):
        release(project, "0.2.0")
