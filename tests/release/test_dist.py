"""What people install."""

import subprocess
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.dist import built

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return built(PROJECT, tmp_path_factory.mktemp("once"))


def test_two_builds_of_one_commit_are_the_same_bytes(made: list[Path], tmp_path: Path) -> None:
    again = built(PROJECT, tmp_path)

    assert [file.name for file in made] == [file.name for file in again]
    assert [file.read_bytes() for file in made] == [file.read_bytes() for file in again]


def test_the_wheel_holds_the_package_and_the_licence_and_no_test(made: list[Path]) -> None:
    [wheel] = [file for file in made if file.suffix == ".whl"]

    names = zipfile.ZipFile(wheel).namelist()

    here = {str(file.relative_to(PROJECT / "src")) for file in _committed("src")}
    assert here == {name for name in names if ".dist-info/" not in name}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_brings_nothing_that_the_project_does_not_name(made: list[Path]) -> None:
    [wheel] = [file for file in made if file.suffix == ".whl"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    named = chain(project["dependencies"], *project["optional-dependencies"].values())

    with zipfile.ZipFile(wheel) as file:
        [metadata] = [name for name in file.namelist() if name.endswith(".dist-info/METADATA")]
        brought = Parser().parsestr(file.read(metadata).decode()).get_all("Requires-Dist", [])

    assert {_name(each) for each in brought} == {_name(each) for each in named}


def test_the_sdist_holds_all_that_is_committed(made: list[Path]) -> None:
    [sdist] = [file for file in made if file.name.endswith(".tar.gz")]

    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}

    assert {str(file.relative_to(PROJECT)) for file in _committed(".")} <= names


def _committed(folder: str) -> list[Path]:
    """At the newest commit, of which the distributions are made."""
    command = ["git", "ls-tree", "-r", "--name-only", "HEAD", folder]
    return [PROJECT / name for name in subprocess.check_output(command, cwd=PROJECT, text=True).splitlines()]


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)
