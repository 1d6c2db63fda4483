"""What was found, as a table (Markdown) and in words."""

from collections.abc import Sequence

from .bystanders import p99
from .memory import MB
from .rounds import RATIO, Outcome

HEAD = """\
| what | database | at most | after | GET p99, of idle | write p99 | event p99 | answers | others refused, lost |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |"""


def table(outcomes: Sequence[Outcome]) -> str:
    """Memory is over the base, in MB; times are in milliseconds."""
    return "\n".join([HEAD, *map(row, outcomes)])


def row(outcome: Outcome) -> str:
    meanwhile = outcome.meanwhile
    ratio = f"{p99(meanwhile.reads) * 1000:.0f} ms, {outcome.ratio:.1f}"
    cells = [
        outcome.abuse.sentence,
        outcome.database,
        f"{(outcome.peak - outcome.base) / MB:+.0f}",
        f"{(outcome.after - outcome.base) / MB:+.0f}",
        f"**{ratio}**" if outcome.ratio > RATIO else ratio,
        _than(meanwhile.writes, outcome.idle.writes),
        _than(meanwhile.events, outcome.idle.events),
        ", ".join(f"{status}: {count:,}" for status, count in sorted(outcome.seen.statuses.items())),
        f"{meanwhile.refused.total()}, {meanwhile.lost}",
    ]
    return f"| {' | '.join(cells)} |"


def _than(times: list[float], idle: list[float]) -> str:
    return f"{p99(times) * 1000:.0f} ms, of {p99(idle) * 1000:.0f}"


def words(outcome: Outcome) -> str:
    """One line for each fault."""
    slow = (
        [f"reads took {outcome.ratio:.1f} times their idle time"]
        if outcome.idle.reads and outcome.ratio > RATIO
        else []
    )
    return "".join(f"\n    FAULT: {fault}" for fault in [*outcome.faults(), *slow])
