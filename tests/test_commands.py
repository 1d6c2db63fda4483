"""Every command that a page or a message names is one, with options that it has; sessions on pages are run."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from binder_registry import Client, Template
from binder_registry.hub.rules import Rules
from binder_registry.hub.rules_file import rules_content
from tests.command_lines import FENCED, INLINE, fault, shown, words
from tests.ports import free_port
from tests.server.running import KEY, running_server

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in sorted(ROOT.glob(pattern))
}
SOURCES = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in sorted((ROOT / "src").glob("**/*.py"))}
RUN_ELSEWHERE = {
    "README.md": "tests/test_readme.py",
    "docs/api.md": "tests/test_docs.py",
    "docs/ci.md": "tests/client/test_docs.py",
    "docs/configuration.md": "tests/cli/test_config_file.py",
    "docs/moving-from-2015.md": "tests/client/test_docs.py",
    "docs/tutorial.md": "tests/jupyterhub/test_tutorial.py",
}
# What a session may call without touching anything else, and programs that stand for those that need a network.
HERE = ("binder-registry", "curl", "export", "helm", "kubectl", "mkdir", "pip")
STAND_IN = (
    'curl() { command curl --fail --silent "$@"; }; helm() { cat values.yaml; }; kubectl() { cat; }; pip() { :; }\n'
)
NOT_RUN = {  # beginnings of commands, and why
    "docs/deploying.md": {"": "tests/image, tests/systemd: it needs a registry of images, and systemd"},
    "docs/jupyterhub.md": {"binder-registry": "tests/jupyterhub/test_usage.py: it needs a hub"},
    "docs/kubernetes.md": {"": "tests/chart: it needs a cluster"},
    "docs/cli.md": {"": "examples, whose options are checked above; tests/cli does what they show"},
    "docs/monitoring.md": {"": "tests/test_monitoring.py: it needs a Prometheus"},
    "docs/operation.md": {"binder-registry restore-backup": "tests/cli/test_databases.py: the server must not run"},
    "docs/postgresql.md": {
        "pip": "what the page is about needs a database: tests/backends/test_postgres_docs.py",
        "binder-registry serve": "tests/cluster",
        "python -c": "tests/backends/test_postgres_docs.py",
        "pg_": "tests/backends/test_postgres_docs.py",
        "binder-registry check": "tests/backends/test_postgres_docs.py",
    },
    "docs/scaling.md": {"binder-registry serve": "tests/cluster: it needs two databases"},
    "docs/view.md": {"curl -s https://hub.example.org": "tests/jupyterhub/test_tokens.py: it needs a hub"},
    "examples/docker/README.md": {"": "tests/jupyterhub/test_hub_docker.py: images cannot be pulled here"},
    "examples/local/README.md": {"": "tests/jupyterhub/test_local_example.py"},
    "examples/zero-to-jupyterhub/README.md": {"": "tests/jupyterhub/test_hub_kubernetes.py: it needs a cluster"},
}
VALUES = 'singleuser: {profileList: [{display_name: One, slug: one, kubespawner_override: {image: "quay.io/a/b:1"}}]}'
FILES = {  # that a session goes on from
    "publishers.toml": next(
        block for _, language, block in FENCED.findall(PAGES["docs/publishers.md"]) if language == "toml"
    ),
    "values.yaml": VALUES,
    "chart/values.yaml": "singleuser: {profileList: [], memory: {limit: 1G}}",
    "common.yaml": "hub: {}",
    "hub.yaml": VALUES,
    "rules.json": json.dumps(rules_content(Rules("local"), None, label="", auth_state=False)),
    "jupyterhub_config.py": 'c.KubeSpawner.profile_list = [{"display_name": "Two", "slug": "two"}]\n',
}


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one_with_options_that_it_has(page: str) -> None:
    faults = {line: why for line, whole in shown(PAGES[page]) if (why := fault(line, whole))}

    assert faults == {}


def test_the_pages_show_commands() -> None:
    assert len([line for page in PAGES.values() for line, _ in shown(page)]) > 50


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("check --db sqlite:///PATH", "--db"),
        ("lisst", "no command"),
        ("context ad prod URL", "no command"),
        ("delete", "name is missing"),
        ("get a b", "extra arguments"),
        ("export --format z2hj", "z2hj"),
        ("update a --memory", "--memory"),
        ("--urll x list", "--urll"),
    ],
)
def test_what_the_program_would_refuse_is_noticed(line: str, why: str) -> None:
    assert why in fault(line)


@pytest.mark.parametrize(
    "page",
    [
        '```sh\nA=1 B="$C d" binder-registry lisst | x\n```\n',
        "```console\n$ binder-registry lisst\n```\n",
        "```yaml\n    - binder-registry lisst\n    - run: binder-registry lisst\n```\n",
        "```\ncurl x | binder-registry \\\n  lisst\n```\n",
        "Text with `binder-registry\nlisst` in it.",
    ],
)
def test_commands_are_found_wherever_a_page_has_them(page: str) -> None:
    assert {words(line)[0] for line, _ in shown(page)} == {"lisst"}


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_on_a_page_is_in_the_makefile(page: str) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = FENCED.sub("", PAGES[page])
    code = "\n".join([*(block for _, _, block in FENCED.findall(PAGES[page])), *INLINE.findall(text)])

    assert set(re.findall(r"^(?:\$ )?make ([\w-]+)", code, re.MULTILINE)) <= targets


def messages(tree: ast.AST) -> Iterator[str]:
    """Every text of a module; what is filled in is an X."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


