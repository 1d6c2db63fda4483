"""The last list on disk: its time says when the registry last confirmed what is in it, and nothing else."""

import json
import logging
import os
import resource
import shutil
import time
from pathlib import Path

import pytest

from binder_registry.jupyterhub import Catalogue, Rules, Snapshot
from tests.jupyterhub.samples import catalogue, template

URL = "http://registry:8080"
OLD = catalogue(template("old", allowed_groups=["staff"]))
NEW = catalogue(template("new"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "snapshot.json"


@pytest.fixture
def snapshot(path: Path) -> Snapshot:
    """With what the registry confirmed at 1000."""
    found = Snapshot(path, URL, 0)
    found.write(OLD, 1000)
    return found


def kept(path: Path) -> tuple[list[str], float] | None:
    """What a hub that starts now would offer, and how old it takes it for."""
    found = Snapshot(path, URL, 0).read(Rules())
    return (sorted(found[0].offers), found[1]) if found else None


def broken(path: Path) -> None:
    """Its folder is gone: not even root can write it."""
    path.parent.rename(path.parent.with_name("away"))


def mended(path: Path) -> None:
    path.parent.with_name("away").rename(path.parent)


def test_it_is_as_old_as_the_registrys_word(snapshot: Snapshot, path: Path) -> None:
    snapshot.write(OLD, 2000)

    assert kept(path) == (["old"], 2000)


def test_its_time_is_right_from_the_first_moment(
    snapshot: Snapshot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that is killed between the two would leave a file that looks fresh."""
    times = []
    rename = Path.replace

    def noted(file: Path, target: Path) -> Path:
        times.append(file.stat().st_mtime)
        return rename(file, target)

    monkeypatch.setattr(Path, "replace", noted)

    snapshot.write(NEW, 3000)

    assert times == [3000]


def test_what_could_not_be_written_makes_nothing_fresh(snapshot: Snapshot, path: Path) -> None:
    broken(path)
    snapshot.write(NEW, 2000)
    mended(path)

    assert kept(path) == (["old"], 1000)


def test_what_could_not_be_written_is_written_the_next_time(snapshot: Snapshot, path: Path) -> None:
    broken(path)
    snapshot.write(NEW, 2000)
    mended(path)

    snapshot.write(NEW, 3000)

    assert kept(path) == (["new"], 3000)


def test_a_disk_that_is_full_makes_nothing_fresh_and_leaves_nothing_behind(snapshot: Snapshot, path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        snapshot.write(NEW, 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert kept(path) == (["old"], 1000)
    assert list(path.parent.iterdir()) == [path]


def test_one_that_was_cut_short_is_not_used_and_written_again(snapshot: Snapshot, path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)
    cut = kept(path)

    snapshot.write(OLD, 2000)

    assert (cut, kept(path)) == (None, (["old"], 2000))


def test_a_link_gets_no_time_for_what_it_leads_to_by_now(snapshot: Snapshot, path: Path) -> None:
    elsewhere = path.with_name("elsewhere.json")
    Snapshot(elsewhere, URL, 0).write(NEW, 1000)
    path.unlink()
    path.symlink_to(elsewhere)

    snapshot.write(OLD, 2000)

    assert (kept(path), kept(elsewhere)) == ((["old"], 2000), (["new"], 1000))


def test_of_two_hubs_none_makes_fresh_what_the_other_wrote(snapshot: Snapshot, path: Path) -> None:
    other = Snapshot(path, URL, 0)
    other.write(NEW, 1500)
    snapshot.write(OLD, 1000)  # which heard nothing since

    other.write(NEW, 2000)

    assert kept(path) == (["new"], 2000)


def test_a_hub_that_lost_its_registry_leaves_what_another_heard_since(snapshot: Snapshot, path: Path) -> None:
    Snapshot(path, URL, 0).write(NEW, 2000)

    snapshot.write(OLD, 1500)

    assert kept(path) == (["new"], 2000)


def test_a_hub_that_started_without_its_registry_leaves_what_another_heard_since(
    snapshot: Snapshot, path: Path
) -> None:
    again = Snapshot(path, URL, 0)
    found = again.read(Rules())
    snapshot.write(NEW, 2000)
    assert found

    again.write(*found)

    assert kept(path) == (["new"], 2000)


def test_what_another_hub_writes_meanwhile_stays(
    snapshot: Snapshot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, flushed = Snapshot(path, URL, 0), os.fsync

    def late(descriptor: int) -> None:
        flushed(descriptor)
        monkeypatch.undo()
        other.write(NEW, 2000)

    monkeypatch.setattr(os, "fsync", late)

    snapshot.write(catalogue(template("older")), 1500)

    assert kept(path) == (["new"], 2000)
    assert list(path.parent.iterdir()) == [path]


def test_a_hub_that_hears_of_its_registry_again_replaces_what_another_heard_before(
    snapshot: Snapshot, path: Path
) -> None:
    Snapshot(path, URL, 0).write(NEW, 2000)
    snapshot.write(OLD, 1500)

    snapshot.write(OLD, 2500)

    assert kept(path) == (["old"], 2500)


def test_a_clock_that_was_set_back_keeps_no_hub_from_writing(snapshot: Snapshot, path: Path) -> None:
    snapshot.write(NEW, 900)

    assert kept(path) == (["new"], 900)


@pytest.mark.parametrize("wrong", ["of another registry", "of no list", "from the future"])
def test_what_is_later_but_cannot_be_used_is_replaced(snapshot: Snapshot, path: Path, wrong: str) -> None:
    url = "http://another:8080" if wrong == "of another registry" else URL
    Snapshot(path, url, 0).write(NEW, time.time() + 86400 if wrong == "from the future" else 2000)
    if wrong == "of no list":
        path.write_text(json.dumps({"url": URL, "templates": {}}))

    snapshot.write(OLD, 1500)

    assert kept(path) == (["old"], 1500)


def test_one_that_was_removed_is_written_again(snapshot: Snapshot, path: Path) -> None:
    path.unlink()

    snapshot.write(OLD, 2000)

    assert kept(path) == (["old"], 2000)


@pytest.mark.parametrize("way", ["another file", "in place", "with its time"])
def test_one_that_somebody_else_overwrote_is_written_again_and_gets_no_time(
    snapshot: Snapshot, path: Path, way: str
) -> None:
    other = path.with_name("other.json")
    Snapshot(other, URL, 0).write(catalogue(template("odd")), 1000)  # as long, as old
    if way == "another file":
        other.replace(path)
    else:
        shutil.copyfile(other, path)
        os.utime(path, (1000, 1000) if way == "with its time" else (1500, 1500))

    snapshot.write(OLD, 2000)

    assert kept(path) == (["old"], 2000)


def test_one_that_was_read_gets_a_time_without_being_written(path: Path, snapshot: Snapshot) -> None:
    again = Snapshot(path, URL, 0)
    found = again.read(Rules())
    before = path.stat().st_ino
    assert found

    again.write(found[0], 2000)

    assert (path.stat().st_ino, path.stat().st_mtime) == (before, 2000)


def test_one_that_changed_since_it_was_read_gets_no_time(path: Path, snapshot: Snapshot) -> None:
    again = Snapshot(path, URL, 0)
    found = again.read(Rules())
    snapshot.write(NEW, 1500)
    assert found

    again.write(found[0], 2000)

    assert kept(path) == (["old"], 2000)


def test_one_from_the_future_is_not_used(path: Path, snapshot: Snapshot, caplog: pytest.LogCaptureFixture) -> None:
    os.utime(path, (time.time() + 86400,) * 2)

    assert kept(path) is None
    assert "in the future" in caplog.text


def test_that_it_cannot_be_written_is_told_once_and_so_is_that_it_can_again(
    snapshot: Snapshot, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken(path)
    snapshot.write(NEW, 2000)
    snapshot.write(OLD, 2000)
    mended(path)
    snapshot.write(NEW, 3000)
    snapshot.write(OLD, 3000)

    assert [one.getMessage().partition(str(path))[2] for one in caplog.records if one.levelno == logging.WARNING] == [
        " cannot be written: No such file or directory",
        " can be written again",
    ]


@pytest.mark.parametrize("special", ["/dev/null", "pipe", "."])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, special: str) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ValueError, match="is no regular file"):
        Snapshot(tmp_path / special, URL, 0)


def test_what_became_special_meanwhile_is_not_replaced(snapshot: Snapshot, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)

    snapshot.write(NEW, 2000)

    assert path.is_fifo()


@pytest.mark.parametrize(
    "members", [{"templates": {}}, {"templates": [{"name": "a"}]}, {"templates": None}, {"history": {"a": [{}]}}]
)
def test_a_content_that_is_no_list_of_templates_is_told(
    snapshot: Snapshot, path: Path, members: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | members))

    assert kept(path) is None
    assert "cannot be used" in caplog.text


def test_one_with_another_number_of_versions_is_written_anew(path: Path, snapshot: Snapshot) -> None:
    again = Snapshot(path, URL, 3)
    found = again.read(Rules())
    assert found

    again.write(found[0], 2000)

    assert json.loads(path.read_text())["versions"] == 3


def test_an_empty_list_is_kept_as_one(snapshot: Snapshot, path: Path) -> None:
    snapshot.write(Catalogue("1-" + "a" * 16), 2000)

    assert kept(path) == ([], 2000)
