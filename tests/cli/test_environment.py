"""What `serve` takes from its environment, and what it leaves to others."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from binder_registry import Identity
from binder_registry.cli.auth_store import auth_stores, user_of
from binder_registry.cli.serve import serve
from tests.hub_stub import HubStub


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("BINDER_", "JUPYTERHUB_")):
            monkeypatch.delenv(name)


def settings(monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str) -> dict[str, Any]:
    """What `serve` would run with."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return serve.make_context("serve", list(arguments)).params


def started(*arguments: str, **environment: str) -> Result:
    """`serve`, which is to be refused before it opens anything: there is no such database."""
    nowhere = {"BINDER_API_KEY": "k", "BINDER_REGISTRY_DB": "sqlite:////nowhere/at/all.db", **environment}
    return CliRunner().invoke(serve, list(arguments), env=nowhere)


OPENS = "Error: /nowhere/at/all.db: No such file or directory\n"  # all that came before was taken


@pytest.mark.parametrize(
    "value", ["tcp://10.96.12.3:8080", "tcp://[fd00::12]:8080", "udp://10.96.12.3:53", "sctp://10.0.0.1:1", " tcp://x "]
)
def test_the_address_of_a_service_of_our_name_is_no_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    found = settings(monkeypatch, BINDER_REGISTRY_PORT=value, BINDER_REGISTRY_SERVICE_PORT="9999")

    assert found["port"] == 8080


def test_what_was_passed_over_is_logged() -> None:
    result = started(BINDER_REGISTRY_PORT="tcp://10.96.12.3:8080")

    assert "BINDER_REGISTRY_PORT is a Service's address" in result.output


def test_a_port_of_ours_counts_and_the_command_line_counts_more(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        settings(monkeypatch, BINDER_REGISTRY_PORT=" 8099\n")["port"],
        settings(monkeypatch, "--port", "8098", BINDER_REGISTRY_PORT="tcp://10.96.12.3:8080")["port"],
    ]

    assert found == [8099, 8098]


