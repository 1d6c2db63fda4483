from contextlib import closing
from pathlib import Path

import pytest

from binder_registry import LogStore, Template
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.backends.sqlite_pragmas import LOG_PAGES
from binder_registry.changes import Action
from binder_registry.draft_changes import draft
from binder_registry.log_contract import MANY


@pytest.mark.parametrize(("pragma", "value"), [("synchronous", 2), ("busy_timeout", 5000)])
def test_every_connection_waits_for_the_disk_and_a_while_for_others(tmp_path: Path, pragma: str, value: int) -> None:
    with closing(SQLiteLog(tmp_path / "registry.db")) as log:
        connections = [log._connect(), log._writes_on()]

        assert [one.execute(f"PRAGMA {pragma}").fetchone() for one in connections] == [(value,)] * 2


def test_a_large_commit_leaves_its_log_to_be_carried_over_while_others_write(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    log = SQLiteLog(path)
    with closing(LogStore(log)) as store:
        templates = [Template(f"n{number}", "i", description="d" * 3000) for number in range(MANY)]
        staged = store.staged({each.name: draft(Action.CREATED, each, None) for each in templates}, "", "")
        assert staged
        with store.atomic() as batch:
            batch.extend(staged, "", "")
        at_first = path.stat().st_size

        store.register_template(Template("other", "i"))
        in_between, left_alone = path.stat().st_size, pages_of_log(log)
        staged.close()

        assert in_between == at_first < path.stat().st_size
        assert (left_alone, pages_of_log(log)) == (0, LOG_PAGES)
        assert store.list_templates()[-1].name == "other"


def pages_of_log(log: SQLiteLog) -> int:
    """After which a commit carries it over; 0: none does."""
    [[pages]] = log._writes_on().execute("PRAGMA wal_autocheckpoint")
    assert isinstance(pages, int)
    return pages
