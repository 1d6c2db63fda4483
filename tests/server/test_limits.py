"""The bounds on what a client can cost: set by name, and kept."""

import ast
import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from binder_registry import server
from binder_registry.batch import Batch
from binder_registry.errors import TooBusy
from binder_registry.quantities import format_size
from binder_registry.server import Limits, limits_of
from binder_registry.server.limits import bounds
from docs.generate_api import limits_page

from .asking import SCIPY, application, asked


def test_a_limit_that_is_given_takes_the_place_of_its_default() -> None:
    limits = limits_of([("waiting-writes", 5), ("body-bytes", 100)])

    assert limits == Limits(waiting_writes=5, body_bytes=100)


@pytest.mark.parametrize("given", [("waiting-write", 1), ("waiting_writes", 1), ("", 1)])
def test_a_limit_that_there_is_not_is_refused_with_those_that_there_are(given: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match=r"there is no limit .*waiting-writes"):
        limits_of([given])


@pytest.mark.parametrize(
    ("given", "meant"), [("waiting-write", "waiting-writes"), ("Body_Bytes", "body-bytes"), ("stream", "streams")]
)
def test_the_nearest_limit_is_named(given: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"{given}': did you mean {meant}?"):
        limits_of([(given, 1)])


@pytest.mark.parametrize("name", [name for name, _ in bounds()])
def test_a_limit_below_its_least_is_refused_by_name(name: str) -> None:
    least = dict(bounds())[name].least

    with pytest.raises(ValueError, match=f"the limit {name} must be {least} or more"):
        limits_of([(name, least - 1)])


def test_a_body_beyond_its_limit_is_refused() -> None:
    with asked(application(limits=Limits(body_bytes=60))) as client:
        small = client.post("/templates", json=SCIPY)
        large = client.post("/templates", json={**SCIPY, "name": "r", "description": "x" * 30})

    assert (small.status_code, large.status_code) == (201, 413)


def renewed(app: server.App, **limits: int) -> None:
    app.renew(server.Options(limits=Limits(**limits)))


@pytest.mark.parametrize(
    ("limit", "target"), [("body_bytes", "/templates"), ("apply_bytes", "/apply"), ("document_bytes", "/documents")]
)
def test_a_smaller_body_is_asked_for_while_the_server_runs(limit: str, target: str) -> None:
    app = application(reader=(sys.executable, "-c", ""))
    headers = {"Content-Type": "application/yaml" if target == "/documents" else "application/json"}
    with asked(app) as client:
        before = client.post(target, content="{}", headers=headers).status_code
        renewed(app, **{limit: 1})
        after = client.post(target, content="{}", headers=headers).status_code

    assert before != 413
    assert after == 413


@pytest.mark.parametrize("kept", [True, False])
def test_a_rate_of_writes_changes_while_the_server_runs_and_one_that_stays_forgets_nobody(kept: bool) -> None:
    few = {"key_writes_per_minute": 1, "writes_burst": 2}
    app = application(limits=Limits(**few))
    with asked(app) as client:
        before = [client.post("/templates", json={**SCIPY, "name": name}).status_code for name in "abc"]
        renewed(app, **(few if kept else {"key_writes_per_minute": 0}))
        after = client.post("/templates", json={**SCIPY, "name": "d"}).status_code

    assert (before, after) == ([201, 201, 429], 429 if kept else 201)


def test_a_rate_of_wrong_tokens_changes_while_the_server_runs() -> None:
    app = application(limits=Limits(failed_tokens_per_minute=1, failed_tokens_burst=1))
    with asked(app) as client:

        def wrong() -> int:
            return client.post("/templates", json=SCIPY, headers={"Authorization": "token wrong"}).status_code

        before = [wrong(), wrong()]
        renewed(app)
        after = wrong()

    assert (before, after) == ([401, 429], 401)


def test_a_number_of_streams_changes_while_the_server_runs() -> None:
    app = application()
    app.service.streams.take("ada")

    renewed(app, streams=1)

    with pytest.raises(TooBusy):
        app.service.streams.take("bob")


def test_limits_that_are_wired_into_the_server_stay() -> None:
    app = application(limits=Limits(ring_changes=7))

    renewed(app, ring_changes=8, page_bytes=9, waiting_revisions=10)

    assert app.service.options.limits == Limits(ring_changes=7, page_bytes=9, waiting_revisions=10)


def test_whether_there_are_origins_at_all_stays() -> None:
    found = []
    for before in ((), ("https://a.example",)):
        app = application(cors_origins=before)
        for wanted in ((), ("https://b.example",)):
            app.renew(server.Options(cors_origins=wanted))
            found.append(app.service.options.cors_origins)

    assert found == [(), (), ("https://a.example",), ("https://b.example",)]


def test_a_write_beyond_those_that_may_wait_is_refused_as_never_written() -> None:
    app = application(limits=Limits(waiting_writes=1))
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Batch) -> None:
        begun.set()
        go_on.wait()

    async def third() -> object:
        await app.start()
        first = asyncio.create_task(app.service.write(hold))
        await asyncio.to_thread(begun.wait)
        second = asyncio.create_task(app.service.write(lambda _: None))
        await asyncio.sleep(0)
        [refused] = await asyncio.gather(app.service.write(lambda _: None), return_exceptions=True)
        go_on.set()
        await asyncio.gather(first, second)
        await app.aclose()
        return refused

    refused = asyncio.run(third())

    assert isinstance(refused, TooBusy)
    assert refused.reason == "waiting-writes"


SERVER = Path(server.__file__).parent


def calls(*names: str) -> Iterator[tuple[Path, ast.Call]]:
    """In the server's source."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield path, node


def test_every_refusal_of_what_is_too_much_names_its_limit() -> None:
    without, unknown = list[str](), list[str]()

    for path, call in calls("TooBusy", "TooManyRequests"):
        reason = next((one.value for one in call.keywords if one.arg == "reason"), None)
        if reason is None:
            without.append(f"{path}:{call.lineno}")
        elif isinstance(reason, ast.Constant) and reason.value not in dict(bounds()):
            unknown.append(f"{path}:{call.lineno}")

    assert (without, unknown) == ([], [])


def test_every_share_is_of_limits_that_there_are() -> None:
    named = {ast.literal_eval(call.args[0]) for _, call in calls("Share")}

    assert named >= {"connections", "streams", "received-bytes", "unknown-tokens"}
    assert {limit for name in named for limit in (name, f"{name}-per-client")} <= set(dict(bounds()))


def test_every_rate_is_of_a_limit_that_there_is() -> None:
    named = {ast.literal_eval(call.args[0]) for _, call in calls("Rate")}

    assert named == {name for name, _ in bounds() if name.endswith("-per-minute")}


def test_the_page_on_limits_begins_with_the_sum_of_the_budgets_of_the_server() -> None:
    in_bytes = [name for name, bound in bounds() if (bound.each, bound.unit) == ("server", "bytes")]

    total = sum(getattr(Limits(), name.replace("-", "_")) for name in in_bytes)

    assert f"that are in bytes are {format_size(total)} by default" in " ".join(limits_page().split())
