"""The module in a hub's environment: without our dependencies, as a single file, on other Pythons."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from docs.generate_jupyterhub import written
from tests.jupyterhub.hubs import PROJECT

MODULE = PROJECT / "src" / "binder_registry" / "jupyterhub.py"


def test_the_file_is_as_its_parts_are() -> None:
    assert MODULE.read_text() == written(), "run: make hub"


@pytest.mark.timeout(240)
def test_it_imports_where_only_tornado_is_installed_beside_us(tmp_path: Path) -> None:
    """In a folder that is all there is beside the standard library: an environment of its own takes long to make."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--no-deps", "--target", str(tmp_path), "tornado", str(PROJECT)], check=True)

    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "import binder_registry.jupyterhub as hub; print(hub.slug_of('A'), hub.__file__);"
        "assert not {'msgspec', 'starlette', 'yaml'} & set(sys.modules)"
    )
    alone = [sys.executable, "-I", "-S", "-c", script]  # without the packages of this environment
    printed = subprocess.run(alone, check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    assert printed == f"x-41 {tmp_path}/binder_registry/jupyterhub.py\n"


def candidates(version: str) -> list[str]:
    """pyenv's own, then what the path has: that may be pyenv's shim, which is there and runs nothing."""
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"), reverse=True)
    folders = os.environ["PATH"].split(os.pathsep)
    return [*map(str, pyenv), *filter(None, (shutil.which(f"python{version}", path=folder) for folder in folders))]


def is_python(version: str, path: str) -> bool:
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        said = subprocess.run([path, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return (said.returncode, said.stdout) == (0, f"{version}\n")


@pytest.mark.parametrize(
    "text", ["#!/bin/sh\necho no such version >&2\nexit 127\n", "#!/bin/sh\necho 2.7\n", "", "#!/no\n"]
)
def test_a_shim_that_runs_nothing_is_no_python(text: str, tmp_path: Path) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text(text)
    shim.chmod(0o755)

    assert not is_python("3.12", str(shim))


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_it_imports_as_a_single_file_on_other_pythons(version: str, tmp_path: Path) -> None:
    """Nothing of it needs tornado to be whole: a stand-in is enough to see that the file itself is fine there."""
    python = next(filter(partial(is_python, version), candidates(version)), None)
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
