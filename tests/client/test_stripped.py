"""Behind a proxy that takes the ETags away, or changes them: a real registry, and nothing is overwritten unseen."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest

from binder_registry import Client, Template
from binder_registry.errors import RevisionConflict

from .servers import TOKEN
from .stub import Answers, Asked, running

SCIPY = Template("scipy", "old", description="kept")
WAYS: dict[str, Callable[[str], str | None]] = {
    "stripped": lambda tag: None,
    "weakened": lambda tag: f"W/{tag}",
    "suffixed": lambda tag: f'{tag[:-1]}-gzip"',
    "replaced": lambda tag: '"63514212-1b"',
}
Meanwhile = list[Callable[[], object]]


@pytest.fixture
def meanwhile() -> Meanwhile:
    """What others do, one each time that the template has been read."""
    return []


@pytest.fixture(params=WAYS)
def behind(url: str, meanwhile: Meanwhile, request: pytest.FixtureRequest) -> Iterator[Client]:
    changed = WAYS[request.param]

    def passed_on(asked: Asked, _: int) -> Answers:
        kept = {
            name: text for name, text in asked.headers.items() if name not in ("host", "content-length", "connection")
        }
        kept |= {"accept-encoding": "identity"}
        answer = httpx2.request(asked.method, url + asked.path, headers=kept, content=asked.body)
        headers = {
            name: text for name, text in answer.headers.items() if name.startswith(("registry-", "content-type"))
        }
        if tag := changed(answer.headers.get("etag", '""')):
            headers["etag"] = tag
        if meanwhile and asked.method == "GET" and asked.path == "/templates/scipy":
            meanwhile.pop()()
        return Answers(answer.status_code, headers, answer.content)

    with ExitStack() as stack:
        proxy = stack.enter_context(running(passed_on))
        yield stack.enter_context(Client(proxy.url, TOKEN, retries=0))


def test_what_was_written_and_read_knows_its_revision(behind: Client, client: Client) -> None:
    written = behind.register_template(SCIPY)
    client.register_template(Template("other", "i"))

    assert (written.revision, behind.get_template("scipy").revision) == (1, 1)


def test_a_stale_expectation_is_refused(behind: Client, client: Client) -> None:
    read = client.register_template(SCIPY).revision
    seen = behind.get_template("scipy").revision
    client.patch_template("scipy", {"image-name": "theirs"})

    with pytest.raises(RevisionConflict):
        behind.replace_template(SCIPY, expected=seen)

    assert (read, client.get_template("scipy").image_name) == (seen, "theirs")


@pytest.mark.parametrize("times", [1, 2])
def test_what_others_write_meanwhile_is_not_overwritten_unseen(
    behind: Client, client: Client, meanwhile: Meanwhile, times: int
) -> None:
    client.register_template(SCIPY)
    for number in range(times):
        meanwhile.append(lambda number=number: client.patch_template("scipy", {"labels": {f"l{number}": "x"}}))  # type: ignore[misc]

    behind.replace_template(Template("scipy", "new"))

    assert (client.get_template("scipy").labels, client.get_template("scipy").image_name) == ({}, "new")


def test_a_fresh_expectation_is_taken(behind: Client, client: Client) -> None:
    client.register_template(SCIPY)

    updated = behind.update_template(Template("scipy", "new"), expected=behind.get_template("scipy").revision)

    assert (updated.revision, client.get_template("scipy").image_name) == (2, "new")


def test_repeated_reads_see_what_others_wrote(behind: Client, client: Client) -> None:
    client.register_template(SCIPY)
    behind.get_template("scipy")
    client.patch_template("scipy", {"image-name": "theirs"})

    assert behind.get_template("scipy").image_name == "theirs"


def test_a_watch_from_what_was_listed_has_no_gap(behind: Client, client: Client) -> None:
    client.register_template(SCIPY)
    behind.list_templates()
    client.register_template(Template("between", "i"))

    assert behind.position().revision == 1
