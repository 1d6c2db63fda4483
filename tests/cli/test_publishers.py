"""The file of publishers on the command line: checked, and refused by a server."""

import sys
from pathlib import Path

import httpx2
import pytest

from binder_registry.cli.publishers import _public_url, read_file

from .invoking import CommandLine

GOOD = """
[[publisher]]
name = "scipy-image"
issuer = "https://token.actions.githubusercontent.com"
claims = { repository_id = "123" }
scopes = ["write"]
"""
BAD = GOOD.replace('repository_id = "123"', 'sub = "repo:org/repo"') + '[[publisher]]\nname = "b"\n'
PROBLEMS = ["publisher 'scipy-image': claims: sub alone is not enough", "publisher 'b': issuer: is missing"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "publishers.toml"
    path.write_text(GOOD)
    return path


def test_a_file_that_can_be_used_is_counted(command_line: CommandLine, file: Path) -> None:
    result = command_line("check", "--publishers", str(file), "--public-url", "https://registry.example.org")

    assert result == (0, f"{file}: 1 publisher, 1 issuer\n", "")


def test_without_the_address_of_the_server_a_check_says_who_needs_it(command_line: CommandLine, file: Path) -> None:
    result = command_line("check", "--publishers", str(file))

    assert result.code == 0
    assert result.err == "warning: without an audience, scipy-image need `serve --public-url`\n"


def test_a_file_that_cannot_be_used_is_told_with_all_that_is_wrong(command_line: CommandLine, file: Path) -> None:
    file.write_text(BAD)

    result = command_line("check", "--publishers", str(file))

    assert result.code == 1
    assert all(f"{file}: {problem}" in result.err for problem in PROBLEMS)


def test_a_server_does_not_start_with_it(command_line: CommandLine, file: Path) -> None:
    file.write_text(BAD)

    result = command_line("serve", "--publishers", str(file), "--db", "memory:", BINDER_API_KEY="k")

    assert result.code == 1
    assert all(f"{file}: {problem}" in result.err for problem in PROBLEMS)


def test_a_server_needs_its_address_where_a_publisher_names_no_audience(command_line: CommandLine, file: Path) -> None:
    result = command_line("serve", "--publishers", str(file), "--db", "memory:", BINDER_API_KEY="k")

    assert "publisher 'scipy-image': audience: is missing, and serve has no --public-url" in result.err


@pytest.mark.parametrize(
    "url", ["registry.example.org", "ftp://a", "https://", "https://a b", "https://a?b", "https://a:x"]
)
def test_the_address_of_a_server_is_one(command_line: CommandLine, file: Path, url: str) -> None:
    result = command_line("check", "--publishers", str(file), "--public-url", url)

    assert (result.code, "--public-url" in result.err) == (2, True)


@pytest.mark.parametrize(
    ("given", "audience"),
    [
        ("https://registry.example.org", "https://registry.example.org"),
        ("https://Registry.Example.org:443/", "https://registry.example.org"),
        ("HTTP://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://hub.example.org/services/Registry/", "https://hub.example.org/services/Registry"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_the_address_of_a_server_is_the_audience_that_a_client_asks_for(file: Path, given: str, audience: str) -> None:
    assert [one.audience for one in read_file(file, _public_url(given)).publishers] == [audience]
    assert str(httpx2.URL(given)).rstrip("/") == audience


def test_a_database_is_checked_too_where_the_line_names_one(command_line: CommandLine, file: Path) -> None:
    alone = command_line("check", "--publishers", str(file), BINDER_REGISTRY_DB="sqlite:///not-there.db")
    both = command_line("check", "sqlite:///not-there.db", "--publishers", str(file))

    assert (alone.code, both.code) == (0, 1)
    assert "not-there.db" in both.err


@pytest.mark.parametrize("missing", ["jwt", "cryptography.hazmat.primitives.asymmetric.rsa"])
def test_without_the_extra_the_line_that_installs_it_is_told(
    command_line: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("binder_registry.publishers.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)

    result = command_line("check", "--publishers", str(file))

    assert result.code == 1
    assert "'binder-registry[oidc]'" in result.err


def test_what_is_wrong_with_our_own_modules_is_not_said_to_be_the_extra(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "binder_registry.publishers.file", None)

    with pytest.raises(ImportError, match=r"binder_registry\.publishers\.file"):
        read_file(file, "https://registry.example.org")
