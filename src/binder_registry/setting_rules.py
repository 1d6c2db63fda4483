"""The rules of what a template or a choice sets, by field: each gives what is wrong. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Raw, Struct
from msgspec.structs import astuple

from .lengths import (
    COMMAND_LENGTH,
    DISPLAY_NAME_LENGTH,
    GROUP_LENGTH,
    IMAGE_LENGTH,
    LARGEST_INTEGER,
    MAX_ENTRIES,
    OVERRIDES_BYTES,
    PLACE_LENGTH,
    TEXT_LENGTH,
    VALUE_LENGTH,
    VARIABLE_LENGTH,
)
from .member_schema import VARIABLE
from .settings import SPAWNER, Settings

Problems = Iterator[tuple[str, str]]  # field, and what is wrong with it

_VARIABLE = re.compile(VARIABLE, re.ASCII)
_KIND = re.compile(SPAWNER, re.ASCII)


def setting_problems(settings: Settings) -> Problems:
    if settings.image_name and has_control_characters(settings.image_name):
        yield "image-name", "must not contain control characters"
    if len(settings.image_name) > IMAGE_LENGTH:
        yield from text_problems("image-name", settings.image_name, IMAGE_LENGTH)
    if settings.command:
        yield from text_problems("command", settings.command, COMMAND_LENGTH)
    if settings.redirect_uri:
        yield from text_problems("redirect-uri", settings.redirect_uri, PLACE_LENGTH)
    if not 0 <= settings.bind_port <= 65535:
        yield "bind-port", "must be from 0 to 65535"
    for field, amounts in (("limits", settings.limits), ("requests", settings.requests)):
        for amount in astuple(amounts):
            if not 0 <= amount <= LARGEST_INTEGER:  # NaN is not either
                yield from amount_problems(field, amounts)
                break
    if settings.environment:
        yield from environment_problems("environment", settings.environment)
    if settings.overrides:
        yield from override_problems("overrides", settings.overrides)


def within(at: str, problems: Problems) -> Problems:
    """`problems` of what lies at that path. Paths are made of the few faults there are, and not of all that is right:
    a template may hold thousands of choices."""
    for field, problem in problems:
        yield f"{at}.{field}", problem


def amount_problems(field: str, amounts: Struct) -> Problems:
    for name in amounts.__struct_fields__:
        if not 0 <= getattr(amounts, name) <= LARGEST_INTEGER:
            yield f"{field}.{name}", f"must be from 0 to {LARGEST_INTEGER}"


def environment_problems(field: str, environment: Mapping[str, str]) -> Problems:
    if len(environment) > MAX_ENTRIES:
        yield field, f"must not have more than {MAX_ENTRIES} entries"
    for variable, value in environment.items():
        if len(variable) > VARIABLE_LENGTH:
            yield f"{field}.{variable[:100]}…", f"must not be longer than {VARIABLE_LENGTH} characters"
        elif not _VARIABLE.fullmatch(variable):
            yield f"{field}.{variable}", "is not a name of an environment variable"
        elif "\0" in value:
            yield f"{field}.{variable}", "must not contain a NUL character"
        elif len(value) > VALUE_LENGTH:
            yield f"{field}.{variable}", f"must not be longer than {VALUE_LENGTH} characters"


def override_problems(field: str, overrides: Mapping[str, Raw]) -> Problems:
    size = 0
    for kind, settings in overrides.items():
        size += len(bytes(settings))
        if not _KIND.fullmatch(kind):
            yield f"{field}.{kind}", "is not a kind of spawner, such as kubespawner"
    if size > OVERRIDES_BYTES:
        yield field, f"must not be larger than {OVERRIDES_BYTES} bytes"


def group_problems(field: str, groups: Sequence[str]) -> Problems:
    if len(groups) > MAX_ENTRIES:
        yield field, f"must not have more than {MAX_ENTRIES} entries"
    if len(set(groups)) != len(groups):
        yield field, "must not name a group twice"
    if any(not group or has_control_characters(group) for group in groups):
        yield field, "must hold names of groups, without control characters"
    if any(len(group) > GROUP_LENGTH for group in groups):
        yield field, f"must not hold a group of more than {GROUP_LENGTH} characters"


def line_problems(field: str, text: str) -> Problems:
    if len(text) > DISPLAY_NAME_LENGTH or has_control_characters(text):
        yield field, f"must be one line of at most {DISPLAY_NAME_LENGTH} characters"


def text_problems(field: str, text: str, most: int = TEXT_LENGTH) -> Problems:
    if len(text) > most:
        yield field, f"must not be longer than {most} characters"


def has_control_characters(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text)
