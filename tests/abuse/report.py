"""What was found, as a table (Markdown) and in words."""

from collections.abc import Sequence

from .bystanders import p99
from .memory import MB
from .rounds import RATIO, Outcome, how_often

HEAD = """\
| what | database | at most | a minute later | read p99, of idle | a minute later | list p99, of idle | write p99 |\
 event p99 | answers | others refused, lost |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |"""


def table(outcomes: Sequence[Outcome]) -> str:
    """Memory is over the base, in MB; times are in milliseconds."""
    return "\n".join([HEAD, *map(row, outcomes)])


def row(outcome: Outcome) -> str:
    meanwhile = outcome.meanwhile
    cells = [
        outcome.abuse.sentence,
        outcome.database,
        f"{(outcome.peak - outcome.base) / MB:+.0f}",
        f"{(outcome.after - outcome.base) / MB:+.0f}",
        _times(meanwhile.reads, outcome.idle.reads),
        _times(outcome.later.reads, outcome.idle.reads),
        _times(meanwhile.lists, outcome.idle_lists),
        _than(meanwhile.writes, outcome.idle.writes),
        _than(meanwhile.events, outcome.idle.events),
        ", ".join(f"{status}: {count:,}" for status, count in sorted(outcome.seen.statuses.items())),
        f"{meanwhile.refused.total()}, {meanwhile.lost}",
    ]
    return f"| {' | '.join(cells)} |"


def _times(times: list[float], idle: list[float]) -> str:
    ratio = how_often(times, idle)
    said = f"{p99(times) * 1000:.1f} ms, {ratio:.1f}"
    return f"**{said}**" if ratio > RATIO else said


def _than(times: list[float], idle: list[float]) -> str:
    return f"{p99(times) * 1000:.0f} ms, of {p99(idle) * 1000:.0f}"


def words(outcome: Outcome) -> str:
    """One line for each fault."""
    slow = [f"{what} took {ratio:.1f} times their idle time" for what, ratio in outcome.ratios.items() if ratio > RATIO]
    return "".join(f"\n    FAULT: {fault}" for fault in [*outcome.faults(), *slow])
