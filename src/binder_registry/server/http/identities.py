"""Who holds a token: told at once where it is known, else asked, once for all who wait for the same answer."""

import asyncio
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager

from ...auth import AuthStore, Identity, asks, digest_of, identified, known, stays
from ...errors import AuthUnavailable, InvalidToken, NoPublisher, RegistryError, TooBusy, error_name
from ...token_text import PREFIX
from ..limits import Limits
from ..shares import NOBODY, Share
from .failed_tokens import FailedTokens

THREADS = 8  # questions under way
REMEMBERED = 10_000  # tokens that were good once: whoever tries wrong ones does not keep these from being asked about
SILENCE_SECONDS = 2.0  # after which one that does not answer is asked nothing else
PAUSE_SECONDS = 1.0  # before it is tried with one question again
FRESH_SECONDS = 4.0  # for which an answer is one of this moment: a thousand streams of one token ask once
ANSWER_SECONDS = 10.0  # after which nobody waits for an answer any more


class Identities:
    """Used on the event loop only. A store that waits holds up those who need its answer, and nobody else; of one that
    asks several, each holds up its own."""

    def __init__(self, store: AuthStore, limits: Limits) -> None:
        self._store = store
        self._failed = FailedTokens(limits)
        self._strangers = Share("unknown-tokens", limits.unknown_tokens, limits.unknown_tokens_per_client)
        self._questions: dict[str, Questions] = {}  # by whom they are put to
        self.used: set[str] = set()  # ids of the registry's own tokens that came, until somebody writes it down
        self.good = defaultdict[str, int](int)  # requests whose token was good, by the kind of its holder
        self.failed = Counter[tuple[str, str]]()  # and others, by whose it seemed to be, and the error's name

    def renew(self, limits: Limits) -> None:
        """What of them is of wrong tokens."""
        self._failed.renew(limits)

    def known(self, token: str) -> Identity | None:
        """What can be told at once. Raises `InvalidToken`."""
        identity = known(self._store, token)
        if identity is not None and identity.token:
            self.used.add(identity.token)
        return identity

    def stays(self, token: str, holder: Identity) -> Callable[[], bool] | None:
        """See `auth.stays`."""
        is_good, used, identifier = stays(self._store, token, holder), self.used, holder.token
        if is_good is None or not identifier:
            return is_good

        def is_used() -> bool:
            good = is_good()
            if good:
                used.add(identifier)
            return good

        return is_used

    async def of(self, token: str, client: str = NOBODY) -> Identity:
        """Raises `InvalidToken` and `NoPublisher`, or `TooManyRequests` where too many such came from this address;
        at once, `AuthUnavailable` while who would be asked is silent, and `TooBusy` while too much is asked already,
        of this client or altogether."""
        try:
            identity = self.known(token)
            if identity is not None:
                return identity
            return self._used(await self._put_to(token).told(token, client))
        except (InvalidToken, NoPublisher) as error:
            raise self._failed.refusal(client, error) from None

    async def sender(self, token: str, client: str) -> Identity:
        """The same, of a request: it is counted."""
        try:
            identity = await self.of(token, client)
        except RegistryError as error:
            ours = token.startswith(PREFIX)
            whose = "token" if ours else "publisher" if asks(self._store, token) else "others"
            self.failed[whose, error_name(type(error))] += 1
            raise
        self.good[identity.kind] += 1
        return identity

    async def anew(self, token: str, client: str = NOBODY) -> Identity:
        """The same by an answer of this moment, for whoever goes on for long: what is known may have changed since. It
        stands where the store does not answer."""
        identity, questions = self.known(token), self._put_to(token)
        if identity and (identity.kind == "key" or not self._store.blocking or questions.is_fresh(token)):
            return identity  # of a key of ours nobody is asked
        try:
            return self._used(await questions.told(token, client))
        except (AuthUnavailable, TooBusy):
            if identity is None:
                raise
            return identity

    def close(self) -> None:
        for questions in self._questions.values():
            questions.close()

    def _put_to(self, token: str) -> "Questions":
        whom = asks(self._store, token)
        found = self._questions.get(whom)
        if found is None:
            found = self._questions[whom] = Questions(self._store, self._strangers, self._failed)
        return found

    def _used(self, identity: Identity) -> Identity:
        if identity.token:
            self.used.add(identity.token)
        return identity


