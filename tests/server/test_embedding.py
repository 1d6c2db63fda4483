"""The page on embedding, run as it is written, and what it promises."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from binder_registry import Identity, InMemoryStore, LogStore, Registry, Scope, Template, TokenAuthStore
from binder_registry.conformance import AuthStoreConformance
from binder_registry.server import App, Options
from binder_registry.server.handlers.assets import assets, tree_digest

from .asking import SCIPY, R, application, asked, names
from .running import AUTHORIZATION, KEY

PAGE = Path(__file__).parents[2] / "docs/embedding.md"
example: dict[str, Any] = {"__name__": __name__}
exec("\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)), example)

TestListLog = example["TestListLog"]
TestListStore = example["TestListStore"]


class TestPeople(AuthStoreConformance):
    scopes = frozenset({Scope.READ, Scope.WRITE})

    @pytest.fixture
    def auth_store(self) -> Any:
        return example["People"]()

    @pytest.fixture
    def token(self) -> str:
        return "t0ken"


def test_the_site_of_the_page_serves_the_registry_below_its_path() -> None:
    with TestClient(example["site"]) as client:
        created = [
            client.post("/registry/templates", json=template, headers={"Authorization": f"token {key}"})
            for template, key in [(R, "new-key"), ({**R, "name": "s"}, "old-key")]
        ]
        listed = client.get("/registry/templates")
        shown = client.get(created[0].headers["location"])

    assert [answer.status_code for answer in created] == [201, 201]
    assert names(listed) == ["r", "s", "scipy"]
    assert shown.content == created[0].content


def test_the_log_keeps_in_whose_name_the_page_writes() -> None:
    assert (example["newest"].by, example["newest"].note) == ("user:ada", "moved")


def test_the_log_of_the_page_is_served(store: InMemoryStore) -> None:
    with asked(application(example["own"])) as client:
        created = client.post("/templates", json=SCIPY)
        example["own"].delete_template("scipy")

        gone = client.get("/templates/scipy", headers={"Registry-Revision": "2"})

    assert (created.status_code, gone.status_code) == (201, 404)


def test_with_a_lifespan_the_files_of_the_pages_are_read_before_anybody_asks_for_one(store: InMemoryStore) -> None:
    """On the loop that takes 20 ms, in which nobody is answered."""
    assets.cache_clear()
    tree_digest.cache_clear()

    with asked(application(store)) as client:
        client.get("/templates")  # nothing of a page

    assert tree_digest.cache_info().currsize == 1


async def ask(app: Any, *requests: tuple[str, str, Any]) -> list[httpx2.Response]:
    """Without a lifespan, as a mounted application is asked."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://r", headers=AUTHORIZATION) as client:
        return [await client.request(method, target, json=body) for method, target, body in requests]


@pytest.fixture
def mounted() -> Callable[..., tuple[Starlette, App]]:
    def mounted(prefix: str = "") -> tuple[Starlette, App]:
        app = application(prefix=prefix)
        return Starlette(routes=[Mount("/a/b", app)]), app

    return mounted


def test_a_mounted_application_starts_on_its_first_request(mounted: Callable[..., tuple[Starlette, App]]) -> None:
    site, app = mounted("/a/b")

    async def work() -> list[httpx2.Response]:
        answers = await ask(site, ("POST", "/a/b/templates", {**SCIPY, "name": "ü x"}))
        answers += await ask(site, ("GET", answers[0].headers["location"], None), ("GET", "/a/b/templates/", None))
        await app.aclose()
        return answers

    created, shown, listed = asyncio.run(work())

    assert (created.status_code, created.headers["location"]) == (201, "/a/b/templates/%C3%BC%20x")
    assert shown.content == created.content
    assert names(listed) == ["ü x"]


def test_many_first_requests_start_it_once(store: InMemoryStore) -> None:
    app = application(store)

    async def work() -> list[Any]:
        requests = [ask(app, ("POST", "/templates", {**SCIPY, "name": f"t{number}"})) for number in range(20)]
        found = await asyncio.gather(*requests)
        await app.aclose()
        return found

    answers = asyncio.run(work())

    assert [answer.status_code for [answer] in answers] == [201] * 20
    assert store.head().revision == 20


