from pathlib import Path

import pytest

from binder_registry.cli.files import replaced


def test_a_file_is_replaced_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    with replaced(path) as file:
        file.write(b"new")
        before = path.read_text()

    assert (before, path.read_text(), [each.name for each in tmp_path.iterdir()]) == ("old", "new", ["x"])


@pytest.mark.parametrize("reason", [KeyboardInterrupt, OSError])
def test_what_is_broken_off_leaves_the_old_file_and_nothing_else(tmp_path: Path, reason: type[BaseException]) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def breaks_off() -> None:
        with replaced(path) as file:
            file.write(b"half")
            raise reason

    with pytest.raises(reason):
        breaks_off()

    assert (path.read_text(), [each.name for each in tmp_path.iterdir()]) == ("old", ["x"])


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")

    with replaced(link) as file:
        file.write(b"new")

    assert (link.is_symlink(), (tmp_path / "target").read_text()) == (True, "new")
