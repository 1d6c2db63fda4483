"""What the writer counts of its commits: in its own thread, and read in any."""

from collections.abc import Iterable

from ...changes import Action, Change
from ..histogram import Histogram

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WRITES = (1, 2, 5, 10, 25, 50, 100, 250)  # the last is `group_commit.MAX_GROUP`


class Commits:
    def __init__(self) -> None:
        self.changes: dict[str, int] = dict.fromkeys(Action, 0)  # by action
        self.seconds = Histogram(SECONDS)
        self.writes = Histogram(WRITES)
        self.failed = 0

    def add(self, writes: int, rows: Iterable[Change], seconds: float) -> None:
        """A commit that is durable."""
        self.seconds.add(seconds)
        self.writes.add(writes)
        changes = self.changes
        for row in rows:
            changes[row.action] = changes.get(row.action, 0) + 1
