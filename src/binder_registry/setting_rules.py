"""The rules of what a template or a choice sets, by field: each gives what is wrong. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Raw, Struct
from msgspec.structs import asdict

from .members import DISPLAY_NAME_LENGTH, LARGEST_INTEGER, MAX_ENTRIES, TEXT_LENGTH, VARIABLE
from .settings import OVERRIDES_BYTES, Settings

Problems = Iterator[tuple[str, str]]  # field, and what is wrong with it

_VARIABLE = re.compile(VARIABLE, re.ASCII)
_KIND = re.compile("[a-z][a-z0-9]{0,62}", re.ASCII)


def setting_problems(at: str, settings: Settings) -> Problems:
    """`at` is "" for a template's own, or a path that ends with a dot."""
    if has_control_characters(settings.image_name):
        yield f"{at}image-name", "must not contain control characters"
    if not 0 <= settings.bind_port <= 65535:
        yield f"{at}bind-port", "must be from 0 to 65535"
    yield from amount_problems(f"{at}limits", settings.limits)
    yield from amount_problems(f"{at}requests", settings.requests)
    if settings.environment:
        yield from environment_problems(f"{at}environment", settings.environment)
    if settings.overrides:
        yield from override_problems(f"{at}overrides", settings.overrides)


def amount_problems(field: str, amounts: Struct) -> Problems:
    for name, value in asdict(amounts).items():
        if not 0 <= value <= LARGEST_INTEGER:  # NaN is not either
            yield f"{field}.{name}", f"must be from 0 to {LARGEST_INTEGER}"


def environment_problems(field: str, environment: Mapping[str, str]) -> Problems:
    if len(environment) > MAX_ENTRIES:
        yield field, f"must not have more than {MAX_ENTRIES} entries"
    for variable, value in environment.items():
        if not _VARIABLE.fullmatch(variable):
            yield f"{field}.{variable}", "is not a name of an environment variable"
        elif "\0" in value:
            yield f"{field}.{variable}", "must not contain a NUL character"


def override_problems(field: str, overrides: Mapping[str, Raw]) -> Problems:
    for kind in overrides:
        if not _KIND.fullmatch(kind):
            yield f"{field}.{kind}", "is not a kind of spawner, such as kubespawner"
    if sum(len(bytes(settings)) for settings in overrides.values()) > OVERRIDES_BYTES:
        yield field, f"must not be larger than {OVERRIDES_BYTES} bytes"


def group_problems(field: str, groups: Sequence[str]) -> Problems:
    if len(groups) > MAX_ENTRIES:
        yield field, f"must not have more than {MAX_ENTRIES} entries"
    if len(set(groups)) != len(groups):
        yield field, "must not name a group twice"
    if any(not group or has_control_characters(group) for group in groups):
        yield field, "must hold names of groups, without control characters"


def line_problems(field: str, text: str) -> Problems:
    if len(text) > DISPLAY_NAME_LENGTH or has_control_characters(text):
        yield field, f"must be one line of at most {DISPLAY_NAME_LENGTH} characters"


def text_problems(field: str, text: str, most: int = TEXT_LENGTH) -> Problems:
    if len(text) > most:
        yield field, f"must not be longer than {most} characters"


def has_control_characters(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text)
