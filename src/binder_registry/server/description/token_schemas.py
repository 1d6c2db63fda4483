"""The bodies of requests about tokens as JSON Schema."""

from ...auth import Scope
from ...lengths import GLOB_LENGTH, MOST_TOKEN_GLOBS, NOTE_BYTES
from ...member_schema import Schema
from ...selector import SELECTOR
from ...token_rules import DAY, DEFAULT_DAYS, LONGEST_GRACE, MOST_DAYS, NAME

NEW_TOKEN: Schema = {
    "type": "object",
    "properties": {
        "name": {
            "type": "string",
            "pattern": f"^{NAME}$",
            "description": "Whoever holds it writes as `token:<name>`. Given once, also when its token has ended.",
            "examples": ["ci-scipy"],
        },
        "note": {
            "type": ["string", "null"],
            "maxLength": NOTE_BYTES,
            "pattern": r"^[^\u0000]*$",
            "description": f"What it is for: at most {NOTE_BYTES} bytes of UTF-8.",
        },
        "scopes": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "enum": list(Scope)},
            "description": "What it may do: nothing that whoever makes it may not.",
            "examples": [["write"]],
        },
        "templates": {
            "type": ["array", "null"],
            "maxItems": MOST_TOKEN_GLOBS,
            "items": {"type": "string", "minLength": 1, "maxLength": GLOB_LENGTH},
            "description": "Globs: it writes templates whose name fits one of them; left out, all.",
            "examples": [["scipy*"]],
        },
        "labels": {
            "type": ["string", "null"],
            "pattern": f"^(?:{SELECTOR})?$",
            "description": "A label selector: it writes templates whose labels it selects, before and after.",
            "examples": ["team=physics"],
        },
        "expires-in": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": MOST_DAYS * DAY,
            "description": f"Seconds; {DEFAULT_DAYS} days if left out. The server, or the token that makes it, may let "
            "it be less.",
            "examples": [30 * DAY],
        },
    },
    "required": ["name", "scopes"],
    "additionalProperties": False,
}
ROTATION: Schema = {
    "type": "object",
    "properties": {
        "keep-old": {
            "type": "integer",
            "minimum": 0,
            "maximum": LONGEST_GRACE,
            "description": "For how many seconds the secret before is good, too; 0 if left out.",
            "examples": [3600],
        }
    },
    "additionalProperties": False,
}
