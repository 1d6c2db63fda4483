"""What was found, as a table (Markdown) and in words."""

from collections.abc import Sequence

from .bystanders import p99
from .memory import MB
from .rounds import RATIO, Outcome, how_often

HEAD = """\
| what | database | at most | a minute later | read p99, of idle | a minute later | list p99, of idle | write p99 |\
 event p99 | answers | others refused, lost |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |"""


Key = tuple[str, str]  # what, and the database


def renewed(old: str, outcomes: Sequence[Outcome], order: Sequence[Key]) -> str:
    """The table with what was run in the place of what it had of the same. Memory is over the base, in MB; times are in
    milliseconds."""
    rows = {_key(line): line for line in old.splitlines() if line.startswith("| ")}
    rows |= {(outcome.abuse.sentence, outcome.database): row(outcome) for outcome in outcomes}
    missing = sum(key not in rows for key in order)
    head = [f"Of {len(order)} rounds {missing} were not run.\n"] if missing else []
    return "\n".join([*head, HEAD, *(rows[key] for key in order if key in rows)])


def _key(line: str) -> Key:
    what, database = line.split(" | ", 2)[:2]
    return what.removeprefix("| "), database


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
    if not idle:
        return f"{p99(times) * 1000:.1f} ms"
    ratio = how_often(times, idle)
    said = f"{p99(times) * 1000:.1f} ms, {ratio:.1f}"
    return f"**{said}**" if ratio > RATIO else said


def _than(times: list[float], idle: list[float]) -> str:
    return f"{p99(times) * 1000:.0f} ms, of {p99(idle) * 1000:.0f}"


def words(outcome: Outcome) -> str:
    """One line for each fault."""
    slow = [f"{what} took {ratio:.1f} times their idle time" for what, ratio in outcome.ratios.items() if ratio > RATIO]
    return "".join(f"\n    FAULT: {fault}" for fault in [*outcome.faults(), *slow])
