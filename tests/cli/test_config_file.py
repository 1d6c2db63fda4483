"""A file of settings: what is in force of it, what is refused, and what `--check-config` says."""

import os
import socket
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from binder_registry.cli.config_file import ConfiguredCommand, config_option, config_variables, settings_of
from binder_registry.cli.configuration import MEMBERS
from binder_registry.cli.listening import Address
from binder_registry.cli.serve import serve
from binder_registry.server import RENEWED, Options
from docs.generate_configuration import EXAMPLE

NOWHERE = "/nowhere/at/all.db"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("BINDER_", "JUPYTERHUB_")):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registry.toml"


def read(file: Path, text: str, *flags: str) -> dict[str, Any]:
    """What `serve` would run with."""
    file.write_text(text)
    return serve.make_context("serve", ["--config", str(file), *flags]).params


def checked(file: Path, text: str, *flags: str, **environment: str) -> Result:
    file.write_text(text)
    variables = {"BINDER_API_KEY": "s3cret-key", **environment}
    return CliRunner().invoke(serve, ["--config", str(file), "--check-config", *flags], env=variables)


def rows(result: Result) -> dict[str, tuple[str, str]]:
    """Value and origin, by setting."""
    assert result.exit_code == 0, result.output
    found = [line.split("\t") for line in result.stdout.splitlines()]
    return {key: (value, source) for key, value, source in found}


VALUES = {  # of each setting another one than its default, in TOML, and as `serve` has it
    "host": ('"127.0.0.1"', "127.0.0.1"),
    "port": ("8099", 8099),
    "db": ('"memory:"', "memory:"),
    "log-level": ('"error"', "error"),
    "access-log": ("false", False),
    "log-format": ('"json"', "json"),
    "require-if-match": ("true", True),
    "protect-reads": ("true", True),
    "strong-reads": ("true", True),
    "cors-origin": ('["https://a.example", "https://b.example"]', ("https://a.example", "https://b.example")),
    "prefix": ('"/registry"', "/registry"),
    "trusted-proxies": ('["10.0.0.0/8"]', ("10.0.0.0/8",)),
    "ui": ("false", False),
    "auth": ('"jupyterhub"', "jupyterhub"),
    "api-key-file": ('"/etc/keys"', Path("/etc/keys")),
    "rules": ('"/etc/rules.json"', Path("/etc/rules.json")),
    "publishers": ('"/etc/publishers.toml"', Path("/etc/publishers.toml")),
    "public-url": ('"https://registry.example"', "https://registry.example"),
    "max-token-age": ("30", 30),
    "metrics-listen": ('"[::1]:9090"', Address("[::1]", 9090)),
    "drain-delay": ("2.5", 2.5),
    "limit": ('{body-bytes = "2M", streams = 5}', (("body-bytes", 2 * 1024**2), ("streams", 5))),
}


@pytest.mark.parametrize("key", VALUES)
def test_the_file_gives_a_setting(file: Path, key: str) -> None:
    written, value = VALUES[key]

    found = read(file, f"{key} = {written}\n")

    assert found[str(settings_of(serve)[key].name)] == value


def test_every_option_of_the_server_can_stand_in_the_file() -> None:
    others = {"config", "check-config", "help"}

    flags = {param.opts[0].lstrip("-") for param in serve.params if isinstance(param, click.Option)}

    assert flags - others == settings_of(serve).keys()
    assert settings_of(serve).keys() >= VALUES.keys()


def test_an_option_that_is_declared_later_is_a_setting_at_once(file: Path) -> None:
    @click.command(cls=ConfiguredCommand)
    @config_option
    @click.option("--metrics-listen", default="")
    def command(metrics_listen: str) -> None: ...

    file.write_text('metrics-listen = "127.0.0.1:9090"\n')

    found = command.make_context("command", ["--config", str(file)]).params

    assert found == {"metrics_listen": "127.0.0.1:9090"}


def test_every_option_that_the_application_knows_reaches_it() -> None:
    told = {str(option.name) for option in settings_of(serve).values()} & {*Options.__struct_fields__}

    assert told == {*MEMBERS, "limits"}
    assert told >= {*RENEWED}


