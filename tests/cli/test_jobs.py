"""In a job of a CI system, with nothing configured but the URL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from binder_registry import Client
from tests.client.stub import Answers, Stub, json_answer, running
from tests.jobs import ENDPOINT_KEY, minted, of_github

from .invoking import CommandLine

TOKEN = minted()


@pytest.fixture
def job(command_line: CommandLine, client: Client, server: str) -> CommandLine:
    """Of no system yet."""
    command_line.environment["BINDER_REGISTRY_URL"] = server
    return command_line


@pytest.fixture
def endpoint() -> Iterator[Stub]:
    with running(lambda *_: json_answer({"value": TOKEN})) as stub:
        yield stub


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("GITHUB_ACTIONS", "Give the job `permissions: {id-token: write}`, or set BINDER_API_KEY."),
        ("GITLAB_CI", "Give the job `id_tokens: {BINDER_REGISTRY_ID_TOKEN: {aud: URL}}` with the registry's URL, or"),
    ],
)
def test_a_job_that_can_have_no_token_is_told_what_gives_it_one(job: CommandLine, variable: str, hint: str) -> None:
    result = job("update", "scipy", "--image", "i", **{variable: "true"})

    assert (result.code, hint in result.err) == (5, True)


def test_a_key_that_cannot_be_sent_is_told_once(job: CommandLine) -> None:
    result = job("whoami", BINDER_API_KEY="two words", GITHUB_ACTIONS="true")

    assert (result.code, result.err.count("\n"), "Set BINDER_API_KEY" in result.err) == (5, 1, True)
    assert "two words" not in result.err


@pytest.mark.parametrize("key", ["wrong", " "])
def test_a_key_that_is_not_taken_is_named_before_a_token_that_is_missing(job: CommandLine, key: str) -> None:
    result = job("update", "scipy", "--image", "i", BINDER_API_KEY=key, GITHUB_ACTIONS="true")

    told = ["The credential here is BINDER_API_KEY: set another" in result.err, "id-token: write" in result.err]
    assert (result.code, told) == (5, [key == "wrong", key == " "])


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_token_that_is_not_taken_is_named_by_its_source(job: CommandLine, endpoint: Stub, system: str) -> None:
    settings = of_github(endpoint.url) if system == "github" else {"BINDER_REGISTRY_ID_TOKEN": TOKEN}

    result = job("update", "scipy", "--image", "i", **settings)

    source = next(name for name in ("ACTIONS_ID_TOKEN_REQUEST_URL", "BINDER_REGISTRY_ID_TOKEN") if name in settings)
    assert (result.code, f"{source}" in result.err, "BINDER_API_KEY takes its place" in result.err) == (5, True, True)
    assert TOKEN not in result.out + result.err


@pytest.mark.parametrize(("status", "code"), [(401, 5), (403, 5), (404, 5), (500, 3)])
def test_an_endpoint_that_gives_no_token_is_one_line(
    job: CommandLine, endpoint: Stub, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    monkeypatch.setattr("binder_registry.client.transport.FIRST_DELAY", 0.001)
    endpoint.answer = lambda *_: Answers(status, body=TOKEN.encode())

    result = job("update", "scipy", "--image", "i", **of_github(endpoint.url))

    assert (result.code, result.err.count("\n"), f"answered {status}" in result.err) == (code, 1, True)
    assert (TOKEN in result.err, ENDPOINT_KEY in result.err) == (False, False)


@pytest.mark.parametrize(
    ("audience", "told"),
    [("https://other", ", for https://other;"), (["a", "b"], ", for a and b;"), ([], "_TOKEN;"), (7, "_TOKEN;")],
)
def test_for_whom_a_token_is_that_is_not_taken_is_told(job: CommandLine, audience: object, told: str) -> None:
    result = job("update", "scipy", "--image", "i", BINDER_REGISTRY_ID_TOKEN=minted(aud=audience))

    assert (result.code, told in result.err) == (5, True)


def test_for_whom_the_token_in_a_file_is_is_told(job: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(minted(aud=["https://other"]))

    result = job("update", "scipy", "--image", "i", BINDER_REGISTRY_ID_TOKEN_FILE=str(file))

    assert "the id-token of BINDER_REGISTRY_ID_TOKEN_FILE, for https://other;" in result.err


def test_reading_asks_nobody_for_a_token(job: CommandLine, endpoint: Stub) -> None:
    result = job("list", **of_github(endpoint.url))

    assert (result.code, endpoint.asked) == (0, [])
