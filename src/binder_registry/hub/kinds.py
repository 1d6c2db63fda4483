"""What the traits of the spawner's class take: found before somebody starts, where the trait itself can tell."""

from collections.abc import Mapping
from typing import Any

from .merging import merged_setting
from .rules import NotOffered

_NAMES: Mapping[Any, str] = {str: "a text", list: "a list", dict: "an object"}  # what is in it may be secret
_OF_INFO: Mapping[str, type] = {"a list": list, "a dict": dict}  # it is one, but too long, say
_JSON: Mapping[Any, str] = {None: "null", True: "true", False: "false"}


def check_kinds(settings: Mapping[str, Any], traits: Mapping[str, Any]) -> None:
    """Raises `NotOffered` for a value that its trait refuses, as it is after merging.

    What a function will say is not known yet, nor what a spawner checks against its other settings: those are refused
    at the start. None lifts, whatever the trait.
    """
    for name, value in settings.items():
        trait = traits.get(name)
        if trait is None or value is None or callable(value) or takes(trait, merged_setting(None, value)):
            continue
        where, wanted, wrong = _wrong_part(name, trait, merged_setting(None, value))
        kinds = "" if isinstance(wrong, _OF_INFO.get(wanted.info(), ())) else f": it wants {wanted.info()}"
        raise NotOffered("kind", f"{where} is {_shown(wrong)} that the spawner does not take{kinds}")


def why_refused(name: str, value: Any, traits: Mapping[str, Any]) -> str:
    """What the trait says itself holds the value."""
    try:
        check_kinds({name: value}, traits)
    except NotOffered as reason:
        return str(reason)
    return f"a rule of its own refuses the {name}"


def _shown(value: Any) -> str:
    if value is None or type(value) is bool:
        return _JSON[value]
    return _NAMES.get(type(value)) or (repr(value) if type(value) in (int, float) else "something")


def _wrong_part(name: str, trait: Any, value: Any) -> tuple[str, Any, Any]:
    """Where it is wrong, what is wanted there, and what is there: `args[0]`, of a list that is one."""
    if isinstance(value, (list, dict)):
        parts: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for one in getattr(trait, "trait_types", [trait]):  # of a union
            inner = getattr(one, "_value_trait" if isinstance(value, dict) else "_trait", None)
            for key, part in parts if inner and isinstance(value, getattr(one, "klass", ())) else ():
                if not takes(inner, part):
                    return _wrong_part(f"{name}[{key}]" if type(key) is int else f"{name}.{key}", inner, part)
    return name, trait, value


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
