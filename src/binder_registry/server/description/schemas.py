"""The bodies of the API as JSON Schema: answers from their types, requests from `Template` and its rules."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ...channels import CHANNEL, LATEST
from ...choices import Choice, Option
from ...lengths import LARGEST_INTEGER, NOTE_BYTES
from ...member_schema import NAME, NO_CONTROL, SUCCESSOR, Declared, Schema, declared, structure_of, walked
from ...reading import Read
from ...selector import SELECTOR
from ...settings import ContainerLimits
from ...template import Template
from ...wire import ALWAYS, ONLY_IN_ANSWERS, ErrorBody
from .bodies import Changes, Health, Plan
from .token_bodies import Audit, Holder, TokenBody, Tokens
from .token_schemas import NEW_TOKEN, ROTATION
from .view_bodies import LAUNCH, SCHEMA_OF_STARTS, View

REFERENCE = "#/components/schemas/{name}"
REQUIRED = ("name", "image-name")
MEMBERS = {path: one.member for path, one in walked(Template)}
CLEARABLE_ENTRIES = ("labels", "environment")  # maps, of which a patch may clear single entries


def schemas() -> dict[str, Schema]:
    """By name, as `Route.body` and `Route.answer` give it."""
    roots = [Template, ErrorBody, Changes, Plan, Health, View, Read, TokenBody, Tokens, Holder, Audit]
    _, found = msgspec.json.schema_components(roots, ref_template=REFERENCE)
    for structure in _structures(Template):
        found[structure.__name__] = _told(structure, found)
    found["Template"] |= {"required": list(ALWAYS)}
    found["Template"]["properties"]["channel"] = _CHANNEL
    found["Template"]["description"] = "A template as the registry keeps it; empty members are left out."
    found["Templates"] = {"type": "array", "items": _reference("Template")}
    found["Viewed"] = {"anyOf": [_reference("View"), SCHEMA_OF_STARTS]}
    found["View"]["properties"]["offered"]["items"] = {"allOf": [_reference("Template"), _object({"launch": LAUNCH})]}
    found["NewTemplate"] = _written(found)
    found["TemplateUpdate"] = _update(found)
    found["TemplatePatch"] = _patch(found)
    found["DesiredTemplate"] = _written(found, exact=True)
    found["Apply"] = _APPLY
    found["AnyTemplates"] = _ANY_TEMPLATES
    found["Documents"] = found.pop("Read")
    found["Documents"]["properties"]["templates"] = _SENT
    found["Restore"] = _RESTORE
    found["Promote"] = _PROMOTE
    found["NewToken"], found["Rotation"] = NEW_TOKEN, ROTATION
    found["Index"] = _object({"status": {"type": "string"}}, required=["status"])
    found["Description"] = {"type": "object", "description": "OpenAPI 3.1"}
    return found


_CHANNEL: Schema = {
    "type": "string",
    "description": "Which channel shows this. Only with `channel=`, in full views and the feed.",
    "examples": ["stable"],
    "readOnly": True,
}


def _structures(structure: type[Struct]) -> Iterator[type[Struct]]:
    """`structure`, and all within it."""
    yield structure
    for one in declared(structure):
        if within := structure_of(one.type):
            yield from _structures(within)


def _told(structure: type[Struct], found: dict[str, Schema]) -> Schema:
    """An answer's schema: types, and what people are told about each member."""
    types = found[structure.__name__]["properties"]
    return _object({one.wire: _member(one, types[one.wire]) for one in declared(structure)})


def _member(one: Declared, type_: Schema) -> Schema:
    """The schema of a member as it is answered: its type, with what people are told about it."""
    schema = {key: value for key, value in type_.items() if key not in ("default", "anyOf")}
    if "anyOf" in type_:
        left = [choice for choice in type_["anyOf"] if choice.get("type") != "null"]
        schema |= {"type": "number"} if len(left) > 1 else left[0]
    member = one.member
    schema["description"] = f"{member.meaning} Unit: {member.unit}." if member.unit else member.meaning
    if member.example is not None:
        schema["examples"] = [member.example]
    return schema | member.schema if member.read_only else schema