class Questions:
    """To one that is asked whose tokens are."""

    def __init__(self, store: AuthStore, strangers: Share, failed: FailedTokens) -> None:
        self._store, self._strangers, self._failed = store, strangers, failed
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="tokens")
        self._threads = asyncio.Semaphore(THREADS)
        self._asked: dict[bytes, asyncio.Task[Identity]] = {}  # by the hash of the token
        self._good: OrderedDict[bytes, float] = OrderedDict()  # with the loop time of the last question
        self._waiting = set[asyncio.Task[Identity]]()  # questions without a turn or a thread
        self._silent = False  # it did not answer in time, and nothing since
        self._again_at = 0.0

    def is_fresh(self, token: str) -> bool:
        asked_at = self._good.get(digest_of(token))
        return asked_at is not None and asyncio.get_running_loop().time() < asked_at + FRESH_SECONDS

    async def told(self, token: str, client: str) -> Identity:
        """Raises what `Identities.of` does."""
        key = digest_of(token)
        if self._silent and (self._asked or asyncio.get_running_loop().time() < self._again_at):
            raise AuthUnavailable
        return await asyncio.shield(self._asked.get(key) or self._ask(key, token, client))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, key: bytes, token: str, client: str) -> asyncio.Task[Identity]:
        stranger = client if key not in self._good else ""
        question = self._asked[key] = asyncio.create_task(self._question(key, token, stranger, probe=self._silent))
        question.add_done_callback(lambda done: done.cancelled() or done.exception())  # all who waited may be gone
        return question

    async def _question(self, key: bytes, token: str, stranger: str, *, probe: bool) -> Identity:
        asked_at, me = asyncio.get_running_loop().time(), self._asked[key]
        try:
            async with AsyncExitStack() as places:
                with self._waits(me):
                    if stranger:
                        await places.enter_async_context(self._failed.turn(stranger))
                        places.enter_context(self._strangers.place(stranger))
                    await places.enter_async_context(self._threads)
                if self._silent and not probe:
                    raise AuthUnavailable
                identity = await self._answer(token)
        except (InvalidToken, NoPublisher):
            self._good.pop(key, None)
            raise
        finally:
            del self._asked[key]
        self._good[key] = asked_at
        self._good.move_to_end(key)
        if len(self._good) > REMEMBERED:
            self._good.popitem(last=False)
        return identity

    @contextmanager
    def _waits(self, me: asyncio.Task[Identity]) -> Iterator[None]:
        """For its turn and a thread. Raises `AuthUnavailable` as soon as the store falls silent."""
        self._waiting.add(me)
        try:
            yield
        except asyncio.CancelledError:
            if not self._silent:
                raise
            me.uncancel()
            raise AuthUnavailable from None
        finally:
            self._waiting.discard(me)

    async def _answer(self, token: str) -> Identity:
        loop = asyncio.get_running_loop()
        silence = loop.call_later(SILENCE_SECONDS, self._fall_silent)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                identity = await loop.run_in_executor(self._pool, identified, self._store, token)
        except (AuthUnavailable, TimeoutError):
            self._again_at = loop.time() + PAUSE_SECONDS
            raise AuthUnavailable from None
        except (InvalidToken, NoPublisher):
            self._silent = False
            raise
        finally:
            silence.cancel()
        self._silent = False
        return identity

    def _fall_silent(self) -> None:
        self._silent = True
        for question in self._waiting:
            question.cancel()
