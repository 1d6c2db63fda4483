"""What a template lets people choose: its options, their choices, and free texts."""

from typing import Annotated, TypeAlias

from msgspec import Struct

from .lengths import DISPLAY_NAME_LENGTH, GROUP_LENGTH, MAX_CHOICES, MAX_ENTRIES, PATTERN_LENGTH, TEXT_LENGTH
from .member_schema import GROUP, NO_CONTROL, Member, Schema
from .settings import Settings

RESERVED_NAMES = frozenset({"profile", "template", "revision", "channel", "options"})  # what a start names beside them

_NAME = "(?!.*--)[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
CHOICE_NAME: Schema = {"pattern": f"^{_NAME}$"}
OPTION_NAME: Schema = {"pattern": f"^(?!(?:{'|'.join(sorted(RESERVED_NAMES))})$){_NAME}$"}
_NAME_RULE = "1 to 63 of `A-Za-z0-9._-`, beginning and ending with a letter or digit, without `--`; each once"

DisplayName: TypeAlias = Annotated[
    str,
    Member(
        "What people read.",
        f"one line of at most {DISPLAY_NAME_LENGTH} characters; no control characters",
        "Large",
        schema={"maxLength": DISPLAY_NAME_LENGTH, **NO_CONTROL},
    ),
]
Description: TypeAlias = Annotated[
    str,
    Member(
        "What people read below it.",
        f"at most {TEXT_LENGTH} characters",
        "For the exercises with maps.",
        schema={"maxLength": TEXT_LENGTH},
    ),
]
Groups: TypeAlias = Annotated[
    tuple[str, ...] | None,
    Member(
        "Which groups may take it; left out: everyone who may take the template. Those of the template hold, too.",
        f"1 to {MAX_ENTRIES}, each once, of 1 to {GROUP_LENGTH} characters; no control characters",
        ["staff"],
        schema={
            "minItems": 1,
            "maxItems": MAX_ENTRIES,
            "uniqueItems": True,
            "items": GROUP,
        },
    ),
]
Set: TypeAlias = Annotated[Settings, Member("The members of the template that it sets.")]


class Choice(Struct, frozen=True, omit_defaults=True, rename="kebab"):
    name: Annotated[str, Member("What programs call it.", f"required; {_NAME_RULE}", "large", schema=CHOICE_NAME)] = ""
    display_name: DisplayName = ""
    description: Description = ""
    default: Annotated[
        bool, Member("Taken where nothing is chosen; else the first that the user may take.", "at most one", True)
    ] = False
    allowed_groups: Groups = None
    deprecated: Annotated[
        str,
        Member(
            "A message for people, shown where it is chosen.",
            f"at most {TEXT_LENGTH} characters",
            "Please take `medium`.",
            schema={"maxLength": TEXT_LENGTH},
        ),
    ] = ""
    set: Set = Settings()


class FreeText(Struct, frozen=True, omit_defaults=True, rename="kebab"):
    """In the values of `set`, `{value}` stands for what the user typed."""

    display_name: DisplayName = ""
    display_name_in_choices: Annotated[
        str,
        Member(
            "What people read among the choices, where that differs from the name of the field.",
            f"one line of at most {DISPLAY_NAME_LENGTH} characters; no control characters",
            "Another image…",
            schema={"maxLength": DISPLAY_NAME_LENGTH, **NO_CONTROL},
        ),
    ] = ""
    description: Description = ""
    pattern: Annotated[
        str,
        Member(
            "A regular expression that the text matches from its start, as Python's `re.match`.",
            f"at most {PATTERN_LENGTH} characters",
            r"^[a-z0-9./:-]+$",
            schema={"maxLength": PATTERN_LENGTH},
        ),
    ] = ""
    message: Annotated[
        str,
        Member(
            "What people read whose text does not match.",
            f"at most {TEXT_LENGTH} characters",
            "An image with its tag.",
            schema={"maxLength": TEXT_LENGTH},
        ),
    ] = ""
    allowed_groups: Groups = None
    set: Set = Settings()


class Option(Struct, frozen=True, omit_defaults=True, rename="kebab"):
    name: Annotated[
        str,
        Member(
            "What programs call it.",
            f"required; {_NAME_RULE}; none of {', '.join(f'`{name}`' for name in sorted(RESERVED_NAMES))}",
            "size",
            schema=OPTION_NAME,
        ),
    ] = ""
    display_name: DisplayName = ""
    description: Description = ""
    choices: Annotated[
        tuple[Choice, ...],
        Member(
            "What can be chosen, in the order of the form.", f"at most {MAX_CHOICES}", schema={"maxItems": MAX_CHOICES}
        ),
    ] = ()
    free_text: Annotated[FreeText | None, Member("That the user may type something instead, and what that sets.")] = (
        None
    )
    build: Annotated[bool, Member("Passed through for hubs that build images from repositories.", "", True)] = False
