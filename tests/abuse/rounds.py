"""One abuse of one server, and what it did to memory and to the bystanders."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path

from msgspec import Struct

from binder_registry.server.limits import Limits, bounds
from tests.server.running import RunningServer, running_server

from .abuse import Abuse
from .bystanders import NAMES, Bystanders, Figures, p99
from .memory import MB, forget_peak, peak, resident
from .wire import Seen, Target, write

OVER = 200 * MB  # that a server may take over its base, beside the budgets
RATIO = 5.0  # that a read may take of its idle time
IDLE, AGAIN, LONGEST = 4, 4, 90  # seconds before an abuse, that it lasts at least, and at most
SETTLED, MINUTE = 5.0, 60.0  # seconds after which memory is looked at: again, where it is too much


class Outcome(Struct, frozen=True):
    abuse: Abuse
    database: str
    budgets: int
    base: int
    peak: int
    after: int
    idle: Figures
    meanwhile: Figures
    seen: Seen
    broken: str = ""  # what ended the abuse, or the server

    @property
    def ratio(self) -> float:
        return how_often(self.meanwhile.reads, self.idle.reads)

    @property
    def list_ratio(self) -> float:
        return how_often(self.meanwhile.lists, self.idle.lists)

    def faults(self) -> list[str]:
        """Against what is wanted, but for times."""
        found = [f"{what}, {times} times" for what, times in self.seen.faults.items()]
        for what, bytes_ in (("at most", self.peak), ("afterwards", self.after)):
            if bytes_ > self.base + OVER + self.budgets:
                found.append(f"memory {what} {(bytes_ - self.base) / MB:.0f} MB over its base")
        found += [f"a bystander's {what}, {times} times" for what, times in self.meanwhile.refused.items()]
        if self.meanwhile.lost:
            found.append(f"{self.meanwhile.lost} writes of bystanders are no events")
        if self.abuse.honest and self.seen.statuses.keys() - {"200", "201", "202"}:
            found.append(f"refused: {dict(self.seen.statuses)}")
        return [*found, *([self.broken] if self.broken else [])]


def how_often(times: list[float], idle: list[float]) -> float:
    """As long as when idle; 0 where it was not looked at."""
    return p99(times) / p99(idle) if idle else 0.0


def budgets() -> int:
    """What the server may keep in all by its table of limits."""
    limits = Limits()
    return sum(
        getattr(limits, name.replace("-", "_"))
        for name, bound in bounds()
        if bound.unit == "bytes" and bound.each == "server"
    )


@contextmanager
def abusers() -> Iterator[ProcessPoolExecutor]:
    """A process of their own, which goes after all others: what they spend themselves is nobody's loss."""
    with ProcessPoolExecutor(1, get_context("spawn"), os.nice, (10,)) as pool:
        yield pool


@contextmanager
def around(
    folder: Path, url: str, abuses: Sequence[Abuse]
) -> Iterator[tuple[RunningServer, Bystanders, tuple[int, ...]]]:
    """A server that bystanders use, and the ports of those beside it. What is around the first abuse is around all."""
    with ExitStack() as stack:
        surroundings = stack.enter_context(abuses[0].around())

        def start() -> RunningServer:
            return stack.enter_context(
                running_server(
                    folder,
                    *surroundings.arguments,
                    db=url,
                    environment=surroundings.environment,
                    wrapper=surroundings.wrapper,
                )
            )

        server = start()
        beside = url.startswith("postgresql") and any(abuse.beside for abuse in abuses)
        others = (start().port,) if beside else ()
        asyncio.run(_bystanders_templates(Target(server.port, True)))
        yield server, stack.enter_context(Bystanders(server.port)), others


def abused(
    abuse: Abuse, server: RunningServer, bystanders: Bystanders, pool: ProcessPoolExecutor, target: Target, url: str
) -> Outcome:
    """Prepare, look at it idle, abuse, look again."""
    process = server.process.pid
    if abuse.prepare:
        pool.submit(_prepare, abuse, target).result()
        time.sleep(target.many(1, 0))
    _, idle = bystanders.during(lambda: time.sleep(target.many(IDLE, 0)))
    base = most = after = resident(process)
    forget_peak(process)
    (seen, broken), meanwhile = bystanders.during(lambda: pool.submit(_run, abuse, target).result())
    try:
        most = peak(process)
        after = _afterwards(process, base + OVER, target)
    except (ProcessLookupError, FileNotFoundError):
        broken = "the server ended"
    return Outcome(abuse, url.partition(":")[0], budgets(), base, most, after, idle, meanwhile, seen, broken)


def _afterwards(process: int, bound: int, target: Target) -> int:
    if target.short:
        return resident(process)
    begun, after = time.monotonic(), 0
    for seconds in (SETTLED, MINUTE):
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
        after = resident(process)
        if after <= bound:
            break
    return after


async def _bystanders_templates(target: Target) -> None:
    templates = [{"name": f"bystander-{number}", "image-name": "i"} for number in range(NAMES)]
    got = await write(target, Seen(), "POST", "/apply", {"templates": templates})
    assert got.status == 200, got.body


def _prepare(abuse: Abuse, target: Target) -> None:
    async def prepare() -> None:
        assert abuse.prepare
        await abuse.prepare(target)

    asyncio.run(prepare())


def _run(abuse: Abuse, target: Target) -> tuple[Seen, str]:
    """In the abusers' process, again and again for some seconds: what was seen, and what ended it."""
    seen, enough = Seen(), time.monotonic() + target.many(AGAIN, 0)

    async def bounded() -> None:
        async with asyncio.timeout(LONGEST):
            await abuse.run(target, seen)
            while time.monotonic() < enough and not (abuse.honest or abuse.stores):
                await abuse.run(target, seen)

    try:
        asyncio.run(bounded())
    except TimeoutError:
        return seen, f"not done in {LONGEST:.0f} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is an outcome
        return seen, f"{type(error).__name__}: {error}"
    return seen, ""
