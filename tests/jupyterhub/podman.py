"""Containers without a Docker engine: podman's service speaks its API. Everything lives in one folder."""

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.jupyterhub.hubs import eventually

IMAGE = "localhost/empty:1"
# An unprivileged CI container has no CAP_SYS_RESOURCE, so limits of the machine cannot be raised.
CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"""


@contextmanager
def podman_service(folder: Path) -> Iterator[str]:
    """The service's address. Skips with the reason where containers cannot run; no machine is asked to be able to."""
    if os.geteuid() != 0 or not shutil.which("podman") or not shutil.which("runc"):
        pytest.skip("real containers need root, podman and runc")
    (folder / "containers.conf").write_text(CONF)
    environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
    podman = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [*podman, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    image = folder / "image.tar"
    image.write_bytes(_empty_image())
    run("import", str(image), IMAGE)
    tried = run("run", "--rm", "--network", "host", "-v", "/usr:/usr:ro", IMAGE, "/usr/bin/true")
    if tried.returncode != 0:
        pytest.skip(f"podman cannot run containers here: {tried.stderr.strip()[-300:]}")
    socket = folder / "podman.sock"
    service = subprocess.Popen(
        [*podman, "system", "service", "--time=0", f"unix://{socket}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(socket.exists)
        yield f"unix://{socket}"
    finally:
        run("rm", "--all", "--force", "--time", "0")
        service.terminate()
        service.wait(10)


def _empty_image() -> bytes:
    """Folders to mount into, and the links of a merged /usr."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name in ("usr", "tmp", "proc", "sys", "dev", "etc", "home"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name in ("bin", "lib", "lib64", "sbin"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(entry)
    return content.getvalue()
