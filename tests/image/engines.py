"""Programs that build, keep and run images, all in one folder: no image of this machine is seen or changed."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-build.lock"]
BASE = "localhost/base:1"
NAME = "binder-registry:test"
NEEDED = ("buildah", "debootstrap", "docker-registry", "nsenter", "podman", "runc")
SUITE = "bookworm"
# A container that itself runs this has no CAP_SYS_RESOURCE, so that limits of the machine cannot be raised.
CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
PIP = "[global]\nno-index = true\nfind-links = /wheels\n"
REGISTRY = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/pushed}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def missing() -> str:
    """Why no image can be built and run here; "" where one can."""
    if os.geteuid() != 0:
        return "it needs root"
    absent = [name for name in NEEDED if not shutil.which(name)]
    return (
        f"it needs {', '.join(absent)}: apt-get install buildah debootstrap docker-registry podman runc"
        if absent
        else ""
    )


def base(folder: Path) -> Path:
    """A folder of Debian with its Python, and the wheels that are locked: in the place of `python:3.13-slim`."""
    base = folder / "base"
    if not (base / "etc/pip.conf").exists():
        shutil.rmtree(base, ignore_errors=True)
        ran("debootstrap", "--variant=minbase", "--include=python3-venv", SUITE, str(base))
        [python] = (base / "usr/bin").glob("python3.[0-9]*[0-9]")
        _wheels(base / "wheels", python.name.removeprefix("python"))
        shutil.rmtree(base / "var/cache/apt/archives")
        (base / "etc/pip.conf").write_text(PIP)
    return base


def _wheels(folder: Path, python: str) -> None:
    """For the Python of the base, whatever that of this machine is."""
    platforms = [f"{name}_{platform.machine()}" for name in ("manylinux2014", "manylinux_2_28", "manylinux_2_34")]
    ran(
        *(sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", "--dest", str(folder), "--python-version", python),
        *(word for name in platforms for word in ("--platform", name)),
        *(word for lock in LOCKS for word in ("--requirement", str(lock))),
    )


def buildah(folder: Path) -> list[str]:
    return ["buildah", "--root", f"{folder}/built", "--runroot", f"{folder}/run-built", "--storage-driver", "vfs"]


def built(folder: Path) -> str:
    """What `make image` makes, on a base of our own."""
    building = buildah(folder)
    container = ran(*building, "from", "scratch").strip()
    ran(*building, "copy", "--quiet", container, str(base(folder)), "/")
    ran(*building, "commit", "--quiet", "--rm", container, BASE)
    image, arguments = f"localhost/{NAME}", f"--isolation chroot --pull-never --build-arg BASE={BASE}"
    ran("make", "-C", str(ROOT), "image", f"IMAGE={image}", f"BUILDER={' '.join(building)}", f"ARGS={arguments}")
    return image


@contextmanager
def image_registry(folder: Path) -> Iterator[str]:
    """Its address, on loopback."""
    port = free_port()
    (folder / "registry.yaml").write_text(REGISTRY.format(folder=folder, port=port))
    with (folder / "registry.log").open("wb") as log:
        serving = subprocess.Popen(["docker-registry", "serve", str(folder / "registry.yaml")], stdout=log, stderr=log)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        serving.terminate()
        serving.wait(10)


class Podman:
    """Rootful, with a storage of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / "containers.conf").write_text(CONF)
        self._environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
        self._command = [
            "podman",
            "--root",
            f"{folder}/pulled",
            "--runroot",
            f"{folder}/run",
            "--storage-driver",
            "vfs",
        ]

    def __call__(self, *arguments: str) -> str:
        return ran(*self._command, *arguments, environment=self._environment)

    def state(self, container: str) -> dict[str, Any]:
        [found] = json.loads(self("inspect", container))
        state: dict[str, Any] = found["State"]
        return state


def ran(*command: str, environment: dict[str, str] | None = None) -> str:
    """What it printed. Raises `AssertionError` with what it said."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    )
    return done.stdout
