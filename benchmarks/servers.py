"""Servers to measure, each a child process on the servers' core, ended when its block is left."""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

from .peers import cores, program

API_KEY = "THISISMYTOKEN"
START_SECONDS = 60.0  # after which a server that does not answer has failed
STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    started: float  # seconds from the start of the process to its first answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> tuple[float, float, float, float]:
        """Seconds of its first thread, the event loop, outside and inside the kernel, and of all others."""
        seconds = [0.0] * 4
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            fields = (thread / "stat").read_text().rpartition(") ")[2].split()
            place = 0 if thread.name == str(self.pid) else 2
            for offset in (0, 1):
                seconds[place + offset] += int(fields[11 + offset]) / os.sysconf("SC_CLK_TCK")
        return seconds[0], seconds[1], seconds[2], seconds[3]

    def resident(self) -> float:
        """Megabytes of memory that it holds now."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1000 if found else 0.0


@contextmanager
def registry(
    database: Path, *, access_log: bool = True, answers: str = "/", tree: Path | None = None
) -> Iterator[Server]:
    """Ours over `database`, its access log in a file beside it. `answers` is the path whose answer ends the start."""
    line, log = "--access-log" if access_log else "--no-access-log", Path(f"{database}.log")
    with serving(f"sqlite:///{database}", line, log=log, answers=answers, tree=tree) as server:
        yield server


@contextmanager
def serving(
    url: str,
    *arguments: str,
    log: Path,
    answers: str = "/",
    placed: Sequence[int] = (),
    tree: Path | None = None,
) -> Iterator[Server]:
    """Ours over any database. `placed` are the cores it may use, where not the servers' one; `tree` is a checkout of
    another commit to run."""
    port = free_port()
    command = [sys.executable, "-m", "binder_registry", "serve", "--db", url]
    command += ["--host", "127.0.0.1", "--port", str(port), *arguments]
    # Compiled, as an installed package is.
    environment = {"BINDER_API_KEY": API_KEY, "PYTHONDONTWRITEBYTECODE": ""}
    if tree:
        environment["PYTHONPATH"] = f"{tree}/src"
    with _running(command, port, answers, log, environment, placed or cores()[:1]) as server:
        yield server


@contextmanager
def reference(binary: Path, folder: Path) -> Iterator[Server]:
    """The 2015 server, its log in a file. It always listens on port 8080."""
    log = folder / "reference.log"
    with _running([str(binary.absolute())], 8080, "/", log, {"BINDER_API_KEY": API_KEY}) as server:
        yield server


@contextmanager
def nginx(folder: Path, answer: bytes) -> Iterator[Server]:
    """nginx without an access log: `answer` from memory at `/memory`, from a file at `/file`."""
    port = free_port()
    (folder / "file").write_bytes(answer)
    memory = answer.decode().replace("\\", "\\\\").replace("'", "\\'") if len(answer) < 4096 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(f"""
        {"user root;" if os.geteuid() == 0 else ""}
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.error;
        events {{ worker_connections 4096; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
            default_type application/json;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            server {{
                listen 127.0.0.1:{port}; root {folder};
                location = /memory {{ return 200 '{memory}'; }}
                location = /file {{ open_file_cache max=10; }}
            }}
        }}
    """)
    command = [program("nginx"), "-e", f"{folder}/nginx.error", "-c", str(configuration)]
    with _running(command, port, "/file", folder / "nginx.log", {}) as server:
        yield server


@contextmanager
def etcd(folder: Path) -> Iterator[Server]:
    """One member, with its JSON gateway; every put waits for the disk, which is its default."""
    port, peers = free_port(), free_port()
    command = [program("etcd"), "--data-dir", f"{folder}/etcd", "--log-level", "error"]
    command += ["--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls"]
    command += [f"http://127.0.0.1:{port}", "--listen-peer-urls", f"http://127.0.0.1:{peers}"]
    with _running(command, port, "/health", folder / "etcd.log", {}) as server:
        yield server


def get(server: Server, path: str) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers (by lower-case name) of a 200; raises `OSError` when it is another, or none."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        answer = response.read()
    except http.client.HTTPException as error:
        raise OSError(f"GET {path}: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise OSError(f"GET {path}: {response.status}")
    return answer, {header.lower(): value for header, value in response.getheaders()}


def status(server: Server, path: str, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def _running(
    command: list[str],
    port: int,
    path: str,
    log: Path,
    environment: Mapping[str, str],
    placed: Sequence[int] = cores()[:1],
) -> Iterator[Server]:
    with log.open("wb") as output:
        start = time.perf_counter()
        child = subprocess.Popen(
            [program("taskset"), "--cpu-list", ",".join(map(str, placed)), *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        server = Server(port, child.pid, 0.0)
        while True:
            try:
                get(server, path)
                break
            except OSError:
                if child.poll() is not None or time.perf_counter() - start > START_SECONDS:
                    raise SystemExit(f"{command[0]} does not answer on {port}: {log.read_text()[-2000:]}") from None
                time.sleep(0.01)
        yield Server(port, child.pid, time.perf_counter() - start)
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
