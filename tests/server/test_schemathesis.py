"""schemathesis against a running server and the description that it serves: all checks, bounded, with a fixed seed.

`BINDER_REGISTRY_TEST_TIMES=2` covers every parameter, too. The whole run, against a server of yours, in the project's
folder, whose schemathesis.toml it reads: `SCHEMATHESIS_HOOKS=tests.server.schemathesis_hooks schemathesis run
http://127.0.0.1:8080/openapi.json --checks all --exclude-checks use_after_free --header 'Authorization: token KEY'`.

The check that is left out takes the history below a deleted template's path for the template; the history stays. That a
deleted template is gone, `test_history` holds.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx2
import pytest
from schemathesis.config import ChecksConfig

from tests.server.running import AUTHORIZATION, running_server
from tests.times import TIMES

PROJECT = Path(__file__).parents[2]
SECONDS = 900  # half a minute on an idle machine
EXAMPLES = 4 * TIMES  # requests of each operation
PHASES = "examples,fuzzing,stateful"
PHASES += ",coverage" if TIMES > 1 else ""  # of every parameter, one by one: a minute more
# Revisions that requests name at random are there.
FIRST = [{"name": f"t{number}", "image-name": "i", "labels": {"course": "physics-101"}} for number in range(150)]


@pytest.mark.timeout(SECONDS + 60)
def test_the_server_does_what_its_description_says(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        httpx2.post(f"{server.url}/apply", json={"templates": FIRST}, headers=AUTHORIZATION, trust_env=False)

        run = schemathesis(server.url)

    assert run.returncode == 0, re.sub(r"(.)\1{40,}", r"\1…", run.stdout)


def test_the_settings_of_schemathesis_only_add_what_openapi_cannot_say() -> None:
    settings = tomllib.loads((PROJECT / "schemathesis.toml").read_text())
    usual = ChecksConfig()

    added = {
        name: {str(status) for status in check.pop("expected-statuses")} - set(getattr(usual, name).expected_statuses)
        for name, check in settings["checks"].items()
    }

    assert added == {"positive_data_acceptance": {"400", "410", "412"}, "negative_data_rejection": {"412"}}
    assert settings == {"checks": {name: {} for name in added}}


def schemathesis(url: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", "all", "--seed", "1"]
    command += [
        "--exclude-checks",
        "use_after_free",
        "--header",
        f"Authorization: {AUTHORIZATION['Authorization']}",
        "--phases",
        PHASES,
        "--max-examples",
        str(EXAMPLES),
    ]
    command += ["--generation-database", "none", "--no-color"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.server.schemathesis_hooks"}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=SECONDS)
