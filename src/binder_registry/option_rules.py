"""The rules of options, their choices and free texts: each gives what is wrong. Pure."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from .choices import CHOICE_NAME, OPTION_NAME, RESERVED_NAMES, Choice, FreeText, Option
from .lengths import MAX_CHOICES, MAX_OPTIONS, PATTERN_LENGTH
from .options import HARMLESS_OVERRIDES, PLACEHOLDER
from .remembered import remembered
from .setting_rules import Problems, group_problems, line_problems, setting_problems, text_problems, within

_NAME_PROBLEM = "must be 1 to 63 of A-Za-z0-9._-, beginning and ending with a letter or digit, without --"
_CHOICE_NAME, _OPTION_NAME = (re.compile(schema["pattern"], re.ASCII) for schema in (CHOICE_NAME, OPTION_NAME))
_NOTHING_SET = Choice().set
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
    elif not _OPTION_NAME.fullmatch(option.name):
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
        for field, problem in _choice_problems(choice):
            yield f"{at}.choices[{number}].{field}", problem
    if option.free_text:
        yield from within(f"{at}.free-text", _free_text_problems(option.free_text))


def _choice_problems(choice: Choice) -> Iterable[tuple[str, str]]:
    try:
        return _problems_of_choice(msgspec.json.encode(choice))
    except (ValueError, OverflowError):  # what no JSON can hold, from a program
        return _found_in_choice(choice)


@remembered(512)
def _problems_of_choice(content: bytes) -> tuple[tuple[str, str], ...]:
    """The templates of one registry often offer the same choices."""
    return tuple(_found_in_choice(msgspec.json.decode(content, type=Choice)))


def _found_in_choice(choice: Choice) -> Problems:
    if not _CHOICE_NAME.fullmatch(choice.name):
        yield "name", _NAME_PROBLEM
    if choice.display_name:
        yield from line_problems("display-name", choice.display_name)
    if choice.description:
        yield from text_problems("description", choice.description)
    if choice.deprecated:
        yield from text_problems("deprecated", choice.deprecated)
    if choice.allowed_groups is not None:
        yield from _group_problems("allowed-groups", choice.allowed_groups)
    if choice.set is not _NOTHING_SET:
        for field, problem in setting_problems(choice.set):
            yield f"set.{field}", problem


def _free_text_problems(typed: FreeText) -> Problems:
    yield from line_problems("display-name", typed.display_name)
    yield from line_problems("display-name-in-choices", typed.display_name_in_choices)
    yield from text_problems("description", typed.description)
    yield from text_problems("message", typed.message)
    yield from text_problems("pattern", typed.pattern, PATTERN_LENGTH)
    try:
        re.compile(typed.pattern[:PATTERN_LENGTH])
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        yield "pattern", f"is not a regular expression: {error}"
    if typed.allowed_groups is not None:
        yield from _group_problems("allowed-groups", typed.allowed_groups)
    yield from within("set", setting_problems(typed.set))
    yield from within("set", _placeholder_problems(typed))


def _placeholder_problems(typed: FreeText) -> Problems:
    """What a user types stands in values only, and in no setting that reaches into a cluster."""
    try:
        shlex.split(typed.set.command)  # before the text is put in, which then stays within its word
    except ValueError as error:
        yield "command", f"is not a command line: {error}"
    if PLACEHOLDER in typed.set.redirect_uri and not typed.set.redirect_uri.startswith("/"):
        yield "redirect-uri", f"must begin with / where it holds {PLACEHOLDER}"
    for kind, raw in typed.set.overrides.items():
        for key, value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items():
            if key not in HARMLESS_OVERRIDES and PLACEHOLDER in str(bytes(value), "utf-8"):
                yield f"overrides.{kind}.{key}", f"must not hold {PLACEHOLDER}"


def _group_problems(field: str, groups: tuple[str, ...]) -> Problems:
    if not groups:
        yield field, _NO_GROUPS
    yield from group_problems(field, groups)


def _doubled(field: str, names: Iterable[str]) -> Problems:
    for name, times in Counter(names).items():
        if times > 1:
            yield field, f"must not hold {name!r} twice"
