"""What the suites read out of a store to compare it."""

from collections.abc import Callable, Iterable
from threading import Thread

from ..changes import Change, next_mark
from ..store import Store
from ..template import Template


def whole_log(store: Store) -> list[Change]:
    """Page by page, as a follower reads it."""
    found: list[Change] = []
    while page := store.changes(since=found[-1].position if found else 0, limit=500):
        found += page
    return found


def folded(changes: Iterable[Change]) -> list[Template]:
    """The templates that are left when the changes are applied one after the other."""
    newest = {change.name: change for change in changes}
    return [template for name in sorted(newest) if not newest[name].deleted and (template := newest[name].template)]


def broken_links(changes: list[Change], before: bytes = b"") -> list[int]:
    """The revisions whose mark does not follow from the row before; `before` is the mark before the first."""
    marks = [before, *(change.mark for change in changes)]
    return [
        change.revision
        for mark, change in zip(marks, changes, strict=False)
        if mark and change.mark != next_mark(mark, change)
    ]


def run_in_threads(work: Callable[[int], None], count: int) -> None:
    """`work(0)` … `work(count - 1)`, each in its thread; raises the first error of any."""
    errors: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [Thread(target=guarded, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
