"""What of a template this hub can start: choices that it cannot are taken out, never what they would have set."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ..options import A_FREE_TEXT, ChoiceRefused, EveryGroup, Json, default_choice, resolve
from .overrides import check_placeholders
from .rules import MALFORMED, NotOffered, Reason, Rules, Template, malformed

# Members that decide what runs, or who may start it. A template that uses another is for newer modules than this.
UNDERSTOOD = frozenset(("options", "overrides", "paused", "requests"))
MOST_REASONS = 4096
_SAMPLES = ("x", f"sha256:{'0' * 64}")  # of what users type: a word, and the digest of an image


Part = tuple[str, str]  # the names of an option and of a choice, "" for its free text
Hidden = Mapping[Part, Reason]  # what a hub cannot start of a template, and why


def called(part: Part) -> str:
    """`size=large`"""
    option, choice = part
    return f"{option}={choice or A_FREE_TEXT}"


def check_understood(template: Template) -> None:
    """Raises `NotOffered`."""
    unknown = sorted(str(member) for member in template.get("uses", ()) if member not in UNDERSTOOD)
    if unknown:
        raise NotOffered("uses", f"it uses {', '.join(unknown)}, which this hub's module is too old to know")


def startable(template: Template, rules: Rules, check: Callable[[Template], Any]) -> tuple[Template, Hidden]:
    """The template without the choices that `check` refuses, and these with the reasons. Raises `NotOffered`.

    Where an option's default goes, the template does: another choice in its place could be a larger one.
    """
    if not template.get("options"):
        return template, {}
    hidden: dict[Part, Reason] = {}
    options = []
    for option in template["options"]:
        reasons = dict(_refused(template, option, rules, check))
        default = default_choice(option)
        if default and (reason := reasons.get(default["name"])):
            raise NotOffered(reason.rule, f"{option['name']}={default['name']}, the default, is not: {reason}")
        kept = {key: value for key, value in option.items() if key != "free-text" or "" not in reasons}
        if "choices" in option:
            kept["choices"] = [choice for choice in option["choices"] if choice["name"] not in reasons]
        if "" in reasons and not (kept.get("choices") or kept.get("build")):
            raise NotOffered(reasons[""].rule, f"{option['name']} has nothing to choose: {reasons['']}")
        options.append(kept)
        hidden |= {(option["name"], name): reason for name, reason in reasons.items()}
    return {**template, "options": options}, hidden


def _refused(
    template: Template, option: Json, rules: Rules, check: Callable[[Template], Any]
) -> Iterator[tuple[str, Reason]]:
    """The choices that this hub cannot start, each alone, and why; "" is the free text."""
    alone = {**template, "options": [option]}
    for choice in option.get("choices", ()):
        if reason := _remembered(alone, option["name"], choice, rules, check):
            yield choice["name"], reason
    if "free-text" in option:
        try:
            check_placeholders(option["free-text"].get("set", {}), rules)
        except NotOffered as reason:
            yield "", reason.told
            return
        reasons = [_reason(alone, {option["name"]: {"free-text": sample}}, check) for sample in _SAMPLES]
        if reasons[0] and all(reasons):
            yield "", reasons[0]


def _remembered(
    template: Template, option: str, choice: Json, rules: Rules, check: Callable[[Template], Any]
) -> Reason | None:
    """What a choice sets is right or wrong whatever the template says beside it: many share theirs."""
    if rules.override:  # which may look at both
        return _reason(template, {option: choice["name"]}, check)
    key = json.dumps(choice.get("set", {}))
    with suppress(KeyError):
        return rules.reasons[key]
    if len(rules.reasons) >= MOST_REASONS:
        rules.reasons.clear()  # in a server, while another thread may look
    reason = rules.reasons[key] = _reason(template, {option: choice["name"]}, check)
    return reason


def _reason(template: Template, choices: Mapping[str, Any], check: Callable[[Template], Any]) -> Reason | None:
    try:
        check(resolve(template, choices, EveryGroup(), matches=lambda pattern, text: True))
    except NotOffered as reason:
        return reason.logged
    except ChoiceRefused as reason:
        return Reason("options", str(reason))
    except MALFORMED as error:
        return malformed(error)
    return None
