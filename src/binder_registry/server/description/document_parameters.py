"""What requests with documents may say beside them, and questions for a template in another form."""

from ...member_schema import Schema
from ...selector import SELECTOR
from .parameters import OPTIONS, Parameter

LINE_OPTIONS = Parameter(
    "options",
    "query",
    "What is chosen, as `GET /templates/{name}` takes it. What else is in the query is ignored here.",
    OPTIONS.schema,
    OPTIONS.example,
)

_TRUTH: Schema = {"type": "string", "enum": ["true", "false"]}
FORMAT = Parameter(
    "format",
    "query",
    "`z2jh`: the body is the values of a hub (or its list of profiles), and becomes templates. What they cannot hold "
    "is `lost`.",
    {"type": "string", "enum": ["templates", "z2jh"]},
    "z2jh",
)
AT = Parameter(
    "at", "query", "With `format=z2jh`: which list of profiles, where there are several.", example="basehub.jupyterhub"
)
_OF_YAML = "For a body of YAML, what this member is in JSON"
DRY_RUN = Parameter("dry-run", "query", f"{_OF_YAML}: only say what would be done.", _TRUTH, "true")
PRUNE = Parameter(
    "prune",
    "query",
    f"{_OF_YAML}: delete what this selects and the documents do not name: a label selector, or `*` for all.",
    {"type": "string", "pattern": rf"^(?:\*|{SELECTOR})$"},
    "course=physics-101",
)
ALLOW_EMPTY = Parameter(
    "allow-empty", "query", f"{_OF_YAML}: let `prune` delete although there are no templates.", _TRUTH, "false"
)
OF_YAML = (FORMAT, AT, DRY_RUN, PRUNE, ALLOW_EMPTY)
