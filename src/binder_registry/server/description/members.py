"""What people are told about each member of a template, and its rules (`template.check`) as JSON Schema.

The types come from `Template` itself; `docs/template.md` and the description of the API are both made from here.
"""

from typing import Any

from msgspec import Struct

from ...template import DISPLAY_NAME_LENGTH, LARGEST_INTEGER, MAX_ENTRIES, NAME_BYTES, TEXT_LENGTH

Schema = dict[str, Any]

_CONTROL = r"\u0000-\u001f\u007f-\u009f"
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
LABEL_KEY = rf"(?![^/]{{254}})(?:{_DNS_LABEL}(?:\.{_DNS_LABEL})*/)?{_WORD}"
_REQUIREMENT = rf" *(?:!?{LABEL_KEY}|{LABEL_KEY}!?=(?:{_WORD})?) *"
SELECTOR = rf"{_REQUIREMENT}(?:,{_REQUIREMENT})*"

NAME: Schema = {"minLength": 1, "maxLength": NAME_BYTES, "pattern": rf"^(?!\.\.?$)[^/{_CONTROL}]+$"}
SUCCESSOR: Schema = {"maxLength": NAME_BYTES, "pattern": rf"^(?!\.\.?$)[^/{_CONTROL}]*$"}
ONE_LINE: Schema = {"pattern": rf"^[^{_CONTROL}]*$"}
_WHOLE: Schema = {"minimum": 0, "maximum": LARGEST_INTEGER}


class Member(Struct, frozen=True):
    meaning: str
    limits: str = ""
    example: Any = None
    unit: str = ""
    rules: Schema = {}


MEMBERS = {
    "name": Member(
        "What the template is called in URLs and by launchers. It never changes.",
        f"required; at most {NAME_BYTES} bytes of UTF-8; no `/`, no control characters, not `.` or `..`",
        "scipy",
        rules=NAME,
    ),
    "image-name": Member(
        "The container image to run.",
        "required; no control characters",
        "quay.io/jupyter/scipy-notebook:2026-01-05",
        rules={"minLength": 1, "pattern": rf"^[^{_CONTROL}]+$"},
    ),
    "command": Member("The command to run in the container; empty leaves the image's own.", "", "start-notebook.py"),
    "limits": Member("Limits of the container. Each counts by itself; what is left out is not limited."),
    "limits.memory": Member(
        "Memory of the container; 0 sets no limit.", "0 to 2^63 − 1", 2147483648, unit="bytes", rules=_WHOLE
    ),
    "limits.cpu_shares": Member(
        "Relative weight under contention, as `docker run --cpu-shares`; 0 leaves Docker's 1024.",
        "0 to 2^63 − 1",
        512,
        unit="CPU shares",
        rules=_WHOLE,
    ),
    "limits.cpus": Member(
        "A true cap, which may be fractional; 0 sets no limit.",
        "0 to 2^63 − 1",
        1.5,
        unit="CPUs",
        rules=_WHOLE,
    ),
    "limits.gpus": Member("Whole devices; 0 asks for none.", "0 to 2^63 − 1", 1, unit="GPUs", rules=_WHOLE),
    "time-created": Member(
        "When the template was first written. Kept by the registry: one that is sent is checked and dropped.",
        "RFC 3339",
        "2026-01-05T09:00:00.000001Z",
        unit="UTC",
        rules={"format": "date-time", "readOnly": True},
    ),
    "time-modified": Member(
        "When the template was last written. Kept by the registry: one that is sent is checked and dropped.",
        "RFC 3339",
        "2026-01-05T09:00:01.000001Z",
        unit="UTC",
        rules={"format": "date-time", "readOnly": True},
    ),
    "redirect-uri": Member("Where the user lands, below the server's own URL.", "", "/lab"),
    "container-ip": Member("Host address that containers bind to.", "", "127.0.0.1"),
    "bind-port": Member(
        "Port within the container; 0 leaves the launcher's.",
        "0 to 65535",
        8888,
        unit="port",
        rules={"minimum": 0, "maximum": 65535},
    ),
    "display-name": Member(
        "What people read in a list. Plain text: whoever renders it escapes it.",
        f"one line of at most {DISPLAY_NAME_LENGTH} characters; no control characters",
        "SciPy, spring term",
        rules={"maxLength": DISPLAY_NAME_LENGTH, **ONE_LINE},
    ),
    "description": Member(
        "What people read below it. Plain text: whoever renders it escapes it.",
        f"at most {TEXT_LENGTH} characters",
        "NumPy, SciPy and pandas for the course.",
        rules={"maxLength": TEXT_LENGTH},
    ),
    "labels": Member(
        "Key and value pairs that queries select by.",
        f"at most {MAX_ENTRIES}; Kubernetes' syntax: a key is `word` or `dns.subdomain/word`, a value is empty or a "
        "word; a word has at most 63 of `A-Za-z0-9._-` and begins and ends with a letter or digit",
        {"course": "physics-101"},
        rules={
            "maxProperties": MAX_ENTRIES,
            "propertyNames": {"pattern": f"^{LABEL_KEY}$"},
            "additionalProperties": {"type": "string", "pattern": f"^(?:{_WORD})?$"},
        },
    ),
    "environment": Member(
        "Environment variables of the container. **Never secrets**: everyone who can read the registry sees them, and "
        "its history keeps them.",
        f"at most {MAX_ENTRIES}; names of letters, digits and `_`, not beginning with a digit; values without NUL",
        {"JUPYTER_ENABLE_LAB": "yes"},
        rules={
            "maxProperties": MAX_ENTRIES,
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": {"type": "string", "pattern": r"^[^\u0000]*$"},
        },
    ),
    "allowed-groups": Member(
        "Which groups may see and start it; empty means everyone. The registry carries this; a hub enforces it.",
        f"at most {MAX_ENTRIES}, each once, none empty; no control characters",
        ["physics", "staff"],
        rules={
            "maxItems": MAX_ENTRIES,
            "uniqueItems": True,
            "items": {"type": "string", "minLength": 1, **ONE_LINE},
        },
    ),
    "deprecated": Member(
        "A message for people, shown wherever the template is chosen. The template still works.",
        f"at most {TEXT_LENGTH} characters",
        "Please move to scipy-2026.",
        rules={"maxLength": TEXT_LENGTH},
    ),
    "replaced-by": Member(
        "The template that a stale choice of this one resolves to; hubs no longer offer one that has it. Readers "
        "follow at most 8 of these; a cycle leads nowhere.",
        "as `name`, or empty; not the template itself",
        "scipy-2026",
        rules=SUCCESSOR,
    ),
    "revision": Member(
        "The change that last wrote the template. Only in answers, and only with `view=full`.",
        "kept by the registry",
        7,
        rules={"readOnly": True},
    ),
    "deleted": Member(
        "`true` on the tombstone of a deleted template, which holds what it was. Only in answers.",
        "kept by the registry",
        True,
        rules={"readOnly": True},
    ),
}
