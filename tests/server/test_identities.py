"""Tokens that only a hub knows, while it hangs and when it answers again."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import httpx2
import pytest

from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.auth import Identity, Scope
from binder_registry.errors import AuthUnavailable, InvalidToken, TooBusy, TooManyRequests
from binder_registry.hub_auth import FirstKnowing, HubAuthStore
from binder_registry.server import App, Options
from binder_registry.server.http import failed_tokens, identities
from binder_registry.server.http.identities import Identities
from binder_registry.server.limits import Limits

from ..hub_stub import BOSS, PATIENCE, HubStub
from .asking import R, listening
from .running import KEY

NEVER = 3600.0


@pytest.fixture
def hub() -> Iterator[HubStub]:
    stub = HubStub()
    stub.models |= {f"good-{number}": BOSS | {"name": f"user-{number}"} for number in range(20)}
    yield stub
    stub.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that does not answer at once is silent."""
    monkeypatch.setattr(identities, "SILENCE_SECONDS", 0.0)


def run(
    hub: HubStub,
    story: Callable[[Identities], Coroutine[Any, Any, None]],
    *,
    strangers: int = 64,
    each: int = 0,
    wrong: int = 0,
    **options: Any,
) -> None:
    limits = Limits(
        unknown_tokens=strangers,
        unknown_tokens_per_client=each,
        failed_tokens_per_minute=wrong,
        failed_tokens_burst=wrong or 1,
    )

    async def told() -> None:
        asked = Identities(HubAuthStore(hub.url, **options), limits)
        try:
            async with asyncio.timeout(PATIENCE):
                await story(asked)
        finally:
            hub.answering.set()
            asked.close()

    asyncio.run(told())


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


async def refused(asked: Awaitable[Identity]) -> bool:
    try:
        await asked
    except (AuthUnavailable, TooBusy):
        return True
    return False


# ── one question ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_who_wait_for_a_token_share_one_question(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        hub.answering.clear()
        waiting = [asyncio.create_task(asked.of("boss-token")) for _ in range(50)]
        await until(lambda: len(hub.asked) > 0)
        hub.answering.set()
        names = {identity.name for identity in await asyncio.gather(*waiting)}

        assert (names, len(hub.asked)) == ({"boss"}, 1)

    run(hub, story)


