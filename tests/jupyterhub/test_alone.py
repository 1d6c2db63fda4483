"""The module in a hub's environment: without our dependencies, as a single file, on other Pythons."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jupyterhub.hubs import PROJECT

MODULE = PROJECT / "src" / "binder_registry" / "jupyterhub.py"


@pytest.mark.timeout(240)
def test_it_imports_where_only_tornado_is_installed_beside_us(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv" / "bin" / "pip"), "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "tornado"], check=True)
    subprocess.run([*pip, "--no-deps", str(PROJECT)], check=True)

    script = (
        "import sys, binder_registry.jupyterhub as hub; print(hub.slug_of('A'));"
        "assert not {'msgspec', 'starlette', 'yaml'} & set(sys.modules)"
    )
    python = str(tmp_path / "venv" / "bin" / "python")
    printed = subprocess.run([python, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    assert printed == "x-41\n"


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_it_imports_as_a_single_file_on_other_pythons(version: str, tmp_path: Path) -> None:
    """Nothing of it needs tornado to be whole: a stand-in is enough to see that the file itself is fine there."""
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    python = shutil.which(f"python{version}", path=os.environ["PATH"]) if not pyenv else str(pyenv[-1])
    if python is None:
        pytest.skip(f"Python {version} is not installed")
    shutil.copy(MODULE, tmp_path / "registry_hooks.py")
    (tmp_path / "tornado").mkdir()
    (tmp_path / "tornado" / "__init__.py").touch()
    (tmp_path / "tornado" / "web.py").write_text("class HTTPError(Exception): pass\n")

    script = (
        "import registry_hooks as hub; print(hub.offered([{'name': 'a', 'image-name': 'x', 'revision': 1}])[0][0].slug)"
    )
    done = subprocess.run(
        [python, "-W", "error", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert (done.stdout, done.stderr) == ("a\n", "")
