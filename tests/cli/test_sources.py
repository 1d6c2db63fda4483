import os
from pathlib import Path

import pytest

from binder_registry.cli.documents import read_templates
from binder_registry.cli.sources import InvalidDocument, decoded, find, holds_files

ONE = "name: {}\nimage-name: i\n"
LEFT_BEHIND = [
    *(".#a.yaml", "._a.yaml", ".a.yaml.swp", ".a.yaml.un~", ".goutputstream-4711", ".nfs0000471100000001", ".DS_Store"),
    *("Thumbs.db", "desktop.ini", "..a.yaml"),
]
NOTHING = [
    "",
    "# nothing\n",
    "---\n",
    "null\n",
    "~\n",
    "[]",
    "---\n---\n# end\n",
    "null\n---\nnull\n",
    "\ufeff",
    "\n\n",
]
PASSED_OVER = [
    *("b.yaml~", "#b.yaml#", "b.json5", "b.yaml.bak", "b.yaml.j2", "README.md", ".b.yaml", "b.yaml.swp", "b.yaml.orig"),
    *("b.yaml.rej", "b.yaml.tmp", "b.yaml.crswap", "b.yaml ", "b.yaml:Zone.Identifier", "4913"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "a.yaml").write_text(ONE.format("a"))
    return folder


def names(*sources: Path, whole: bool = False) -> list[str]:
    return [template.name for template in read_templates(list(map(str, sources)), whole=whole)]


@pytest.mark.parametrize("name", ["b.YAML", "b.Yml", "b.JSON", "b b.yaml", "b.old.yml"])
def test_files_are_known_by_their_ending(folder: Path, name: str) -> None:
    (folder / name).write_text('{"name": "b", "image-name": "i"}')

    assert names(folder) == ["a", "b"]


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_editors_and_systems_leave_is_quietly_ignored(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_bytes(b"\x00\x05\x16\x07\x00")

    assert names(folder, whole=True) == ["a"]
    assert capsys.readouterr().err == ""


def test_the_lock_of_an_editor_that_leads_nowhere_is_ignored(folder: Path) -> None:
    (folder / ".#a.yaml").symlink_to("ada@laptop.4711:1700000000")

    assert names(folder, whole=True) == ["a"]


def test_a_mounted_config_map_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "..2026_11_26").mkdir()
    (tmp_path / "..2026_11_26/a.yaml").write_text(ONE.format("a"))
    (tmp_path / "..data").symlink_to("..2026_11_26")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")

    assert names(tmp_path, whole=True) == ["a"]


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_is_passed_over_is_told(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / name).write_text(ONE.format("b"))

    assert names(folder, whole=True) == ["a"]
    assert capsys.readouterr().err == f"Passed over: {folder / name}\n"


def test_a_pipe_in_a_folder_is_passed_over_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "b.yaml")

    assert names(folder) == ["a"]
    assert capsys.readouterr().err == f"Passed over: {folder / 'b.yaml'}\n"


@pytest.mark.parametrize("target", ["gone.yaml", "b.yaml"])
def test_a_link_that_leads_nowhere_is_an_error(folder: Path, target: str) -> None:
    (folder / "b.yaml").symlink_to(target)

    with pytest.raises(OSError, match=r"b\.yaml"):
        names(folder)


def test_a_folder_that_links_to_itself_is_read_once(folder: Path) -> None:
    (folder / "again.yaml").symlink_to(".")

    assert names(folder, whole=True) == ["a"]


@pytest.mark.parametrize(
    "content", [b"name: b\0\n", b"name: b\nimage-name: \xff\n", b"...\n", b" \n\t\n", b"items: []\n"]
)
def test_a_broken_file_of_a_folder_is_no_smaller_folder(folder: Path, content: bytes) -> None:
    (folder / "b.yaml").write_bytes(content)

    with pytest.raises(InvalidDocument, match=r"b\.yaml"):
        names(folder, whole=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.parametrize("name", ["b.yaml", "old"])
def test_what_may_not_be_read_is_not_missed(folder: Path, name: str) -> None:
    (folder / name).mkdir(mode=0) if name == "old" else (folder / name).touch(mode=0)

    with pytest.raises(PermissionError, match=name):
        names(folder, whole=True)


@pytest.mark.parametrize("below", ["old", "old/older"])
def test_a_subfolder_with_templates_is_refused_where_it_would_be_pruned(folder: Path, below: str) -> None:
    (folder / below).mkdir(parents=True)
    (folder / below / "b.yaml").write_text(ONE.format("b"))

    with pytest.raises(InvalidDocument, match="old: not read, and --prune deletes what only stands there"):
        names(folder, whole=True)


def test_a_subfolder_that_is_named_too_is_not_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "old").mkdir()
    (folder / "old/b.yaml").write_text(ONE.format("b"))

    assert names(folder, folder / "old", whole=True) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_a_subfolder_is_told_where_nothing_is_pruned(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "old.yaml").mkdir()

    assert names(folder) == ["a"]
    assert capsys.readouterr().err == f"Passed over: {folder / 'old.yaml'}\n"


@pytest.mark.parametrize("name", [".git/a.yaml", "README.md"])
def test_a_subfolder_without_templates_holds_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")

    assert not holds_files(tmp_path)


@pytest.mark.parametrize("content", NOTHING)
def test_a_file_without_templates_is_refused_where_the_rest_is_pruned(folder: Path, content: str) -> None:
    (folder / "b.yaml").write_text(content)

    with pytest.raises(InvalidDocument, match=r"b\.yaml: no templates there"):
        names(folder, whole=True)


def test_a_file_without_templates_is_as_good_as_none_elsewhere(folder: Path) -> None:
    (folder / "b.yaml").write_text("# nothing\n")

    assert names(folder) == ["a"]


def test_a_name_that_a_variable_left_empty_is_not_the_current_folder() -> None:
    with pytest.raises(InvalidDocument, match="-f '' names no file"):
        find([""])


def test_a_pipe_is_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, ONE.format("piped").encode())
    os.close(writing)

    try:
        assert names(Path(f"/dev/fd/{reading}"), whole=True) == ["piped"]
    finally:
        os.close(reading)


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binder_registry.cli.sources.MOST_BYTES", 1 << 20)

    with pytest.raises(InvalidDocument, match="/dev/zero: is larger than 1 MiB"):
        names(Path("/dev/zero"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["b.json", "b.yaml"])
def test_files_are_read_as_editors_and_shells_encode_them(tmp_path: Path, name: str, encoding: str) -> None:
    text = '{"name": "b",\r\n "image-name": "i", "description": "Für Ada 🔬"}\r\n'
    (tmp_path / name).write_bytes(text.encode(encoding))

    [template] = read_templates([str(tmp_path / name)])

    assert template.description == "Für Ada 🔬"


@pytest.mark.parametrize("content", ["name: Für".encode("latin-1"), b"\xff\xfe\x00", b"\xff\xfea\x00\x00\xd8", b"\x80"])
def test_what_is_no_text_is_one_line(content: bytes) -> None:
    with pytest.raises(InvalidDocument, match=r"^x\.yaml: is not text in UTF-\d+: byte \d+ cannot be read$"):
        decoded(content, "x.yaml")


def test_a_url_is_told_to_be_no_file_without_its_password() -> None:
    with pytest.raises(InvalidDocument, match=r"^https://…@host/x\.yaml is a URL, and no file"):
        find(["https://ada:hunter2@host/x.yaml"])
