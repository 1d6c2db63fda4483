"""Every command that a hint or a message names can be run as it stands, for the same registry."""

import re
import shlex
from collections.abc import Callable, Iterator

import pytest

from binder_registry import Client, Template
from binder_registry.cli.hints import hinted, local

from .invoking import CommandLine, Result

NAMES = ["a", "b  b", "-x", "--help", "it's", '"q"', "$(id)", "`id`", "*", "\\", "環 ü"]

Asked = Callable[..., Result]


@pytest.fixture
def asked(registry: CommandLine, server: str) -> Asked:
    """The command line of someone who names the registry each time: a hint that leaves it out reaches none."""
    registry.environment["BINDER_REGISTRY_URL"] = "http://127.0.0.1:9"

    def asked(verb: str, *words: str, **environment: str) -> Result:
        return registry(verb, "--url", server, *words, **environment)

    return asked


@pytest.fixture
def followed(registry: CommandLine) -> Callable[[Result], list[Result]]:
    """What comes of the commands that a result names, as a shell hands them over."""
    return lambda said: [registry(*words[1:], EDITOR="true") for words in commands(said.out + said.err)]


def commands(text: str) -> Iterator[list[str]]:
    for begin in re.finditer("`(?=binder-registry )", text):
        ends = (end.start() for end in re.finditer("`", text) if end.start() > begin.start())
        yield next(words for end in ends if (words := split(text[begin.end() : end])))


def split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # the ` was one of the name's
        return []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("delete", "--"), 0),
        (("create", "--image", "j", "--"), 1),
        (("get", "--revision", "9999999", "--"), 1),
        (("update", "--unset", "options.x", "--"), 2),
    ],
)
def test_what_is_hinted_at_can_be_done(
    asked: Asked,
    client: Client,
    followed: Callable[[Result], list[Result]],
    name: str,
    command: tuple[str, ...],
    code: int,
) -> None:
    client.register_template(Template(name=name, image_name="i"))

    said = asked(*command, name)

    assert (said.code, [result.code for result in followed(said)]) == (code, [0])
    assert client.get_template(name).image_name == "i"


def test_where_there_is_no_such_template_both_commands_say_what_there_is(
    asked: Asked, followed: Callable[[Result], list[Result]]
) -> None:
    assert [result.code for result in followed(asked("get", "nope"))] == [0, 0]


@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_context_is_repeated_wherever_it_stood(
    registry: CommandLine, server: str, followed: Callable[[Result], list[Result]], place: str
) -> None:
    registry("context", "add", "--", "-o dd", server)
    registry("context", "add", "other", "http://127.0.0.1:9")
    registry.environment["BINDER_REGISTRY_URL"] = "http://127.0.0.1:9"
    named = ("--context", "-o dd")

    said = registry(*(named if place == "before" else ()), "get", *(named if place == "behind" else ()), "nope")

    assert [result.code for result in followed(said)] == [0, 0]


@pytest.mark.parametrize(
    ("named", "added"),
    [
        (("--url", "SERVER"), ["127.0.0.1", "SERVER"]),
        (("--context", "-o dd"), ["--", "-o dd", "SERVER"]),
        ((), ["127.0.0.1", "SERVER"]),
    ],
)
def test_a_token_is_stored_for_the_registry_that_wants_it(
    registry: CommandLine, server: str, named: tuple[str, ...], added: list[str]
) -> None:
    registry("context", "add", "--", "-o dd", server)
    registry.environment["BINDER_API_KEY"] = "wrong"

    said = registry("create", "a", "--image", "i", *(word.replace("SERVER", server) for word in named))

    wanted = [word.replace("SERVER", server) for word in added]
    assert list(commands(said.err)) == [["binder-registry", "context", "add", *wanted]]


def test_a_hint_without_need_is_plain() -> None:
    assert (hinted("restore", "scipy", "3"), local("context", "list")) == (
        "binder-registry restore scipy 3",
        "binder-registry context list",
    )