def test_who_gives_up_takes_the_answer_from_nobody_else(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        hub.answering.clear()
        impatient, patient = (asyncio.create_task(asked.of("boss-token")) for _ in range(2))
        await until(lambda: len(hub.asked) > 0)
        impatient.cancel()
        hub.answering.set()

        assert (await patient).name == "boss"

    run(hub, story)


def test_a_refusal_is_for_all_who_wait(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        answers = await asyncio.gather(*(asked.of("wrong") for _ in range(5)), return_exceptions=True)

        assert {type(answer) for answer in answers} == {InvalidToken}
        assert len(hub.asked) == 1

    run(hub, story)


# ── how many ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_so_many_new_tokens_are_asked_about_and_the_next_is_refused(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        hub.answering.clear()
        waiting = [asyncio.create_task(asked.of(f"good-{number}")) for number in range(3)]
        await until(lambda: len(hub.asked) == 3)

        assert await refused(asked.of("good-3"))

        hub.answering.set()
        await asyncio.gather(*waiting)
        assert (await asked.of("good-3")).name == "user-3"

    run(hub, story, strangers=3)


def test_who_tries_wrong_tokens_keeps_nobody_else_from_asking(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        hub.answering.clear()
        wrong = [asyncio.create_task(asked.of(f"wrong-{number}", "192.0.2.1")) for number in range(4)]
        await until(lambda: len(hub.asked) == 4)

        with pytest.raises(TooManyRequests, match="unknown-tokens-per-client") as over:
            await asked.of("wrong-4", "192.0.2.1")
        good = asyncio.create_task(asked.of("good-1", "192.0.2.2"))
        await until(lambda: len(hub.asked) == 5)
        hub.answering.set()

        assert (await good).name == "user-1"
        assert over.value.reason == "unknown-tokens-per-client"
        await asyncio.gather(*wrong, return_exceptions=True)

    run(hub, story, strangers=8, each=4)


def test_the_hub_is_asked_a_few_things_at_once(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        hub.answering.clear()
        waiting = [asyncio.create_task(asked.of(f"good-{number}")) for number in range(20)]
        await until(lambda: len(hub.asked) == identities.THREADS)
        hub.answering.set()
        names = [identity.name for identity in await asyncio.gather(*waiting)]

        assert names == [f"user-{number}" for number in range(20)]

    run(hub, story)


def test_wrong_tokens_do_not_keep_one_that_was_good_from_being_asked_about(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        await asked.of("boss-token")
        hub.answering.clear()
        wrong = [asyncio.create_task(asked.of(f"wrong-{number}")) for number in range(2)]
        await until(lambda: len(hub.asked) == 3)
        good = asyncio.create_task(asked.of("boss-token"))
        await until(lambda: len(hub.asked) == 4)
        hub.answering.set()

        assert (await good).name == "boss"
        await asyncio.gather(*wrong, return_exceptions=True)

    run(hub, story, strangers=2, known_for=0)


# ── an address that sent too many wrong ones ─────────────────────────────────────────────────────────────────────────


async def suspect(asked: Identities) -> None:
    """An address that did, where there is room for one."""
    with pytest.raises(InvalidToken):
        await asked.of("wrong", SUSPECT)


SUSPECT = "192.0.2.1"


def test_what_was_never_good_is_asked_about_one_at_a_time_and_what_is_good_let_in(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_tokens, "REST_SECONDS", 0.0)

    async def story(asked: Identities) -> None:
        await suspect(asked)
        hub.asked.clear()
        hub.answering.clear()
        waiting = [asyncio.create_task(asked.of(f"good-{number}", SUSPECT)) for number in range(6)]
        others = [asyncio.create_task(asked.of(f"good-{number}", "192.0.2.2")) for number in (10, 11)]
        await until(lambda: len(hub.asked) == 3)
        await asyncio.sleep(0)
        questions = len(hub.asked)
        hub.answering.set()
        names = [identity.name for identity in await asyncio.gather(*waiting, *others)]

        assert questions == 3
        assert names == [f"user-{number}" for number in (0, 1, 2, 3, 4, 5, 10, 11)]

    run(hub, story, wrong=1)


def test_those_that_wait_for_a_turn_take_nobody_elses_place(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_tokens, "REST_SECONDS", 0.0)

    async def story(asked: Identities) -> None:
        await suspect(asked)
        hub.asked.clear()
        hub.answering.clear()
        waiting = [asyncio.create_task(asked.of(f"good-{number}", SUSPECT)) for number in range(4)]
        await until(lambda: len(hub.asked) == 1)
        other = asyncio.create_task(asked.of("good-10", "192.0.2.2"))
        await until(lambda: len(hub.asked) == 2)

        with pytest.raises(TooManyRequests, match="unknown-tokens-per-client"):
            await asked.of("good-4", SUSPECT)

        hub.answering.set()
        names = [identity.name for identity in await asyncio.gather(*waiting, other)]
        assert names == ["user-0", "user-1", "user-2", "user-3", "user-10"]

    run(hub, story, wrong=1, strangers=2, each=4)


def test_what_was_good_before_waits_behind_no_wrong_ones(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_tokens, "REST_SECONDS", 0.0)

    async def story(asked: Identities) -> None:
        await asked.of("boss-token", SUSPECT)
        await suspect(asked)
        hub.asked.clear()
        hub.answering.clear()
        wrong = [asyncio.create_task(asked.of(f"wrong-{number}", SUSPECT)) for number in range(5, 8)]
        await until(lambda: len(hub.asked) == 1)
        good = asyncio.create_task(asked.of("boss-token", SUSPECT))
        await until(lambda: len(hub.asked) == 2)
        hub.answering.set()

        assert (await good).name == "boss"
        await asyncio.gather(*wrong, return_exceptions=True)

    run(hub, story, wrong=1, known_for=0)


def test_between_two_questions_of_such_an_address_there_is_a_rest(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_tokens, "REST_SECONDS", NEVER)

    async def story(asked: Identities) -> None:
        await suspect(asked)
        hub.asked.clear()
        first = await asked.of("good-1", SUSPECT)
        second = asyncio.create_task(asked.of("good-2", SUSPECT))
        await asked.of("good-3", "192.0.2.2")

        assert (first.name, second.done(), len(hub.asked)) == ("user-1", False, 2)

    run(hub, story, wrong=1)


@pytest.mark.usefixtures("impatient")
def test_who_waits_for_a_turn_is_told_as_soon_as_the_hub_falls_silent(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        await suspect(asked)
        hub.answering.clear()
        first = asyncio.create_task(asked.of("good-1", SUSPECT))
        others = [asyncio.create_task(asked.of(f"good-{number}", SUSPECT)) for number in (2, 3)]

        assert await asyncio.gather(*(refused(other) for other in others)) == [True, True]

        hub.answering.set()
        assert (await first).name == "user-1"

    run(hub, story, wrong=1)


def test_nothing_is_kept_of_an_address_whose_questions_are_answered(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_tokens, "REST_SECONDS", 0.0)

    async def story(asked: Identities) -> None:
        await suspect(asked)
        lines = asked._failed._lines
        await asyncio.gather(*(asked.of(f"good-{number}", SUSPECT) for number in range(3)))
        await until(lambda: not lines)

        assert not asked._failed._waiting.taken

    run(hub, story, wrong=1)


# ── a hub that hangs ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("impatient")
def test_while_a_hub_is_silent_further_tokens_are_refused_at_once(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        hub.answering.clear()
        first = asyncio.create_task(asked.of("good-0"))
        await until(lambda: len(hub.asked) == 1)

        assert await refused(asked.of("good-1"))
        assert await refused(asked.of("good-0"))

        hub.answering.set()
        assert (await first).name == "user-0"
        assert (await asked.of("good-1")).name == "user-1"
        assert len(hub.asked) == 2

    run(hub, story)


@pytest.mark.usefixtures("impatient")
def test_what_is_known_is_told_while_a_hub_is_silent(hub: HubStub) -> None:
    async def story(asked: Identities) -> None:
        await asked.of("good-0")
        hub.answering.clear()
        waiting = asyncio.create_task(asked.of("good-1"))
        await until(lambda: len(hub.asked) == 2)

        assert (await asked.of("good-0")).name == "user-0"

        hub.answering.set()
        await waiting

    run(hub, story)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("pause", "questions"), [(NEVER, 1), (0.0, 2)])
def test_a_hub_that_did_not_answer_is_asked_again_after_a_pause(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch, pause: float, questions: int
) -> None:
    monkeypatch.setattr(identities, "PAUSE_SECONDS", pause)

    async def story(asked: Identities) -> None:
        hub.answering.clear()
        assert await refused(asked.of("good-0"))
        hub.answering.set()

        await refused(asked.of("good-1"))

        assert len(hub.asked) == questions

    run(hub, story, timeout=0.05)


@pytest.mark.usefixtures("impatient")
def test_a_silent_hub_is_tried_with_one_question_until_it_answers(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(identities, "ANSWER_SECONDS", 0.2)

    async def story(asked: Identities) -> None:
        hub.answering.clear()
        assert await refused(asked.of("good-0"))
        probe = asyncio.create_task(asked.of("good-1"))
        await until(lambda: len(hub.asked) == 2)

        assert await refused(asked.of("good-2"))

        assert await refused(probe)
        assert len(hub.asked) == 2

    run(hub, story)


def test_nobody_waits_longer_than_is_right_for_a_store_that_never_answers(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "ANSWER_SECONDS", 0.05)

    async def story(asked: Identities) -> None:
        hub.answering.clear()

        assert await refused(asked.of("good-0"))

    run(hub, story)


# ── a server ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def url(hub: HubStub) -> Iterator[str]:
    """Of a server that protects reads, and takes a key beside the hub's tokens."""
    tokens = FirstKnowing(HubAuthStore(hub.url), TokenAuthStore(KEY))
    with listening(App(Registry(InMemoryStore(), tokens), Options(protect_reads=True))) as port:
        yield f"http://127.0.0.1:{port}"
        hub.answering.set()  # before it stops, which waits for what is being answered


def test_the_key_writes_and_reads_while_the_hub_hangs(hub: HubStub, url: str) -> None:
    async def story() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as client:
            hub.answering.clear()
            waiting = [
                asyncio.create_task(client.get("/templates", headers={"Authorization": f"token good-{number}"}))
                for number in range(20)
            ]
            await until(lambda: len(hub.asked) == identities.THREADS)

            write = await client.post("/templates", json=R, headers={"Authorization": f"token {KEY}"})
            read = await client.get("/templates/r", headers={"Authorization": f"token {KEY}"})

            assert (write.status_code, read.status_code) == (201, 200)
            assert not any(task.done() for task in waiting)
            hub.answering.set()
            assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}

    asyncio.run(story())


def test_reads_writes_and_streams_of_one_token_share_one_question(hub: HubStub, url: str) -> None:
    async def story() -> None:
        headers = {"Authorization": "token boss-token"}
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE, headers=headers) as client:
            hub.answering.clear()
            waiting = [
                asyncio.create_task(client.get("/templates")),
                asyncio.create_task(client.get("/changes")),
                asyncio.create_task(client.post("/templates", json=R)),
                asyncio.create_task(client.head("/changes", headers={"Accept": "text/event-stream"})),
            ]
            await until(lambda: len(hub.asked) > 0)
            hub.answering.set()
            statuses = [answer.status_code for answer in await asyncio.gather(*waiting)]

        assert (statuses, len(hub.asked)) == ([200, 200, 201, 200], 1)

    asyncio.run(story())


@pytest.mark.usefixtures("impatient")
def test_who_is_refused_while_the_hub_hangs_is_told_when_to_try_again(hub: HubStub, url: str) -> None:
    async def story() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as client:
            hub.answering.clear()
            waiting = asyncio.create_task(client.get("/templates", headers={"Authorization": "token good-0"}))
            await until(lambda: len(hub.asked) == 1)

            answer = await client.post("/templates", json=R, headers={"Authorization": "token good-1"})

            assert (answer.status_code, answer.headers["registry-error"]) == (503, "auth_unavailable")
            assert answer.headers["retry-after"] == "2"
            assert len(hub.asked) == 1
            hub.answering.set()
            await waiting

    asyncio.run(story())


class Forgetful:
    """Somebody's own store, which has nothing but what the contract asks for."""

    blocking = True

    def identify(self, token: str) -> Identity:
        return Identity(token, frozenset(Scope))


def test_a_store_that_remembers_nothing_is_asked_each_time() -> None:
    async def story() -> str:
        asked = Identities(Forgetful(), Limits())
        try:
            return (await asked.of("ada")).name + (await asked.of("bob")).name
        finally:
            asked.close()

    assert asyncio.run(story()) == "adabob"


# ── an answer of this moment ─────────────────────────────────────────────────────────────────────────────────────────


def test_who_goes_on_for_long_is_asked_about_though_an_answer_is_kept(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "FRESH_SECONDS", 0.0)

    async def story(asked: Identities) -> None:
        await asked.of("good-1")
        del hub.models["good-1"]
        assert (await asked.of("good-1")).name == "user-1"

        with pytest.raises(InvalidToken):
            await asked.anew("good-1")
        with pytest.raises(InvalidToken):
            await asked.of("good-1")

    run(hub, story)


def test_many_who_go_on_with_one_token_ask_once_at_a_time(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "FRESH_SECONDS", NEVER)

    async def story(asked: Identities) -> None:
        await asyncio.gather(*(asked.anew("good-1") for _ in range(50)))
        await asyncio.gather(*(asked.anew("good-1") for _ in range(50)))

    run(hub, story)

    assert len(hub.asked) == 1


def test_what_is_kept_stands_while_the_hub_does_not_say_otherwise(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "FRESH_SECONDS", 0.0)

    async def story(asked: Identities) -> None:
        await asked.of("good-1")
        hub.status = 500

        assert (await asked.anew("good-1")).name == "user-1"

    run(hub, story)


def test_of_a_key_no_hub_is_asked_anew(hub: HubStub) -> None:
    async def told() -> str:
        asked = Identities(FirstKnowing(HubAuthStore(hub.url), TokenAuthStore(KEY)), Limits())
        who = await asked.anew(KEY)
        asked.close()
        return who.name

    assert (asyncio.run(told()), hub.asked) == ("api-key", [])


# ── silence ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_waits_for_a_thread_is_told_as_soon_as_the_hub_falls_silent(
    hub: HubStub, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "THREADS", 1)

    async def story(asked: Identities) -> None:
        hub.answering.clear()
        first = asyncio.create_task(asked.of("good-1"))
        others = [asyncio.create_task(asked.of(f"good-{number}")) for number in range(2, 5)]

        assert await asyncio.gather(*(refused(other) for other in others)) == [True] * 3
        assert not first.done()

        hub.answering.set()
        assert (await first).name == "user-1"
        assert (await asked.of("good-2")).name == "user-2"

    run(hub, story)
