"""Closed-loop load: wrk, one thread on the load's core."""

import base64
import itertools
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .peers import cores, program
from .servers import API_KEY, Server
from .templates import body

SCRIPT = Path(__file__).parent / "load.lua"
READER = {"User-Agent": "python-httpx2/2.16.2", "Accept": "*/*", "Connection": "keep-alive"}  # what clients send
# The gateway takes keys in base 64, and twelve digits already are the base 64 of nine bytes.
PUT = f'{{"key":"@","value":"{base64.b64encode(body(f"posted-{0:012}")).decode()}"}}'
_runs = itertools.count(1)


def reads(
    server: Server, path: str, *, seconds: float, connections: int = 32, headers: Mapping[str, str] = READER
) -> float:
    """GETs per second. `seconds` are rounded up to whole ones, wrk's unit."""
    return _wrk(server, path, seconds, connections, headers, [])


def posts(server: Server, *, seconds: float, connections: int) -> float:
    """Durable registrations per second, each of a new template."""
    headers = {**READER, "Authorization": f"token {API_KEY}", "Content-Type": "application/json"}
    arguments = ["POST", "/templates", f"{next(_runs):04}", body("posted-@").decode()]
    return _wrk(server, "/templates", seconds, connections, headers, arguments)


def puts(server: Server, *, seconds: float, connections: int) -> float:
    """Durable puts per second through etcd's JSON gateway: the same content, each under a new key."""
    arguments = ["POST", "/v3/kv/put", f"{next(_runs):04}", PUT]
    return _wrk(server, "/v3/kv/put", seconds, connections, {"Content-Type": "application/json"}, arguments)


def changes(server: Server, method: str, count: int, *, seconds: float, connections: int) -> float:
    """Durable changes per second of what `fill` registered, one template after the other, again and again."""
    headers = {**READER, "Authorization": f"token {API_KEY}", "Content-Type": "application/json"}
    content = {"PUT": body("posted-@").decode(), "PATCH": '{"command":"start-notebook.py --for=@"}', "DELETE": ""}
    arguments = [method, "/templates/posted-@", "0000", content[method], str(count)]
    return _wrk(server, "/templates", seconds, connections, headers, arguments)


def gateway_changes(server: Server, what: str, count: int, *, seconds: float, connections: int) -> float:
    """The same through etcd's JSON gateway: `what` is `put` or `deleterange`, of one key."""
    path, content = f"/v3/kv/{what}", {"put": PUT, "deleterange": '{"key":"@"}'}
    arguments = ["POST", path, "0000", content[what], str(count)]
    return _wrk(server, path, seconds, connections, {"Content-Type": "application/json"}, arguments)


def _wrk(
    server: Server, path: str, seconds: float, connections: int, headers: Mapping[str, str], arguments: list[str]
) -> float:
    command = [program("taskset"), "--cpu-list", str(cores()[1]), program("wrk"), "--threads", "1"]
    command += ["--connections", str(connections), "--duration", f"{-(-seconds // 1):.0f}s", "--script", str(SCRIPT)]
    for header, value in headers.items():
        command += ["--header", f"{header}: {value}"]
    run = subprocess.run(
        [*command, server.url + path, "--", *arguments], capture_output=True, text=True, timeout=seconds + 30
    )
    if run.returncode:
        raise SystemExit(f"wrk: {run.stderr}{run.stdout}")
    counts = json.loads(run.stdout.strip().splitlines()[-1])
    if counts["failed"] or not counts["requests"]:
        raise SystemExit(f"{path}: {counts['failed']} of {counts['requests']} requests failed")
    return float(counts["requests"] / counts["microseconds"] * 1e6)
