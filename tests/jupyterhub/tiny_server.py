"""Answers where the hub expects a server: up in a tenth of a second, where jupyterhub-singleuser takes three.

`…/limits` says what the kernel holds its container to.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(limits() if self.path.endswith("/limits") else {}).encode())

    def log_message(self, *_: Any) -> None:
        pass


def limits() -> dict[str, Any]:
    """By cgroup version 1 or 2; version 2 turns shares (2 to 262144) into a weight (1 to 10000)."""
    one, two = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory.max")
    if one.exists():
        return {"memory": int(one.read_text()), "cpu": int(Path("/sys/fs/cgroup/cpu/cpu.shares").read_text())}
    weight = int(Path("/sys/fs/cgroup/cpu.weight").read_text())
    return {"memory": int(two.read_text()), "cpu": round((weight - 1) * 262142 / 9999) + 2}


if __name__ == "__main__":
    where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    HTTPServer((where.hostname or "", where.port or 0), Handler).serve_forever()
