from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from binder_registry import LogStore, Template
from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Change, Head
from binder_registry.verify import verify


class Lying(MemoryLog):
    """Gives another state than its rows lead to."""

    def state(self, revision: int, **options: Any) -> list[Change]:
        honest = super().state(revision, **options)
        return [
            replace(change, revision=1) if change.name == "b" else change for change in honest if change.name != "c"
        ]


class Interrupted(MemoryLog):
    """Does something else the first time its rows are read."""

    meanwhile: Callable[[], None] | None = None

    def read(self, since: int, until: int, **options: Any) -> list[Change]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return super().read(since, until, **options)


class Ahead(MemoryLog):
    def head(self) -> Head:
        head = super().head()
        return replace(head, mark=bytes(8)) if head.revision == 2 else head


def filled(log: MemoryLog) -> LogStore:
    store = LogStore(log)
    for name in "abc":
        store.register_template(Template(name=name, image_name="i"))
    return store


def test_a_state_that_the_log_does_not_lead_to_is_named() -> None:
    log = Lying()
    filled(log)

    assert verify(log).problems == [
        "b: the log ends in revision 2, and the state has 1",
        "c: the log ends in revision 3, and the state has nothing",
    ]


def test_a_head_that_is_not_the_newest_row_is_named() -> None:
    log = Ahead()
    store = LogStore(log)
    store.register_template(Template(name="a", image_name="i"))
    store.update_template(Template(name="a", image_name="j"))

    [problem] = verify(log).problems

    assert problem.endswith(f"and the head says 2-{bytes(8).hex()}")


def test_what_is_purged_while_we_read_is_accounted_for() -> None:
    log = Interrupted()
    store = filled(log)
    store.update_template(Template(name="a", image_name="j"))
    log.meanwhile = lambda: store.purge_change("a", 1)

    assert verify(log).problems == []


def test_a_log_with_one_fault_after_the_other_is_not_read_to_its_end() -> None:
    log = MemoryLog()
    store = LogStore(log)
    for number in range(50):
        store.register_template(Template(name=str(number), image_name="i"))
    log._changes = [replace(change, mark=bytes(8)) for change in log._changes]

    problems = verify(log).problems

    assert (len(problems), problems[-1]) == (21, "… not read further")