@pytest.mark.parametrize("value", ["eighty", "80:80", "99999", "-1", "8080.5"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    result = started(BINDER_REGISTRY_PORT=value)

    assert (result.exit_code, "'--port'" in result.output) == (2, True)


@pytest.mark.parametrize(
    "value", ["1_0", "1e3", "\u0661", "nan", "inf", "0x10", "+5", "010", "1:30", ".5", "5.", "99999"]
)
@pytest.mark.parametrize("option", ["--port", "--drain-delay"])
def test_a_number_is_plain_digits(option: str, value: str) -> None:
    result = started(option, value)

    assert (result.exit_code, f"'{option}'" in result.output) == (2, True)


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_variable_is_not_set(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    before = settings(monkeypatch)
    variables = [name for option in serve.params for name in _variables(option)]

    after = settings(monkeypatch, **dict.fromkeys([*variables, "JUPYTERHUB_SERVICE_URL"], blank))

    assert after == before


def _variables(option: click.Parameter) -> list[str]:
    return [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())


def test_blanks_around_a_value_are_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"DB": " memory:\n", "LOG_LEVEL": "INFO ", "ACCESS_LOG": " false ", "UI": "no ", "DRAIN_DELAY": "5\n"}

    found = settings(monkeypatch, **{f"BINDER_REGISTRY_{name}": value for name, value in names.items()})

    assert [found[name.lower()] for name in names] == ["memory:", "info", False, False, 5.0]


def test_a_hub_says_where_to_listen_and_below_which_path(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8095", "JUPYTERHUB_SERVICE_PREFIX": "/services/registry/"}

    found = settings(monkeypatch, **hub)

    assert [found[name] for name in ("host", "port", "prefix")] == ["127.0.0.1", 8095, "/services/registry/"]


@pytest.mark.parametrize(
    "value", ["127.0.0.1:8095", "http://h:s3cret", "http://me:s3cret@h:99999", "http://[::1", "unix+http://%2Fs", "//h"]
)
def test_a_service_url_that_says_no_address_is_refused_and_not_repeated(value: str) -> None:
    result = started(JUPYTERHUB_SERVICE_URL=value)

    assert (result.exit_code, "JUPYTERHUB_SERVICE_URL is not a URL to listen on" in result.output) == (2, True)
    assert "s3cret" not in result.output


@pytest.mark.parametrize("setting", ["HOST", "LOG_LEVEL", "DRAIN_DELAY", "AUTH", "ACCESS_LOG", "PROTECT_READS"])
@pytest.mark.parametrize("url", ["http://me:s3cret@hub:8081", "s3cret@hub", "postgresql://me:s3cret@db/registry"])
def test_a_url_in_the_wrong_place_is_not_repeated(setting: str, url: str) -> None:
    result = started(**{f"BINDER_REGISTRY_{setting}": url})

    assert (result.exit_code, "URL with a user" in result.output) == (2, True)
    assert "s3cret" not in result.output


@pytest.mark.parametrize("value", ["http://me:s3cret@hub:8081", "me:s3cret@hub:8081"])
def test_a_url_on_the_command_line_that_is_no_port_is_not_repeated(value: str) -> None:
    result = started("--port", value)

    assert (result.exit_code, "s3cret" in result.output) == (2, False)


def test_a_key_in_the_place_of_its_file_is_not_repeated() -> None:
    result = started(BINDER_API_KEY_FILE="s3cret")

    assert (result.exit_code, result.output.startswith("Error: BINDER_API_KEY_FILE: the file")) == (1, True)
    assert "s3cret" not in result.output


@pytest.mark.parametrize("value", ["", "  ", "hub:8081", "http://me:s3cret@hub:port/hub/api"])
def test_a_hubs_api_that_is_no_url_is_refused_and_not_repeated(value: str) -> None:
    result = started("--auth", "jupyterhub", JUPYTERHUB_API_URL=value)

    assert (result.exit_code, "JUPYTERHUB_API_URL" in result.output) == (2, True)
    assert "s3cret" not in result.output


@pytest.mark.parametrize("key", ["two words", "token SECRET", "schlüssel", "a\nb", "a\tb", "s\u200bx", "x" * 9000])
def test_a_key_that_no_header_carries_is_refused_and_not_printed(key: str) -> None:
    result = started(BINDER_API_KEY=key)

    assert (result.exit_code, result.output.startswith("Error: BINDER_API_KEY: a token may h")) == (1, True)
    assert key not in result.output


@pytest.mark.parametrize("content", [b"one\nt\xc3\xa9st\n", b"two words\n", b"a\x0bb\n", b"a\0b\n"])
def test_a_line_of_the_key_file_that_no_header_carries_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").write_bytes(content)

    result = started(BINDER_API_KEY_FILE=str(tmp_path / "keys"))

    assert (result.exit_code, "keys: a token may hold" in result.output) == (1, True)


def test_a_key_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes("SECRET\n".encode("utf-16"))

    result = started(BINDER_API_KEY_FILE=str(tmp_path / "keys"))

    assert result.output == f"Error: BINDER_API_KEY_FILE: {tmp_path}/keys: this is not a text in UTF-8\n"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfSECRET\r\n", b"  SECRET  \n\n", b"SECRET"])
def test_a_key_file_that_an_editor_left_its_marks_in_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").write_bytes(content)

    result = started(BINDER_API_KEY_FILE=f"{tmp_path / 'keys'}\n")

    assert (result.exit_code, result.output) == (1, OPENS)


@pytest.mark.parametrize("key", ["  ", "\n", "\ufeff"])
def test_a_blank_key_is_none(key: str) -> None:
    result = started(BINDER_API_KEY=key)

    assert (result.exit_code, result.output) == (2, "Environment variable BINDER_API_KEY must be non-empty\n")


@pytest.mark.parametrize(
    "option", [("--prefix", "/a?b"), ("--cors-origin", "https://*.example"), ("--trusted-proxies", "10.0.0.1/8")]
)
def test_what_could_never_match_is_refused_at_the_start(option: tuple[str, str]) -> None:
    result = started(*option)

    assert (result.exit_code, option[1] in result.output) == (2, True)


@pytest.mark.parametrize(
    "database",
    [
        *("postgresql://me:s3cret@nowhere.invalid:port/db", "postgresql:/me:s3cret@h/db", "postgres ql://me:s3cret@h"),
        *(
            "host=h password=s3cret dbname=d",
            "me:s3cret@h/db",
            "password=s3cret",
            "s3cret",
            "POSTGRESQL://me:s3cret@h/",
        ),
    ],
)
def test_a_database_that_is_refused_is_not_repeated(database: str) -> None:
    result = started("--db", database)

    assert (result.exit_code, "s3cret" in result.output) == (1, False)


def test_limits_are_sizes_and_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, BINDER_REGISTRY_LIMIT="apply-bytes=16M waiting-writes=5")

    assert found["limits"] == (("apply-bytes", 16 * 1024**2), ("waiting-writes", 5))


@pytest.mark.parametrize(
    "limit",
    [
        "",
        "waiting-writes",
        "waiting-writes=-1",
        "waiting-writes=1e3",
        "waiting-writes=010",
        "waiting-writes=1_0",
        "apply-bytes=5m",
    ],
)
def test_what_is_no_limit_is_refused(limit: str) -> None:
    assert started("--limit", limit).exit_code == 2


def test_a_limit_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    result = started("--limit", "writes=5")

    assert (result.exit_code, "waiting-writes" in result.output) == (2, True)


@pytest.fixture
def hub() -> Iterator[HubStub]:
    stub = HubStub()
    yield stub
    stub.stop()


def test_the_hub_is_asked_about_its_users_with_the_token_of_the_service(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.users["ada"] = {"kind": "user", "name": "ada", "admin": False, "groups": []}
    monkeypatch.setenv("JUPYTERHUB_API_URL", hub.url)
    monkeypatch.setenv("BINDER_API_KEY", "key")
    without, no_hub = user_of(auth_stores("jupyterhub")), user_of(auth_stores("key"))
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "boss-token")

    ask = user_of(auth_stores("jupyterhub"))

    assert (without, no_hub) == (None, None)
    assert ask
    assert ask("ada") == Identity("ada", frozenset())
