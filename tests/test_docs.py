"""The documentation says what there is: held to the tables that the server works from, and its examples are run."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from binder_registry.errors import RegistryError, error_classes, error_name
from binder_registry.rules import check
from binder_registry.server.description.parameters import ANSWER_HEADERS
from binder_registry.server.description.schemas import MEMBERS
from binder_registry.server.http.cors import EXPOSED
from binder_registry.server.http.error_status import STATUS
from binder_registry.server.routes import ROUTES, Route
from binder_registry.wire import encode, parse, template_from_members
from docs import generate_configuration
from docs.generate_api import errors_page, limits_page, reference_page, template_page, whole_template
from tests.server.running import running_server

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {path.name: path.read_text() for path in DOCS.glob("*.md")}
SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"(?<=\d)-[0-9a-f]{16}\b"), "-MARK"),
    (re.compile(r'(?<="digest":")[0-9a-f]{32}'), "DIGEST"),
)


@pytest.mark.parametrize(
    ("page", "written"),
    [
        ("errors.md", errors_page),
        ("limits.md", limits_page),
        ("template.md", template_page),
        ("api-reference.md", reference_page),
        ("configuration.md", generate_configuration.page),
    ],
)
def test_a_page_is_as_its_generator_writes_it(page: str, written: Callable[[], str]) -> None:
    assert PAGES[page] == written(), "run: make docs"


def test_the_template_with_all_members_is_a_valid_one() -> None:
    check(template_from_members(parse(encode(whole_template()))))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_documented_with_its_parameters(route: Route) -> None:
    section = PAGES["api-reference.md"].split(f"\n## {route.method} {route.path}\n")[1].split("\n## ")[0]

    missing = [parameter.name for parameter in route.parameters if f"| `{parameter.name}` | " not in section]

    assert missing == []


@pytest.mark.parametrize("error", [found for found in error_classes() if found in STATUS], ids=error_name)
def test_every_error_is_documented_with_its_status(error: type[RegistryError]) -> None:
    assert f"| {STATUS[error][0]} | `{error_name(error)}` | " in PAGES["errors.md"]


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_is_documented(member: str) -> None:
    shown = member.rpartition("[].")[2].removeprefix("free-text.").removeprefix("set.")

    assert f"\n| `{shown}` | " in PAGES["template.md"]


def test_every_header_of_an_answer_is_documented() -> None:
    exposed = {header.strip() for header in EXPOSED.decode().split(",")}

    documented = {header.name for header in ANSWER_HEADERS}

    assert exposed == documented


@pytest.mark.parametrize("parameter", sorted({one.name for route in ROUTES for one in route.parameters}))
def test_the_guide_uses_every_parameter(parameter: str) -> None:
    assert re.search(rf"\b{re.escape(parameter)}\b", PAGES["api.md"])


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    for target, _, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]*))?\)", PAGES[page]):
        assert not target or (DOCS / target).exists(), target
        if target in ("", *PAGES) and anchor:
            assert anchor in anchors(PAGES[target or page]), anchor


def test_the_examples_of_the_guide_run_as_they_are_shown(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        replayed = replay(PAGES["api.md"], server.url)

    assert list(sessions(replayed)) == list(sessions(PAGES["api.md"]))


def replay(page: str, url: str) -> str:
    """The page with the output of its commands as it is now."""

    def run(session: re.Match[str]) -> str:
        lines = [line for line in session[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{output(line[2:], url)}" for line in lines) + "```"

    return SESSION.sub(run, page)


def output(command: str, url: str) -> str:
    command = command.replace("http://localhost:8080", url)
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30)
    assert ran.stderr == ""
    text = "".join(
        f"{line}\n" for line in ran.stdout.replace(url, "http://localhost:8080").splitlines() if line.strip()
    )
    return text.replace("\r", "")


def sessions(page: str) -> Iterator[str]:
    for session in SESSION.findall(page):
        for pattern, word in VARYING:
            session = pattern.sub(word, session)
        yield session


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