def _written(found: dict[str, Schema], *, exact: bool = False) -> Schema:
    """A template as a request sends it."""
    return _request(Template, found, exact=exact)


def _request(structure: type[Struct], found: dict[str, Schema], *, exact: bool) -> Schema:
    """`null` is as good as leaving a member out, unless it is required. What 2015 did not have is always exact."""
    types, members = found[structure.__name__]["properties"], dict[str, Schema]()
    required = [wire for wire in REQUIRED if wire in types] if structure in (Template, Option, Choice) else []
    for one in declared(structure):
        if one.wire in ONLY_IN_ANSWERS:
            continue
        schema = types[one.wire] | one.member.schema
        if one.wire not in required:
            schema.pop("minLength", None)  # what may be left out may be empty
        if within := structure_of(one.type):
            inner = _request(within, found, exact=exact or within is not ContainerLimits)
            schema = {key: value for key, value in schema.items() if key != "$ref"}
            schema |= inner if within is one.type else {"items": inner}
        members[one.wire] = schema if one.wire in required else _or_null(schema)
    return _object(members, required=required, exact=exact)


def _update(found: dict[str, Schema]) -> Schema:
    update = _written(found)
    del update["required"]
    update["properties"]["name"] = {"type": ["string", "null"], "description": "Not looked at: the path names it."}
    update["properties"]["image-name"] = _or_null(update["properties"]["image-name"] | {"minLength": 0, **NO_CONTROL})
    update["type"] = ["object", "null"]
    return update | {"description": "The members to replace; those that are left out, empty, 0 or null stay."}


def _patch(found: dict[str, Schema]) -> Schema:
    """Exact, and `null` clears: a member, a limit, a label or a variable."""
    patch = _written(found, exact=True)
    del patch["required"]
    members = patch["properties"]
    members["name"] = {"type": "string", "readOnly": True, "description": "May be repeated, but not changed."}
    for wire in CLEARABLE_ENTRIES:
        del members[wire]["maxProperties"]  # of the outcome, not of the patch
        pattern = members[wire].pop("propertyNames")["pattern"]
        members[wire]["patternProperties"] = {pattern: _or_null(members[wire]["additionalProperties"])}
        members[wire]["additionalProperties"] = {"type": "null"}
    return patch | {"description": "The members to change (RFC 7396); `null` clears one."}


def _or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]} if isinstance(schema.get("type"), str) else schema


def _object(members: dict[str, Any], *, required: Collection[str] = (), exact: bool = False) -> Schema:
    schema: Schema = {"type": "object", "properties": members}
    if required:
        schema["required"] = list(required)
    if exact:
        schema["additionalProperties"] = False
    return schema


def _reference(name: str) -> Schema:
    return {"$ref": REFERENCE.format(name=name)}


_CHANNEL_NAME = f"^(?!{LATEST}$){CHANNEL}$"
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
        "promote": {
            "type": ["object", "null"],
            "properties": {
                "channel": {
                    "type": "string",
                    "pattern": _CHANNEL_NAME,
                    "description": "Which channel is to point elsewhere.",
                },
                "label": {
                    "type": "string",
                    "pattern": rf"^(?:\*|{SELECTOR})$",
                    "description": "Of which templates: a label selector, or `*` for all.",
                },
                "from": {
                    "type": ["string", "null"],
                    "pattern": _CHANNEL_NAME,
                    "description": "To where this other channel points; left out: to the newest content.",
                },
            },
            "required": ["channel", "label"],
            "additionalProperties": False,
            "description": "Point a channel of many templates elsewhere, after all else.",
            "examples": [{"channel": "stable", "label": "course=physics-101", "from": "testing"}],
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
_SENT: Schema = {
    "type": "array",
    "items": {"type": "object"},
    "description": "The templates, as they would be sent: also those that are refused as they are",
}
_ANY_TEMPLATES: Schema = {
    "type": ["object", "array", "null"],
    "items": {"type": "object"},
    "description": "A template or a list of some, which may be incomplete; or a hub's values.",
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
_PROMOTE = _object(
    {
        "revision": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": LARGEST_INTEGER,
            "description": "Whose content the channel points at; left out: the newest.",
            "examples": [41],
        }
    },
    exact=True,
)
