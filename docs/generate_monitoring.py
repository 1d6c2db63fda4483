"""Writes monitoring.md from the table of metrics and the alerts; a test holds it to them."""

from pathlib import Path
from typing import Any

import yaml

from binder_registry.server.metrics.exposition import PROCESS
from binder_registry.server.metrics.table import METRICS

FOLDER = Path(__file__).parent
ALERTS = FOLDER.parent / "monitoring/alerts.yml"

BEGINNING = """\
# Monitoring

<!-- Written by docs/generate_monitoring.py from server/metrics/table.py and monitoring/alerts.yml: change those, then
run it, or change the text in it. -->

A server counts what it does, and tells it in the format of [Prometheus](https://prometheus.io): at `GET /metrics`, for
whoever has the scope `metrics`, or without a token at an address of its own, where nothing else is served:

```sh
binder-registry serve --db sqlite:////var/lib/binder-registry/registry.db --metrics-listen 127.0.0.1:9091
```

Name an address that only Prometheus reaches. It speaks plain HTTP; what it tells holds no template, no user and no
secret, but it does tell how much the registry is used, and the public ids of its tokens. What is asked for there is not
among the requests that are counted. With a token instead, made once:

```sh
binder-registry token create prometheus --scope metrics --days 366 > /etc/prometheus/binder-registry.token
```

```yaml
scrape_configs:
- job_name: binder-registry
  authorization: {credentials_file: /etc/prometheus/binder-registry.token}  # not with --metrics-listen
  static_configs:
  - targets: ["registry.example.org:8080"]
rule_files: [/etc/prometheus/binder-registry-alerts.yml]
```

`monitoring/` has the rules, `alerts.yml`, and a dashboard for Grafana, `dashboard.json`, which is imported as it is.
The rules take all instances of one job for servers over one database, and two of them look for the job
`binder-registry`. The last one is of a [hub's own metrics](jupyterhub.md#metrics), where Prometheus scrapes hubs too.

Numbers are since the server started, each server's own. A text is made at most four times a second, and for no more
than a tenth of the time, whoever asks: those who ask meanwhile are given the next one. Its length has a bound (1 MB),
however many clients, templates and tokens there are: no label holds what a caller chose, and requests of the ordinary
path are told apart by route, method and status in 256 ways at most, beyond which they count together.

## What to watch

- **Are writes served?** `binder_registry_available{what="writes"}`, as `/health` says.
- **Is what it shows new?** `binder_registry_follower_lag_seconds`: up to a second or so is what it is on a quiet day.
- **Whom does it refuse, and why?** `binder_registry_refused_total` by the name of the [error](errors.md), and
  `binder_registry_limit_reached_total` by the [limit](limits.md).
- **How long do reads take?** `http_server_request_duration_seconds` of `GET /templates/{name}` and `GET /templates`.
  Streams and long polls (`/changes`) last as long as they are open: leave them out.
- **How long do writes take?** `binder_registry_commit_duration_seconds`; with many writers, more of them go into one
  commit (`binder_registry_commit_writes`), so that each waits little longer.
- **Which tokens end soon?** `binder_registry_token_expires_timestamp_seconds`, by the id that `token list` shows.

## Alerts

"""

METRICS_TITLE = """
## Metrics

A histogram has `_bucket` (with `le`), `_sum` and `_count`. Names and labels of the first are
[OpenTelemetry's](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/).

| metric | type | labels | meaning |
| --- | --- | --- | --- |
"""

PROCESS_TITLE = """
And of the process, as all programs tell it:

| metric | type | meaning |
| --- | --- | --- |
"""


def page() -> str:
    rows = [
        _row(f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.meaning)
        for metric in METRICS
    ]
    process = [
        _row(f"`{found.name}_total`" if found.type == "counter" else f"`{found.name}`", found.type, found.documentation)
        for found in PROCESS.collect()
    ]
    return (
        BEGINNING + "\n".join(map(_alert, alerts())) + METRICS_TITLE + "".join(rows) + PROCESS_TITLE + "".join(process)
    )


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def _alert(rule: dict[str, Any]) -> str:
    told = rule["annotations"]
    lasting = f", after {rule['for']}" if "for" in rule else ""
    return (
        f"### {rule['alert']}\n\n{rule['labels']['severity'].capitalize()}{lasting}. {told['description']}\n\n"
        f"What to do: {told['action']}\n\n```promql\n{rule['expr']}\n```\n"
    )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    (FOLDER / "monitoring.md").write_text(page())
