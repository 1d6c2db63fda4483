"""token and whoami."""

import json
from itertools import count

import pytest

from binder_registry import Client
from binder_registry.errors import InvalidToken
from binder_registry.token_text import id_and_secret

from .invoking import CommandLine
from .test_hints import commands

NUMBERS = count()


@pytest.fixture
def name() -> str:
    """Of a token that the shared server has not seen: names are given once."""
    return f"ci-{next(NUMBERS)}"


def test_a_token_is_alone_on_standard_output(registry: CommandLine, name: str) -> None:
    result = registry("token", "create", name)

    assert result.code == 0
    assert id_and_secret(result.out.removesuffix("\n")) is not None
    assert result.out.strip() not in result.err
    assert f"{name} ends 20" in result.err


def test_a_token_is_made_as_it_was_asked_for(registry: CommandLine, client: Client, name: str) -> None:
    options = ["--scope", "read", "--scope", "tokens", "--templates", "a*", "--templates", "b", "--labels", "team=x"]

    registry("token", "create", name, *options, "--days", "30", "-m", "why")

    [token] = [each for each in client.tokens.list() if each["name"] == name]
    told = [token[member] for member in ("scopes", "templates", "labels", "note", "by")]
    assert told == [["read", "tokens"], ["a*", "b"], "team=x", "why", "key:api-key"]
    assert token["expires"][:10] != token["created"][:10]


def test_tokens_are_listed_without_their_secrets(registry: CommandLine, name: str) -> None:
    text = registry("token", "create", name, "--templates", "a*", "--labels", "team=x").out.strip()

    rows = [line.split("\t") for line in registry("token", "list").out.splitlines()]
    found = json.loads(registry("token", "list", "-o", "json", "--by", "key:api-key").out)

    [row] = [row for row in rows if row[0] == name]
    assert [row[2], row[3], row[4], row[7]] == ["key:api-key", "write", "a* team=x", ""]
    assert name in [each["name"] for each in found]
    assert text[15:58] not in json.dumps(found)


@pytest.mark.parametrize("by_id", [False, True])
def test_a_token_that_was_revoked_is_good_for_nothing(
    registry: CommandLine, server: str, client: Client, name: str, by_id: bool
) -> None:
    text = registry("token", "create", name).out.strip()

    result = registry("token", "revoke", text[7:15] if by_id else name)

    assert (result.code, registry("whoami", BINDER_API_KEY=text).code) == (0, 5)
    with pytest.raises(InvalidToken), Client(server, text) as holder:
        holder.tokens.whoami()


def test_all_that_somebody_made_is_revoked_together(registry: CommandLine, name: str) -> None:
    text = registry("token", "create", name, "--scope", "write", "--scope", "tokens").out.strip()
    child = registry("token", "create", f"{name}-child", BINDER_API_KEY=text).out.strip()

    result = registry("token", "revoke", "--by", f"token:{name}")

    assert (result.code, result.out) == (0, "1 token revoked\n")
    assert [registry("whoami", BINDER_API_KEY=one).code for one in (text, child)] == [0, 5]


@pytest.mark.parametrize("arguments", [[], ["a", "--by", "user:ada"]])
def test_what_is_to_be_revoked_is_named_one_way(registry: CommandLine, arguments: list[str]) -> None:
    assert registry("token", "revoke", *arguments).code == 2


def test_a_renewed_token_is_another_text_for_the_same_holder(registry: CommandLine, name: str) -> None:
    old = registry("token", "create", name).out.strip()

    new = registry("token", "rotate", name, "--keep-old", "60").out.strip()

    holders = [registry("whoami", BINDER_API_KEY=text).out.splitlines()[0] for text in (old, new)]
    assert old != new
    assert holders == [f"token:{name}"] * 2


def test_whoever_asks_is_told_what_they_may(registry: CommandLine, name: str) -> None:
    text = registry("token", "create", name, "--templates", "a*", "--templates", "b", "--labels", "team=x").out.strip()

    told = [
        registry("whoami", BINDER_API_KEY=one).out.splitlines()
        for one in (registry.environment["BINDER_API_KEY"], text)
    ]

    assert told[0] == [
        "key:api-key",
        "scopes: admin, metrics, promote, read, tokens, write",
        "reach: every template",
        "credential: BINDER_API_KEY",
    ]
    assert told[1][:3] == [f"token:{name}", "scopes: write", "reach: names a* or b; labels team=x"]
    assert told[1][3].startswith("expires: 20")
    assert json.loads(registry("whoami", "-o", "json", BINDER_API_KEY=text).out)["name"] == name


def test_a_context_that_is_used_is_named(registry: CommandLine, server: str) -> None:
    registry("context", "add", "prod", server, "--token-stdin", stdin=registry.environment["BINDER_API_KEY"])

    told = [registry("whoami", "--context", "prod"), registry("whoami", BINDER_REGISTRY_URL="")]

    assert [result.out.splitlines()[-1] for result in told] == ["credential: the token of the context prod"] * 2


def test_a_token_of_a_context_that_is_not_taken_is_named(registry: CommandLine, server: str) -> None:
    registry("context", "add", "prod", server, "--token-stdin", stdin="wrong")

    result = registry("whoami", "--context", "prod")

    assert (result.code, "is the token of the context prod: store a" in result.err) == (5, True)


def test_what_ends_a_new_token_can_be_run_as_it_is_told(registry: CommandLine, server: str, name: str) -> None:
    elsewhere = {"BINDER_REGISTRY_URL": "http://127.0.0.1:9"}
    made = registry("token", "create", name, "--url", server, **elsewhere)
    [words] = commands(made.err)

    ended = registry(*words[1:], **elsewhere)

    assert (ended.code, ended.out) == (0, f"{name} revoked\n")


def test_a_template_out_of_reach_is_named(registry: CommandLine, name: str) -> None:
    text = registry("token", "create", name, "--templates", "a*").out.strip()

    result = registry("create", "b", "--image", "i", BINDER_API_KEY=text)

    assert (result.code, "does not reach the template 'b'" in result.err) == (5, True)


@pytest.mark.parametrize(("days", "warned"), [("13", True), ("1", True), ("15", False)])
def test_a_write_with_a_token_that_ends_soon_says_so(registry: CommandLine, name: str, days: str, warned: bool) -> None:
    text = registry("token", "create", name, "--days", days).out.strip()

    result = registry("create", name, "--image", "i", BINDER_API_KEY=text)

    assert (result.code, "warning: this token ends " in result.err) == (0, warned)


@pytest.mark.parametrize("verb", ["revoke", "rotate"])
def test_the_text_of_a_token_is_no_name_of_it(registry: CommandLine, name: str, verb: str) -> None:
    text = registry("token", "create", name).out.strip()

    result = registry("token", verb, text)

    assert (result.code, text[7:15] in result.err, text[15:] in result.err) == (2, True, False)


@pytest.mark.parametrize("odd", ["../templates/a", "no-such-token", "a/b?c#d"])
def test_a_name_that_is_no_tokens_is_told(registry: CommandLine, odd: str) -> None:
    results = [registry("token", verb, odd) for verb in ("revoke", "rotate")]

    assert [result.code for result in results] == [1, 1]
