import subprocess
import sys

import pytest

from binder_registry.installing import installs, is_missing


def test_the_line_is_for_the_interpreter_in_use() -> None:
    pytest.importorskip("pip")
    line = installs("nothing --version")

    done = subprocess.run(["sh", "-c", f"{line} --dry-run --help"], capture_output=True, text=True, check=False)

    assert line == f"{sys.executable} -m pip install 'nothing --version'"
    assert "Install packages from" in done.stdout


def test_an_environment_without_pip_is_one_of_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setattr(sys, "executable", "/srv/a b/python")

    assert installs("tornado") == "uv pip install --python '/srv/a b/python' tornado"


@pytest.mark.parametrize(
    ("name", "missing"),
    [("a", True), ("a.b", True), ("b", True), (None, True), ("ab", False), ("binder_registry.a", False)],
)
def test_what_is_missing_is_told_from_what_is_wrong(name: str | None, missing: bool) -> None:
    assert is_missing(ImportError(name=name), "a", "b") == missing
