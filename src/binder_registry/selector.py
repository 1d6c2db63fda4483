"""Label selectors: `key=value`, `key!=value`, `key`, `!key`, joined by commas."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from .errors import InvalidRequest
from .lengths import MOST_REQUIREMENTS
from .member_schema import LABEL_KEY, LABEL_WORD
from .rules import is_label_key, is_label_value

_REQUIREMENT = rf" *(?:!?{LABEL_KEY}|{LABEL_KEY}!?=(?:{LABEL_WORD})?) *"
# What `parse_selector` takes, as the description of the API has it.
SELECTOR = rf"{_REQUIREMENT}(?:,{_REQUIREMENT}){{0,{MOST_REQUIREMENTS - 1}}}"


class Requirement(Struct, frozen=True):
    key: str
    operator: Literal["=", "!=", "exists", "absent"]
    value: str = ""

    def __str__(self) -> str:
        """As it is written."""
        if self.operator in ("=", "!="):
            return f"{self.key}{self.operator}{self.value}"
        return f"!{self.key}" if self.operator == "absent" else self.key

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.operator == "exists":
            return self.key in labels
        if self.operator == "absent":
            return self.key not in labels
        return (labels.get(self.key) == self.value) == (self.operator == "=")


Selector: TypeAlias = Sequence[Requirement]


def matcher(selector: Selector) -> Callable[[Mapping[str, str]], bool]:
    """`matches`, for one that is asked often."""
    values = [(each.key, each.value, each.operator == "=") for each in selector if each.operator in ("=", "!=")]
    there = frozenset(each.key for each in selector if each.operator == "exists")
    absent = frozenset(each.key for each in selector if each.operator == "absent")
    if not values and not there:
        return absent.isdisjoint

    def meets(labels: Mapping[str, str]) -> bool:
        for key, value, wanted in values:
            if (labels.get(key) == value) is not wanted:
                return False
        return (not there or there <= labels.keys()) and absent.isdisjoint(labels)

    return meets


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    return all(requirement.matches(labels) for requirement in selector)


def parse_selector(*texts: str, parameter: str) -> list[Requirement]:
    """All of these, which must hold together. Raises `InvalidRequest` naming `parameter`; "" is no selector."""
    if len(texts) + sum(text.count(",") for text in texts) > MOST_REQUIREMENTS:
        raise InvalidRequest.parameter(parameter, f"must not hold more than {MOST_REQUIREMENTS} requirements")
    return [_requirement(part.strip(), parameter) for text in texts for part in text.split(",")]


def _requirement(text: str, parameter: str) -> Requirement:
    requirement = Requirement(text, "exists")
    if "=" in text:
        key, _, value = text.partition("=")
        requirement = Requirement(key[:-1], "!=", value) if key.endswith("!") else Requirement(key, "=", value)
    elif text.startswith("!"):
        requirement = Requirement(text[1:], "absent")
    if not (is_label_key(requirement.key) and is_label_value(requirement.value)):
        raise InvalidRequest.parameter(parameter, f"{text[:100]!r} is not key=value, key!=value, key or !key")
    return requirement
