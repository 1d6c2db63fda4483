from contextlib import closing
from pathlib import Path

import pytest

from binder_registry.backends import open_log, open_store
from binder_registry.backends.memory import MemoryLog
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.errors import DatabaseRefused
from binder_registry.template import Template


def test_memory_is_a_log_that_nothing_outlives() -> None:
    assert isinstance(open_log("memory:"), MemoryLog)


@pytest.mark.parametrize(("url", "name"), [("sqlite:///a.db", "a.db"), ("sqlite:///sub/a%20b.db", "sub/a b.db")])
def test_three_slashes_are_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, name: str
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)

    with closing(open_log(url)) as log:
        assert isinstance(log, SQLiteLog)
        assert log.path == tmp_path / name


def test_four_slashes_are_an_absolute_path(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/a.db")) as store:
        store.register_template(Template(name="a", image_name="i"))

    assert (tmp_path / "a.db").exists()


@pytest.mark.parametrize(
    "url", ["", "memory", "memory:x", "sqlite:", "sqlite://a.db", "sqlite:///", "mysql://user:secret@host/db", "a.db"]
)
def test_what_is_no_database_is_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(DatabaseRefused) as refused:
        open_log(url)

    assert "sqlite:///PATH" in str(refused.value)
    assert "secret" not in str(refused.value)