@pytest.mark.parametrize("source", SOURCES)
def test_every_command_of_a_message_is_one_with_options_that_it_has(source: str) -> None:
    lines = [line for text in messages(SOURCES[source]) for line, _ in shown(text)]

    assert {line: why for line in lines if (why := fault(line, whole=False))} == {}


def commands(page: str, language: str) -> list[str]:
    """Of its blocks in that language: lines behind a prompt of a console, or all of a script."""
    blocks = [block for _, found, block in FENCED.findall(page.replace("\\\n", " ")) if found == language]
    lines = [line for block in blocks for line in block.splitlines() if line]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ") or language != "console"]


def session(page: str) -> list[str]:
    """The commands of its console blocks, but for those that need other programs or another host."""
    return [
        line
        for line in commands(page, "console")
        if all(program in HERE for program in programs(line)) and not re.search("(curl|--hub) .*https://", line)
    ]


def programs(line: str) -> list[str]:
    return [re.sub(r"^(\w+=\S* )*", "", part.strip()).partition(" ")[0] for part in re.split(r"[|;&]+", line)]


SESSIONS = {name: session(page) for name, page in PAGES.items() if name not in RUN_ELSEWHERE}


def test_every_command_that_is_not_run_is_named_with_the_reason() -> None:
    left = {
        name: [line for language in ("console", "sh") for line in commands(page, language)]
        for name, page in PAGES.items()
        if name not in RUN_ELSEWHERE
    }
    not_run = {name: [line for line in lines if line not in SESSIONS[name]] for name, lines in left.items()}

    for name, lines in not_run.items():
        assert [line for line in lines if not line.startswith(tuple(NOT_RUN.get(name, ())))] == []
    for name, reasons in NOT_RUN.items():
        assert [start for start in reasons if not any(line.startswith(start) for line in not_run[name])] == []
    assert [test for test in RUN_ELSEWHERE.values() if not (ROOT / test).is_file()] == []


@pytest.mark.parametrize("page", [name for name, lines in SESSIONS.items() if lines])
def test_the_sessions_of_a_page_run(page: str, tmp_path: Path) -> None:
    """On a machine with nothing of ours on it: `/var/lib` and `/srv` are empty folders."""
    port, lines = free_port(), SESSIONS[page]
    for folder in ("var/lib", "srv", "here/chart"):
        (tmp_path / folder).mkdir(parents=True)
    for name, content in FILES.items():
        (tmp_path / "here" / name).write_text(content)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BINDER_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BINDER_REGISTRY_PORT": str(port),
        "BINDER_REGISTRY_URL": f"http://127.0.0.1:{port}",
        "BINDER_API_KEY": KEY,
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    script = [awaited(line, port) if "binder-registry serve" in line else line for line in lines]
    text = re.sub(r"/(?=(var/lib|srv)/)", f"{tmp_path}/", "\n".join(script))
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("localhost:8080", f"127.0.0.1:{port}")

    if any("binder-registry serve" in line for line in lines):
        ran = run(text, tmp_path / "here", environment)
    else:
        with running_server(tmp_path, port=port) as server:
            with Client(server.url, KEY) as client:
                client.apply([Template(name, "image") for name in there_before(lines)])
            ran = run(text, tmp_path / "here", environment)

    assert ran.returncode == 0, ran.stderr


def there_before(lines: list[str]) -> set[str]:
    """The templates that a page goes on from."""
    calls = [words(line.partition("binder-registry ")[2]) for line in lines]
    return {
        call[1] for call in calls if call[:1] and call[0] in ("update", "delete", "rename", "get", "edit", "run")
    } | {call[call.index("--replaced-by") + 1] for call in calls if "--replaced-by" in call}


def awaited(line: str, port: int) -> str:
    """A server, in the background until the session ends."""
    return f"{line} >/dev/null & until (: >/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do kill -0 $!; sleep 0.05; done"


def run(script: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """In a shell that stops at the first failure, and takes its server along."""
    end = "trap 'jobs -p | xargs --no-run-if-empty kill; wait' EXIT\n"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", STAND_IN + end + script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
