"""The overrides of a template that are meant for this hub's spawner, as far as its admin allows them."""

from collections.abc import Iterator
from typing import Any

from ..options import HARMLESS_OVERRIDES, PLACEHOLDER, Json, merged
from .rules import SECTIONS, NotOffered, Rules


def overrides_of(settings: Json, rules: Rules) -> dict[str, Any]:
    """Of a template or a choice: the nearer to the spawner's own class, the later. Raises `NotOffered`."""
    allowed = [rules.allow_overrides] if isinstance(rules.allow_overrides, str) else rules.allow_overrides
    found: dict[str, Any] = {}
    for section, keys in _meant(settings, rules):
        for key in keys:
            if key not in HARMLESS_OVERRIDES and key not in allowed:
                raise NotOffered("overrides", f"overrides.{section}.{key} is not among those that this hub allows")
        found = merged(found, keys)
    return found


def check_placeholders(settings: Json, rules: Rules) -> None:
    """What a user types reaches into no cluster, whatever the admin allows. Raises `NotOffered`."""
    for section, keys in _meant(settings, rules):
        for key, value in keys.items():
            if key not in HARMLESS_OVERRIDES and PLACEHOLDER in str(value):
                raise NotOffered("overrides", f"overrides.{section}.{key} must not hold {PLACEHOLDER}")


def _meant(settings: Json, rules: Rules) -> Iterator[tuple[str, Json]]:
    given = settings.get("overrides", {})
    for section in rules.sections or SECTIONS[rules.kind]:
        if section in given:
            if not isinstance(given[section], dict):
                raise NotOffered("overrides", f"overrides.{section} holds no settings")
            yield section, given[section]
