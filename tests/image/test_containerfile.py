"""What the Containerfile promises, without an engine that builds it."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tests.server.running import KEY

from .engines import LOCKS, ROOT

TEXT = (ROOT / "Containerfile").read_text()
COMMANDS = [line for line in re.sub(r"\\\n\s*", "", TEXT).splitlines() if line and not line.startswith("#")]
LAST_STAGE = COMMANDS[max(number for number, line in enumerate(COMMANDS) if line.startswith("FROM ")) :]
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "platform_python_implementation": "CPython"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MEMBER = re.compile(r"^([a-zA-Z0-9._-]+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)


def argument(command: str) -> str:
    [found] = [line.partition(" ")[2] for line in LAST_STAGE if line.startswith(f"{command} ")]
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(*locks: Path) -> Mapping[str, str]:
    """What is installed on Linux, by any Python that we run on."""
    found = {}
    for name, version, marker in (each for lock in locks for each in MEMBER.findall(lock.read_text())):
        required = Requirement(f"{name}; {marker}" if marker else name)
        environments = [
            {**LINUX, "implementation_name": "cpython", "python_version": python, "python_full_version": f"{python}.0"}
            for python in PYTHONS
        ]
        if not required.marker or any(required.marker.evaluate(environment) for environment in environments):
            found[normal(name)] = version
    return found


def constraints() -> Mapping[str, str]:
    lines = (ROOT / "constraints.txt").read_text().split()
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines)}


def test_the_linter_finds_nothing() -> None:
    linter = Path(sys.executable).parent / "hadolint"

    linted = subprocess.run([linter, ROOT / "Containerfile"], capture_output=True, text=True, check=False)

    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_base_is_one_that_can_be_changed() -> None:
    stages = [line for line in COMMANDS if line.startswith("FROM ")]

    assert COMMANDS[0] == "ARG BASE=python:3.13-slim"
    assert stages == ["FROM ${BASE} AS build", "FROM ${BASE}"]


def test_it_starts_the_program_itself_as_nobody_of_the_group_of_root() -> None:
    assert argument("ENTRYPOINT") == '["binder-registry"]'
    assert argument("CMD") == '["serve"]'
    assert argument("USER") == "65532:0"
    assert argument("STOPSIGNAL") == "SIGTERM"


def test_the_default_database_lies_in_the_volume_which_the_group_may_write() -> None:
    assert argument("VOLUME") == argument("WORKDIR") == "/data"
    assert "mkdir /data && chown 65532:0 /data && chmod 0770 /data" in argument("RUN")


@pytest.mark.parametrize("label", ["title", "description", "licenses", "version", "revision", "source"])
def test_it_says_what_it_is(label: str) -> None:
    assert f"org.opencontainers.image.{label}=" in argument("LABEL")


def test_its_licence_and_description_are_those_of_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text()

    for label, member in (("licenses", "license"), ("description", "description")):
        [said] = re.findall(rf'image\.{label}="(.*?)"', argument("LABEL"))
        assert f'{member} = "{said}"' in project


def test_nothing_is_installed_that_no_hash_or_file_of_ours_names() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?(?:install|wheel) .*?(?= && |$)", "\n".join(COMMANDS), re.MULTILINE)

    assert len(installs) == 4
    assert [line for line in installs if not ("--require-hashes" in line or "--no-index" in line)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_that_is_locked_has_hashes_and_names_no_index(lock: Path) -> None:
    parts = re.split(r"\n(?=\S)", lock.read_text().strip())

    assert [part for part in parts if "--hash=sha256:" not in part] == []
    assert "://" not in lock.read_text()


def test_what_is_locked_is_what_we_test_with() -> None:
    tested = constraints()

    assert {name: version for name, version in locked(*LOCKS).items() if tested.get(name) != version} == {}


def test_all_that_the_package_needs_is_locked() -> None:
    wanted = re.findall(
        r'^    "([\w.-]+)|^(?:hub-login|oidc|postgres|requires) = \["([\w.-]+)', project_lines(), re.MULTILINE
    )
    names = {normal(one or other) for one, other in wanted}

    assert {"click", "cryptography", "pyjwt", "psycopg", "hatchling"} <= names
    assert names - locked(*LOCKS).keys() == set()


def project_lines() -> str:
    """Of pyproject.toml what an installation reads."""
    text = (ROOT / "pyproject.toml").read_text()
    dependencies = text[text.index("dependencies = [") : text.index("[project.optional-dependencies]")]
    extras = text[text.index("[project.optional-dependencies]") : text.index("[project.scripts]")]
    return f"{text[: text.index('[project]')]}{dependencies}{extras}"


def test_what_is_sent_to_the_builder_has_no_database_and_no_environment() -> None:
    lines = (ROOT / ".containerignore").read_text().split()

    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "requirements*.lock",
        "src",
    }
    assert (ROOT / ".dockerignore").readlink() == Path(".containerignore")


def test_the_example_runs_the_image_that_make_builds() -> None:
    [named] = re.findall(r"^IMAGE \?= (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)

    services = yaml.safe_load((ROOT / "examples/docker/compose.yaml").read_text())["services"]

    assert services["registry"]["image"] == f"${{IMAGE:-{named}}}"
    assert "pip install" not in str(services["registry"])


def test_the_program_needs_no_environment_but_its_key(tmp_path: Path) -> None:
    server = [sys.executable, "-P", "-m", "binder_registry", "serve", "--port", "0"]

    with subprocess.Popen(
        server, cwd=tmp_path, env={"BINDER_API_KEY": KEY}, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        said = ""
        while "Serving on" not in said and (line := running.stderr.readline()):
            said += line
        running.terminate()

    assert "Serving on" in said
    assert running.returncode == 0
    assert (tmp_path / "binder-registry.db").exists()
