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

AHEAD = timedelta(microseconds=20)  # for each draft: in which it is staged, unless others are busy
MOST_AHEAD = timedelta(seconds=30)


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
    if len(drafts) < MANY or not isinstance(log, StagesMany):
        return None
    newest = max(draft.format for draft in drafts.values())
    ahead = min(len(drafts) * AHEAD, MOST_AHEAD)
    while ahead <= MOST_AHEAD:
        begun, rows = now(), list[Change]()
        if (head := log.head()).time and head.time >= begun + ahead:
            break
        stage = log.stage(_rows(drafts, begun + ahead, by, note, rows))
        if stage is None:
            break
        took = now() - begun
        if took < ahead * 3 / 4:  # and what comes until it is locked takes less than the rest
            return Staged(rows, newest, stage)
        stage.close()
        ahead = max(3 * took, 2 * ahead)
    return None


def _rows(drafts: dict[str, Draft], time: datetime, by: str, note: str, rows: list[Change]) -> Iterator[Change]:
    """Each is put into `rows`, too."""
    for name, draft in drafts.items():
        content, action = draft.undated().content(stamp(time)), draft.action
        drafts[name] = draft.dated(content)
        digest, deleted = content_digest(content), action is Action.DELETED
        row = Change(0, b"", time, by, note, action, name, draft.previous, 0, deleted, content, digest)
        rows.append(row)
        yield row
        time = later(time)
