"""schemathesis against a running server and the description that it serves: all checks, bounded, with a fixed seed.

The whole run, against a server of yours: `schemathesis run http://127.0.0.1:8080/openapi.json --checks all
--header 'Authorization: token KEY'`, in the project's folder, whose schemathesis.toml it reads.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.server.running import AUTHORIZATION, running_server

PROJECT = Path(__file__).parents[2]
EXAMPLES = 12  # requests of each operation, beside those that cover its parameters one by one
FIRST = [{"name": f"t{number}", "image-name": "i", "labels": {"course": "physics-101"}} for number in range(150)]


def test_the_server_does_what_its_description_says(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        httpx2.post(f"{server.url}/apply", json={"templates": FIRST}, headers=AUTHORIZATION, trust_env=False)

        run = schemathesis(server.url, tmp_path / "report.json")

    assert run.returncode == 0, re.sub(r"(.)\1{40,}", r"\1…", run.stdout)


def schemathesis(url: str, report: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", "all", "--seed", "1"]
    command += ["--header", f"Authorization: {AUTHORIZATION['Authorization']}", "--max-examples", str(EXAMPLES)]
    command += ["--generation-database", "none", "--report", "json", "--report-json-path", str(report), "--no-color"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.server.schemathesis_hooks"}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=110)
