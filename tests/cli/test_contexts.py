from collections.abc import Callable
from pathlib import Path

import pytest

from binder_registry.cli.context_file import address

from .invoking import PATIENCE, CommandLine, Result


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


# ── where the file is ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def homeless(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """As on OpenShift: a user without an entry, and without HOME."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    command_line.environment.clear()
    return command_line


def test_without_a_home_there_are_no_contexts(homeless: CommandLine) -> None:
    assert homeless("context", "list") == (0, "", "")


def test_without_a_home_a_context_is_not_added_and_why_is_told(homeless: CommandLine) -> None:
    result = homeless("context", "add", "x", "http://127.0.0.1")

    assert (result.code, "XDG_CONFIG_HOME names the folder" in result.err) == (1, True)


@pytest.mark.parametrize("settings", [{"HOME": ""}, {"HOME": "here"}, {"HOME": "", "XDG_CONFIG_HOME": "here"}])
def test_what_is_not_absolute_is_no_home(
    homeless: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)

    result = homeless("context", "add", "x", "http://127.0.0.1", **settings)

    assert (result.code, list(tmp_path.iterdir())) == (1, [])


def test_a_relative_folder_of_settings_is_passed_over(command_line: CommandLine, tmp_path: Path) -> None:
    result = command_line("context", "add", "x", "http://127.0.0.1", HOME=str(tmp_path), XDG_CONFIG_HOME="here")

    assert (result.code, (tmp_path / ".config" / "binder-registry" / "config.yaml").is_file()) == (0, True)


@pytest.mark.parametrize("home", ["/dev/null", "/not/there"])
def test_a_home_that_is_none_has_no_contexts(command_line: CommandLine, home: str) -> None:
    assert command_line("context", "list", XDG_CONFIG_HOME=home) == (0, "", "")


def test_a_home_that_cannot_be_written_is_named_with_the_way_out(command_line: CommandLine) -> None:
    result = command_line("context", "add", "x", "http://127.0.0.1", XDG_CONFIG_HOME="/dev/null")

    assert (result.code, "/dev/null/binder-registry" in result.err, "XDG_CONFIG_HOME" in result.err) == (1, True, True)


# ── what is in it ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def written(command_line: CommandLine, config: Path) -> Callable[[bytes], Result]:
    def listed(content: bytes) -> Result:
        config.parent.mkdir(parents=True)
        config.write_bytes(content)
        config.chmod(0o600)
        return command_line("list")

    return listed


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"contexts: {a: {url: 'http://h', token: 1234567}}", "token of 'a' must be a string"),
        (b"contexts: {a: {url: 'http://h', token: [1234567]}}", "token of 'a' must be a string"),
        (b"contexts: {1234567: {url: 'http://h'}}", "must be a string"),
        (b"current: 1234567\ncontexts: {a: {url: 'http://h'}}", "must be a string"),
        (b"contexts: {a: {url: 1234567}}", "each with a `url`"),
        (b"1234567", "not a file of contexts"),
        (b"\xff1234567", "not valid YAML"),
        (b"a: \x001234567", "not valid YAML"),
        (b"a: 1234567-99-99", "not a file of contexts"),
        (b"a: 2026-99-99", "not valid YAML"),
        (b"[" * 5000, "not valid YAML"),
        (b"&a [*a]", "not a file of contexts"),
        (b"{[1234567]: x, {a: b}: c}", "not valid YAML"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_repeated(
    written: Callable[[bytes], Result], config: Path, content: bytes, problem: str
) -> None:
    result = written(content)

    assert (result.code, result.err.count("\n"), str(config) in result.err) == (1, 1, True)
    assert (problem in result.err, "1234567" in result.err) == (True, False)


def test_a_folder_in_the_place_of_the_file_is_named(command_line: CommandLine, config: Path) -> None:
    config.mkdir(parents=True)

    assert command_line("list").err == f"Error: {config}: Is a directory.\n"


def test_an_empty_token_is_none(written: Callable[[bytes], Result]) -> None:
    result = written(b"current: a\ncontexts: {a: {url: 'http://127.0.0.1:9', token: }}")

    assert (result.code, "cannot be reached" in result.err) == (3, True)


def test_a_password_in_an_address_is_neither_used_nor_shown(
    written: Callable[[bytes], Result], command_line: CommandLine
) -> None:
    refused = written(b"current: a\ncontexts: {a: {url: 'https://ada:s3cret@h'}}")
    listed = command_line("context", "list")

    assert (refused.code, "by a token" in refused.err, listed.out) == (1, True, "*\ta\thttps://…@h\tno\n")
    assert "s3cret" not in refused.err


@pytest.mark.parametrize("url", ["https://ada:s3cret@h", "https://ada:s3cret#@h", "ada:s3cret@h"])
def test_a_password_is_neither_kept_nor_repeated(command_line: CommandLine, config: Path, url: str) -> None:
    said = [
        command_line("context", "add", "x", url),
        command_line("list", "--url", url),
        command_line("list", BINDER_REGISTRY_URL=url),
    ]

    assert [result.code for result in said] == [2, 1, 1]
    assert (config.exists(), any("s3cret" in result.err + result.out for result in said)) == (False, False)


def test_what_cannot_be_a_token_is_refused_when_it_is_given(command_line: CommandLine, config: Path) -> None:
    result = command_line("context", "add", "x", "http://h", "--token-stdin", stdin=b"s3cr\xff\n")

    assert (result.code, config.exists()) == (5, False)


# ── completion ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", ["--context p", "list --context p", "context use p", "context remove p"])
def test_the_names_of_contexts_are_completed(command_line: CommandLine, words: str) -> None:
    add(command_line, "prod", "https://registry.example.org")
    add(command_line, "local", "http://127.0.0.1:8080")

    line = {"COMP_WORDS": f"binder-registry {words}", "COMP_CWORD": str(words.count(" ") + 1)}
    out, _ = command_line.started(_BINDER_REGISTRY_COMPLETE="bash_complete", **line).communicate(timeout=PATIENCE)

    assert out == "plain,prod\n"
