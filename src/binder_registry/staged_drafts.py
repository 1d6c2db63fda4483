"""Drafts that became rows before the log is locked: dated, with their digests, and told to the log already. Only their
place is found under the lock.

They are dated a little ahead, to be newer than what others write meanwhile. Where they are not, or where a log takes
none, they are dated and written under the lock, as any draft is.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from .changes import Action, Change, Head, content_digest
from .clock import later
from .draft_changes import Draft
from .go_json import stamp
from .log_contract import MANY, Log, Stage, StagesMany

AHEAD = timedelta(microseconds=60)  # for each draft: in which it is staged and drawn, unless others are busy
MOST_AHEAD = timedelta(seconds=30)
SAMPLE = 20  # one of so many shows how long all of them take


class Staged(Struct, frozen=True):
    """`rows` have no revision, mark and `first` yet; `format` is the newest that their contents need."""

    rows: list[Change]
    format: int
    stage: Stage

    def follows(self, head: Head) -> bool:
        return head.time is None or head.time < self.rows[0].time

    def close(self) -> None:
        self.stage.close()


def staged(log: Log, drafts: dict[str, Draft], now: Callable[[], datetime], by: str, note: str) -> Staged | None:
    """Of drafts by name, which are replaced by dated ones. None where they are few, or where the log does not take
    them."""
    newest, ahead = log.head().time, min(len(drafts) * AHEAD, MOST_AHEAD)
    if len(drafts) < MANY or not isinstance(log, StagesMany) or (newest and newest >= now() + ahead):
        return None
    while ahead <= MOST_AHEAD:
        found = _staged(log, drafts, now, ahead, by, note)
        if not isinstance(found, timedelta):
            return found
        ahead = 2 * max(found, ahead)
    return None


def _staged(
    log: StagesMany, drafts: dict[str, Draft], now: Callable[[], datetime], ahead: timedelta, by: str, note: str
) -> Staged | timedelta | None:
    """Dated so far ahead; or how long it takes, where that is too long for it."""
    begun, rows, many = now(), list[Change](), len(drafts)

    def took() -> timedelta:
        return (now() - begun) * many / len(rows)

    def in_time(part: float = 1 / 2) -> bool:
        return took() < ahead * part  # the rest is for what comes until it is locked

    stage = log.stage(_rows(drafts, begun + ahead, by, note, rows, in_time))
    if stage is None:
        return None
    if len(rows) == many and in_time(2 / 3):  # more than at the sample: most of the work is done
        return Staged(rows, max(draft.format for draft in drafts.values()), stage)
    stage.close()
    return took()


def _rows(
    drafts: dict[str, Draft], time: datetime, by: str, note: str, rows: list[Change], in_time: Callable[[], bool]
) -> Iterator[Change]:
    """Each is put into `rows`, too. Ends early where a sample shows that it takes too long."""
    sample = len(drafts) // SAMPLE
    for name, draft in drafts.items():
        content, action = draft.undated().content(stamp(time)), draft.action
        drafts[name] = draft.dated(content)
        digest, deleted = content_digest(content), action is Action.DELETED
        row = Change(0, b"", time, by, note, action, name, draft.previous, 0, deleted, content, digest)
        rows.append(row)
        yield row
        time = later(time)
        if len(rows) == sample and not in_time():
            return
