"""Who waits for a commit is woken by no other."""

from threading import Event, Thread

from binder_registry.backends.sqlite_waiting import Waiting
from binder_registry.changes import Head


class Log:
    def __init__(self) -> None:
        self.newest = Head(5, b"five")

    def head(self) -> Head:
        return self.newest

    def grown_to(self, revision: int) -> Head:
        self.newest = Head(revision, b"more")
        return self.newest


class Reader:
    """Knows all up to a revision, which may grow while it waits."""

    def __init__(self) -> None:
        self.revision = 5
        self.asked = Event()
        self.found: list[Head] = []

    def known(self) -> int:
        self.asked.set()
        return self.revision

    def waits(self, waiting: Waiting) -> Thread:
        """And sleeps, or is about to: nobody can tell it anything before."""
        thread = Thread(target=lambda: self.found.append(waiting.wait(self.known, 60, 60)))
        thread.start()
        self.asked.wait()
        return thread


def test_a_commit_that_is_known_by_now_wakes_nobody() -> None:
    log, reader = Log(), Reader()
    waiting = Waiting(log.head)
    thread = reader.waits(waiting)

    reader.revision = 6
    woken = [waiting.tell(log.grown_to(6)), waiting.tell(log.grown_to(7))]
    thread.join()

    assert woken == [False, True]
    assert [head.revision for head in reader.found] == [7]


def test_one_who_has_waited_is_not_asked_any_more() -> None:
    log, reader = Log(), Reader()
    waiting = Waiting(log.head)
    thread = reader.waits(waiting)
    waiting.tell(log.grown_to(6))
    thread.join()

    woken = waiting.tell(log.grown_to(7))

    assert not woken


def test_where_the_end_is_not_known_all_are_to_look() -> None:
    log, reader = Log(), Reader()
    waiting = Waiting(log.head)
    thread = reader.waits(waiting)

    log.grown_to(6)
    woken = waiting.tell()
    thread.join()

    assert woken
    assert [head.revision for head in reader.found] == [6]
