from pathlib import Path

import pytest

from binder_registry.cli.contexts import address

from .invoking import CommandLine


@pytest.fixture
def config(command_line: CommandLine) -> Path:
    return Path(command_line.environment["XDG_CONFIG_HOME"]) / "binder-registry" / "config.yaml"


def add(command_line: CommandLine, name: str, url: str, token: str = "") -> None:
    assert command_line("context", "add", name, url, "--token-stdin", stdin=f"{token}\n").code == 0


def test_only_the_owner_may_read_the_file(command_line: CommandLine, config: Path) -> None:
    add(command_line, "prod", "https://registry.example.org", "s3cret")

    assert (config.stat().st_mode & 0o777, config.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_file_that_others_may_read_is_refused(command_line: CommandLine, config: Path) -> None:
    add(command_line, "prod", "https://registry.example.org", "s3cret")
    config.chmod(0o640)

    result = command_line("list")

    assert (result.code, f"chmod 600 {config}" in result.err) == (1, True)


def test_tokens_are_never_printed(command_line: CommandLine, config: Path) -> None:
    add(command_line, "prod", "https://registry.example.org", "s3cret")
    config.write_text(config.read_text() + "\n: s3cret: [")

    shown = [command_line("context", "list"), command_line("list")]

    assert not any("s3cret" in result.out + result.err for result in shown)


def test_contexts_are_listed_with_whether_they_have_a_token(command_line: CommandLine) -> None:
    add(command_line, "prod", "https://registry.example.org", "s3cret")
    add(command_line, "local", "http://127.0.0.1:8080")

    assert command_line("context", "list").out == (
        "*\tprod\thttps://registry.example.org\tyes\n\tlocal\thttp://127.0.0.1:8080\tno\n"
    )


def test_another_context_becomes_the_current_one(command_line: CommandLine) -> None:
    add(command_line, "prod", "https://registry.example.org")
    add(command_line, "local", "http://127.0.0.1:8080")

    command_line("context", "use", "local")

    assert command_line("context", "list").out.splitlines()[1].startswith("*\tlocal")


def test_a_removed_context_is_gone(command_line: CommandLine, config: Path) -> None:
    add(command_line, "prod", "https://registry.example.org", "s3cret")

    command_line("context", "remove", "prod")

    assert (command_line("context", "list").out, "s3cret" in config.read_text()) == ("", False)


@pytest.mark.parametrize("arguments", [("use", "nope"), ("remove", "nope")])
def test_an_unknown_context_is_refused(command_line: CommandLine, arguments: tuple[str, str]) -> None:
    result = command_line("context", *arguments)

    assert (result.code, "There is no context 'nope'" in result.err) == (1, True)


@pytest.mark.parametrize("url", ["registry.example.org", "ftp://x", "https://user:pass@x", "https://"])
def test_what_is_no_address_is_refused(command_line: CommandLine, url: str) -> None:
    assert command_line("context", "add", "x", url).code == 2


@pytest.fixture
def two_contexts(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    add(command_line, "prod", "https://prod.example", "of-prod")
    add(command_line, "test", "https://test.example", "of-test")
    monkeypatch.setenv("XDG_CONFIG_HOME", command_line.environment["XDG_CONFIG_HOME"])
    monkeypatch.delenv("BINDER_REGISTRY_URL", raising=False)


@pytest.mark.usefixtures("two_contexts")
def test_the_current_context_is_used() -> None:
    assert address(None, None) == ("https://prod.example", "of-prod")


@pytest.mark.usefixtures("two_contexts")
def test_a_named_context_wins() -> None:
    assert address(None, "test") == ("https://test.example", "of-test")


@pytest.mark.usefixtures("two_contexts")
def test_the_environments_address_wins_over_the_current_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDER_REGISTRY_URL", "https://other.example")

    assert address(None, None) == (None, None)


@pytest.mark.usefixtures("two_contexts")
def test_a_contexts_token_goes_to_no_other_address() -> None:
    assert address("https://other.example", "prod") == ("https://other.example", None)


def test_a_context_that_is_not_there_is_named(command_line: CommandLine) -> None:
    result = command_line("list", "--context", "nope")

    assert (result.code, "There is no context 'nope'" in result.err) == (1, True)


@pytest.mark.parametrize("text", ["contexts: []", "- x", "contexts: {a: {token: t}}", "contexts: {a: https://x}"])
def test_a_file_of_something_else_is_refused(command_line: CommandLine, config: Path, text: str) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(text)
    config.chmod(0o600)

    result = command_line("list")

    assert (result.code, "is not a file of contexts" in result.err) == (1, True)
