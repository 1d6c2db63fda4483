"""What people install, of the newest commit: sdist, wheel, a list of what the wheel brings along, and notes."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .changes import UNRELEASED, NoSection, section

EXTRAS = "hub-login,oidc,postgres"
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")


def make(project: Path, folder: Path) -> None:
    """Makes `folder` anew. Raises `SystemExit` where anything is not as it should be; then there is none."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        once, again = (built(project, work / turn) for turn in ("once", "again"))
        if differing := [file.name for file in once if file.read_bytes() != (again[0].parent / file.name).read_bytes()]:
            sys.exit(f"two builds of one commit differ: {', '.join(differing)}")
        _run(sys.executable, "-m", "twine", "check", "--strict", *once)
        [wheel] = [file for file in once if file.suffix == ".whl"]
        version = wheel.name.split("-")[1]
        made = wheel.parent
        for number, python in enumerate(_pythons()):
            installed = _installed(wheel, project, work / python, python)
            print(f"{wheel.name} runs on {Path(python).name}")
            if not number:
                _list_contents(project, installed, made / f"binder-registry-{version}.cdx.json")
        (made / f"binder-registry-{version}.md").write_text(_notes(project, version))
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
    print(f"{folder}: {', '.join(sorted(file.name for file in folder.iterdir()))}")


def built(project: Path, work: Path) -> list[Path]:
    """The sdist of what is committed, and the wheel that is built from it; below `work`, a folder to be made."""
    source, made = work / "source", work / "dist"
    source.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=project, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", source], input=archive, check=True)
    time = subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=project, text=True).strip()
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir")
    _run(*command, made, source, environment={"SOURCE_DATE_EPOCH": time})
    return sorted(made.iterdir())


def _pythons() -> Iterator[str]:
    """Those that the wheel is for and that are here, the one that runs this first; says which are not."""
    yield sys.executable
    for python in PYTHONS:
        if python == f"python3.{sys.version_info.minor}":
            continue
        try:
            subprocess.run([python, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):  # a name may be there that leads nowhere
            print(f"not tried: {python}, which is not here")
        else:
            yield python


def _installed(wheel: Path, project: Path, environment: Path, python: str) -> str:
    """The interpreter of a new environment that has the wheel with all extras, and nothing else; it starts."""
    environment = environment.with_name(f"installed-{Path(python).name}")
    _run(python, "-m", "venv", environment)
    inside = str(environment / "bin" / "python")
    pip = (inside, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(*pip, "install", "--constraint", project / "constraints.txt", f"{wheel}[{EXTRAS}]")
    _run(*pip, "check")
    _run(inside, "-m", "binder_registry", "--version")
    return inside


def _list_contents(project: Path, python: str, file: Path) -> None:
    """What the wheel brings along, by version and licence: CycloneDX."""
    _run(python, "-m", "pip", "--quiet", "--disable-pip-version-check", "uninstall", "--yes", "pip", "setuptools")
    pyproject = ("--pyproject", project / "pyproject.toml", "--mc-type", "library")
    _run(
        Path(sys.executable).with_name("cyclonedx-py"),
        "environment",
        *pyproject,
        "--output-reproducible",
        "-o",
        file,
        python,
    )


def _notes(project: Path, version: str) -> str:
    changelog = (project / "CHANGELOG.md").read_text()
    try:
        return section(changelog, version)
    except NoSection:
        return section(changelog, UNRELEASED)


def _run(*command: str | Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **(environment or {})}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
