"""How a message of a server's log looks: as text for people, or for programs as one line that is a JSON object.

The access log says its lines in the same two ways: `server/http/json_lines`.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from ..file_names import as_text
from .environment import Setting

FORMATS = ("text", "json")
LONGEST = 8192  # characters of a message with its traceback, whose middle is cut
TEXT = "%(asctime)s %(levelname)s %(message)s"
F = TypeVar("F", bound=Callable[..., Any])


def log_format_option(command: F) -> F:
    return click.option(
        "--log-format",
        cls=Setting,
        default="text",
        show_default=True,
        type=click.Choice(FORMATS, case_sensitive=False),
        envvar="BINDER_REGISTRY_LOG_FORMAT",
        help="How lines look, those for requests too: json is one object a line, for programs.",
    )(command)


class TextFormat(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        try:
            return _cut(super().format(record))
        except Exception:  # noqa: BLE001 - values that do not fit the message: it is said without them
            return _cut(str(record.msg))


class JSONFormat(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - as above
            message = str(record.msg)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cut(as_text(message)),
        }
        if record.exc_info and record.exc_info[0]:
            said["traceback"] = _cut(as_text(self.formatException(record.exc_info)))
        return json.dumps(said, ensure_ascii=False)


def log_format(name: str) -> logging.Formatter:
    """Of `FORMATS`."""
    return JSONFormat() if name == "json" else TextFormat(TEXT)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n…\n{text[-LONGEST // 2 :]}"
