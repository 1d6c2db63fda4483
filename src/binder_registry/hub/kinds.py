"""What the traits of the spawner's class take: found before somebody starts, where the trait itself can tell."""

from collections.abc import Mapping
from typing import Any

from .merging import merged_setting
from .rules import NotOffered

_NAMES: Mapping[Any, str] = {str: "a text", list: "a list", dict: "an object"}  # what is in it may be secret


def check_kinds(settings: Mapping[str, Any], traits: Mapping[str, Any]) -> None:
    """Raises `NotOffered` for a value that its trait refuses, as it is after merging.

    What a function will say is not known yet, nor what a spawner checks against its other settings: those are refused
    at the start. None lifts, whatever the trait.
    """
    for name, value in settings.items():
        trait = traits.get(name)
        if trait is None or value is None or callable(value) or takes(trait, merged_setting(None, value)):
            continue
        shown = _NAMES.get(type(value), repr(value))
        raise NotOffered(f"{name} is {shown} that the spawner does not take: it wants {trait.info()}")


def takes(trait: Any, value: Any) -> bool:
    """By its own rule; a spawner's further rules look at an instance, and there is none."""
    nobody = next(cls for cls in trait.this_class.__mro__ if cls.__name__ == "HasTraits")
    try:
        trait._validate(nobody(), value)
    except Exception:  # noqa: BLE001  # whatever the rule raises
        return False
    return True


def lifted(spawner: Any, name: str) -> Any:
    """What takes away what the hub set: None, or the trait's own default where it takes no None."""
    return None if takes(spawner.traits()[name], None) else spawner.trait_defaults(name)
