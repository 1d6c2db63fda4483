"""What `LogStore.atomic()` must do over every log."""

from threading import Thread

import pytest
from msgspec.structs import replace

from ..changes import Action
from ..errors import InvalidTemplate, RevisionPurged, TemplateExists, TemplateNotFound
from ..log_contract import Log
from ..log_store import LogStore
from ..template import Template
from .reading_out import broken_links, folded, run_in_threads, whole_log
from .samples import NEW, SCIPY, R


class Atomic:
    threads = 16
    blocks_per_thread = 20

    def test_the_writes_of_a_block_commit_together(self, log: Log) -> None:
        store = LogStore(log)

        with store.atomic():
            store.register_template(SCIPY, by="ann")
            store.register_template(R, by="bob")
            before = log.head().revision

        assert before == 0
        assert [(change.revision, change.by) for change in store.changes()] == [(1, "ann"), (2, "bob")]
        assert broken_links(store.changes(), log.origin()) == []

    def test_a_block_that_fails_leaves_no_trace(self, log: Log) -> None:
        store = LogStore(log)
        store.register_template(SCIPY)
        before = store.head()

        with pytest.raises(TemplateExists), store.atomic():
            store.register_template(R)
            store.delete_template("scipy")
            store.register_template(R)

        assert store.head() == before
        assert [template.name for template in store.list_templates()] == ["scipy"]

    def test_an_inner_block_that_fails_undoes_only_its_own(self, log: Log) -> None:
        store = LogStore(log)

        with store.atomic():
            store.register_template(SCIPY)
            with pytest.raises(InvalidTemplate), store.atomic():
                store.update_template(NEW)
                store.register_template(R)
                store.register_template(Template(name="no image"))
            seen = store.list_templates()
            store.register_template(R)

        assert [template.name for template in seen] == ["scipy"]
        assert [(change.revision, change.name) for change in store.changes()] == [(1, "scipy"), (2, "r")]
        assert broken_links(store.changes(), log.origin()) == []

    def test_an_inner_block_that_succeeds_falls_with_the_outer(self, log: Log) -> None:
        store = LogStore(log)

        with pytest.raises(ZeroDivisionError), store.atomic():
            with store.atomic():
                store.register_template(SCIPY)
            raise ZeroDivisionError

        assert store.changes() == []

    def test_inside_a_block_its_own_writes_are_seen(self, log: Log) -> None:
        store = LogStore(log)
        store.register_template(SCIPY)

        with store.atomic():
            updated = store.update_template(NEW)
            registered = store.register_template(R)
            assert store.get_template("scipy") == updated
            assert store.get_template("scipy", revision=2) == updated
            assert store.get_template("scipy", revision=1).image_name == SCIPY.image_name
            assert store.list_templates() == [registered, updated]
            assert [template.revision for template in store.list_templates(revision=2)] == [2]
            assert store.head().revision == 3
            assert [change.revision for change in store.changes(since=1)] == [2, 3]
            assert [change.revision for change in store.changes(since=0, limit=2)] == [1, 2]
            assert [change.revision for change in store.changes(newest_first=True, limit=2)] == [3, 2]
            assert [change.revision for change in store.changes(name="scipy", newest_first=True)] == [2, 1]
            store.delete_template("r")
            with pytest.raises(TemplateNotFound):
                store.get_template("r")
            assert store.list_templates() == [updated]

    def test_other_threads_never_see_what_is_not_committed(self, log: Log) -> None:
        store = LogStore(log)
        seen: list[object] = []

        def read() -> None:
            seen.extend([store.head().revision, store.list_templates(), store.changes()])

        with store.atomic():
            store.register_template(SCIPY)
            thread = Thread(target=read, daemon=True)
            thread.start()
            thread.join(30)

        assert seen == [0, [], []]

    def test_a_purge_shares_the_fate_of_its_block(self, log: Log) -> None:
        store = LogStore(log)
        store.register_template(SCIPY)
        store.update_template(NEW)

        with pytest.raises(ZeroDivisionError), store.atomic():
            store.purge_change("scipy", 1)
            raise ZeroDivisionError

        assert store.get_template("scipy", revision=1).image_name == SCIPY.image_name

    def test_a_purge_that_an_inner_block_took_back_is_not_carried_out(self, log: Log) -> None:
        store = LogStore(log)
        store.register_template(SCIPY)
        store.update_template(NEW)

        with store.atomic():
            with pytest.raises(ZeroDivisionError), store.atomic():
                store.purge_change("scipy", 1)
                raise ZeroDivisionError
            store.register_template(R)

        assert store.get_template("scipy", revision=1).image_name == SCIPY.image_name
        assert [change.action for change in store.changes(since=2)] == [Action.CREATED]

    def test_a_block_can_purge_what_it_wrote_itself(self, log: Log) -> None:
        store = LogStore(log)

        with store.atomic():
            store.register_template(SCIPY)
            store.update_template(NEW)
            store.purge_change("scipy", 1)

        assert [change.content is None for change in store.changes()] == [True, False, False]
        assert broken_links(store.changes(), log.origin()) == []

    def test_inside_a_block_what_it_purged_is_gone(self, log: Log) -> None:
        store = LogStore(log)
        store.register_template(SCIPY)
        store.update_template(NEW)

        with store.atomic():
            store.purge_change("scipy", 1)
            with pytest.raises(RevisionPurged):
                store.purge_change("scipy", 1)
            with pytest.raises(RevisionPurged):
                store.get_template("scipy", revision=1)
            with pytest.raises(RevisionPurged):
                store.list_templates(revision=1)

        assert [change.action for change in store.changes(since=2)] == [Action.PURGED]

    def test_blocks_of_many_threads_do_not_mix(self, log: Log) -> None:
        store = LogStore(log)

        def write(number: int) -> None:
            for turn in range(self.blocks_per_thread):
                with store.atomic():
                    for part in range(3):
                        store.register_template(replace(R, name=f"{number} {turn} {part}"), by=f"{number} {turn}")

        run_in_threads(write, self.threads)

        changes = whole_log(store)
        blocks = [[change.by for change in changes[at : at + 3]] for at in range(0, len(changes), 3)]
        assert len(changes) == self.threads * self.blocks_per_thread * 3
        assert all(len(set(block)) == 1 for block in blocks)
        assert broken_links(changes, log.origin()) == []
        assert folded(changes) == store.list_templates()
