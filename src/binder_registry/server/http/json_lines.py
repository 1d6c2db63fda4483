"""The lines of the access log as JSON: rendered by its thread, from the text that the event loop has put together."""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.json import Encoder

LOGGER = "binder_registry.access"

_encode = Encoder().encode


class AccessLine(Struct):
    """The members in their order. `client` and `by` are null where nobody is known."""

    time: str  # RFC 3339, UTC
    level: str
    logger: str
    message: str
    method: str
    path: str
    status: int
    bytes: int  # of the body
    seconds: float
    request_id: str
    client: str | None
    by: str | None


def json_lines(text: bytes) -> bytes:
    """Whole lines as `AccessLog` writes them, of words with single blanks between."""
    return b"".join([_encode(_line(line.decode())) + b"\n" for line in text.splitlines()])


def json_notice(message: bytes) -> bytes:
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _encode({"time": time, "level": "warning", "logger": LOGGER, "message": message.decode()}) + b"\n"


def _line(line: str) -> AccessLine:
    time, method, path, status, sent, microseconds, request_id, client, by = line.split(" ")
    return AccessLine(
        time,
        "info",
        LOGGER,
        f"{method} {path} {status}",
        method,
        path,
        int(status),
        int(sent),
        int(microseconds) / 1e6,
        request_id,
        None if client == "-" else client,
        None if by == "-" else by,
    )
