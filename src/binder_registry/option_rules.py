"""The rules of options, their choices and free texts: each gives what is wrong. Pure."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from .choices import (
    CHOICE_NAME,
    MAX_CHOICES,
    MAX_OPTIONS,
    OPTION_NAME,
    PATTERN_LENGTH,
    RESERVED_NAMES,
    Choice,
    FreeText,
    Option,
)
from .options import HARMLESS_OVERRIDES, PLACEHOLDER
from .setting_rules import Problems, group_problems, line_problems, setting_problems, text_problems

_NAME_PROBLEM = "must be 1 to 63 of A-Za-z0-9._-, beginning and ending with a letter or digit, without --"
_NO_GROUPS = "must not be empty: nobody could take it. Leave it out for everyone"


def option_problems(options: Sequence[Option]) -> Problems:
    if len(options) > MAX_OPTIONS:
        yield "options", f"must not be more than {MAX_OPTIONS}"
    yield from _doubled("options", (option.name for option in options))
    for number, option in enumerate(options):
        yield from _problems(f"options[{number}]", option)


def _problems(at: str, option: Option) -> Problems:
    if option.name in RESERVED_NAMES:
        yield f"{at}.name", "is reserved: " + ", ".join(sorted(RESERVED_NAMES))
    elif not _fits(OPTION_NAME, option.name):
        yield f"{at}.name", _NAME_PROBLEM
    yield from line_problems(f"{at}.display-name", option.display_name)
    yield from text_problems(f"{at}.description", option.description)
    if not (option.choices or option.free_text or option.build):
        yield at, "must have choices, a free text, or build"
    if len(option.choices) > MAX_CHOICES:
        yield f"{at}.choices", f"must not be more than {MAX_CHOICES}"
    if sum(choice.default for choice in option.choices) > 1:
        yield f"{at}.choices", "must not hold more than one default"
    yield from _doubled(f"{at}.choices", (choice.name for choice in option.choices))
    for number, choice in enumerate(option.choices):
        yield from _choice_problems(f"{at}.choices[{number}]", choice)
    if option.free_text:
        yield from _free_text_problems(f"{at}.free-text", option.free_text)


def _choice_problems(at: str, choice: Choice) -> Problems:
    if not _fits(CHOICE_NAME, choice.name):
        yield f"{at}.name", _NAME_PROBLEM
    yield from line_problems(f"{at}.display-name", choice.display_name)
    yield from text_problems(f"{at}.description", choice.description)
    yield from text_problems(f"{at}.deprecated", choice.deprecated)
    yield from _group_problems(f"{at}.allowed-groups", choice.allowed_groups)
    yield from setting_problems(f"{at}.set.", choice.set)


def _free_text_problems(at: str, typed: FreeText) -> Problems:
    yield from line_problems(f"{at}.display-name", typed.display_name)
    yield from text_problems(f"{at}.description", typed.description)
    yield from text_problems(f"{at}.message", typed.message)
    yield from text_problems(f"{at}.pattern", typed.pattern, PATTERN_LENGTH)
    try:
        re.compile(typed.pattern[:PATTERN_LENGTH])
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        yield f"{at}.pattern", f"is not a regular expression: {error}"
    yield from _group_problems(f"{at}.allowed-groups", typed.allowed_groups)
    yield from setting_problems(f"{at}.set.", typed.set)
    yield from _placeholder_problems(f"{at}.set", typed)


def _placeholder_problems(at: str, typed: FreeText) -> Problems:
    """What a user types stands in values only, and in no setting that reaches into a cluster."""
    try:
        shlex.split(typed.set.command)  # before the text is put in, which then stays within its word
    except ValueError as error:
        yield f"{at}.command", f"is not a command line: {error}"
    if PLACEHOLDER in typed.set.redirect_uri and not typed.set.redirect_uri.startswith("/"):
        yield f"{at}.redirect-uri", f"must begin with / where it holds {PLACEHOLDER}"
    for kind, raw in typed.set.overrides.items():
        for key, value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items():
            if key not in HARMLESS_OVERRIDES and PLACEHOLDER in str(bytes(value), "utf-8"):
                yield f"{at}.overrides.{kind}.{key}", f"must not hold {PLACEHOLDER}"


def _group_problems(field: str, groups: tuple[str, ...] | None) -> Problems:
    if groups == ():
        yield field, _NO_GROUPS
    elif groups:
        yield from group_problems(field, groups)


def _doubled(field: str, names: Iterable[str]) -> Problems:
    for name, times in Counter(names).items():
        if times > 1:
            yield field, f"must not hold {name!r} twice"


def _fits(schema: dict[str, str], name: str) -> bool:
    return re.fullmatch(schema["pattern"].removeprefix("^").removesuffix("$"), name, re.ASCII) is not None
