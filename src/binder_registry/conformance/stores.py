"""What every `Store` must do, over HTTP too."""

import pytest
from msgspec.structs import replace

from ..errors import RevisionConflict
from ..store import Store
from .channels import Channels
from .following import Following
from .history import History
from .reading_out import broken_links, folded, run_in_threads, whole_log
from .samples import SCIPY, R
from .verbs import Verbs


class StoreConformance(Verbs, History, Channels, Following):
    """Give the fixture `store`, an empty store. `threads` and `writes_per_thread` may be lowered for slow ones."""

    threads = 16
    writes_per_thread = 200

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

    def test_writes_of_many_threads_make_one_log(self, store: Store) -> None:
        """Each thread has a name of its own, and all of them share one."""
        store.register_template(R)

        def write(number: int) -> None:
            own = replace(SCIPY, name=f"thread {number}")
            for turn in range(self.writes_per_thread):
                if turn % 10 == 0:
                    store.register_template(own)
                elif turn % 10 == 9:
                    store.delete_template(own.name)
                else:
                    store.update_template(own if turn % 2 else replace(R, command=f"{number}.{turn}"))

        run_in_threads(write, self.threads)

        changes = whole_log(store)
        assert [change.revision for change in changes] == list(range(1, self.threads * self.writes_per_thread + 2))
        assert sorted(changes, key=lambda change: change.time) == changes
        assert broken_links(changes) == []
        assert folded(changes) == store.list_templates()

    def test_of_writers_that_read_the_same_state_one_wins(self, store: Store) -> None:
        store.register_template(SCIPY)
        lost: list[int] = []

        def write(number: int) -> None:
            for _ in range(max(self.writes_per_thread // 20, 1)):
                read = store.get_template("scipy").revision
                try:
                    store.update_template(replace(SCIPY, command=str(number)), expected=read)
                except RevisionConflict:
                    lost.append(number)

        run_in_threads(write, self.threads)

        changes = whole_log(store)
        attempts = self.threads * max(self.writes_per_thread // 20, 1)
        assert len(changes) - 1 + len(lost) == attempts
        assert [change.previous for change in changes] == list(range(len(changes)))