def test_flags_come_before_variables_and_these_before_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'host = "::1"\nport = 1\nlog-level = "error"\n'
    monkeypatch.setenv("BINDER_REGISTRY_HOST", "127.0.0.2")
    monkeypatch.setenv("BINDER_REGISTRY_PORT", "2")

    found = read(file, text, "--port", "3")

    assert [found[name] for name in ("port", "host", "log_level", "drain_delay")] == [3, "127.0.0.2", "error", 0.0]


def test_a_variable_names_the_file_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = 8099\n")
    monkeypatch.setenv("BINDER_REGISTRY_CONFIG", f" {file}\n")

    assert serve.make_context("serve", []).params["port"] == 8099


def test_a_list_is_taken_whole_from_where_it_is_given_first(file: Path) -> None:
    found = read(file, "limit = {streams = 5}\n", "--limit", "body-bytes=100")

    assert found["limits"] == (("body-bytes", 100),)


def test_names_of_files_are_looked_for_beside_the_file(file: Path) -> None:
    found = read(file, 'publishers = "publishers.toml"\n')

    assert found["publishers"] == file.parent / "publishers.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prt = 1", "prt: there is no such setting: did you mean port?"),
        ("protect_reads = true", "protect_reads: there is no such setting: did you mean protect-reads?"),
        ("limits = {streams = 5}", "limits: there is no such setting: did you mean limit?"),
        ("xyzzy = 1", "xyzzy: there is no such setting\n"),
        ("config = 'x'", "config: there is no such setting"),
        ("check-config = true", "check-config: there is no such setting"),
        ("[server]\nport = 1", "server: there is no such setting"),
        ("port = '80'", "port: must be a whole number"),
        ("port = true", "port: must be a whole number"),
        ("port = 1.5", "port: must be a whole number"),
        ("port = 99999", "port: 99999 is not from 0 to 65535"),
        ("host = 5", "host: must be a text"),
        ("ui = 'yes'", "ui: must be true or false"),
        ("ui = 1", "ui: must be true or false"),
        ("cors-origin = 'https://a.example'", "cors-origin: must be a list of texts"),
        ("cors-origin = [1]", "cors-origin: must be a list of texts"),
        ("cors-origin = ['https://*.example']", "cors-origin: CORS origin 'https://*.example'"),
        ("log-level = 'loud'", "log-level: 'loud' is not one of"),
        ("log-level = []", 'log-level: must be "debug" or "info" or "warning" or "error"'),
        ("publishers = []", "publishers: must be the name of a file"),
        ("drain-delay = '5'", "drain-delay: must be a number of seconds"),
        ("drain-delay = inf", "drain-delay: 'inf' is not a number of seconds"),
        ("prefix = '/a?b'", "prefix: prefix '/a?b': it must be a path"),
        ("trusted-proxies = ['10.0.0.1/8']", "trusted-proxies: "),
        ("limit = ['streams=5']", "limit: must be a table of texts and whole numbers"),
        ("limit = {streams = true}", "limit: must be a table of texts and whole numbers"),
        ("limit = {streams = 'many'}", "limit: streams: 'many' is not a whole number"),
        ("limit = {stream = 5}", "limit: there is no limit 'stream': did you mean streams?"),
        ("limit = {streams = 0}", "limit: the limit streams must be 1 or more"),
        ("db = 'postgresql://a:s3cret@h/d?sslmod=x'", "db: PostgreSQL: parameter 1"),
        ("db = 'mysql://a:s3cret@h/d'", "db: 'mysql': a database is"),
        ("port = ", "this is no TOML: Invalid value (at end of document)"),
        ("port = 1\nport = 2", "this is no TOML: Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_is_said_with_its_key_and_the_file(file: Path, text: str, said: str) -> None:
    result = checked(file, text)

    assert (result.exit_code, f"{file}: {said}" in result.stderr) == (2, True), result.stderr
    assert "s3cret" not in result.output


@pytest.mark.parametrize(
    "text",
    [
        "api-key = 's3cret'",
        "port = 's3cret'",
        "host = 'postgresql://me:s3cret@db'",
        "public-url = 'https://me:s3cret@h/?x'",
        "api-key-file = 's3cret'",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(file: Path, text: str) -> None:
    result = checked(file, text, BINDER_API_KEY="")

    assert (result.exit_code, "s3cret" in result.output) == (2, False)


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_served(file: Path) -> None:
    file.write_text("prt = 1\nui = 5\n")

    result = CliRunner().invoke(serve, ["--config", str(file), "--db", f"sqlite://{NOWHERE}"])

    assert result.exit_code == 2
    assert [line.partition(f"{file}: ")[2].partition(":")[0] for line in result.stderr.splitlines()] == ["prt", "ui"]


def test_a_file_that_is_not_there_is_refused(file: Path) -> None:
    result = CliRunner().invoke(serve, ["--config", str(file)])

    assert (result.exit_code, result.stderr) == (2, f"Error: {file}: No such file or directory\n")


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes("port = 1".encode("utf-16"))

    result = CliRunner().invoke(serve, ["--config", str(file)])

    assert (result.exit_code, f"{file}: this is no TOML" in result.stderr) == (2, True)


def test_a_check_says_what_is_in_force_and_where_it_is_from(file: Path) -> None:
    text = "port = 8099\ndrain-delay = 5\n[limit]\nbody-bytes = '2M'\n"

    found = rows(checked(file, text, "--host", "::1", BINDER_REGISTRY_DRAIN_DELAY="7"))

    assert found["host"] == ("::1", "flag --host")
    assert found["drain-delay"] == ("7.0", "environment BINDER_REGISTRY_DRAIN_DELAY")
    assert found["port"] == ("8099", f"file {file}")
    assert found["limit.body-bytes"] == ("2M", f"file {file}")
    assert found["limit.streams"] == ("6000", "default")
    assert found["ui"] == ("true", "default")
    assert found["BINDER_API_KEY"] == ("(not shown)", "environment")


def test_a_check_shows_every_setting_and_no_secret(file: Path) -> None:
    result = checked(file, 'db = "postgresql://me:s3cret@db.example:5433/registry"\n')

    assert settings_of(serve).keys() - {"limit"} <= rows(result).keys()
    assert rows(result)["db"][0] == "PostgreSQL, host=db.example, port=5433, dbname=registry"
    assert "s3cret" not in result.output


def test_a_check_works_without_a_file() -> None:
    result = CliRunner().invoke(serve, ["--check-config"], env={"BINDER_API_KEY": "k"})

    assert rows(result)["port"] == ("8080", "default: that of JUPYTERHUB_SERVICE_URL, or 8080")


def test_a_check_opens_neither_a_database_nor_a_port(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = checked(file, f'db = "sqlite://{NOWHERE}"\nhost = "127.0.0.1"\nport = {taken.getsockname()[1]}\n')

    assert rows(result)["db"][0] == f"sqlite://{NOWHERE}"


@pytest.mark.parametrize("key", ["publishers", "rules", "api-key-file"])
def test_a_check_reads_the_files_that_are_named(file: Path, key: str) -> None:
    (file.parent / "named").write_text("two words")

    result = checked(file, f'{key} = "named"\n', BINDER_API_KEY="" if key == "api-key-file" else "k")

    assert (result.exit_code, f"{file.parent}/named" in result.output) == (2, True)


def test_a_check_without_any_key_ends_with_2(file: Path) -> None:
    assert checked(file, "", BINDER_API_KEY="").exit_code == 2


def test_the_key_of_the_environment_comes_before_the_files(file: Path) -> None:
    (file.parent / "keys").write_text("two words\n")

    found = rows(checked(file, 'api-key-file = "keys"\n'))

    assert found["api-key-file"] == ("", "passed over for BINDER_API_KEY")


@pytest.mark.parametrize("flag", [True, False])
def test_a_key_file_of_a_flag_or_a_variable_comes_before_the_key_of_the_environment(file: Path, flag: bool) -> None:
    (file.parent / "keys").write_text("other\n")
    path = str(file.parent / "keys")

    result = checked(file, "", "--api-key-file", path) if flag else checked(file, "", BINDER_API_KEY_FILE=path)

    assert (rows(result)["api-key-file"][0], "BINDER_API_KEY" in rows(result)) == (path, False)


def test_the_example_of_the_documentation_is_in_force_as_it_stands(file: Path) -> None:
    (file.parent / "keys").write_text("key\n")

    found = rows(checked(file, EXAMPLE.read_text(), BINDER_API_KEY=""))

    keys = [key for key, (_, source) in found.items() if source == f"file {file}"]
    assert len(keys) == 11
    assert found["api-key-file"] == (str(file.parent / "keys"), f"file {file}")


def test_every_setting_has_a_variable() -> None:
    assert [key for key, option in settings_of(serve).items() if not config_variables(option)] == []
