"""Every metric of the registry's own, declared once: what is told, docs/monitoring.md and the dashboard follow this.

No label ever holds a template or who somebody is: the values of each are few, whatever callers do.
"""

from typing import Literal

from msgspec import Struct


class Metric(Struct, frozen=True):
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """The names that its series have."""
        return (
            tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
            if self.kind == "histogram"
            else (self.name,)
        )


_OF_HTTP = ("http_request_method", "http_route", "http_response_status_code")  # OpenTelemetry's, as Prometheus has them

REQUEST_SECONDS = Metric(
    "http_server_request_duration_seconds",
    "histogram",
    "How long requests took, to the last byte of their answer. 499: the client left before it; no route: none fits.",
    _OF_HTTP,
)
BODY_BYTES = Metric("binder_registry_response_body_bytes_total", "counter", "Bytes of the bodies of answers.", _OF_HTTP)
REFUSED = Metric(
    "binder_registry_refused_total",
    "counter",
    "Requests refused, by the name of the error as in Registry-Error, and the limit where it was one.",
    ("error", "reason"),
)
LIMIT_REACHED = Metric(
    "binder_registry_limit_reached_total",
    "counter",
    "Requests refused because a limit was reached, as docs/limits.md names it.",
    ("limit",),
)
AUTHENTICATIONS = Metric(
    "binder_registry_authentications_total",
    "counter",
    "Requests with a token, by whose it is (key, token, publisher, hub; others where a refused one may be a key or a "
    "hub's) and what came of it: good, or the name of the error.",
    ("store", "result"),
)
REVISION = Metric("binder_registry_revision", "gauge", "Newest revision that this server shows.")
TEMPLATES = Metric(
    "binder_registry_templates",
    "gauge",
    "Templates by state: current, deprecated, paused (deprecated or not), or deleted.",
    ("state",),
)
CHANGES = Metric(
    "binder_registry_changes_total", "counter", "Changes that this server wrote to the log, by action.", ("action",)
)
COMMIT_SECONDS = Metric(
    "binder_registry_commit_duration_seconds", "histogram", "How long commits took, until they were durable."
)
COMMIT_WRITES = Metric("binder_registry_commit_writes", "histogram", "How many writes went into one commit.")
STORE_FAILURES = Metric(
    "binder_registry_store_failures_total",
    "counter",
    "Times that the database failed this server: in a commit, or while it followed the log.",
    ("during",),
)
AVAILABLE = Metric(
    "binder_registry_available", "gauge", "1 while reads, or writes, are served, as /health says; else 0.", ("what",)
)
WAITING = Metric(
    "binder_registry_waiting", "gauge", "What waits for its turn: writes for a commit, others for a thread.", ("what",)
)
LAG_SECONDS = Metric(
    "binder_registry_follower_lag_seconds",
    "gauge",
    "Since this server last knew that it shows all that the log holds; up to 1.1 while all is well.",
)
LAG_REVISIONS = Metric(
    "binder_registry_follower_lag_revisions", "gauge", "Changes that the log is known to hold and this server to lack."
)
STREAMS = Metric("binder_registry_streams", "gauge", "Event streams and long polls that are open.")
READERS_DROPPED = Metric(
    "binder_registry_readers_dropped_total",
    "counter",
    "Readers that were hung up on because they took nothing, by what they were sent.",
    ("reading",),
)
LINES_DROPPED = Metric(
    "binder_registry_log_lines_dropped_total", "counter", "Lines of a log that nobody took in time.", ("log",)
)
TOKENS = Metric("binder_registry_tokens", "gauge", "Tokens of the registry's own that are good.")
TOKEN_EXPIRES = Metric(
    "binder_registry_token_expires_timestamp_seconds",
    "gauge",
    "When a token of the registry's own ends, by its public id; of the 100 that end first.",
    ("token",),
)
BUILD = Metric("binder_registry_build_info", "gauge", "Always 1; the release, and the Python.", ("version", "python"))

METRICS = (
    *(REQUEST_SECONDS, BODY_BYTES, REFUSED, LIMIT_REACHED, AUTHENTICATIONS),
    *(REVISION, TEMPLATES, CHANGES, COMMIT_SECONDS, COMMIT_WRITES, STORE_FAILURES, AVAILABLE, WAITING),
    *(LAG_SECONDS, LAG_REVISIONS, STREAMS, READERS_DROPPED, LINES_DROPPED, TOKENS, TOKEN_EXPIRES, BUILD),
)
