"""The bodies of `GET /view`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from ...member_schema import Schema


class HiddenBody(Struct):
    name: Annotated[str, Meta(description="The template's")]
    option: Annotated[str, Meta(description="Of which a choice is hidden; empty where it is the whole template")]
    choice: Annotated[str, Meta(description="Its name, or `(free text)`; empty where it is the whole template")]
    rule: Annotated[str, Meta(description="The rule that hides it, for programs")]
    needs: Annotated[str, Meta(description="What it takes, or why not, for people: a hub's log has the same words")]


class View(Struct, kw_only=True, omit_defaults=True, rename="kebab"):
    user: Annotated[str | None, Meta(description="Who may start it; null where that is no user of a hub")]
    groups: Annotated[list[str], Meta(description="Of the user, as the hub says, or of the question")]
    groups_from: Annotated[
        str, Meta(description="`hub only` where the hub knows of groups that the registry does not: it may offer more")
    ] = ""
    revision: Annotated[int, Meta(description="The newest revision of the registry that this is of")]
    offered: Annotated[
        list[dict[str, Any]],
        Meta(description="Templates as with `view=full`, with the options and choices that are theirs, in order"),
    ]
    hidden: Annotated[list[HiddenBody], Meta(description="What is not offered; with `explain=true` only")] = []


LAUNCH: Schema = {
    "type": "object",
    "properties": {
        "template": {"type": "string"},
        "options": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["template"],
    "description": "The body of a start, for `POST /hub/api/users/NAME/server`; only for users, and left out where "
    "something has to be typed.",
}
SCHEMA_OF_STARTS: Schema = {
    "type": "object",
    "properties": {"$schema": {"type": "string"}},
    "required": ["$schema"],
    "description": "With `as=schema`: JSON Schema of what a start takes.",
}
