"""From what was chosen to the settings of a start: groups, choices and free texts are checked here, in `resolve`."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from ..options import ChoiceRefused, resolve
from .catalogue import Choice
from .choosing import FREE_TEXT, deprecations, saved_choices, spelled, told_gone
from .groups import Standing
from .offers import profile_of
from .refusals import http_error
from .rules import MALFORMED, NotOffered, Rules, log, malformed
from .texts import quoted

PATTERNS_AT_ONCE = 4  # processes that check what was typed


@dataclass(frozen=True)
class Start:
    settings: Mapping[str, Any]
    choices: Mapping[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)  # for the user
    healed: bool = False  # something that was saved is gone


def named_choices(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """As the REST API takes them, and links and forms are read; None where they are spelled as KubeSpawner does it."""
    choices = options.get("options")
    if choices is None:
        return None
    if not isinstance(choices, dict):
        text = "The options are an object: the name of a choice by the name of its option."
        raise http_error(400, "malformed", text)
    return choices


async def start_of(choice: Choice, options: Mapping[str, Any], standing: Standing, rules: Rules) -> Start:
    """Raises `HTTPError` 400. What was saved heals to the defaults, and tells so; what was named now is refused."""
    template, named = choice.offer.template, named_choices(options)
    shown = choice.offer.seen_by(standing) or choice.offer  # of which `resolve` gives them nothing
    healing = named is None or choice.replaced
    if healing:
        given, gone = saved_choices(options if named is None else spelled(named), shown.options, shown.defaults)
    else:
        given, gone = _had(choice, named or {})
    try:
        resolved = await _resolved(template, given, standing)
    except ChoiceRefused as reason:
        typed = [option for option in shown.options if isinstance(given.get(option["name"]), dict)]
        if not (healing and typed):
            raise http_error(400, "option", str(reason)) from None
        gone += [told_gone(option, given[option["name"]][FREE_TEXT], shown.defaults) for option in typed]
        given = {name: chosen for name, chosen in given.items() if not isinstance(chosen, dict)}
        resolved = await _without_typed(template, given, standing)
    notices, healed = gone + deprecations(shown.options, given, shown.defaults), healing and bool(gone)
    if not template.get("options"):
        return Start(choice.offer.settings, given, notices, healed)
    try:
        _, settings = profile_of(resolved, rules)
    except NotOffered as reason:
        if reason.__cause__:
            log.error("The environment %r cannot be started: %s", template["name"], reason.logged)
        status = 500 if reason.__cause__ else 400
        raise http_error(status, "settings", f"This environment cannot be started: {reason}.") from None
    except MALFORMED as error:
        text = f"This environment cannot be started: {malformed(error)}."
        raise http_error(400, "settings", text) from None
    return Start(settings, given, notices, healed)


def _had(choice: Choice, named: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Without the options that a pinned revision did not have: the form shows those of today."""
    if not choice.revision:
        return dict(named), []
    names = {option["name"] for option in choice.offer.options}
    told = [f"Revision {choice.revision[1:]} has no option {quoted(name)}." for name in named if name not in names]
    return {name: chosen for name, chosen in named.items() if name in names}, told


async def _without_typed(template: Mapping[str, Any], given: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    try:
        return await _resolved(template, given, standing)
    except ChoiceRefused as reason:
        raise http_error(400, "option", str(reason)) from None


async def _resolved(template: Mapping[str, Any], given: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    """Aside where something was typed: its pattern is checked in a process, for which the hub's loop does not wait."""
    work = partial(resolve, template, given, standing.held)
    if not any(isinstance(chosen, dict) for chosen in given.values()):
        return work()
    return await asyncio.get_running_loop().run_in_executor(_pool(), work)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PATTERNS_AT_ONCE, thread_name_prefix="binder-registry-pattern")
