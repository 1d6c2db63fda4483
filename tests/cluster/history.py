"""What clients did, beside what the log holds in the end: do the two fit?

The log gives all writes one order, and every answer names the revision that its server showed, so this is exact: each
answer has one state that it must agree with. Every write carries a note of its own, by which its row is found.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from binder_registry.changes import Action, Change


@dataclass(frozen=True)
class Call:
    """One request and its answer. `status` 0: none came, or 503: whether a write took effect is unknown."""

    client: int
    kind: str  # create, update, delete or read
    name: str
    sent: float  # seconds, on one clock
    ended: float
    status: int
    server: int = 0
    shown: int = 0  # the answer's Registry-Revision
    revision: int = 0  # the answer's ETag
    expected: int = 0  # the write's If-Match; 0: none
    note: str = ""

    @property
    def acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def unknown(self) -> bool:
        return self.status in (0, 500, 502, 503, 504)


def problems(calls: Sequence[Call], log: Sequence[Change]) -> list[str]:
    """Everything that does not fit; an empty list is what is wanted."""
    return [
        *_order(log),
        *_writes(calls, log),
        *_real_time(calls),
        *_decisions(calls, log),
        *_answers(calls, log),
        *_sessions(calls),
    ]


def _order(log: Sequence[Change]) -> Iterator[str]:
    if [change.revision for change in log] != list(range(1, len(log) + 1)):
        yield "the revisions of the log are not 1..n"


def _writes(calls: Sequence[Call], log: Sequence[Change]) -> Iterator[str]:
    """No acknowledged write lost, none applied twice, none that was refused or never sent."""
    rows: dict[str, list[Change]] = {}
    for change in log:
        if change.note:
            rows.setdefault(change.note, []).append(change)
    for call in calls:
        if call.kind == "read":
            continue
        found = rows.pop(call.note, [])
        if len(found) > 1:
            yield f"applied twice: {call}"
        if call.acknowledged and [change.revision for change in found] != [call.revision]:
            yield f"lost, or answered with another revision: {call}"
        if found and not (call.acknowledged or call.unknown):
            yield f"refused and applied: {call}"
    yield from (f"in the log and never sent: {note}" for note in rows)


def _real_time(calls: Sequence[Call]) -> Iterator[str]:
    """A write that was sent after another's answer has the higher revision."""
    acknowledged = Acknowledged(calls)
    for call in calls:
        if call.kind != "read" and call.acknowledged and acknowledged.before(call.sent) >= call.revision:
            yield f"ordered before what it followed: {call}"


class Acknowledged:
    """The newest revision that some client had an answer for, at any time."""

    def __init__(self, calls: Sequence[Call]) -> None:
        ends = sorted((call.ended, call.revision) for call in calls if call.kind != "read" and call.acknowledged)
        self._times = [time for time, _ in ends]
        self._newest = list(accumulate((revision for _, revision in ends), max))

    def before(self, time: float) -> int:
        place = bisect_left(self._times, time)
        return self._newest[place - 1] if place else 0


def _decisions(calls: Sequence[Call], log: Sequence[Change]) -> Iterator[str]:
    """Each write that was accepted was right at its place in the log."""
    previous = {change.revision: change.previous for change in log}
    deleted = {change.revision: change.deleted for change in log}
    for call in calls:
        if call.kind == "read" or not call.acknowledged or call.revision not in previous:
            continue
        before = previous[call.revision]
        lived = bool(before) and not deleted.get(before, False)
        if call.kind == "create" and lived:
            yield f"created what was there: {call}"
        if call.kind != "create" and not lived:
            yield f"changed what was not there: {call}"
        if call.expected and before != call.expected:
            yield f"accepted from a state that was gone: {call}"


def _answers(calls: Sequence[Call], log: Sequence[Change]) -> Iterator[str]:
    """Each read, and each refusal, agrees with the state at a revision that the server may have shown."""
    states: dict[str, list[Change]] = {}
    for change in log:
        states.setdefault(change.name, []).append(change)

    def at(name: str, revision: int) -> int:
        """The revision of the living template, or 0."""
        changes = states.get(name, [])
        place = bisect_right(changes, revision, key=lambda change: change.revision)
        newest = changes[place - 1] if place else None
        return 0 if newest is None or newest.action is Action.DELETED else newest.revision

    acknowledged = Acknowledged(calls)
    rows = {change.note: change.revision for change in log}
    sent = sorted((call.sent, rows[call.note]) for call in calls if call.note in rows)
    begun = list(accumulate((revision for _, revision in sent), max))
    for call in calls:
        if call.unknown:
            continue
        if call.kind == "read" and at(call.name, call.shown) != call.revision:
            yield f"read what was not there at {call.shown}: {call}"
        # The database decides about a write: it holds all that anybody was told of, and nothing not yet sent.
        place = bisect_left(sent, (call.ended, 0))
        most = max(call.shown, begun[place - 1] if place else 0)
        possible = {at(call.name, revision) for revision in range(acknowledged.before(call.sent), most + 1)}
        if call.status == 409 and possible == {0}:
            yield f"refused as existing, and was not there: {call}"
        if call.kind != "read" and call.status == 404 and 0 not in possible:
            yield f"refused as missing, and was there: {call}"
        if call.status == 412 and possible == {call.expected}:
            yield f"refused as changed, and was not: {call}"


def _sessions(calls: Sequence[Call]) -> Iterator[str]:
    """What one client sees never goes back, and includes its own writes."""
    seen: dict[int, int] = {}
    for call in sorted(calls, key=lambda call: call.sent):
        if call.unknown:
            continue
        if call.shown < seen.get(call.client, 0):
            yield f"showed less than the same client had seen: {call}"
        seen[call.client] = max(seen.get(call.client, 0), call.shown, call.revision)
