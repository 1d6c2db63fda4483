"""The bodies of the API as JSON Schema: answers from their types, requests from `Template` and its rules."""

from collections.abc import Collection
from typing import Any

import msgspec

from ...apply import NOTE_BYTES
from ...members import LARGEST_INTEGER, NAME, NO_CONTROL, SUCCESSOR, Schema, walked
from ...selector import SELECTOR
from ...template import Template
from ...wire import ALWAYS, ONLY_IN_ANSWERS, ErrorBody
from .bodies import Changes, Health, Plan

REFERENCE = "#/components/schemas/{name}"
REQUIRED = ("name", "image-name")
MEMBERS = {path: one.member for path, one in walked(Template)}
CLEARABLE_ENTRIES = ("labels", "environment")  # maps, of which a patch may clear single entries


def schemas() -> dict[str, Schema]:
    """By name, as `Route.body` and `Route.answer` give it."""
    roots = [Template, ErrorBody, Changes, Plan, Health]
    _, found = msgspec.json.schema_components(roots, ref_template=REFERENCE)
    types = found["Template"]["properties"]
    limits = found["ContainerLimits"]["properties"]
    found["ContainerLimits"] = _object({limit: _told(f"limits.{limit}", limits[limit]) for limit in limits})
    found["Template"] = _object({wire: _told(wire, types[wire]) for wire in types}, required=ALWAYS)
    found["Template"]["description"] = "A template as the registry keeps it; empty members are left out."
    found["Templates"] = {"type": "array", "items": _reference("Template")}
    found["NewTemplate"] = _written(types, limits, required=REQUIRED)
    found["TemplateUpdate"] = _update(types, limits)
    found["TemplatePatch"] = _patch(types, limits)
    found["DesiredTemplate"] = _written(types, limits, required=REQUIRED, exact=True)
    found["Apply"] = _APPLY
    found["Restore"] = _RESTORE
    found["Index"] = _object({"status": {"type": "string"}}, required=["status"])
    found["Description"] = {"type": "object", "description": "OpenAPI 3.1"}
    return found


def _written(
    types: dict[str, Schema], limits: dict[str, Schema], *, required: Collection[str] = (), exact: bool = False
) -> Schema:
    """A template as a request sends it. `null` is as good as leaving a member out, unless it is required."""
    members = {
        wire: _ruled(wire, types[wire]) if wire in required else _or_null(_ruled(wire, types[wire]))
        for wire in types
        if wire not in ONLY_IN_ANSWERS
    }
    single = {limit: _or_null(_ruled(f"limits.{limit}", limits[limit])) for limit in limits}
    members["limits"] = _or_null(_object(single, exact=exact)) | {"description": MEMBERS["limits"].meaning}
    return _object(members, required=required, exact=exact)


def _update(types: dict[str, Schema], limits: dict[str, Schema]) -> Schema:
    update = _written(types, limits)
    update["properties"]["name"] = {"type": ["string", "null"], "description": "Not looked at: the path names it."}
    update["properties"]["image-name"] |= {"minLength": 0, **NO_CONTROL}
    update["type"] = ["object", "null"]
    return update | {"description": "The members to replace; those that are left out, empty, 0 or null stay."}


def _patch(types: dict[str, Schema], limits: dict[str, Schema]) -> Schema:
    """Exact, and `null` clears: a member, a limit, a label or a variable."""
    patch = _written(types, limits, exact=True)
    members = patch["properties"]
    members["name"] = {"type": "string", "readOnly": True, "description": "May be repeated, but not changed."}
    members["image-name"]["type"] = "string"
    for wire in CLEARABLE_ENTRIES:
        del members[wire]["maxProperties"]  # of the outcome, not of the patch
        pattern = members[wire].pop("propertyNames")["pattern"]
        members[wire]["patternProperties"] = {pattern: _or_null(members[wire]["additionalProperties"])}
        members[wire]["additionalProperties"] = {"type": "null"}
    return patch | {"description": "The members to change (RFC 7396); `null` clears one."}


def _told(wire: str, type_: Schema) -> Schema:
    """The schema of a member with what people are told about it."""
    member = MEMBERS[wire]
    schema = {key: value for key, value in type_.items() if key not in ("default", "anyOf")}
    if "anyOf" in type_:
        schema["type"] = "number" if wire == "limits.cpus" else "string"
    schema["description"] = f"{member.meaning} Unit: {member.unit}." if member.unit else member.meaning
    if member.example is not None:
        schema["examples"] = [member.example]
    if wire in ONLY_IN_ANSWERS or wire.startswith("time-"):
        schema |= member.schema
    return schema


def _ruled(wire: str, type_: Schema) -> Schema:
    return _told(wire, type_) | MEMBERS[wire].schema


def _or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]} if "type" in schema else schema


def _object(members: dict[str, Any], *, required: Collection[str] = (), exact: bool = False) -> Schema:
    schema: Schema = {"type": "object", "properties": members}
    if required:
        schema["required"] = list(required)
    if exact:
        schema["additionalProperties"] = False
    return schema


def _reference(name: str) -> Schema:
    return {"$ref": REFERENCE.format(name=name)}


_APPLY = _object(
    {
        "templates": {
            "type": ["array", "null"],
            "items": _reference("DesiredTemplate"),
            "description": "Whole desired states: members that are left out are cleared. Each name once.",
        },
        "delete": {
            "type": ["object", "null"],
            "propertyNames": NAME,
            "additionalProperties": {"type": ["string", "null"], **SUCCESSOR},
            "description": "Names to delete, each with the `replaced-by` of its tombstone, or null.",
            "examples": [{"scipy-2025": "scipy", "old": None}],
        },
        "prune": {
            "type": ["string", "null"],
            "pattern": rf"^(?:\*|{SELECTOR})$",
            "description": "Delete what this selects and `templates` does not name: a label selector, or `*` for all.",
            "examples": ["course=physics-101"],
        },
        "allow-empty": {
            "type": ["boolean", "null"],
            "description": "Let `prune` delete all that it selects where `templates` is empty; else that is refused.",
        },
        "dry-run": {"type": ["boolean", "null"], "description": "Only say what would be done."},
        "note": {
            "type": ["string", "null"],
            "maxLength": NOTE_BYTES,
            "pattern": r"^[^\u0000]*$",
            "description": f"Why; kept with every change. At most {NOTE_BYTES} bytes of UTF-8.",
        },
    },
    exact=True,
) | {
    "anyOf": [
        {"properties": {"prune": {"type": "null"}}},
        {"properties": {"templates": {"type": "array", "minItems": 1}}, "required": ["templates"]},
        {"properties": {"allow-empty": {"const": True}}, "required": ["allow-empty"]},
    ]
}
_RESTORE = _object(
    {
        "revision": {
            "type": "integer",
            "minimum": 1,
            "maximum": LARGEST_INTEGER,
            "description": "A revision at which the template was as it should be again.",
            "examples": [1],
        }
    },
    required=["revision"],
    exact=True,
)
