"""The description that a server gives of itself, as Markdown for the page of the site: the same as at its own `/docs`.

It is made from the same tables while the site is built, so that it has no file of its own that could be out of date.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from binder_registry.server.description.openapi import description

Described = dict[str, Any]  # of the description, or a schema, whose members are what OpenAPI says
WORDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "shortest:",
    "maxLength": "longest:",
    "format": "format:",
    "maxItems": "most entries:",
    "maxProperties": "most entries:",
    "pattern": "pattern:",
}


def description_page() -> str:
    whole = description()
    parts = [f"\n{whole['info']['description']}\n## Tokens\n\n"]
    parts += [f"- {text(scheme['description'])}\n" for scheme in whole["components"]["securitySchemes"].values()]
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            parts += [f"\n## {method.upper()} {path}\n\n", *operation_parts(operation, whole)]
    for name, schema in whole["components"]["schemas"].items():
        parts += [f"\n## {name}\n\n", *schema_parts(schema)]
    return "".join(parts)


def operation_parts(operation: Described, whole: Described) -> Iterator[str]:
    yield f"{operation['summary']}. {needs(operation['security'])} {operation.get('description', '')}\n"
    yield table(
        ("name", "in", "type", "meaning"),
        [
            (f"`{one['name']}`", one["in"], type_of(one["schema"]), meaning(one["schema"], one["description"]))
            for one in operation["parameters"]
        ],
    )
    if body := operation.get("requestBody"):
        yield f"\n**Body.** {body['description']} {content_of(body)}\n"
    yield table(
        ("status", "answer"),
        [
            (status, f"{text(answer['description'])} {content_of(answer)}")
            for status, answer in (
                (status, resolved(answer, whole)) for status, answer in operation["responses"].items()
            )
        ],
    )


def schema_parts(schema: Described) -> Iterator[str]:
    yield f"{text(schema.get('description', ''))}\n"
    if "properties" not in schema:
        yield f"\n{type_of(schema)} {rules_of(schema)}\n"
    if schema.get("additionalProperties") is False:
        yield "\nNo other members.\n"
    yield table(("member", "type", "meaning"), list(member_rows(schema, "")))


def member_rows(schema: Described, before: str) -> Iterator[tuple[str, ...]]:
    for name, member in schema.get("properties", {}).items():
        required = ", required" if name in schema.get("required", ()) else ""
        yield f"`{before}{name}`", f"{type_of(member)}{required}", meaning(member, member.get("description", ""))
        yield from member_rows(member, f"{before}{name}.")


def meaning(schema: Described, told: str) -> str:
    return f"{text(told)} {rules_of(schema)}"


def needs(security: list[Described]) -> str:
    if not security:
        return "Open to everyone."
    return "Needs a token." if all(security) else "Open, unless the server protects reads."


def resolved(answer: Described, whole: Described) -> Described:
    if "$ref" not in answer:
        return answer
    shared: Described = whole["components"]["responses"][name_of(answer["$ref"])]
    return shared


def content_of(described: Described) -> str:
    return "; ".join(
        f"`{media}`: {type_of(content['schema'])}" for media, content in described.get("content", {}).items()
    )


def type_of(schema: Described) -> str:
    if "$ref" in schema:
        name = name_of(schema["$ref"])
        return f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(map(type_of, choices))
    types = schema.get("type", "any")
    shown = types if isinstance(types, str) else " or ".join(types)
    return f"{shown} of {type_of(schema['items'])}" if "items" in schema else shown


def rules_of(schema: Described) -> str:
    told = [f"{word} {code(schema[rule])}" for rule, word in WORDS.items() if rule in schema]
    if "enum" in schema:
        told.append(f"one of {', '.join(map(code, schema['enum']))}")
    if "propertyNames" in schema:
        told.append(f"keys: {rules_of(schema['propertyNames'])}")
    below = [part for part in (schema.get("items"), schema.get("additionalProperties")) if isinstance(part, dict)]
    told += [f"each: {each}" for part in below if "$ref" not in part and (each := rules_of(part))]
    return f"({'; '.join(told)})" if told else ""


def name_of(reference: str) -> str:
    return reference.rpartition("/")[2]


def code(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def text(told: str) -> str:
    """In one line, and without HTML: `<` may stand in code alone."""
    parts = re.split(r"(`[^`]+`)", re.sub(r"\s*\n(- )?", "<br>", told.removeprefix("- ").strip()))
    return "".join(part if part.startswith("`") else re.sub("<(?!br>)", "&lt;", part) for part in parts)


def table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [titles, ("---",) * len(titles), *(tuple(cell.strip().replace("|", "\\|") for cell in row) for row in rows)]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)
