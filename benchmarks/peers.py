"""The programs that we are measured against and with, and the machine they all run on."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

PACKAGES = {"nginx": "nginx-light", "wrk": "wrk", "etcd": "etcd-server", "taskset": "util-linux"}
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"  # where Debian keeps nginx


def program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    if found is None:
        raise SystemExit(f"benchmarks: {name} is missing; as root: apt-get install {PACKAGES[name]}")
    return found


def install() -> None:
    """Install what is missing from Debian, when we are root."""
    missing = [package for name, package in PACKAGES.items() if not shutil.which(name, path=PATH)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=True, stdout=subprocess.DEVNULL)
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=quiet)
    for name in PACKAGES:
        program(name)


def cores() -> tuple[int, int]:
    """One core for the servers and one for the load; the same one where there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def placement() -> str:
    server, load = cores()
    return f"servers on core {server}, load on core {load}" if server != load else "servers and load on one core"


def machine(folder: Path, placed: str) -> str:
    """One paragraph: what was measured on, how it was `placed` on the cores, and with which versions."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB;"
        f" {placed}; databases on {_file_system(folder)}; Linux {platform.release()}, Python"
        f" {platform.python_version()}, {_version('nginx', '-v')}, {_version('etcd', '--version')},"
        f" {_version('wrk', '--version')}"
    )


def _version(name: str, flag: str) -> str:
    run = subprocess.run([program(name), flag], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", run.stdout + run.stderr)
    return f"{name} {found[0] if found else ''}".strip()


def _file_system(folder: Path) -> str:
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
