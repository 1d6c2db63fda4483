from contextlib import closing
from pathlib import Path

import pytest

from binder_registry.backends.sqlite import SQLiteLog


@pytest.mark.parametrize(("pragma", "value"), [("synchronous", 2), ("busy_timeout", 5000)])
def test_every_connection_waits_for_the_disk_and_a_while_for_others(tmp_path: Path, pragma: str, value: int) -> None:
    with closing(SQLiteLog(tmp_path / "registry.db")) as log:
        connections = [log._connect(), log._writes_on()]

        assert [one.execute(f"PRAGMA {pragma}").fetchone() for one in connections] == [(value,)] * 2