def test_it_may_be_closed_twice_and_before_it_has_started() -> None:
    async def work() -> None:
        app = application()
        await app.aclose()
        await app.aclose()
        started = application()
        await ask(started, ("GET", "/templates", None))
        await asyncio.gather(started.aclose(), started.aclose())
        await started.aclose()

    asyncio.run(asyncio.wait_for(work(), 20))


def test_once_closed_it_answers_nothing_stale() -> None:
    async def work() -> list[httpx2.Response]:
        app = application()
        await ask(app, ("POST", "/templates", SCIPY))
        await app.aclose()
        targets = ["/templates", "/templates/scipy", "/templates?name=*", "/changes", "/health"]
        return await ask(app, *(("GET", target, None) for target in targets), ("POST", "/templates", R))

    answers = asyncio.run(work())

    assert [answer.status_code for answer in answers] == [503] * 6


def test_closing_leaves_the_store_open(store: InMemoryStore) -> None:
    with asked(application(store)) as client:
        client.post("/templates", json=SCIPY)

    store.update_template(Template("scipy", "new"))

    assert store.head().revision == 2


@pytest.mark.parametrize("log", [None, example["ListLog"]])
def test_what_is_written_through_the_store_is_shown(log: Any) -> None:
    store = LogStore(log()) if log else InMemoryStore()
    with asked(application(store)) as client:
        store.register_template(Template("scipy", "i"), by="a script")
        with store.atomic():
            store.register_template(Template("r", "i"))
            store.delete_template("scipy")

        listed = client.get("/templates", headers={"Registry-Revision": "3"})
        changes = client.get("/changes").json()["changes"]

    assert names(listed) == ["r"]
    assert [change.get("by") for change in changes] == ["a script", None, None]


def test_writes_through_the_store_and_over_http_make_one_log(store: InMemoryStore) -> None:
    with asked(application(store)) as client:
        for number in range(20):
            store.register_template(Template(f"own {number}", "i"))
            assert client.post("/templates", json={**SCIPY, "name": f"sent {number}"}).status_code == 201

        assert len(client.get("/templates").json()) == 40
    assert store.head().revision == 40


class Slow:
    """Answers only once it is let."""

    blocking = True

    def __init__(self) -> None:
        self.asked, self.may_answer = Event(), Event()

    def identify(self, token: str) -> Identity:
        self.asked.set()
        assert self.may_answer.wait(20)
        return Identity("slow", frozenset(Scope))


def test_while_a_blocking_auth_store_waits_others_are_answered(store: InMemoryStore) -> None:
    slow = Slow()
    app = App(Registry(store, slow), Options())

    async def work() -> list[httpx2.Response]:
        waiting = asyncio.create_task(ask(app, ("POST", "/templates", SCIPY)))
        await asyncio.to_thread(slow.asked.wait, 20)
        meanwhile = await ask(app, ("GET", "/templates", None))
        slow.may_answer.set()
        answers = meanwhile + await waiting
        await app.aclose()
        return answers

    meanwhile, written = asyncio.run(work())

    assert meanwhile.content == b"[]\n"
    assert (written.status_code, store.changes()[0].by) == (201, "user:slow")


def test_a_scope_that_is_neither_http_nor_lifespan_is_passed_over() -> None:
    app = application()

    async def work() -> None:
        await app({"type": "websocket"}, None, None)  # type: ignore[arg-type]

    asyncio.run(work())


@pytest.fixture
def two_keys() -> Iterator[TestClient]:
    with asked(App(Registry(InMemoryStore(), TokenAuthStore(KEY, "new")), Options())) as client:
        yield client


@pytest.mark.parametrize(("key", "status"), [(KEY, 201), ("new", 201), ("old", 401)])
def test_a_key_is_rotated_without_a_gap(two_keys: TestClient, key: str, status: int) -> None:
    answer = two_keys.post("/templates", json=SCIPY, headers={"Authorization": f"token {key}"})

    assert answer.status_code == status
