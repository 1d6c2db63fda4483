"""`monitoring/` and its page name what there is, and Debian's Prometheus takes all of it."""

import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from binder_registry.hub.metrics import METRICS as HUBS
from binder_registry.server.metrics.exposition import PROCESS
from binder_registry.server.metrics.table import METRICS
from docs.generate_monitoring import alerts, page

from .ports import free_port
from .server.running import AUTHORIZATION, RunningServer, running_server

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "monitoring"
LABELS = {name: {*metric.labels} for metric in METRICS for name in metric.series} | {
    f"{found.name}_total" if found.type == "counter" else found.name: set[str]() for found in PROCESS.collect()
}
LABELS |= {f"jupyterhub_binder_registry_{name}": {*metric.labels} for name, metric in HUBS.items()}
OF_PROMETHEUS = {"job", "instance", "le"}  # labels that it adds, or a histogram has
WAIT_SECONDS = 30.0
WORKERS, ROUNDS = 4, 60


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return found


EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in alerts()] + [
    (panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]
]


def program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        assert "CI" not in os.environ, f"tests/install-tools installs {name}"
        pytest.skip(f"{name} is needed: Debian's package prometheus")
    return found


def test_the_page_is_as_its_generator_writes_it() -> None:
    assert (ROOT / "docs/monitoring.md").read_text() == page(), "run: make docs"


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_alerts_and_dashboard_name_only_metrics_and_labels_that_exist(where: str, expression: str) -> None:
    names = set(
        re.findall(r"\b(?:http_server|(?:jupyterhub_)?binder_registry|process)_[a-z_]+\b(?!\s*=)", expression)
    ) - {"http_route"}
    selected = [
        (name, set(re.findall(r"(\w+)\s*[=!]", selector)))
        for name, selector in re.findall(r"(\w+){([^}]*(?:\{name\}[^}]*)?)}", expression)
        if name in LABELS
    ]
    kept = {label.strip() for by in re.findall(r"\bby \(([^)]*)\)", expression) for label in by.split(",")}

    assert names <= LABELS.keys()
    assert [label for name, labels in selected for label in labels - LABELS[name] - OF_PROMETHEUS] == []
    assert kept <= OF_PROMETHEUS.union(*(LABELS[name] for name in names))


def test_the_dashboard_shows_every_metric_of_the_registry() -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])

    assert [metric.name for metric in METRICS if not any(name in shown for name in metric.series)] == []


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, (_, expression) in enumerate(EXPRESSIONS)
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    ran = subprocess.run(
        [program("promtool"), "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True
    )

    assert ran.returncode == 0, ran.stderr
    assert f"{len(rules)} rules found" in ran.stdout


def test_each_alert_fires_for_what_it_is_about_and_not_before() -> None:
    tested = (FOLDER / "alerts_test.yml").read_text()

    ran = subprocess.run(
        [program("promtool"), "test", "rules", "alerts_test.yml"], cwd=FOLDER, capture_output=True, text=True
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [rule["alert"] for rule in alerts() if f'labels: \'ALERTS{{alertname="{rule["alert"]}"' not in tested] == []


def test_every_alert_says_how_bad_it_is_what_it_means_and_what_to_do() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"].keys() == {"summary", "description", "action"}
        assert "{{" not in rule["annotations"]["description"] + rule["annotations"]["action"]  # they are on the page


def test_prometheus_counts_what_those_who_asked_have_counted(tmp_path: Path) -> None:
    prometheus, own = program("prometheus"), free_port()

    with (
        running_server(tmp_path, "--metrics-listen", f"127.0.0.1:{own}") as server,
        scraping(prometheus, tmp_path, own) as queries,
    ):
        with ThreadPoolExecutor(WORKERS) as workers:
            asked = sum(
                workers.map(lambda number: ask(server, number), range(WORKERS)), Counter[tuple[str, str, str]]()
            )
        text = fetched(own, "/metrics")
        checked = subprocess.run([program("promtool"), "check", "metrics"], input=text[1], capture_output=True)
        counted = awaited(queries, asked)
        revision = number_of(queries, "binder_registry_revision")
        created = number_of(queries, 'binder_registry_changes_total{action="created"}')
        firing = answer_of(queries, "ALERTS{severity=~'warning|critical'}")

    assert counted == asked
    assert (revision, created) == (WORKERS * ROUNDS, WORKERS * ROUNDS)
    assert firing == []
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def ask(server: RunningServer, number: int) -> Counter[tuple[str, str, str]]:
    """What came of it: by method, route and status, as the answers say."""
    counted = Counter[tuple[str, str, str]]()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        for turn in range(ROUNDS):
            name = f"t-{number}-{turn}"
            body = json.dumps({"name": name, "image-name": "image"})
            for method, path, route, content, headers in (
                ("POST", "/templates", "/templates", body, AUTHORIZATION),
                ("POST", "/templates", "/templates", body, {"Authorization": "token WRONG"}),
                ("POST", "/templates", "/templates", body, AUTHORIZATION),
                *[("GET", f"/templates/{name}", "/templates/{name}", "", {})] * 5,
                ("GET", "/templates", "/templates", "", {}),
                ("HEAD", "/templates", "/templates", "", {}),
                ("GET", f"/templates/none-{name}", "/templates/{name}", "", {}),
                ("GET", f"/{name}", "", "", {}),
            ):
                connection.request(method, path, content or None, headers)
                answer = connection.getresponse()
                answer.read()
                counted[method, route, str(answer.status)] += 1
    return counted


@contextmanager
def scraping(prometheus: str, folder: Path, own: int) -> Iterator[int]:
    """Prometheus, which scrapes that port every two seconds; the port of its API."""
    port = free_port()
    target = {"job_name": "binder-registry", "static_configs": [{"targets": [f"127.0.0.1:{own}"]}]}
    config = {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"},
        "rule_files": [str(FOLDER / "alerts.yml")],
        "scrape_configs": [target],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [prometheus, *options, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + WAIT_SECONDS
        while not ready(port):
            assert process.poll() is None, (folder / "prometheus.log").read_text()
            assert time.monotonic() < end, (folder / "prometheus.log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def ready(port: int) -> bool:
    try:
        return fetched(port, "/-/ready")[0] == 200
    except OSError:
        return False


def fetched(port: int, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def answer_of(port: int, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fetched(port, f"/api/v1/query?{urlencode({'query': query})}")[1])["data"][
        "result"
    ]
    return found


def number_of(port: int, query: str) -> float:
    return float(answer_of(port, query)[0]["value"][1])


def awaited(port: int, wanted: Counter[tuple[str, str, str]]) -> Counter[tuple[str, str, str]]:
    """What Prometheus has counted, once it is as much as is wanted, or no more comes."""
    query = 'http_server_request_duration_seconds_count{http_route!="/health"}'
    end = time.monotonic() + WAIT_SECONDS
    while True:
        found = Counter(
            {
                (of["http_request_method"], of.get("http_route", ""), of["http_response_status_code"]): int(value[1])
                for of, value in ((one["metric"], one["value"]) for one in answer_of(port, query))
            }
        )
        if found.total() >= wanted.total() or time.monotonic() > end:
            return found
        time.sleep(0.1)
