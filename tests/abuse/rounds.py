"""One abuse of one server, and what it did to memory and to the bystanders."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import reduce
from multiprocessing import get_context
from operator import or_
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from binder_registry.server.limits import Limits, bounds
from tests.server.running import RunningServer, running_server

from .abuse import Abuse
from .bystanders import NAMES, Bystanders, Figures, p99
from .memory import MB, forget_peak, peak, resident
from .wire import Seen, Target, write

OVER = 200 * MB  # that a server may take over its base, beside the budgets
RATIO = 5.0  # that a read may take of its idle time
IDLE, AGAIN, LONGEST = 4, 4, 150  # seconds before an abuse, that it lasts at least, and at most
MINUTE, LOOK = 60.0, 3  # seconds after it when all is looked at again, and for how long
ENDED = "the server ended"
FEW_READS = 10.0  # a second, in the short form


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
    later: Figures = field(default_factory=Figures)

    @property
    def idle_lists(self) -> list[float]:
        """Of a list as long: what an abuse stored is in it afterwards. Empty where there is none."""
        if self.abuse.deletes:
            return []
        return self.later.lists if self.abuse.stores else self.idle.lists

    @property
    def ratios(self) -> dict[str, float]:
        """Of what they did to its idle time."""
        return {
            "reads": how_often(self.meanwhile.reads, self.idle.reads),
            "lists": how_often(self.meanwhile.lists, self.idle_lists),
            "reads a minute later": how_often(self.later.reads, self.idle.reads),
        }

    @property
    def slowest(self) -> float:
        return max(self.ratios.values())

    def faults(self) -> list[str]:
        """Against what is wanted, but for times."""
        found = [f"{what}, {times} times" for what, times in self.seen.faults.items()]
        for what, bytes_ in (("at most", self.peak), ("afterwards", self.after)):
            if bytes_ > self.base + OVER + self.budgets:
                found.append(f"memory {what} {(bytes_ - self.base) / MB:.0f} MB over its base")
        for figures in (self.meanwhile, self.later):
            found += [f"a bystander's {what}, {times} times" for what, times in figures.refused.items()]
            if figures.lost:
                found.append(f"{figures.lost} writes of bystanders are no events")
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


def abusers() -> Executor:
    """A process of their own, which gets of the processors what nobody else wants, the server and the bystanders least
    of all: what is measured is never a wait for what abusers spend themselves."""
    return ProcessPoolExecutor(1, get_context("spawn"), _go_after_all)


def _go_after_all() -> None:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


@contextmanager
def around(folder: Path, url: str, abuses: Sequence[Abuse]) -> Iterator[tuple[RunningServer, tuple[int, ...]]]:
    """A server with all that is around the abuses, and the ports of those beside it."""
    with ExitStack() as stack:
        kinds = dict.fromkeys(abuse.around for abuse in abuses)
        surroundings = reduce(or_, [stack.enter_context(kind()) for kind in kinds])
        quiet = () if surroundings.wrapper else ("--no-access-log",)

        def start() -> RunningServer:
            server = stack.enter_context(
                running_server(
                    folder,
                    *quiet,
                    *surroundings.arguments,
                    db=url,
                    environment=surroundings.environment,
                    wrapper=surroundings.wrapper or ("env",),  # its memory is to be its own
                )
            )
            stack.callback(server.kill)  # how it stops is another matter
            return server

        server = start()
        beside = url.startswith("postgresql") and any(abuse.beside for abuse in abuses)
        others = (start().port,) if beside else ()
        asyncio.run(_bystanders_templates(Target(server.port, True)))
        yield server, others


def abused(
    abuse: Abuse, server: RunningServer, bystanders: Bystanders, pool: Executor, target: Target, url: str
) -> Outcome:
    """Prepare, look at it idle, and abuse. What comes of it a minute later is still to be looked at."""
    process = server.process.pid
    if abuse.prepare:
        pool.submit(_prepare, abuse, target).result()
        time.sleep(target.many(1, 0))
    idle = Figures() if target.short else bystanders.during(lambda: time.sleep(IDLE))[1]
    base = most = after = resident(process)
    forget_peak(process)
    (seen, broken), meanwhile = bystanders.during(lambda: pool.submit(_run, abuse, target).result())
    try:
        most, after = peak(process), resident(process)
    except (ProcessLookupError, FileNotFoundError):
        broken = ENDED
    return Outcome(abuse, url.partition(":")[0], budgets(), base, most, after, idle, meanwhile, seen, broken)


def rested(outcome: Outcome, server: RunningServer) -> Outcome:
    """With its memory and its times by now."""
    if outcome.broken == ENDED:
        return outcome
    after = resident(server.process.pid)
    with Bystanders(server.port) as bystanders:
        _, later = bystanders.during(lambda: time.sleep(LOOK))
    return replace(outcome, after=after, later=later)


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
