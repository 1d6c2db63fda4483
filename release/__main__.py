"""`python -m release dist` makes what people install; `python -m release VERSION` a release. Nothing is pushed."""

import argparse
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version

from .changes import NoSection, released
from .dist import make

PROJECT = Path(__file__).parents[1]
VERSION_FILE, CHANGELOG = Path("src/binder_registry/version.py"), Path("CHANGELOG.md")
CHART = Path("chart/binder-registry/Chart.yaml")
_STANDS = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
_IN_CHART = re.compile(r"^(version|appVersion): .+$", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("version", metavar="dist | VERSION")
    asked = parser.parse_args()
    if asked.version == "dist":
        make(PROJECT, PROJECT / "dist")
    else:
        release(PROJECT, asked.version)


def release(project: Path, version: str) -> None:
    """Commits and tags `version`, and makes its `dist/`. All is done in a copy first: where anything fails nothing has
    changed. Raises `SystemExit`."""
    _check(project, version)
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "project"
        _git(project, "clone", "--quiet", "--no-hardlinks", str(project), str(copy))
        for setting in ("user.name", "user.email"):
            _git(copy, "config", setting, _git(project, "config", setting))
        stated(copy, version)
        _git(copy, "commit", "--quiet", "--all", "--message", f"Release {version}")
        _git(copy, "tag", "--annotate", "--message", f"Release {version}", f"v{version}")
        make(copy, project / "dist")
        _git(project, "pull", "--quiet", "--ff-only", "--tags", str(copy), "HEAD")
    print(f"v{version} is committed and tagged: look at it, and push it with its tag")


def stated(project: Path, version: str) -> None:
    """Everywhere where the version stands. Raises `SystemExit`."""
    file, chart, changelog = project / VERSION_FILE, project / CHART, project / CHANGELOG
    file.write_text(_STANDS.sub(f'__version__ = "{version}"', file.read_text()))
    chart.write_text(_IN_CHART.sub(rf"\1: {version}", chart.read_text()))
    try:
        changelog.write_text(released(changelog.read_text(), version, datetime.now(UTC).date()))
    except NoSection as error:
        sys.exit(str(error))


def _check(project: Path, version: str) -> None:
    found = _STANDS.search((project / VERSION_FILE).read_text())
    assert found
    try:
        is_newer = Version(version) >= Version(found[1]) and str(Version(version)) == version
    except InvalidVersion:
        is_newer = False
    if not is_newer:
        sys.exit(f"{version!r} is no version after {found[1]}, such as 1.2.3 or 1.2.3rc1")
    if _git(project, "tag", "--list", f"v{version}"):
        sys.exit(f"v{version} was released already")
    if said := _git(project, "status", "--porcelain"):
        sys.exit(f"there is more than is committed:\n{said}")


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
