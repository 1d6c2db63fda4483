"""What a start takes, as JSON Schema (2020-12): a program that has never seen us can draw a form from it. Pure."""

from typing import Any

from .ecma_patterns import ecma
from .member_schema import Schema
from .offering import Json
from .options import VALUE_LENGTH
from .view import default_of, title_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "What POST /hub/api/users/NAME/server takes"


def schema_of(template: Json, seen: Json) -> Schema:
    """Of the starts of one template that can be started, `seen` as they see it."""
    options, required = {}, []
    for option, whole in zip(seen.get("options", ()), template.get("options", ()), strict=True):
        if "choices" in option or "free-text" in option:
            default = default_of(whole, option)
            options[option["name"]] = _option(option, default)
            required += [] if default else [option["name"]]
    members: Schema = {"template": {"const": template["name"]}}
    if options:
        members["options"] = _object(options, required)
    return {**_told(seen), **_object(members, ["template", *(["options"] if required else [])])}


def _option(option: Json, default: Json | None) -> Schema:
    takes = [{"const": choice["name"], **_told(choice)} for choice in option.get("choices", ())]
    if "free-text" in option:
        takes.append(_free_text(option["free-text"]))
    return {**_told(option), **({"default": default["name"]} if default else {}), "oneOf": takes}


def _free_text(typed: Json) -> Schema:
    text: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": VALUE_LENGTH}
    if pattern := typed.get("pattern"):
        text |= {"$comment": f"Python's re.match has the last word: {pattern}"}
        if same := ecma(pattern):
            text["pattern"] = same
    if message := typed.get("message"):
        text["description"] = message
    title = typed.get("display-name-in-choices") or typed.get("display-name") or "Other"
    return {**_told({**typed, "display-name": title}), **_object({"free-text": text}, ["free-text"])}


def _object(members: Schema, required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": members, "additionalProperties": False}
    return schema | {"required": required} if required else schema


def _told(part: Json) -> Schema:
    """What people read of it."""
    deprecated = part.get("deprecated")
    texts = (part.get("description"), deprecated and f"Deprecated: {deprecated}")
    told: Schema = {"title": title_of(part)}
    if description := "\n".join(filter(None, texts)):
        told["description"] = description
    return told | {"deprecated": True} if deprecated else told
