"""What a JupyterHub imports, so that its list of environments is the registry's, live.

    # jupyterhub_config.py
    from binder_registry.jupyterhub import configure
    configure(c, url="http://registry:8080", token="…")

A single file, standard library and tornado only: it can be mounted into a hub's image as it is. Written by `make hub`
from hub/, slugs.py, jitter.py, matching.py, options.py and form_order.py: change those.
"""

import asyncio
import hashlib
import json
import linecache
import logging
import os
import re
import secrets
import shlex
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, aclosing, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache, cached_property, lru_cache, partial, wraps
from html import escape
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from importlib import import_module
from importlib.metadata import entry_points
from inspect import getframeinfo, isawaitable, iscoroutinefunction
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from random import SystemRandom
from types import FrameType
from typing import Any, Literal, NamedTuple, TypeVar, cast, get_args
from urllib.parse import quote, urlsplit

from tornado.web import HTTPError

# ── slugs.py ──
# Names of templates as slugs that KubeSpawner's form takes, and back. Standard library only: hubs hold a copy.


_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # KubeSpawner's form and its JavaScript split at "--"


def slug_of(name: str) -> str:
    """The name itself where it is `[a-z0-9]+(-[a-z0-9]+)*`, else `x-` and its UTF-8 in hex, which that pattern fits."""
    return name if _SLUG.fullmatch(name) and not name.startswith("x-") else f"x-{name.encode().hex()}"


def name_of(slug: str) -> str:
    """Undoes `slug_of`; what is no slug is taken for a name."""
    if slug.startswith("x-"):
        with suppress(ValueError):
            name = bytes.fromhex(slug[2:]).decode()
            return name if name and slug_of(name) == slug else slug
    return slug


# ── jitter.py ──
# Pauses that differ, so that many who wait for the same do not all come back at once.


_RANDOM = SystemRandom()  # no state: who draws from a seeded one meanwhile draws the same


def spread(seconds: float) -> float:
    """Between half of it and all."""
    return seconds * _RANDOM.uniform(0.5, 1)


# ── matching.py ──
# Whether a text fits somebody's pattern, which may take for ever. Standard library only: hubs hold a copy of it.


PATTERN_SECONDS = 0.2


def matches_in_time(pattern: str, text: str) -> bool:
    """As `re.match`, in a process of its own that has 200 ms: what takes for ever is a refusal, and no hang."""
    command = [sys.executable, "-I", "-S", "-c", _MATCHER]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere) as child:  # noqa: S603  # our own program
        assert child.stdout
        child.stdout.readline()  # it is there: from now on the time counts
        timer = threading.Timer(PATTERN_SECONDS, child.kill)
        timer.start()
        try:
            answer, _ = child.communicate(json.dumps([pattern, text]).encode())
        finally:
            timer.cancel()
    return answer.strip() == b"yes"


_MATCHER = """
import json, re, sys
print(flush=True)
print("yes" if re.match(*json.load(sys.stdin)) else "no")
"""

# ── options.py ──
# From a template with options, and what was chosen, to a template without: the one place that applies and withholds.
#
# Plain JSON, and the standard library only: the hub's module holds a copy of it. A template is the mapping that the API
# answers. Nobody else merges the layers of a template, or decides who may take a choice.


Json = Mapping[str, Any]
Matches = Callable[[str, str], bool]

VALUE_LENGTH = 1024  # characters of what a user types
PLACEHOLDER = "{value}"
A_FREE_TEXT = "(free text)"  # of an option, where its choices go by their names: none is called so
HUBS_OWN_IMAGE = "(the hub's own)"  # a blank, which no reference to an image holds: nobody takes it for one

OF_TODAY = ("allowed-groups", "deprecated", "replaced-by", "paused")  # whichever revision of a template runs

# What a hub takes of `overrides` without its admin's word: it reaches nothing beyond the user's own server.
HARMLESS_OVERRIDES = frozenset(
    (
        *("mem_guarantee", "cpu_guarantee", "mem_limit", "cpu_limit"),
        *("extra_resource_limits", "extra_resource_guarantees", "node_selector", "tolerations"),
        *("node_affinity_preferred", "node_affinity_required", "pod_affinity_preferred", "pod_affinity_required"),
        *("pod_anti_affinity_preferred", "pod_anti_affinity_required", "image_pull_policy", "working_dir"),
    )
)
# Settings of spawners that are members of a template, too: one thing in two spellings.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "image": ("image-name",),
    "image_spec": ("image-name",),
    "cmd": ("command",),
    "default_url": ("redirect-uri",),
    "ip": ("container-ip",),
    "port": ("bind-port",),
    "environment": ("environment",),
    "mem_limit": ("limits", "memory"),
    "cpu_limit": ("limits", "cpus"),
    "mem_guarantee": ("requests", "memory"),
    "cpu_guarantee": ("requests", "cpus"),
}


class ChoiceRefused(Exception):
    """Why this cannot be had, as a sentence for the user. What is withheld reads like what does not exist.

    `option` is the one that it is about; empty where it is the template.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


class EveryGroup(frozenset[str]):
    """The groups of one who may take everything: a hub's admin."""

    def isdisjoint(self, other: Any) -> bool:
        return False


def resolve(
    template: Json,
    choices: Json,
    groups: Collection[str] | None,
    *,
    matches: Matches | None = None,
) -> dict[str, Any]:
    """The template without options that these choices come to. Raises `ChoiceRefused`.

    `choices` are by option: the name of a choice, or `{"free-text": "what was typed"}`; an option that is left out gets
    its default. `groups` are the user's; None means that rights were not asked: for `run` and `export` alone.
    `matches(pattern, text)` says whether a text matches; by default `matches_in_time`.
    Of `overrides`, what a member says later, or in the same layer, is gone: what is left wins over the members.
    """
    if not may_take(template.get("allowed-groups") or None, groups):
        raise ChoiceRefused(f"There is no environment {template['name']!r}.")
    options = template.get("options", ())
    names = [option["name"] for option in options]
    for name in choices:
        if name not in names:
            raise ChoiceRefused(_unknown("option", str(name), names), str(name))
    resolved = _layered({}, {key: value for key, value in template.items() if key != "options"})
    for option in options:
        resolved = _layered(resolved, _chosen(option, choices.get(option["name"]), groups, matches or matches_in_time))
    return resolved


def visible(template: Json, groups: Collection[str] | None) -> dict[str, Any] | None:
    """The template as these groups see it, with the choices and free texts that are theirs; None: they do not."""
    if not may_take(template.get("allowed-groups") or None, groups):
        return None
    options = []
    for option in template.get("options", ()):
        choices = [choice for choice in option.get("choices", ()) if may_take(choice.get("allowed-groups"), groups)]
        typed = option.get("free-text")
        shown = {key: value for key, value in option.items() if key not in ("choices", "free-text")}
        if choices:
            shown["choices"] = choices
        if typed is not None and may_take(typed.get("allowed-groups"), groups):
            shown["free-text"] = typed
        if not ("choices" in shown or "free-text" in shown or option.get("build")):
            return None
        options.append(shown)
    return {**template, "options": options} if options else dict(template)


def deciding_groups(template: Json) -> frozenset[str]:
    """All that a template names: of others, it does not matter to it who is in them."""
    named = [template.get("allowed-groups")]
    for option in template.get("options", ()):
        named += [part.get("allowed-groups") for part in parts_of(option)]
    return frozenset(group for groups in named for group in groups or ())


def parts_of(option: Json) -> list[Json]:
    """What can be taken of an option, each of which may be for some groups only."""
    typed = option.get("free-text")
    return [*option.get("choices", ()), *([] if typed is None else [typed])]


def as_of_today(today: Json, past: Json) -> dict[str, Any]:
    """The content of a past revision, under what is said of the template today: `OF_TODAY`, and the groups of the
    choices and free texts that are still there. A choice that is gone keeps its own groups. Where its option is gone,
    or a free text, nobody said today who may have it: who could not see it then does not."""
    composed = {key: value for key, value in past.items() if key not in OF_TODAY}
    composed |= {member: today[member] for member in OF_TODAY if member in today}
    if "options" in past:
        options = {option["name"]: option for option in today.get("options", ())}
        then = past.get("allowed-groups") or None
        composed["options"] = [_option_today(options.get(one["name"]), one, then) for one in past["options"]]
    return composed


def _option_today(today: Json | None, past: Json, then: Collection[str] | None) -> dict[str, Any]:
    """`then` are the groups that the template was for."""
    option = dict(past)
    choices = {choice["name"]: choice for choice in (today or {}).get("choices", ())}
    if "choices" in past:
        option["choices"] = [
            _closed(one, then) if today is None else _for_groups_of(choices.get(one["name"], one), one)
            for one in past["choices"]
        ]
    if "free-text" in past:
        typed, now = past["free-text"], (today or {}).get("free-text")
        option["free-text"] = _closed(typed, then) if now is None else _for_groups_of(now, typed)
    return option


def _for_groups_of(today: Json, past: Json) -> dict[str, Any]:
    kept = {key: value for key, value in past.items() if key != "allowed-groups"}
    return kept | {key: value for key, value in today.items() if key == "allowed-groups"}


def _closed(past: Json, then: Collection[str] | None) -> dict[str, Any]:
    own = past.get("allowed-groups")
    if then is None:
        return dict(past)
    return {**past, "allowed-groups": [group for group in then if own is None or group in own]}


def default_choice(option: Json) -> Json | None:
    """The choice that is taken where none is made: the one that says so, else the first, as KubeSpawner has it."""
    choices = option.get("choices") or [None]
    first: Json | None = choices[0]
    return next((choice for choice in choices if choice and choice.get("default")), first)


def may_take(allowed: Collection[str] | None, groups: Collection[str] | None) -> bool:
    """No list is everyone's; an empty one is nobody's."""
    return allowed is None or groups is None or not frozenset(allowed).isdisjoint(groups) or _every(groups)


def _every(groups: Collection[str]) -> bool:
    return isinstance(groups, EveryGroup)


def _chosen(
    option: Json,
    choice: Any,
    groups: Collection[str] | None,
    matches: Matches,
) -> Json:
    """What the choice sets."""
    name = option["name"]
    theirs = [one for one in option.get("choices", ()) if may_take(one.get("allowed-groups"), groups)]
    typed = option.get("free-text")
    if typed is not None and not may_take(typed.get("allowed-groups"), groups):
        typed = None
    if choice is None:
        found = default_choice(option)
        if found in theirs:
            return found.get("set", {}) if found else {}
        if not (option.get("choices") or option.get("free-text")):
            return {}  # for those who build images from repositories
        raise ChoiceRefused(f"Choose {name!r}: {_listed(theirs, typed)}.", name)
    if isinstance(choice, str):
        for one in theirs:
            if one["name"] == choice:
                return one.get("set", {})  # type: ignore[no-any-return]
    elif isinstance(choice, Mapping) and list(choice) == ["free-text"] and typed is not None:
        return _typed(name, typed, choice["free-text"], matches)
    raise ChoiceRefused(f"There is no such choice of {name!r}: choose {_listed(theirs, typed)}.", name)


def _listed(choices: Collection[Json], typed: Json | None) -> str:
    names = [repr(one["name"]) for one in choices][:20] + (["a text of your own"] if typed is not None else [])
    return " or ".join(names) or "another environment"


def _unknown(what: str, name: str, names: Collection[str]) -> str:
    there = f"there are {', '.join(map(repr, names))}" if names else "there are none"
    return f"There is no {what} {name[:100]!r}: {there}."


# ── free texts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _typed(
    option: str,
    typed: Json,
    text: Any,
    matches: Matches,
) -> Json:
    if not isinstance(text, str) or not text or len(text) > VALUE_LENGTH or not text.isprintable():
        raise ChoiceRefused(f"{option!r} takes one line of 1 to {VALUE_LENGTH} characters.", option)
    pattern = typed.get("pattern")
    if pattern and not matches(pattern, text):
        raise ChoiceRefused(typed.get("message") or f"{text!r} does not fit {option!r}.", option)
    settings: Json = typed.get("set", {})
    overrides = settings.get("overrides", {})
    if PLACEHOLDER in str(overrides) and any(character in text for character in "{}$"):
        raise ChoiceRefused(f"{option!r} takes no braces and no dollar signs.", option)
    filled = {key: _filled(value, text) for key, value in settings.items() if key != "command"}
    if "command" in settings:  # put in after the command was split: it stays within its word
        filled["command"] = shlex.join(_filled(shlex.split(settings["command"]), text))
    return filled


def _filled(value: Any, text: str) -> Any:
    """Values, and never keys, with the text in them."""
    if isinstance(value, str):
        return value.replace(PLACEHOLDER, text)
    if isinstance(value, Mapping):
        return {key: _filled(inner, text) for key, inner in value.items()}
    return [_filled(inner, text) for inner in value] if isinstance(value, list) else value


# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _layered(below: Json, layer: Json) -> dict[str, Any]:
    """A later layer wins over an earlier one, in either spelling; objects merge key by key, and `null` is kept."""
    result = {**below}
    for member, value in layer.items():
        if member != "overrides":
            result[member] = {**below[member], **value} if isinstance(below.get(member), Mapping) and value else value
    overrides = {kind: _unsaid(settings, layer) for kind, settings in below.get("overrides", {}).items()}
    for kind, settings in layer.get("overrides", {}).items():
        overrides[kind] = merged(overrides.get(kind, {}), _unsaid(settings, layer))
    overrides = {kind: settings for kind, settings in overrides.items() if settings}
    return (
        {**result, "overrides": overrides} if overrides else {key: result[key] for key in result if key != "overrides"}
    )


def _unsaid(settings: Json, layer: Json) -> dict[str, Any]:
    """Of a spawner's settings, what no member of this layer says."""
    left: dict[str, Any] = {}
    for key, value in settings.items():
        said: Any = layer
        for step in SPELLINGS.get(key, ("",)):
            said = said.get(step) if isinstance(said, Mapping) else None
        if key == "environment" and isinstance(value, Mapping) and isinstance(said, Mapping):
            if rest := {variable: text for variable, text in value.items() if variable not in said}:
                left[key] = rest
        elif not said:
            left[key] = value
    return left


def merged(below: Any, above: Any) -> Any:
    """KubeSpawner's rule for its overrides, but for `null`, which is kept: it still has to remove what the hub set."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return deepcopy(above)
    return {**deepcopy(dict(below)), **{key: merged(below.get(key), value) for key, value in above.items()}}


# ── hub/texts.py ──
# What users read: escaped, quoted.


def html_text(text: str) -> str:
    """Also safe where a template of the hub's would be rendered once more: no brace survives as a brace."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def quoted(name: str) -> str:
    return repr(name if len(name) <= 100 else name[:100] + "…")


# ── hub/refusals.py ──
# A refusal that users read, and its reason, which is counted.


Refusal = Literal[  # `docs/jupyterhub.md` says what each means
    "malformed",
    "unknown",
    "not-offered",
    "paused",
    "revision",
    "option",
    "settings",
    "nothing",
    "no-list",
    "set-up",
]
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)


def http_error(status: int, reason: Refusal, text: str) -> HTTPError:
    error = HTTPError(status, text, reason=HTTPStatus(status).phrase)
    error.jupyterhub_message = text  # type: ignore[attr-defined]  # what the hub shows to the user
    error.refusal = reason  # type: ignore[attr-defined]
    return error


def refusal_of(error: HTTPError) -> Refusal | None:
    """None for an error of the hub's own code."""
    return getattr(error, "refusal", None)


# ── hub/rules.py ──
# What differs between hubs, and between kinds of spawner.


Template = Mapping[str, Any]
Kind = Literal["kubernetes", "docker", "swarm", "local"]
Override = Callable[[Template, dict[str, Any]], dict[str, Any] | None]
log = logging.getLogger("JupyterHub.binder_registry")  # below the hub's own logger: its format, its level

SECTIONS: Mapping[Kind, tuple[str, ...]] = {  # of `overrides`, where the class itself is not known; later ones win
    "kubernetes": ("spawner", "kubespawner"),
    "docker": ("spawner", "dockerspawner"),
    "swarm": ("spawner", "dockerspawner", "swarmspawner"),
    "local": ("spawner", "localprocessspawner", "simplelocalprocessspawner"),
}

Rule = Literal[  # by which a hub leaves something out; `docs/jupyterhub.md` says what each means
    "deleted",
    "replaced",
    "paused",
    "channel",
    "uses",
    "command",
    "overrides",
    "override-function",
    "image",
    "limits",
    "kind",
    "environment",
    "redirect-uri",
    "bind-port",
    "container-ip",
    "options",
    "malformed",
]
MALFORMED = (ValueError, TypeError, LookupError, AttributeError)  # what comes of members that are not as they should be


class Reason(str):
    """Why a hub leaves something out, in a sentence for its log; and by which rule, for programs."""

    rule: Rule

    def __new__(cls, rule: Rule, sentence: str) -> "Reason":
        reason = super().__new__(cls, sentence)
        reason.rule = rule
        return reason


def malformed(error: Exception) -> Reason:
    """What Python says of it helps those who look for the cause."""
    return Reason("malformed", f"something in it is missing or of the wrong kind ({type(error).__name__}: {error})")


class NotOffered(Exception):
    """Why a hub cannot offer this template. The registry accepts what 2015 accepted; a hub needs more.

    Where code of the hub's failed, that is its cause: for the log alone, for nobody knows what it says.
    """

    def __init__(self, rule: Rule, sentence: str) -> None:
        super().__init__(sentence)
        self.rule = rule

    @property
    def told(self) -> Reason:
        return Reason(self.rule, str(self))

    @property
    def logged(self) -> Reason:
        return Reason(self.rule, f"{self}: {self.__cause__!r}") if self.__cause__ else self.told


@dataclass(frozen=True)
class Rules:
    """What differs between hubs.

    `override(template, profile)` returns the profile with its changes, or None to leave the template out. A profile is
    what KubeSpawner's profile_list holds, with names as text and not as HTML; its `kubespawner_override` are the
    settings on every spawner. It is asked for the template, for each of its choices, and for what is started, whose
    template has no options left. `allow_overrides`: keys that a template's overrides may set, beside the harmless
    ones. `ignore_group_case`: `Staff` is `staff`. `traits`: those that the spawner has, where that is known;
    `sections`: the parts of `overrides` that are meant for it. `channel`: whose revisions are offered, "" for the
    newest; `try_out`: another one, and the group for which its revisions stand beside these.
    """

    kind: Kind = "local"
    allow_commands: Collection[str] = ()
    gpu_resource: str = "nvidia.com/gpu"
    override: Override | None = None
    escape: bool = True
    image_command: bool = False
    traits: Mapping[str, Any] = field(default_factory=dict)
    allow_overrides: Collection[str] = ()
    ignore_group_case: bool = False
    sections: tuple[str, ...] = ()
    channel: str = ""
    try_out: tuple[str, ...] = ()

    @cached_property
    def reasons(self) -> dict[str, Reason | None]:
        """Why a hub with these rules cannot start what a choice sets, by its JSON; None where it can."""
        return {}

    def of(self, spawner_class: Any) -> "Rules":
        """The same for this class of spawner."""
        traits = spawner_class.class_traits() if hasattr(spawner_class, "class_traits") else {}
        sections = tuple(cls.__name__.lower() for cls in reversed(spawner_class.__mro__))
        return replace(self, kind=kind_of(spawner_class), traits=traits, sections=sections)


def kind_of(spawner_class: Any) -> Kind:
    names = [cls.__name__ for cls in spawner_class.__mro__]
    if "KubeSpawner" in names:
        return "kubernetes"
    return "swarm" if "SwarmSpawner" in names else "docker" if "DockerSpawner" in names else "local"


ANY_HUB = Rules()

# ── hub/channels.py ──
# Which revision of a template this hub offers, and what stands beside it for those who try out another channel.
#
# What is tried out is called by the template's name, a `/`, which no name holds, and the channel.


def content_revision(template: Template) -> int:
    """The change that wrote its content: later ones may have promoted it, or purged older ones."""
    revision: int = template.get("content-revision") or template["revision"]
    return revision


def own_name(name: str) -> str:
    """Of the template, without the channel that it is tried out from."""
    return name.partition("/")[0]


def is_tried_out(name: str) -> bool:
    return "/" in name


def tried_out(template: Template, channel: str) -> Template:
    """As what stands beside the template that everybody is offered."""
    title = template.get("display-name") or template["name"]
    return {**template, "name": f"{template['name']}/{channel}", "display-name": f"{title} ({channel})"}


def check_channel(template: Template, rules: Rules) -> None:
    """Raises `NotOffered`."""
    channel = rules.try_out[0] if is_tried_out(template["name"]) else rules.channel
    if channel and template.get("channel") != channel:
        raise NotOffered("channel", f"it has no revision in the channel {channel!r}")


def groups_beside(name: str, rules: Rules) -> frozenset[str]:
    """Of which one is needed beside what the template asks for; none: nobody asks."""
    if not is_tried_out(name):
        return frozenset()
    return frozenset(group.casefold() if rules.ignore_group_case else group for group in rules.try_out[1:])


# ── hub/commands.py ──
# Which commands a hub may run: those that ask the hub who the visitor is.


COMMAND = "jupyterhub-singleuser"  # it asks the hub who the visitor is; a server without it lets everybody in
_TMPNB = re.compile(r"\{(base_path|port|ip)\}")  # placeholders that tmpnb filled in, and no spawner does
_ELSEWHERE = {
    "extra_container_config": ("command", "args"),
    "extra_container_spec": ("command", "args"),
    "extra_create_kwargs": ("command", "entrypoint"),
}
_NO_LOGIN = re.compile(
    r"--?\w+\.(identity_provider_class|login_handler_class|access_scopes|allow_unauthenticated_access)\b"
)


def command_words(command: str) -> list[str]:
    """Split like a shell does. Raises `NotOffered`."""
    if "\0" in command:
        raise NotOffered("command", "the command holds a NUL character")
    try:
        return [*_split(command)]
    except ValueError as error:
        raise NotOffered("command", f"the command cannot be split into words: {error}") from None


def check_command(settings: dict[str, Any], allow_commands: Collection[str] = ()) -> None:
    """Raises `NotOffered` for a `cmd` that this hub does not allow. One that says nothing is taken out."""
    words = settings.get("cmd")
    if not words:
        settings.pop("cmd", None)
        return
    words = settings["cmd"] = [words] if isinstance(words, str) else words  # as the trait itself takes it
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
        raise NotOffered("command", "cmd is no list of words")
    words = settings["cmd"] = list(words)
    allowed = [allow_commands] if isinstance(allow_commands, str) else allow_commands
    if not any(words[: len(start)] == start for start in map(str.split, (COMMAND, *allowed)) if start):
        raise NotOffered("command", f"the command {words[0]!r} is not among those that this hub allows")
    for word in words:
        if found := _TMPNB.search(word):
            raise NotOffered(
                "command", f"the command uses {found[0]}, which only tmpnb filled in; {COMMAND} needs no such argument"
            )
    check_arguments(words)


def check_elsewhere(overrides: Mapping[str, Any], allow_commands: Collection[str]) -> None:
    """What runs instead of `cmd`, or around it, in keys whose admin may have meant another part of them."""
    for trait, keys in _ELSEWHERE.items():
        given = overrides.get(trait)
        if not isinstance(given, Mapping):
            continue
        for key in filter(given.__contains__, keys):
            try:
                check_command({"cmd": given[key] or [""]}, allow_commands)
            except NotOffered as reason:
                raise NotOffered("command", f"{trait}.{key}: {reason}") from None


def check_arguments(words: Any) -> None:
    """Raises `NotOffered` for one that opens the server to others."""
    for word in words if isinstance(words, (list, tuple)) else [words]:
        if found := _NO_LOGIN.match(str(word)):
            raise NotOffered("command", f"the command sets {found[1]}, which decides who is let in")


@lru_cache(1024)
def _split(command: str) -> tuple[str, ...]:
    return tuple(shlex.split(command))


# ── hub/overrides.py ──
# The overrides of a template that are meant for this hub's spawner, as far as its admin allows them.


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


# ── hub/images.py ──
# References to images, by the grammar of those who pull them.


_LABEL, _WORD = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = (
    re.compile(  # the grammar of distribution/reference, which Docker and Kubernetes share; digests as go-digest has
        rf"(?P<name>(?:(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?{_WORD}(?:/{_WORD})*)"
        r"(?P<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
        r"(?P<digest>@sha256:[0-9a-f]{64}|@sha384:[0-9a-f]{96}|@sha512:[0-9a-f]{128})?"
    )
)
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")  # not a name: engines take it for an image that they hold


def checked_image(image: str) -> str:
    """Empty where it is the hub's own. Raises `NotOffered`."""
    if image == HUBS_OWN_IMAGE:
        return ""
    found = _IMAGE.fullmatch(image) if len(image) <= 1024 else None
    if not found or len(found["name"]) > 255 or _IMAGE_ID.fullmatch(image):
        hint = ": its name has capital letters" if _IMAGE.fullmatch(image.lower()) else ""
        raise NotOffered("image", f"{image!r} is not a reference to an image{hint}")
    return image


def images_of(template: Template, own: str, rules: Rules) -> frozenset[str]:
    """All that it and its choices name. What users type themselves cannot be known."""
    choices = [choice.get("set", {}) for option in template.get("options", ()) for choice in option.get("choices", ())]
    found = {own} | {
        image for one in choices for image in (one.get("image-name"), overrides_of(one, rules).get("image"))
    }
    return frozenset(image for image in found if image and image != HUBS_OWN_IMAGE and PLACEHOLDER not in image)


# ── hub/marks.py ──
# What says of a server which template it runs: its labels, its annotations, and its options as the hub keeps them.


TEMPLATE_MARK = "binder-registry/template"
REVISION_MARK = "binder-registry/revision"
CHANNEL_MARK = "binder-registry/channel"
MARKS = (TEMPLATE_MARK, REVISION_MARK, CHANNEL_MARK)  # no option of a template has such a name


def marks_of(template: Template) -> dict[str, str]:
    channel = template.get("channel", "")
    marks = {TEMPLATE_MARK: own_name(template["name"]), REVISION_MARK: str(content_revision(template))}
    return marks | ({CHANNEL_MARK: channel} if channel else {})


def without_marks(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, without what came of it."""
    return {key: value for key, value in options.items() if key not in MARKS}


# ── hub/merging.py ──
# How settings are merged into what the hub has, and taken out again.


class Instead(dict[str, Any]):
    """A mapping that takes the place of what the hub set, and is not merged into it."""


def merged_setting(before: Any, ours: Any, *, takes_none: bool = True) -> Any:
    """What a trait becomes: as KubeSpawner merges overrides, on copies.

    Mappings are merged key by key, at every depth, and None takes a key away; all else is replaced. Where the hub has a
    function for a mapping, that is asked at every start, and ours is merged into what it says. An answer that the
    spawner would not take fails the start: what is no mapping, and None unless it `takes_none`.
    """
    if isinstance(ours, Instead) or not isinstance(ours, dict):
        return copied(ours)
    if not callable(before):
        return _updated(before, ours)

    def asked(spawner: Any) -> Any:
        theirs = before(spawner)
        return later(theirs) if isawaitable(theirs) else both(theirs)

    async def later(theirs: Any) -> Any:
        return both(await theirs)

    def both(theirs: Any) -> Any:
        if isinstance(theirs, Mapping) or (theirs is None and takes_none):
            return _updated(theirs, ours)
        raise TypeError(f"the hub's own function gives no mapping of settings, but {type(theirs).__name__}")

    return asked


def _updated(before: Any, ours: Mapping[str, Any]) -> dict[str, Any]:
    both: dict[str, Any] = copied(dict(before)) if isinstance(before, Mapping) else {}  # a function may give any
    for key, value in ours.items():
        if value is None:
            both.pop(key, None)
        else:
            both[key] = _updated(both.get(key), value) if isinstance(value, dict) else copied(value)
    return both


def copied(value: Any) -> Any:
    """Of mappings and lists; what they hold, functions and models of an engine's client, stays the same."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value


_GONE = object()


def undone(now: Any, before: Any, after: Any) -> Any:
    """`before`, where `now` is what we set (`after`); what others changed since stays."""
    if now == after:
        return before
    if not (isinstance(now, dict) and isinstance(after, dict)):
        return now
    was = before if isinstance(before, dict) else {}
    back = {key: undone(now.get(key, _GONE), was.get(key, _GONE), after.get(key, _GONE)) for key in {**was, **now}}
    return {key: value for key, value in back.items() if value is not _GONE}


# ── hub/kinds.py ──
# What the traits of the spawner's class take: found before somebody starts, where the trait itself can tell.


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


# ── hub/limits.py ──
# The limits and requests of a template, as numbers that a spawner takes.


LEAST: Mapping[str, tuple[int, float]] = {  # bytes and CPUs; with less a start is refused, or fails
    "docker": (6 << 20, 0.01),  # a quota of 1 ms in 100
    "swarm": (6 << 20, 0.01),  # its nodes are such engines
    "kubernetes": (4 << 20, 0.001),  # what runc itself needs; the unit in which Kubernetes counts
    "local": (0, 0),
}
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGT]?)")
_ENGINES = {"docker": "Docker", "swarm": "Docker", "kubernetes": "Kubernetes"}


class Limits(NamedTuple):
    """0 where nothing is said."""

    memory: float
    shares: float
    cpus: float
    gpus: float
    needs_memory: float  # what is set aside
    needs_cpus: float


def limits_of(template: Template, kind: Kind) -> Limits:
    limits, requests = template.get("limits", {}), template.get("requests", {})
    memory, shares, cpus, gpus = (
        _amount(limits, f"limits.{name}") for name in ("memory", "cpu_shares", "cpus", "gpus")
    )
    needs = (_amount(requests, f"requests.{name}") for name in ("memory", "cpus"))
    least_memory, least_cpus = LEAST[kind]
    if 0 < memory < least_memory:
        raise NotOffered(
            "limits", f"limits.memory {memory!r}, in bytes, is below the least that {_ENGINES[kind]} takes"
        )
    if 0 < cpus < least_cpus:
        raise NotOffered("limits", f"limits.cpus {cpus!r} is below the least that {_ENGINES[kind]} takes")
    return Limits(memory, shares, cpus, gpus, *needs)


def check_limits(settings: Mapping[str, Any], kind: Kind) -> None:
    """What overrides say, or the hub's own function. Raises `NotOffered`."""
    for name, least in zip(("mem_limit", "cpu_limit"), LEAST[kind], strict=True):
        for setting in (name, name.replace("limit", "guarantee")):
            value = settings.get(setting)
            if value is None or callable(value):
                continue
            if type(value) not in (int, float, str) or not 0 <= number_of(value) < 2**63:
                raise NotOffered("limits", f"{setting} {value!r} is not one that a spawner takes")
            if setting == name and 0 < number_of(value) < least:
                raise NotOffered("limits", f"{setting} {value!r} is below the least that {_ENGINES[kind]} takes")


def number_of(value: Any) -> float:
    """Of a limit as a spawner has it, `1G` say, of 1024 each; 0 where nothing is told, by a function say."""
    if isinstance(value, str) and (match := _BYTES.fullmatch(value)):
        return int(float(match[1]) * 1024 ** " KMGT".index(match[2] or " "))
    return value if isinstance(value, (int, float)) else 0


def _amount(amounts: Mapping[str, Any], member: str) -> int | float:
    value = amounts.get(member.rpartition(".")[2], 0)
    if type(value) not in (int, float) or not 0 <= value < 2**63:
        raise NotOffered("limits", f"{member} {value!r} is not one that a spawner takes")
    return value  # type: ignore[no-any-return]


# ── hub/settings.py ──
# The traits of the spawner that a template sets.


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EXPANDED = re.compile(r"\$[$(]")  # what the kubelet changes


def settings_of(template: Template, rules: Rules) -> dict[str, Any]:
    """The traits of the spawner that this template sets, without its options. Raises `NotOffered`.

    What it leaves at zero stays as the hub configured it. Its overrides win: `resolve` took out what members say.
    """
    overrides = overrides_of(template, rules)
    if isinstance(overrides.get("image"), str):
        overrides["image"] = checked_image(overrides["image"])
    check_arguments(overrides.get("args"))
    check_elsewhere(overrides, rules.allow_commands)
    _check_variables({} if overrides.get("environment") is None else overrides["environment"])
    settings: dict[str, Any] = merged(_of_members(template, rules), overrides)
    for trait, marks in _marks(template, rules.kind).items():  # whatever overrides say
        there = settings.get(trait, {})
        if isinstance(there, dict):
            settings[trait] = there | marks
        elif there is None:
            settings[trait] = Instead(marks)
    if settings.get("image") == "":
        del settings["image"]
    return settings


def _of_members(template: Template, rules: Rules) -> dict[str, Any]:
    limits, image, port = limits_of(template, rules.kind), checked_image(template["image-name"]), _port(template)
    settings = _common(template, limits, rules.kind)
    if rules.kind == "local":  # no image; and each server on the hub's own machine needs a port of its own
        return settings
    if image:
        settings["image"] = image
    if port:
        settings["port"] = port
    if rules.kind == "swarm":
        return settings | _of_a_swarm(limits)
    address = _address(template)
    if rules.kind == "docker":
        return settings | _of_docker(limits, address)
    return settings | _of_kubernetes(template, limits, address, rules)


def _common(template: Template, limits: Limits, kind: Kind) -> dict[str, Any]:
    literal = _literal if kind == "kubernetes" else str
    variable_text = _untemplated if kind == "swarm" else literal
    formatted = _formatted if kind == "kubernetes" else str  # KubeSpawner formats these; the others do not
    given: dict[str, str] = template.get("environment", {})
    _check_variables(given)
    settings: dict[str, Any] = {
        "environment": {variable: formatted(variable_text(value)) for variable, value in given.items()}
    }
    if words := command_words(template.get("command", "")):
        settings["cmd"] = [literal(word) for word in words]
    if path := template.get("redirect-uri"):
        settings["default_url"] = _formatted(
            variable_text(_server_path(path))
        )  # every spawner formats it, into a variable
    if limits.memory:
        settings["mem_limit"] = int(limits.memory)
    if limits.cpus:
        settings["cpu_limit"] = float(limits.cpus)
    if limits.needs_memory:
        settings["mem_guarantee"] = int(limits.needs_memory)
    if limits.needs_cpus:
        settings["cpu_guarantee"] = max(float(limits.needs_cpus), LEAST[kind][1])
    return settings


def _of_a_swarm(limits: Limits) -> dict[str, Any]:
    """Ports are published by the swarm, at no address; and it knows no weights."""
    if limits.gpus:
        raise NotOffered("limits", "limits.gpus cannot be asked of a swarm")
    return {}


def _of_docker(limits: Limits, address: str) -> dict[str, Any]:
    host: dict[str, Any] = {}
    if limits.shares:
        host["cpu_shares"] = int(limits.shares)
    if limits.needs_memory >= LEAST["docker"][0]:  # of CPUs, an engine sets nothing aside
        host["mem_reservation"] = int(min(limits.needs_memory, limits.memory or limits.needs_memory))
    if limits.gpus:
        host["device_requests"] = [{"count": int(limits.gpus), "capabilities": [["gpu"]]}]
    settings = {
        "remove": True,
        "extra_host_config": host,
    }  # else it starts the user's last container, whatever is chosen
    return settings | {"host_ip": address} if address else settings


def _of_kubernetes(template: Template, limits: Limits, address: str, rules: Rules) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "extra_resource_limits": {rules.gpu_resource: int(limits.gpus)} if limits.gpus else {},
    }
    if address and not ip_address(address).is_loopback:  # 2015's is the host's: nothing reaches a pod's loopback
        settings["ip"] = address
    if (
        limits.shares and not limits.needs_cpus
    ):  # the kubelet turns a request of 1 CPU into 1024 shares; Kubernetes counts in thousandths
        settings["cpu_guarantee"] = max(limits.shares / 1024, LEAST["kubernetes"][1])
    return settings


def _marks(template: Template, kind: Kind) -> dict[str, dict[str, str]]:
    """Which template and revision it is, for the server and for those who look at pods."""
    said = marks_of(template)
    name, slug = said[TEMPLATE_MARK], slug_of(said[TEMPLATE_MARK])
    text = _untemplated(name) if kind == "swarm" else _formatted(_literal(name)) if kind == "kubernetes" else name
    marks = {"environment": {"BINDER_REGISTRY_TEMPLATE": text, "BINDER_REGISTRY_REVISION": said[REVISION_MARK]}}
    if CHANNEL_MARK in said:
        marks["environment"]["BINDER_REGISTRY_CHANNEL"] = said[CHANNEL_MARK]
    if kind == "kubernetes":
        short = slug if len(slug) <= 63 else hashlib.sha256(slug.encode()).hexdigest()[:40]
        for trait, value in (("extra_annotations", _formatted(name)), ("extra_labels", short)):
            marks[trait] = {**said, TEMPLATE_MARK: value}
    return marks


def _server_path(path: str) -> str:
    if not path.startswith("/") or path.startswith("//") or "\\" in path or _CONTROL.search(path):
        raise NotOffered("redirect-uri", f"redirect-uri {path!r} is not a path that starts with one '/'")
    return path


def _check_variables(environment: Any) -> None:
    if not isinstance(environment, dict):
        raise NotOffered("environment", "environment is no object of variables")
    for (
        key,
        value,
    ) in environment.items():  # a spawner lets these win over the hub's own, the server's API token for one
        variable = str(value.get("name", key)) if isinstance(value, dict) else key  # an object, as pods have it
        if variable.upper().startswith(("JUPYTERHUB_", "JPY_", "BINDER_REGISTRY_")):
            raise NotOffered("environment", f"environment sets {variable}, which is the hub's")
        if not (value is None or isinstance(value, (str, dict))):
            raise NotOffered("environment", f"environment.{variable} is no text")


def _address(template: Template) -> str:
    address: str = template.get("container-ip", "")
    try:
        return address and str(ip_address(address))
    except ValueError:
        raise NotOffered("container-ip", f"container-ip {address!r} is not an IP address") from None


def _port(template: Template) -> int:
    port = template.get("bind-port", 0)
    if type(port) is not int or not 0 <= port <= 65535:
        raise NotOffered("bind-port", f"bind-port {port!r} is not from 0 to 65535")
    return port


def _literal(text: str) -> str:
    """For what the kubelet expands: `$(X)` and `$$` reach the server as they are."""
    return text.replace("$", "$$") if _EXPANDED.search(text) else text


def _untemplated(text: str) -> str:
    """For variables, of which a swarm makes templates: `{{` reaches the server as it is."""
    return text.replace("{{", '{{"{{"}}')


def _formatted(text: str) -> str:
    """For what a spawner formats: braces reach the server as they are."""
    return text.replace("{", "{{").replace("}", "}}")


# ── hub/groups.py ──
# Who may see what: the groups of a user, and those of a template.


_GROUPS = "allowed-groups"


@dataclass(frozen=True)
class Standing:
    """What decides what a user may see."""

    admin: bool
    groups: frozenset[str]

    @property
    def held(self) -> frozenset[str]:
        """As `options` takes them."""
        return EveryGroup() if self.admin else self.groups

    def sees(self, groups: Collection[str]) -> bool:
        return self.admin or not groups or not self.groups.isdisjoint(groups)


def has_groups(template: Template) -> bool:
    return any(_GROUPS in part for part in _parts(template))


def without_case(template: Template) -> Template:
    """For hubs whose groups come from systems without case."""
    folded = _with_groups(template, [group.casefold() for group in template.get(_GROUPS, ())])
    return (
        folded | {"options": [_folded(option) for option in template["options"]]} if "options" in template else folded
    )


def _parts(template: Template) -> list[Mapping[str, Any]]:
    return [
        part
        for option in template.get("options", ())
        for part in (*option.get("choices", ()), *([option["free-text"]] if "free-text" in option else []))
    ]


def _with_groups(part: Mapping[str, Any], groups: Collection[str] | None) -> dict[str, Any]:
    kept = {key: value for key, value in part.items() if key != _GROUPS}
    return kept if groups is None else {**kept, _GROUPS: [*groups]}


def _folded(option: Mapping[str, Any]) -> dict[str, Any]:
    def fold(part: Mapping[str, Any]) -> dict[str, Any]:
        groups = part.get(_GROUPS)
        return _with_groups(part, None if groups is None else [group.casefold() for group in groups])

    return _each(option, fold)


def _each(option: Mapping[str, Any], change: Any) -> dict[str, Any]:
    changed = dict(option)
    if "choices" in option:
        changed["choices"] = [change(choice) for choice in option["choices"]]
    if "free-text" in option:
        changed["free-text"] = change(option["free-text"])
    return changed


# ── hub/groups_seen.py ──
# What the log says of the groups in which a hub saw a user: the first question of those who miss an environment.


TOLD_AGAIN = 3600.0  # seconds
MOST_TOLD = 20_000  # users within that time; of further ones nothing is said
MOST_NAMED = 20


class GroupsSeen:
    """One line for each user and hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}  # the longest ago first

    def tell(self, user: str, hub: Collection[str], auth_state: Collection[str] | None, *, admin: bool) -> None:
        """`auth_state` None: it was not asked."""
        now = self._clock()
        while self._told and now - next(iter(self._told.values())) >= TOLD_AGAIN:
            del self._told[next(iter(self._told))]
        if user in self._told or len(self._told) >= MOST_TOLD:
            return
        self._told[user] = now
        state = "not asked" if auth_state is None else _named(auth_state)
        all_of_it = "; an admin, who sees all" if admin else ""
        log.info("Groups of %s: hub: %s; auth state: %s%s", _printable(user), _named(hub), state, all_of_it)


def _named(groups: Collection[str]) -> str:
    names = [_printable(group) for group in sorted(groups)]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more if names else "none"


def _printable(name: str) -> str:
    """A line stays one."""
    short = name if len(name) <= 100 else f"{name[:100]}…"
    return short if short.isprintable() else repr(short)


# ── hub/offerable.py ──
# What of a template this hub can start: choices that it cannot are taken out, never what they would have set.


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


# ── hub/choosing.py ──
# What was chosen of a template's options, in each spelling: REST, links, forms, and what a hub saved of a start.


FREE_TEXT = "free-text"
UNLISTED = "--unlisted-choice"  # KubeSpawner's, after the name of an option; names hold no "--"
OTHER = "--"  # in our own form: what is typed counts
_TYPED = (OTHER, "unlisted-choice", "unlisted_choice", "--extra-selectable-item")  # KubeSpawner's; fancy-profiles' two
_OF_A_LINK = "option."


def spelled(choices: Json) -> dict[str, str]:
    """As KubeSpawner spells and saves them, beside `profile`."""
    found = {}
    for name, choice in choices.items():
        key, value = (f"{name}{UNLISTED}", choice.get(FREE_TEXT)) if isinstance(choice, dict) else (name, choice)
        if isinstance(value, str):
            found[key] = value
    return found


def saved_choices(
    options: Mapping[str, Any], shown: Collection[Json], defaults: Json
) -> tuple[dict[str, Any], list[str]]:
    """Of a start that was saved, in KubeSpawner's spelling: what is still shown, and what is told of the rest."""
    choices: dict[str, Any] = {}
    gone: list[str] = []
    for option in shown:
        name = option["name"]
        typed, chosen = options.get(name + UNLISTED), options.get(name)
        if typed and isinstance(typed, str) and FREE_TEXT in option:
            choices[name] = {FREE_TEXT: typed}
        elif not typed and isinstance(chosen, str) and any(one["name"] == chosen for one in option.get("choices", ())):
            choices[name] = chosen
        elif typed or chosen:
            gone.append(told_gone(option, typed or chosen, defaults))
    return choices, gone


def told_gone(option: Json, chosen: Any, defaults: Json) -> str:
    default = default_of(option, defaults)
    instead = f", so that it is {quoted(title_of(default))}" if default else ""
    return f"{quoted(str(chosen))} of {quoted(title_of(option))} is no longer offered{instead}."


def choices_of_a_link(first: Mapping[str, str]) -> dict[str, Any]:
    """`option.size=large&option.image.free-text=quay.io/a/b:c`."""
    choices: dict[str, Any] = {}
    for key, value in first.items():
        if key.startswith(_OF_A_LINK):
            name = key.removeprefix(_OF_A_LINK)
            typed = name.endswith(f".{FREE_TEXT}")
            choices[name.removesuffix(f".{FREE_TEXT}")] = {FREE_TEXT: value} if typed else value
    return choices


def choices_of_a_form(first: Mapping[str, str], slug: str) -> dict[str, Any]:
    """Of our own, of KubeSpawner's, which leaves out the menu where something was typed, and of fancy-profiles'."""
    prefix = f"profile-option-{slug}--"
    sent = {key.removeprefix(prefix): value for key, value in first.items() if key.startswith(prefix)}
    sent.pop("revision", None)
    choices: dict[str, Any] = {
        key: value for key, value in sent.items() if "--" not in key and value not in ("", OTHER)
    }
    for key, value in sent.items():
        name = key.removesuffix(UNLISTED)
        if name != key and value and sent.get(name, OTHER) in _TYPED:
            choices[name] = {FREE_TEXT: value}
    return choices


def deprecations(options: Collection[Json], choices: Json, defaults: Json) -> list[str]:
    """What is told of the choices made."""
    taken = ((option, choices.get(option["name"])) for option in options)
    found = ((default_of(option, defaults) if chosen is None else _called(option, chosen)) for option, chosen in taken)
    return [f"{title_of(one)!r} is deprecated: {one['deprecated']}" for one in found if one and one.get("deprecated")]


def defaults_of(options: Collection[Json]) -> dict[str, str]:
    """The names of the choices that are taken where none is made, of all choices: not everybody may have them."""
    found = ((option["name"], default_choice(option)) for option in options)
    return {name: default["name"] for name, default in found if default}


def default_of(option: Json, defaults: Json) -> Json | None:
    """None where it is for others."""
    return _called(option, defaults.get(option["name"]))


def title_of(part: Json) -> str:
    return str(part.get("display-name") or part["name"])


def _called(option: Json, chosen: Any) -> Json | None:
    return next((one for one in option.get("choices", ()) if one["name"] == chosen), None)


# ── hub/turns.py ──
# How what a hub makes for many leaves its loop to its other requests: in parts, and one after another.


PART = 16  # templates; a millisecond or so where each has options
TURNS = 16  # of the loop: as many as an ordinary request needs from its arrival to its answer


async def in_parts(things: Iterable[Any], look: Callable[[Any], Any]) -> None:
    """Look at each, with a turn for others now and then."""
    for place, thing in enumerate(things, 1):
        look(thing)
        if place % PART == 0:
            await asyncio.sleep(0)


async def turns_of_others() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


# ── hub/form.py ──
# The form of spawners that have none of their own, as HTML. Menus are named as in KubeSpawner's.


def radio(slug: str, title: str, description: str, deprecated: str, *, checked: bool) -> str:
    """What stands in the label of an environment."""
    warning = f"<em>Deprecated: {html_text(deprecated)}</em>" if deprecated else ""
    return (
        f'<input type="radio" name="template" value="{slug}" required{" checked" if checked else ""}>'
        f"<strong>{html_text(title)}</strong><small>{html_text(description)}</small>{warning}"
    )


def versions_menu(slug: str, titles: Mapping[str, str], chosen: str) -> str:
    """`titles` by "r12", of past revisions."""
    items = "".join(_item(key, title, key == chosen) for key, title in titles.items())
    return (
        f'<select name="revision-{slug}" class="form-select" aria-label="Version">'
        f'<option value="current">current</option>{items}</select>'
    )


def option_fields(options: list[dict[str, Any]], chosen: Json, defaults: Json) -> str:
    """A group of fields, each with a label of its own; `chosen` as in `options.resolve`.

    `{slug}` and `{title}` stand for those of the environment: what people wrote holds no brace here.
    """
    fields = "".join(_fields(option, chosen.get(option["name"]), defaults) for option in options)
    return f"<fieldset><legend>Options of {{title}}</legend>{fields}</fieldset>" if fields else ""


def fields_of(slug: str, title: str, fields: str) -> str:
    return fields.replace("{slug}", slug).replace("{title}", html_text(title))


def drawn_later(label: str, number: int) -> str:
    """The label of an environment whose fields are those of that number."""
    return label.replace("<label", f'<label data-fields="{number}"', 1)


def to_draw(number: int, fields: str) -> str:
    return f'<template id="binder-registry-{number}">{fields}</template>'


def _fields(option: Json, chosen: Any, defaults: Json) -> str:
    name = f"profile-option-{{slug}}--{option['name']}"
    choices, typed = option.get("choices", ()), option.get(FREE_TEXT)
    fields = ""
    if choices:
        described = f"<small>{html_text(option['description'])}</small>" if option.get("description") else ""
        menu = _menu(name, option, chosen, defaults)
        fields = f'<label for="{name}">{html_text(title_of(option))}</label>{menu}{described}'
    return fields + _text_field(name, option, typed, chosen) if typed is not None else fields


def _menu(name: str, option: Json, chosen: Any, defaults: Json) -> str:
    default = default_of(option, defaults)
    taken = chosen if chosen is not None else default["name"] if default else ""
    items = [_item(choice["name"], _choice_title(choice), choice["name"] == taken) for choice in option["choices"]]
    if not any(choice["name"] == taken for choice in option["choices"]) and not isinstance(taken, dict):
        items.insert(0, _item("", "Choose...", True))  # the default is for others
    if FREE_TEXT in option:
        title = option[FREE_TEXT].get("display-name-in-choices") or f"{_typed_title(option)}..."
        items.append(_item(OTHER, title, isinstance(taken, dict)))
    return f'<select id="{name}" name="{name}" class="form-select">{"".join(items)}</select>'


def _text_field(name: str, option: Json, typed: Json, chosen: Any) -> str:
    name += UNLISTED
    value = f' value="{html_text(chosen[FREE_TEXT])}"' if isinstance(chosen, dict) else ""
    hints = filter(None, (typed.get("description"), typed.get("message")))
    hint = html_text(" ".join(hints))
    described = f'<small id="{name}-hint">{hint}</small>' if hint else ""
    by = f' aria-describedby="{name}-hint"' if hint else ""
    label = f"{title_of(option)}: {_typed_title(option)}" if option.get("choices") else title_of(option)
    box = f'<input type="text" id="{name}" name="{name}" class="form-control" maxlength="{VALUE_LENGTH}"{value}{by}>'
    return f'<label for="{name}">{html_text(label)}</label>{box}{described}'


def _typed_title(option: Json) -> str:
    return str(option[FREE_TEXT].get("display-name") or "Other")


def _choice_title(choice: Json) -> str:
    told = (choice.get("description"), choice.get("deprecated") and f"Deprecated: {choice['deprecated']}")
    return " - ".join(filter(None, (title_of(choice), *told)))


def _item(value: str, title: str, selected: bool) -> str:
    return f'<option value="{value}"{" selected" if selected else ""}>{html_text(title)}</option>'


STYLE = """<style>
.binder-registry label { display: block; padding: .5em; font-weight: normal }
.binder-registry input[type=radio] { margin-right: .5em }
.binder-registry small, .binder-registry em { display: block; margin-left: 1.8em; white-space: pre-line }
.binder-registry em { font-size: .875em }
.binder-registry select { width: auto; margin-left: 1.6em }
.binder-registry fieldset { margin: 0 0 1em 1.8em }
.binder-registry legend { font-size: .875em; margin: 0 }
.binder-registry fieldset label { padding: .25em 0 0 }
.binder-registry fieldset select, .binder-registry fieldset small { margin-left: 0 }
.binder-registry input[type=text] { max-width: 40em }
</style>"""
# Fields that are not in the page are drawn when their environment is chosen, or was before the page was left. What is
# set belongs to what is chosen: to touch an option chooses its environment, to type chooses what is typed.
SCRIPT = f"""<script>
(() => {{
  const list = document.querySelector(".binder-registry");
  const draw = () => {{
    const radio = list.querySelector("input[type=radio]:checked"), label = radio?.closest("label[data-fields]");
    if (!label) return;
    const fields = document.getElementById("binder-registry-" + label.dataset.fields).innerHTML;
    const title = label.querySelector("strong").innerHTML;
    label.removeAttribute("data-fields");
    label.insertAdjacentHTML("afterend", fields.replaceAll("{{slug}}", radio.value).replace("{{title}}", () => title));
  }};
  list.addEventListener("input", event => {{
    const fields = event.target.closest("fieldset");
    if (!fields) return draw();
    fields.previousElementSibling.querySelector("input[type=radio]").checked = true;
    const menu = document.getElementById(event.target.id.replace(/{UNLISTED}$/, ""));
    if (event.target.type === "text" && menu && menu !== event.target) menu.value = "{OTHER}";
  }});
  addEventListener("pageshow", draw);
}})();
</script>"""

# ── hub/profile_options.py ──
# The options of a template in KubeSpawner's own shape, for its form, and for others that read it.


def profile_options(options: Collection[Json], defaults: Json, text: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """Without settings: they are made at the start. `text` escapes where the form does not.

    An option with nothing to choose, but for images that are built, is not shown: fancy-profiles' form would break.
    """
    shown = (option for option in options if option.get("choices") or FREE_TEXT in option)
    return {option["name"]: _option(option, defaults, text) for option in shown}


def draws_kubespawners_form(spawner: Any) -> bool:
    """And not one that the hub set in its place."""
    templates = ("profile_form_template", "additional_profile_form_template_paths")
    return all(getattr(spawner, one) == spawner.trait_defaults(one) for one in templates if spawner.has_trait(one))


def without_patterns(profile: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
    """KubeSpawner would apply the patterns to what was typed last, in the hub's loop, and for as long as that takes."""
    options = dict(profile.get("profile_options", {}))
    for name, chosen in choices.items():
        if isinstance(chosen, dict):
            typed = {key: value for key, value in options[name]["unlisted_choice"].items() if key != "validation_regex"}
            options[name] = {**options[name], "unlisted_choice": typed}
    return {**profile, "profile_options": options} if options else dict(profile)


def _option(option: Json, defaults: Json, text: Callable[[str], str]) -> dict[str, Any]:
    shape: dict[str, Any] = {"display_name": text(title_of(option)), **_described(option, text), "choices": {}}
    default = default_of(option, defaults)
    if option.get("choices") and not default:  # for others: nothing is taken in its place in silence
        shape["choices"][""] = {"display_name": "Choose...", "default": True}
    for choice in option.get("choices", ()):
        shape["choices"][choice["name"]] = _choice(choice, text, choice is default)
    if (typed := option.get(FREE_TEXT)) is not None:
        shape["unlisted_choice"] = _unlisted(typed, text, title_of(option))
    if option.get("build"):
        shape["dynamic_image_building"] = {"enabled": True}
    return shape


def _choice(choice: Json, text: Callable[[str], str], default: bool) -> dict[str, Any]:
    deprecated = f" - Deprecated: {choice['deprecated']}" if choice.get("deprecated") else ""
    shape = {"display_name": text(title_of(choice) + deprecated), **_described(choice, text)}
    return shape | {"default": True} if default else shape


def _unlisted(typed: Json, text: Callable[[str], str], title: str) -> dict[str, Any]:
    shown = typed.get("display-name")
    shape = {
        "enabled": True,
        "display_name": text(shown or title),
        "display_name_in_choices": text(typed.get("display-name-in-choices") or shown or "Other..."),
        "validation_regex": text(typed.get("pattern", "")),
        "validation_message": text(typed.get("message", "")),
    }
    return {key: value for key, value in shape.items() if value}


def _described(part: Json, text: Callable[[str], str]) -> dict[str, str]:
    return {"description": text(part["description"])} if part.get("description") else {}


# ── form_order.py ──
# Where a template stands in the form of a hub, as in all lists for people. Standard library only: hubs hold a copy.


def place_in_form(order: Any, title: str, name: str) -> tuple[float, str, str]:
    """To sort by: the template's own `order`, where it has one; then the title, whatever its case; then the name."""
    return order if type(order) is int and order > 0 else float("inf"), title.casefold(), name


# ── hub/offers.py ──
# What a hub offers of a template, or why it does not.


NOTHING: Json = {}
_UNUSED: Mapping[Kind, Mapping[str, str]] = {  # traits that a spawner inherits, and never reads
    "swarm": {
        "extra_host_config": "a service has extra_container_spec, extra_resources_spec and extra_placement_spec",
        "links": "a service is found by its name in network_name",
    },
}
MOST_COMMON = (Standing(False, frozenset()), Standing(True, frozenset()))
MOST_SEEN = 32  # sets of groups for which one offer is kept as they see it


@dataclass(frozen=True)
class Offer:
    name: str
    slug: str
    revision: int
    title: str
    description: str
    deprecated: str
    groups: frozenset[str]  # empty: everyone
    image: str  # "" where it is the hub's own
    settings: dict[str, Any]  # of every spawner; with options, those of the template alone
    profile: dict[str, Any]  # as KubeSpawner's profile_list has it, without settings and options
    template: Template = field(default_factory=dict)  # with the choices that this hub can start
    images: frozenset[str] = frozenset()  # of all choices, whoever may take them
    hidden: Hidden = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)  # of options: the name of a choice
    escaped: bool = True
    beside: frozenset[str] = frozenset()  # groups of which one is needed, too; empty: none is
    versions: Mapping[str, "Offer"] = field(default_factory=dict)  # past ones, newest first, by "r12"

    @property
    def options(self) -> list[dict[str, Any]]:
        return list(self.template.get("options", ()))

    @property
    def order(self) -> tuple[float, str, str]:
        return place_in_form(self.template.get("order"), self.title, self.name)

    @cached_property
    def all_groups(self) -> frozenset[str]:
        return deciding_groups(self.template) | self.beside

    @property
    def version_title(self) -> str:
        return f"revision {self.revision}: {self.image or HUBS_OWN_IMAGE}"

    @cached_property
    def size(self) -> int:
        """What a form draws of it: itself, what is chosen from, and texts."""
        drawn = (len(option.get("choices", ())) + 1 for option in self.template.get("options", ()))
        return 1 + len(self.versions) + sum(drawn)

    @cached_property
    def form_label(self) -> str:
        return self._label(checked=False)

    @cached_property
    def form_fields(self) -> str:
        """The same text for all that have the same options: see `option_fields`."""
        return option_fields(self.options, NOTHING, self.defaults)

    @property
    def form_entry(self) -> str:
        return self.form_label + fields_of(self.slug, self.title, self.form_fields)

    def entry(self, revision: str, choices: Json) -> str:
        """The same, marked: in the form of one whose last choice it is."""
        fields = option_fields(self.options, choices, self.defaults)
        return self._label(revision, checked=True) + fields_of(self.slug, self.title, fields)

    def _label(self, revision: str = "", *, checked: bool) -> str:
        head = radio(self.slug, self.title, self.description, self.deprecated, checked=checked)
        titles = {key: old.version_title for key, old in self.versions.items()}
        menu = versions_menu(self.slug, titles, revision) if titles else ""
        return f"<label>{head}{menu}</label>"

    @cached_property
    def form_profile(self) -> dict[str, Any]:
        """For KubeSpawner's form, without settings: it draws nothing, and is copied for every visit."""
        text = html_text if self.escaped else str
        options = profile_options(self.options, self.defaults, text)
        if self.versions:
            choices: dict[str, dict[str, Any]] = {"current": {"display_name": "current", "default": True}}
            choices |= {key: {"display_name": text(old.version_title)} for key, old in self.versions.items()}
            options = {"revision": {"display_name": "Version", "choices": choices}} | options
        shown = {key: self.template[key] for key in ("contact", "icon") if self.template.get(key)}
        return {**self.profile, **shown, **({"profile_options": options} if options else {})}

    def seen_by(self, standing: Standing) -> "Offer | None":
        """With the choices that are theirs; None where they do not see it."""
        if not standing.sees(self.beside):
            return None
        if not self._has_groups:
            return self if standing.sees(self.groups) else None
        key = standing.admin or standing.groups & self.all_groups
        if key not in self._seen:
            if len(self._seen) >= MOST_SEEN:
                self._seen.clear()
            seen = visible(self.template, standing.held)
            self._seen[key] = None if seen is None else replace(self, template=seen)
        return self._seen[key]

    @cached_property
    def _has_groups(self) -> bool:
        return has_groups(self.template)

    @cached_property
    def _seen(self) -> "dict[bool | frozenset[str], Offer | None]":
        return {}


def offered(templates: Iterable[Template], rules: Rules = ANY_HUB) -> tuple[list[Offer], list[tuple[str, Reason]]]:
    """What a hub with these rules offers, in the order of its form, and what it leaves out: (name, reason)."""
    offers, left_out = [], []
    for template in templates:
        try:
            offers.append(offer(template, rules))
        except NotOffered as reason:
            left_out.append((template["name"], reason.logged))
        except MALFORMED as error:
            left_out.append((template["name"], malformed(error)))
    return sorted(offers, key=lambda one: one.order), left_out


def offer(template: Template, rules: Rules) -> Offer:
    """Raises `NotOffered`."""
    if template.get("deleted"):
        successor = template.get("replaced-by")
        raise NotOffered(
            "deleted", f"it was deleted, and {successor!r} took its place" if successor else "it was deleted"
        )
    if template.get("replaced-by"):
        raise NotOffered("replaced", f"it is replaced by {template['replaced-by']!r}")
    check_channel(template, rules)
    check_understood(template)
    if template.get("paused"):
        raise NotOffered("paused", f"it is paused: {template['paused']}")
    if rules.ignore_group_case:
        template = without_case(template)
    name, slug, deprecated = template["name"], slug_of(template["name"]), template.get("deprecated", "")
    own = resolve({key: value for key, value in template.items() if key != "options"}, {}, EveryGroup())
    profile, settings = profile_of({**template, "overrides": own.get("overrides", {})}, rules)
    template, hidden = startable(template, rules, lambda resolved: profile_of(resolved, rules))
    title, description = str(profile["display_name"]), str(profile["description"])
    text = html_text if rules.escape else str
    profile["display_name"] = text(title)
    profile["description"] = text("\n".join(filter(None, [description, deprecated and f"Deprecated: {deprecated}"])))
    image = str(settings.get("image") or template["image-name"]).replace(HUBS_OWN_IMAGE, "")
    return Offer(
        *(name, slug, content_revision(template), title, description, deprecated),
        groups=frozenset(template.get("allowed-groups", ())),
        image=image,
        settings=settings,
        profile=profile,
        template=template,
        images=images_of(template, image, rules),
        hidden=hidden,
        defaults=defaults_of(template.get("options", ())),
        escaped=rules.escape,
        beside=groups_beside(name, rules),
    )


def profile_of(template: Template, rules: Rules) -> tuple[dict[str, Any], dict[str, Any]]:
    """What people read of it, and the settings of the spawner. Raises `NotOffered`."""
    profile: dict[str, Any] = {
        "slug": slug_of(template["name"]),
        "display_name": template.get("display-name") or template["name"],
        "description": template.get("description", ""),
    }
    settings = settings_of(template, rules)
    if rules.override:
        changed = _overridden(template, {**profile, "kubespawner_override": settings}, rules.override)
        profile |= changed | {"slug": profile["slug"]}  # a choice is known by its slug
        settings = {**profile.pop("kubespawner_override")}
    if not callable(settings.get("cmd")):
        check_command(settings, rules.allow_commands)
    check_kinds(settings, rules.traits)
    check_limits(settings, rules.kind)
    return profile, settings


def _overridden(template: Template, profile: dict[str, Any], override: Override) -> dict[str, Any]:
    try:
        changed = override({**copied(template), "name": own_name(template["name"])}, profile)
    except Exception as error:
        raise NotOffered("override-function", "the hub's override failed") from error
    if changed is None:
        raise NotOffered("override-function", "the hub's override leaves it out")
    if not isinstance(changed, dict) or not isinstance(changed.get("kubespawner_override"), dict):
        raise NotOffered("override-function", "the hub's override gives no profile with a kubespawner_override")
    return changed


def with_versions(template: Template, history: list[Template], rules: Rules, versions: int) -> Offer:
    current = offer(template, rules)
    past = [
        {**as_of_today(template, old), "replaced-by": "", "paused": "", "channel": template.get("channel", "")}
        for old in history
        if old["revision"] < current.revision
    ]
    olds, _ = offered(past[:versions], rules)
    olds.sort(key=lambda old: -old.revision)
    current = replace(current, versions={f"r{old.revision}": old for old in olds})
    for standing in MOST_COMMON:  # made in the follower's thread rather than in the hub's loop
        if seen := current.seen_by(standing):
            _ = seen.size, seen.form_profile if rules.kind == "kubernetes" else (seen.form_label, seen.form_fields)
    return current


def tell_unknown(offer: Offer, rules: Rules) -> None:
    for note in passed_over(offer, rules):
        log.warning("The override sets %s", note)


def passed_over(offer: Offer, rules: Rules) -> Iterator[str]:
    """Settings that a spawner passes over in silence: a misspelt trait, and one that it inherits and does not use."""
    for trait in dict.fromkeys((*offer.settings, *_set_by_choices(offer.template, rules))) if rules.traits else ():
        if trait not in rules.traits:
            near = get_close_matches(trait, rules.traits, 1)
            meant = f" Is {near[0]} meant?" if near else ""
            yield f"{trait} for {offer.name!r}, which the spawner does not have.{meant}"
        elif instead := _UNUSED.get(rules.kind, {}).get(trait):
            yield f"{trait} for {offer.name!r}, which has no effect on this spawner: {instead}."


def _set_by_choices(template: Template, rules: Rules) -> Iterable[str]:
    for option in template.get("options", ()):
        for part in (*option.get("choices", ()), option.get("free-text", {})):
            yield from overrides_of(part.get("set", {}), rules)


# ── hub/view.py ──
# What is the same for all users who may see the same offers: the form, and the list of what there is.


MOST_DRAWN = 2_000  # templates, choices and texts; a form of more has its fields drawn by the browser


class View:
    def __init__(self, offers: list[Offer]) -> None:
        """In the order of the form."""
        self.offers = offers

    @property
    def choices(self) -> str:
        names = [quoted(offer.name) for offer in self.offers]
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        return f"Choose one of: {', '.join(names[:20])}{more}." if names else ""

    @cached_property
    def large(self) -> bool:
        """Whether a page that draws all of it would hold up a hub's loop."""
        return sum(offer.size for offer in self.offers) > MOST_DRAWN

    async def drawn(self) -> None:
        """Make what `form` is made of, in parts."""
        if "form" not in self.__dict__:
            await in_parts(self.offers, lambda offer: (offer.form_label, offer.form_fields))

    async def profiled(self) -> None:
        """Make what KubeSpawner's form is made of, in parts."""
        await in_parts(self.offers, lambda offer: offer.form_profile)

    @cached_property
    def form(self) -> str:
        slugs = '<input type="hidden" name="by" value="slug">'
        script = SCRIPT if any("options" in offer.template for offer in self.offers) else ""
        fields = "".join(to_draw(number, text) for text, number in self._shared.items())
        return f'{STYLE}<div class="binder-registry">{slugs}{"".join(self._entries)}</div>{fields}{script}'

    def form_marking(self, name: str, revision: str, choices: Json) -> str:
        place = self._places.get(name)
        if place is None:
            return self.form
        return self.form.replace(self._entries[place], self.offers[place].entry(revision, choices), 1)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {offer.name: place for place, offer in enumerate(self.offers)}

    @cached_property
    def _shared(self) -> dict[str, int]:
        """The fields that are not in the page itself, each once, by their numbers."""
        texts = (offer.form_fields for offer in self.offers) if self.large else ()
        return {text: number for number, text in enumerate(dict.fromkeys(filter(None, texts)))}

    @cached_property
    def _entries(self) -> list[str]:
        if not self.large:
            return [offer.form_entry for offer in self.offers]
        numbers = ((offer.form_label, self._shared.get(offer.form_fields)) for offer in self.offers)
        return [label if number is None else drawn_later(label, number) for label, number in numbers]


# ── hub/catalogue.py ──
# Who may choose what.


MOST_VIEWS = 64  # forms that are kept, of as many sets of groups
T = TypeVar("T")
MAX_HOPS = 8  # along replaced-by, as in the registry's own rule


@dataclass(frozen=True)
class Choice:
    offer: Offer
    revision: str = ""  # "r12" when pinned
    notice: str = ""  # for the user
    replaced: bool = False  # it is not the template that was named


@dataclass(frozen=True)
class Catalogue:
    """Everything as of one position of the registry; never changed, only replaced."""

    position: str = ""
    templates: Mapping[str, Template] = field(default_factory=dict)  # tombstones too
    history: Mapping[str, list[Template]] = field(default_factory=dict)  # newest first
    offers: Mapping[str, Offer] = field(default_factory=dict)
    left_out: Mapping[str, Reason] = field(default_factory=dict)
    rules: Rules = ANY_HUB
    pinnable: int = 0  # past revisions of each

    def having(
        self, templates: Iterable[Template], rules: Rules, versions: int = 0, before: "Catalogue | None" = None
    ) -> "Catalogue":
        """The same with these templates as given. What cannot be offered, whatever is wrong with it, harms no other.

        What `before`, of the same rules and histories, offers of an unchanged template is taken from there.
        """
        known, offers, left_out = dict(self.templates), dict(self.offers), dict(self.left_out)
        for template in templates:
            name = template["name"]
            known[name] = template
            offers.pop(name, None)
            left_out.pop(name, None)
            if before and name in before.offers and before.templates[name] == template:
                offers[name] = before.offers[name]
                continue
            try:
                offers[name] = with_versions(template, self.history.get(name, []), rules, versions)
            except NotOffered as reason:
                left_out[name] = reason.logged
            except MALFORMED as error:
                left_out[name] = malformed(error)
            else:
                tell_unknown(offers[name], rules)
        found = replace(self, templates=known, offers=offers, left_out=left_out, rules=rules, pinnable=versions)
        return found._made()

    def without(self, name: str) -> "Catalogue":
        """The same, once it is not for this hub any more."""
        return replace(
            self,
            templates=_all_but(name, self.templates),
            offers=_all_but(name, self.offers),
            left_out=_all_but(name, self.left_out),
        )._made()

    def beside(self, other: "Catalogue") -> "Catalogue":
        """With what is tried out, too: no name is in both."""
        return replace(
            self,
            templates={**self.templates, **other.templates},
            offers={**self.offers, **other.offers},
            left_out={**self.left_out, **other.left_out},
        )._made()

    def _made(self) -> "Catalogue":
        _ = self._defaults, self._groups  # in the follower's thread rather than in the hub's loop
        return self

    @cached_property
    def _others(self) -> dict[Kind, "Catalogue"]:
        return {}

    def under(self, spawner_class: Any) -> "Catalogue":
        """The same for a hub whose spawner is not the one that the rules were made for."""
        kind = kind_of(spawner_class)
        if kind == self.rules.kind:
            return self
        if kind not in self._others:
            log.warning("The spawner is %s: call `configure` after it is chosen.", spawner_class.__name__)
            bare = Catalogue(self.position, history=self.history)
            self._others[kind] = bare.having(self.templates.values(), self.rules.of(spawner_class), self.pinnable)
        return self._others[kind]

    @cached_property
    def _groups(self) -> frozenset[str]:
        return frozenset().union(*(offer.all_groups for offer in self.offers.values()))

    @cached_property
    def in_order(self) -> list[Offer]:
        """What is tried out stands behind what everybody is offered."""
        return sorted(self.offers.values(), key=self._place)

    def _place(self, offer: Offer) -> tuple[Any, ...]:
        return *self.offers.get(own_name(offer.name), offer).order, is_tried_out(offer.name)

    @cached_property
    def _views(self) -> dict[Standing, "View"]:
        return {}

    def default(self, standing: Standing) -> Offer | None:
        """What is taken where nothing is chosen: the first that says so, else the first. None: there is nothing."""
        offers = chain(self._defaults, (one for one in self.in_order if not is_tried_out(one.name)), self.in_order)
        return next(filter(None, (offer.seen_by(standing) for offer in offers)), None)

    @cached_property
    def _defaults(self) -> list[Offer]:
        return [one for one in self.in_order if one.template.get("default") and not is_tried_out(one.name)]

    def view(self, standing: Standing) -> "View":
        """What such a user sees: made once for all users who see the same."""
        key = self._key(standing)
        if key not in self._views:
            if len(self._views) >= MOST_VIEWS:
                self._views.clear()
            seen = (offer.seen_by(key) for offer in self.in_order)
            self._views[key] = View([offer for offer in seen if offer])
        return self._views[key]

    async def seen(self, standing: Standing) -> "View":
        """The same, made in parts."""
        key = self._key(standing)
        if key not in self._views:
            await in_parts(self.in_order, lambda offer: (seen := offer.seen_by(key)) and seen.size)
        return self.view(standing)

    def _key(self, standing: Standing) -> Standing:
        return Standing(standing.admin, frozenset() if standing.admin else standing.groups & self._groups)

    def choose(self, name: str, revision: str, standing: Standing) -> Choice:
        """Raises `HTTPError` 400. A hidden template reads like one that does not exist."""
        template = self.templates.get(name)
        if template is None or not self._may_know(template, standing):
            raise self.refusal("unknown", f"There is no environment {quoted(name)}.", standing)
        successor = self.templates.get(self.successor(name), {})
        offer = self.offers.get(successor.get("name", ""))
        if successor.get("paused") and self._may_know(successor, standing):
            text = f"The environment {quoted(successor['name'])} is paused: {successor['paused']}"
            raise self.refusal("paused", text, standing)
        if offer is None or offer.seen_by(standing) is None:
            raise self.refusal("not-offered", f"The environment {quoted(name)} is no longer offered.", standing)
        notice = f"{offer.title!r} is deprecated: {offer.deprecated}" if offer.deprecated else ""
        if offer.name != name:
            return Choice(offer, "", f"{quoted(name)} was replaced by {quoted(offer.name)}. {notice}".rstrip(), True)
        if not revision or revision == f"r{offer.revision}":
            return Choice(offer, revision, notice)
        if revision not in offer.versions:
            others = "".join(f", or {number[1:]}" for number in offer.versions)
            text = f"Revision {revision[1:]} of {quoted(name)} is not offered. Choose the current one{others}."
            raise http_error(400, "revision", text)
        return Choice(offer.versions[revision], revision, notice)

    def _may_know(self, template: Template, standing: Standing) -> bool:
        """Of a template that has no offer, too; one with an option that has nothing for them is hidden."""
        try:
            own = without_case(template) if self.rules.ignore_group_case else template
            beside = groups_beside(template["name"], self.rules)
            return standing.sees(beside) and visible(own, standing.held) is not None
        except MALFORMED:  # whatever is wrong with it
            return False

    def successor(self, name: str) -> str:
        """As the registry's own rule: at most `MAX_HOPS` along replaced-by; a cycle ends nowhere."""
        for _ in range(MAX_HOPS + 1):
            template = self.templates.get(name, {})
            if not (template.get("deleted") or template.get("replaced-by")):
                return name
            name = template.get("replaced-by", "")
        return ""

    def refusal(self, reason: Refusal, text: str, standing: Standing) -> HTTPError:
        return http_error(400, reason, f"{text} {self.view(standing).choices}".rstrip())


def _all_but(name: str, found: Mapping[str, T]) -> dict[str, T]:
    return {key: one for key, one in found.items() if key != name}


# ── hub/answers.py ──
# The registry's address and its answers: what is none is said in words.


_POSITION = re.compile(r"([0-9]+-[0-9a-f]{16})(?![0-9a-f])")  # compressing proxies add "-gzip" and the like


def checked_url(url: str) -> str:
    """Raises `ValueError`, which does not show it: it may be the token. It goes into the log and the snapshot."""
    refused = "url= is not the URL of a registry, such as http://registry:8080"
    if not isinstance(url, str):
        raise ValueError(refused)
    url = url.strip()
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises
    except ValueError:
        raise ValueError(refused) from None
    if "@" in parts.netloc or "%40" in parts.netloc:
        raise ValueError("url= holds a user name or a password, which would be logged: give a token as token=")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError("url= has a query or a fragment, which would be logged: give a token as token=")
    plain = parts.path.isascii() and not re.search(r"[\s\x00-\x1f\x7f]", url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError(refused)
    return url


def checked_token(token: str) -> str:
    if not isinstance(token, str):
        raise ValueError("the registry's token= is not text; leave it out where reads need none")
    token = token.strip()  # one that was read from a file ends with its line
    if not (token.isascii() and token.isprintable()):
        raise ValueError("the registry's token= holds characters that no header can carry")
    if " " in token:
        raise ValueError("the registry's token= holds a blank: it is the token alone, without a word before it")
    return token


class Refused(HTTPException):
    """An answer with a status that says no. `retry_after` is in seconds."""

    def __init__(self, response: HTTPResponse) -> None:
        super().__init__(refusal_text(response))
        text = response.headers.get("Retry-After", "").strip()
        self.retry_after = float(text[:9]) if text.isascii() and text.isdigit() else 0.0


def body_of(response: HTTPResponse) -> bytes:
    if response.status != 200:
        raise Refused(response)
    try:
        return response.read()
    except IncompleteRead:  # whose text counts bytes: another one each time
        raise HTTPException("the answer was cut off") from None


def parsed_body(body: bytes, response: HTTPResponse) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        coding = response.headers.get("Content-Encoding", "")
        kind = " ".join(filter(None, [coding, response.headers.get("Content-Type", "")]))
        raise HTTPException(f"the answer is not JSON{kind and f', but {kind}'}") from None


def listed_templates(found: Any) -> list[Template]:
    if not isinstance(found, list):
        raise HTTPException("the answer is not a list of templates")
    for one in found:
        whole = isinstance(one, dict) and isinstance(one.get("name"), str) and type(one.get("revision")) is int
        if not whole:
            raise HTTPException("the list holds something without the name and the revision of a template")
    return found


def refusal_text(response: HTTPResponse) -> str:
    """Without the query of an address: it may hold what is secret."""
    hints = {401: "it wants a token=", 403: "the token= may not read", 404: "is a prefix missing in url=?"}
    text = f"{response.status} {response.reason}".rstrip()
    if 300 <= response.status < 400:
        target = urlsplit(response.headers.get("Location", ""))
        return f"{text}, to {target.hostname or ''}{target.path}, which is not followed: url= has to name the registry"
    return f"{text}: {hints[response.status]}" if response.status in hints else text


def position_of(tag: str | None) -> str:
    """Of an ETag, also a weak one or one that a proxy marked; "" when it is none of the registry's."""
    found = _POSITION.match((tag or "").removeprefix("W/").strip('"'))
    return found[1] if found else ""


def words_of(error: Exception) -> str:
    return str(error) if type(error) in (HTTPException, Refused) else f"{type(error).__name__}: {error}"


# ── hub/pauses.py ──
# How long the registry is left alone.


LONGEST_PAUSE = 15.0  # seconds between attempts while the registry is away
LONGEST_ASKED = 60.0  # that it is left alone because it asks for it


def asked_by(error: Exception) -> float:
    """For how long the registry asks, where it does."""
    return min(LONGEST_ASKED, error.retry_after) if isinstance(error, Refused) else 0.0


def pause_after(failures: int, error: Exception) -> float:
    """Longer after each of them, and no shorter than the registry asks for."""
    return max(asked_by(error), spread(min(LONGEST_PAUSE, 0.25 * 2 ** min(failures, 6))))


# ── hub/snapshot.py ──
# The last list on disk, for a hub that starts while the registry is down.


CLOCK_LEEWAY = 300.0  # seconds that a snapshot may seem to come from the future
_UNUSABLE = (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Snapshot:
    """The last list on disk, for a hub that starts while the registry is down.

    The file's time says when the registry last confirmed what is in it. So only a file that is still as it was read or
    written here gets a new time; one that was removed, overwritten or could not be written is written whole. What the
    registry confirmed later, to another hub with the same file, stays: by the time, for revisions of a registry whose
    database was replaced begin anew.
    """

    def __init__(self, path: str | os.PathLike[str], url: str, versions: int) -> None:
        self.path = Path(path)
        self._url, self._versions = url, versions
        self._held: Catalogue | None = None  # what the file holds
        self._left: tuple[int, ...] = ()  # the file as it was left
        self._trouble = ""
        if self._is_special():
            raise ValueError(f"snapshot={str(path)!r} is no regular file; None keeps the list in memory only")

    def read(self, rules: Rules) -> tuple[Catalogue, float] | None:
        """The list, and when the registry last confirmed it."""
        try:
            saved, status = self._saved()
            if saved["url"] != self._url:
                return None
            if status.st_mtime > time.time() + CLOCK_LEEWAY:
                raise ValueError("its time is in the future, so its age is unknown")
            same = saved["versions"] == self._versions
            history = {name: listed_templates(past) for name, past in saved["history"].items()} if same else {}
            catalogue = Catalogue(position_of(saved["position"]), history=history)
            catalogue = catalogue.having(listed_templates(saved["templates"]), rules, self._versions)
        except FileNotFoundError:
            return None
        except _UNUSABLE as error:
            log.warning("The snapshot %s cannot be used: %s", self.path, error)
            return None
        if same:
            self._held, self._left = catalogue, _identity(status)
        return catalogue, min(status.st_mtime, time.time())

    def write(self, catalogue: Catalogue, confirmed: float) -> None:
        """Failures are told once, and tried again the next time."""
        if catalogue is self._held and self._touch(confirmed):
            return
        self._held = None
        try:
            if self._is_special():
                raise OSError("it is no regular file")  # which the one that is written would replace
            if not self._is_later(confirmed):
                self._replace(catalogue, confirmed)
        except OSError as error:
            if str(error.strerror or error) != self._trouble:
                self._trouble = str(error.strerror or error)
                log.warning("The snapshot %s cannot be written: %s", self.path, self._trouble)
            return
        if self._held and self._trouble:
            log.warning("The snapshot %s can be written again", self.path)
            self._trouble = ""

    def _touch(self, confirmed: float) -> bool:
        """False: the file is not as it was left."""
        try:
            if _identity(self.path.stat()) != self._left:
                return False
            os.utime(self.path, (confirmed, confirmed))
            now = _identity(self.path.stat())
        except OSError:
            return False
        if now[:-1] != self._left[:-1]:  # replaced in between
            return False
        self._left = now
        return True

    def _saved(self) -> tuple[Any, os.stat_result]:
        with self.path.open() as file:
            return json.load(file), os.fstat(file.fileno())

    def _is_later(self, confirmed: float) -> bool:
        """Does the file hold what another hub heard of the same registry after that?"""
        try:
            status = self.path.stat()
            if _identity(status) == self._left or not confirmed < status.st_mtime <= time.time() + CLOCK_LEEWAY:
                return False
            saved, _ = self._saved()
            listed_templates(saved["templates"])
            return bool(saved["url"] == self._url)
        except _UNUSABLE:
            return False

    def _replace(self, catalogue: Catalogue, confirmed: float) -> None:
        content = {
            "url": self._url,
            "versions": self._versions,
            "position": catalogue.position,
            "templates": list(catalogue.templates.values()),
            "history": catalogue.history,
        }
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False) as file:
            try:  # the file is made readable for this user alone
                json.dump(content, file)
                file.flush()
                os.utime(file.fileno(), (confirmed, confirmed))
                os.fsync(file.fileno())
                if not self._is_later(confirmed):  # what came meanwhile
                    Path(file.name).replace(self.path)
                    self._held, self._left = catalogue, _identity(os.fstat(file.fileno()))
            finally:
                Path(file.name).unlink(missing_ok=True)

    def _is_special(self) -> bool:
        try:
            return not stat.S_ISREG(self.path.stat().st_mode)
        except OSError:
            return False


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns


# ── hub/event_stream.py ──
# The lines of an event stream, read aside.


class EventStream(threading.Thread):
    """The lines of an event stream, read aside: who waits for them can poll meanwhile.

    `lines` ends with an exception, of whatever ended the stream.
    """

    def __init__(self, answer: Callable[[], AbstractContextManager[HTTPResponse]]) -> None:
        super().__init__(name="binder-registry-stream", daemon=True)
        self.lines: SimpleQueue[str | Exception] = SimpleQueue()
        self._answer = answer
        self._unwanted = False

    def leave(self) -> None:
        """The connection is closed after the next line, or when none comes in time."""
        self._unwanted = True

    def run(self) -> None:
        try:
            with self._answer() as response:
                if response.status != 200:
                    raise Refused(response)
                if "event-stream" not in response.headers.get("Content-Type", ""):
                    raise HTTPException("the answer is no event stream")
                while not self._unwanted and (line := response.readline()):
                    self.lines.put(line.decode().rstrip("\r\n"))
            self.lines.put(HTTPException("it ended"))
        except Exception as error:  # noqa: BLE001  # it is the reader's to judge
            self.lines.put(error)


# ── hub/telling.py ──
# What the log says of the registry: each trouble when it begins, when its cause changes, and when it is over.


ON_PURPOSE = ("deleted", "replaced-by", "paused")  # a template that has one of these is in no list


class Telling:
    """`histories`: why the past versions of a template cannot be had, by its name. `default`: as `configure` has it."""

    def __init__(self, url: str, poll: float, default: str = "") -> None:
        self.histories: dict[str, str] = {}
        self._url, self._poll, self._default = url, poll, default
        self._default_trouble = ""
        self._trouble, self._began = "", 0.0
        self._stream_trouble = False

    def trouble(self, error: Exception) -> None:
        trouble = words_of(error)
        if trouble != self._trouble:
            log.warning("The registry %s gives no list of environments; what was loaded stays: %s", self._url, trouble)
        self._began = self._began or time.monotonic()
        self._trouble = trouble

    def recovery(self) -> None:
        if self._trouble:  # as loud as its beginning: who sees the one looks for the other
            seconds = time.monotonic() - self._began
            log.warning("The registry %s gives its list again, after %.0f s", self._url, seconds)
        self._trouble, self._began = "", 0.0

    def stream_trouble(self, cause: Exception) -> None:
        """Once until one gets through: the causes take turns."""
        if not self._stream_trouble:
            text = "The event stream of the registry %s does not get through, so a change takes up to %g s to show: %s"
            log.info(text, self._url, self._poll, words_of(cause))
        self._stream_trouble = True

    def stream(self) -> None:
        if self._stream_trouble:
            log.info("The event stream of the registry %s gets through", self._url)
        self._stream_trouble = False

    def left_out(self, before: Catalogue, now: Catalogue) -> None:
        for name, reason in now.left_out.items():
            if before.left_out.get(name) != reason and not any(map(now.templates[name].get, ON_PURPOSE)):
                log.warning("The environment %r is not offered: %s", name, reason)
        for name, offer in now.offers.items():
            told = before.offers[name].hidden if name in before.offers else {}
            for part, reason in offer.hidden.items():
                if told.get(part) != reason:
                    log.warning("Of the environment %r, %s is not offered: %s", name, called(part), reason)

    def without_default(self, now: Catalogue) -> None:
        """Else only users would be told, one by one, that there is no such environment."""
        trouble = ""
        if self._default and now.successor(self._default) not in now.offers:
            trouble = "is not offered" if self._default in now.templates else "is not in the registry's list"
        if trouble and trouble != self._default_trouble:
            text = "The environment %r, which default= names, %s: who chooses none can start none"
            log.warning(text, self._default, trouble)
        self._default_trouble = trouble

    def without_history(self, failed: Mapping[str, str]) -> None:
        for cause in dict.fromkeys(failed.values()):
            names = [name for name, why in failed.items() if why == cause != self.histories.get(name)]
            if names:
                more = f" and {len(names) - 20} more" if len(names) > 20 else ""
                shown = ", ".join(map(quoted, names[:20])) + more
                log.warning("Past versions of %s are not offered for now: %s", shown, cause)
        self.histories = dict(failed)


# ── hub/histories.py ──
# The past revisions that users may pin: as far as they are at hand, and how the others are fetched.


HISTORY_TIMEOUT = 3.0  # seconds without a byte: the list and its stream wait for it
HISTORY_AGAIN = 60.0  # seconds until a history that failed is asked for again
HISTORY_PATIENCE = 3  # histories whose connection failed, in one round
WITH_CONTENT = ("created", "updated", "restored")  # of their own
MOST_VERSIONS = 499  # twice that, for the tombstones between, is what the registry gives in one answer

Get = Callable[[str, float], AbstractContextManager[HTTPResponse]]
"""The answer to a path, and the seconds without a byte after which it is given up."""


class Histories:
    """`newest`: whether the newest revisions are offered, and not those of a channel, which were written long ago."""

    def __init__(self, versions: int, get: Get, tell: Telling, *, newest: bool) -> None:
        if type(versions) is not int or not 0 <= versions <= MOST_VERSIONS:
            raise ValueError(f"versions= has to be a whole number from 0 to {MOST_VERSIONS}")
        self.versions = versions
        self._get, self._tell, self._newest = get, tell, newest
        self._complete: dict[str, int] = {}  # name → the revision up to which its history is at hand
        self._next = 0.0

    def read(self, catalogue: Catalogue) -> None:
        """What a snapshot held."""
        if self.versions:
            found = ((name, past[0]["revision"]) for name, past in catalogue.history.items() if past)
            self._complete = dict(found)

    def changed(self, catalogue: Catalogue, template: Template, action: str) -> Catalogue:
        """With the history of this template as it is after its change."""
        name, versions = template["name"], self.versions
        if not versions:
            return catalogue
        if action == "purged":  # of an older revision: which one is not said
            self._complete.pop(name, None)
            return replace(catalogue, history={**catalogue.history, name: []})
        has_its_own = self._newest and action in WITH_CONTENT and "deleted" not in template
        if not has_its_own or not (name in self._complete or action == "created"):
            return catalogue
        past = [template, *catalogue.history.get(name, [])][: versions + 1]
        self._complete[name] = content_revision(template)
        return replace(catalogue, history={**catalogue.history, name: past})

    def fetched(self, catalogue: Catalogue, has_ended: Callable[[], bool]) -> Catalogue | None:
        """With the last revisions, where they were not at hand; None: there is nothing new. One that cannot be had
        leaves its template without."""
        if not self.versions or time.monotonic() < self._next:
            return None
        missing = [name for name, offer in catalogue.offers.items() if self._complete.get(name) != offer.revision]
        missing.sort(key=self._tell.histories.__contains__)  # what failed before does not hold up the others
        found: dict[str, list[Template]] = {}
        failed: dict[str, str] = {}
        patience = HISTORY_PATIENCE
        for name in missing:
            try:
                found[name] = self._fetch(name, catalogue.templates[name])
            except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the list goes on
                failed[name] = words_of(error)
                found[name] = []
                patience -= isinstance(error, OSError)
            if not patience or has_ended():
                break
        self._tell.without_history(failed)
        self._next = time.monotonic() + HISTORY_AGAIN if failed else 0.0
        self._complete |= {name: catalogue.offers[name].revision for name in found if name not in failed}
        return replace(catalogue, history={**catalogue.history, **found}) if found else None

    def _fetch(self, name: str, template: Template) -> list[Template]:
        path = f"/templates/{quote(name, safe='')}/changes?limit={2 * self.versions + 2}"
        if "content-revision" in template:  # what was written later was not promoted, or was taken back
            path += f"&before={content_revision(template) + 1}"
        with self._get(path, HISTORY_TIMEOUT) as response:
            changes: list[Mapping[str, Any]] = parsed_body(body_of(response), response)["changes"]
        past = [
            {**change["template"], "revision": change["revision"]}
            for change in changes
            if "template" in change and not change.get("deleted") and change["action"] in WITH_CONTENT
        ]
        return listed_templates(past[: self.versions + 1])


# ── hub/follower.py ──
# The thread that keeps the catalogue as the registry is.


REQUEST_TIMEOUT = 30.0  # seconds without a byte
STREAM_SILENCE = 35.0  # seconds; the registry sends a comment every 15
STREAM_QUIET = 20.0  # seconds, after which the list is polled too
STREAM_OPENING = 1.0  # seconds; only what a stream gives later than that shows that it gets through while it is open
LONGEST_PROBE_PAUSE = 60.0  # seconds between streams while none gets through
SAVE_EVERY = 5.0  # seconds, at most, while changes keep coming
LONGEST_POLL = 86400.0  # seconds


class Follower(threading.Thread):
    """Keeps `catalogue` as the registry is: the list, then its event stream; polls where streams do not get through.

    A thread, not a task of the hub's loop: parsing thousands of templates and a slow registry delay no request, and it
    runs before the loop does. `catalogue` is None until something was loaded, from the registry or from `snapshot`.

    `mode` is "polling" until a stream has shown that it gets through, so that a change never takes longer than `poll`
    seconds: the list is asked for between streams, and beside one that has yet to prove itself.
    """

    def __init__(
        self,
        url: str,
        token: str,
        rules: Rules,
        *,
        versions: int = 0,
        snapshot: str | None = None,
        poll: float = 5.0,
        label: str = "",
        default: str = "",
        tries_out: bool = False,
    ) -> None:
        super().__init__(name="binder-registry", daemon=True)
        self._url, self._token, self.rules = checked_url(url), checked_token(token), rules
        if type(poll) not in (int, float) or not 0 < poll <= LONGEST_POLL:
            raise ValueError(f"poll= has to be a number of seconds above 0, and at most {LONGEST_POLL:.0f}")
        self.catalogue: Catalogue | None = None
        self.contact = 0.0  # Unix time when the registry last confirmed the catalogue
        self._confirmed = time.monotonic()  # the same, or when this began
        self.tried = threading.Event()
        self.mode: Literal["streaming", "polling"] = "polling"
        self._versions, self._poll = versions, poll
        self._tried_out = rules.try_out[0] if tries_out else ""
        self.channel = self._tried_out or rules.channel
        self._query = f"&label={quote(label, safe='')}" if label else ""
        if self.channel:
            self._query += f"&channel={self.channel}"
        self._tag = f"-{self.channel}" if self.channel else ""  # what is behind the position in an ETag
        self.published: Callable[[], object] = lambda: None  # called in this thread, when there is a new catalogue
        self._ended = threading.Event()
        self._digest = b""  # of the list as it came last
        self._tell = Telling(self._url, poll, default)
        asks = lambda path, seconds: self._get(path, timeout=seconds)  # noqa: E731
        self._histories = Histories(versions, asks, self._tell, newest=not self.channel)
        self._failed_streams, self._next_stream = 0, 0.0
        self._snapshot = Snapshot(snapshot, self._url + self._query, versions) if snapshot else None
        self._saved = 0.0
        if self._snapshot and (found := self._snapshot.read(rules)):
            catalogue, self.contact = found
            self._publish(catalogue)
            self._histories.read(catalogue)

    def age(self) -> float:
        """Seconds since the registry confirmed the catalogue, or since this began where it never did. A clock that is
        set meanwhile makes it no younger."""
        since = time.monotonic() - self._confirmed
        return max(time.time() - self.contact, since) if self.contact else since

    def stop(self) -> None:
        """Ends the thread at its next pause or line of the stream. A hub just ends; this is for tests and scripts."""
        self._ended.set()

    def _confirm(self) -> float:
        self.contact, self._confirmed = time.time(), time.monotonic()
        return self._confirmed

    def run(self) -> None:
        failures = 0
        pause = 0.0
        while not (pause and self._ended.wait(pause)):
            pause = spread(self._poll)
            try:
                self._load()
                failures = 0
                self.tried.set()
                self._save(at_once=True)
                if time.monotonic() >= self._next_stream and self._follow():
                    pause = spread(0.2)
            except Exception as error:  # noqa: BLE001  # a follower that ended would leave the list as it is for good
                failures += 1
                pause = pause_after(failures, error)
                self._tell.trouble(error)
            self.tried.set()
            self._save(at_once=True)

    @contextmanager
    def _get(
        self, path: str, headers: Mapping[str, str] | None = None, timeout: float = REQUEST_TIMEOUT
    ) -> Iterator[HTTPResponse]:
        parts = urlsplit(self._url)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connect(parts.hostname or "", parts.port, timeout=timeout)
        try:
            authorization = {"Authorization": f"token {self._token}"} if self._token else {}
            connection.request("GET", parts.path.rstrip("/") + path, headers={**authorization, **(headers or {})})
            yield connection.getresponse()
        finally:
            connection.close()

    def _load(self) -> bool:
        """Was there news?"""
        known = self.catalogue
        condition = {"If-None-Match": f'"{known.position}{self._tag}"'} if known and known.position else {}
        headers = {"Cache-Control": "no-cache", **condition}
        with self._get(f"/templates?view=full&deleted=true{self._query}", headers) as response:
            news = not (condition and response.status == 304) and self._take(response)
        self._confirm()
        self._tell.recovery()
        self._complete_history()
        return news

    def _take(self, response: HTTPResponse) -> bool:
        body = body_of(response)
        position = position_of(response.headers.get("ETag"))
        known, digest = self.catalogue, hashlib.blake2b(body).digest()
        if known and digest == self._digest and position == known.position:
            return False  # something between us knows no conditions
        templates = [self._offered(one) for one in listed_templates(parsed_body(body, response))]
        if not position:
            if not templates and known and known.templates:
                raise HTTPException("an empty list without an ETag")
            self._tell.stream_trouble(HTTPException("the list comes without the registry's ETag"))
        history = known.history if known else {}
        bare = Catalogue(position, history=history)
        catalogue = bare.having(templates, self.rules, self._versions, before=known)
        self._confirm()  # first: who sees a catalogue without it takes that for too old
        self._publish(catalogue)
        self._digest = digest
        return True

    def _publish(self, catalogue: Catalogue) -> None:
        self._tell.left_out(self.catalogue or Catalogue(), catalogue)
        self._tell.without_default(catalogue)
        self.catalogue = catalogue
        self.published()

    def _offered(self, template: Template) -> Template:
        return tried_out(template, self._tried_out) if self._tried_out else template

    def _follow(self) -> bool:
        """Apply the stream's changes until it ends. Did it get through?"""
        position = self.catalogue.position if self.catalogue else ""
        if not position:
            return False
        accept = {"Accept": "text/event-stream"}
        stream = EventStream(lambda: self._get(f"/changes?since={position}{self._query}", accept, STREAM_SILENCE))
        stream.start()
        try:
            cause = self._read(stream)
            through = self.mode == "streaming"
        finally:
            self.mode = "polling"
            stream.leave()
        if not through and not self._ended.is_set():
            self._failed_streams += 1
            pause = min(LONGEST_PROBE_PAUSE, self._poll * (2 ** min(self._failed_streams, 10) - 1))
            self._next_stream = time.monotonic() + max(pause, asked_by(cause))
            if self._failed_streams > 1:  # one that ends early is the registry's restart
                self._tell.stream_trouble(cause)
        return through

    def _read(self, stream: EventStream) -> Exception:
        """Why it ended."""
        event: dict[str, str] = {}
        opened = heard = 0.0
        while not self._ended.is_set():
            try:
                line = stream.lines.get(timeout=spread(self._poll))
            except Empty:
                if time.monotonic() - heard > STREAM_QUIET:
                    self.mode = "polling"
                if self.mode == "polling" and self._load():
                    return HTTPException("it held a change back")
                self._save()
                continue
            if isinstance(line, Exception):
                return line
            heard = self._confirm()
            opened = opened or heard
            if heard - opened > STREAM_OPENING:
                self.mode, self._failed_streams = "streaming", 0
                self._tell.stream()
            if line:
                member, _, value = line.partition(":")
                event[member] = value.removeprefix(" ")
                continue
            try:
                self._receive(event)
            except (HTTPException, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
                return error
            event = {}
            self._save()
        return HTTPException("stopped")

    def _receive(self, event: Mapping[str, str]) -> None:
        """A change, or a heartbeat, which may say how far the registry is."""
        position = position_of(event.get("id"))
        if "data" in event:
            if not position:
                raise ValueError("a change without a position")
            self._apply(json.loads(event["data"]), position)
        elif self.catalogue and position not in ("", self.catalogue.position):
            self.catalogue = replace(self.catalogue, position=position)
        self._complete_history()

    def _apply(self, change: Mapping[str, Any], position: str) -> None:
        catalogue = replace(self.catalogue or Catalogue(), position=position)
        name = change["name"]
        if "template" in change:
            [template] = listed_templates([{**change["template"], "revision": change["revision"]}])
            template = self._offered(template)
            if change.get("deleted"):
                template = {**template, "deleted": True}
            catalogue = self._histories.changed(catalogue, template, change["action"])
            catalogue = catalogue.having([template], self.rules, self._versions)
        elif change.get("deleted"):  # of what is still there, and not for this hub any more
            catalogue = catalogue.without(f"{name}/{self._tried_out}" if self._tried_out else name)
        self._publish(catalogue)

    def _complete_history(self) -> None:
        found = self._histories.fetched(self.catalogue, self._ended.is_set) if self.catalogue else None
        if found and self.catalogue:
            changed = [name for name, past in found.history.items() if past is not self.catalogue.history.get(name)]
            templates = [found.templates[name] for name in changed]
            self._publish(found.having(templates, self.rules, self._versions))

    def _save(self, at_once: bool = False) -> None:
        if self._snapshot is None or self.catalogue is None or not self.contact:
            return
        if at_once or time.monotonic() - self._saved >= SAVE_EVERY:
            self._snapshot.write(self.catalogue, self.contact)
            self._saved = time.monotonic()


# ── hub/resolving.py ──
# From what was chosen to the settings of a start: groups, choices and free texts are checked here, in `resolve`.


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


# ── hub/start.py ──
# What a start sets of its spawner, and undoes of the one before.


_HOOK = re.compile(r".*_hook|escape|format_volume_name")  # traits whose value is a function
_GUARANTEES = (("mem_guarantee", "mem_limit"), ("cpu_guarantee", "cpu_limit"))
_SCALARS = ("image", "cmd", "default_url", "port", "ip", "mem_limit", "mem_guarantee", "cpu_limit", "cpu_guarantee")


async def apply_settings(spawner: Any, settings: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """Set these traits, and undo what the last start set: the hub keeps a spawner whose start failed.

    Gives every trait of the mapping, so that a profile made of it leaves nothing of another behind; but what became a
    function is set here alone, for KubeSpawner would call it.
    """
    undo = spawner.__dict__.setdefault("_binder_registry", {})
    while undo:
        trait, (before, after) = undo.popitem()
        setattr(spawner, trait, undone(getattr(spawner, trait), before, after))
    given = {trait: await _asked(spawner, trait, ours) for trait, ours in settings.items() if spawner.has_trait(trait)}
    try:
        if callable(settings.get("cmd")):
            check_command(given, rules.allow_commands)
    except NotOffered as reason:
        raise http_error(400, "settings", f"This environment cannot be started: {reason}.") from None
    images_own = rules.image_command and rules.kind != "local"  # no image there
    if "cmd" not in given and not spawner.cmd and not images_own:
        given["cmd"] = [COMMAND]  # KubeSpawner and DockerSpawner would use the image's own
    empty = {trait: lifted(spawner, trait) for trait, ours in given.items() if ours is None}
    given |= empty
    for trait, ours in given.items():
        try:
            if trait not in empty:
                ours = merged_setting(getattr(spawner, trait), ours, takes_none=rules.kind == "kubernetes")
            _set_trait(spawner, undo, trait, ours)
        except Exception:  # noqa: BLE001  # whatever the trait's own rule raises
            log.warning("%s: cannot be started: %s", spawner._log_name, why_refused(trait, ours, spawner.traits()))
            text = f"This environment cannot be started: the spawner refuses its {trait}."
            raise http_error(400, "settings", text) from None
    for need, cap in _GUARANTEES:
        limit, guarantee = number_of(getattr(spawner, cap)), number_of(getattr(spawner, need))
        if limit and guarantee > limit:  # Kubernetes refuses a request above its limit
            _set_trait(spawner, undo, need, limit)
    if rules.kind == "docker" and isinstance(host := spawner.extra_host_config, dict):
        limit = number_of(spawner.mem_limit)
        if limit and number_of(host.get("mem_reservation")) > limit:  # nor do engines
            _set_trait(spawner, undo, "extra_host_config", {**host, "mem_reservation": limit})
    scalars = {trait: getattr(spawner, trait) for trait in _SCALARS if spawner.has_trait(trait)}
    return {trait: value for trait, value in {**given, **scalars}.items() if not callable(getattr(spawner, trait))}


def save_choice(spawner: Any, options: Mapping[str, Any], marks: dict[str, str]) -> None:
    """In the hub's database, choices are spelled as KubeSpawner does: what was named once heals when it is replayed.
    Beside them, what runs: of a hub that was started anew, nobody could say it else."""
    record = getattr(spawner, "orm_spawner", None)
    if record is None:
        return
    saved = record.user_options or {}
    named = named_choices(options) if saved == options else None
    if named is not None:
        saved = {key: value for key, value in saved.items() if key != "options"} | spelled(named)
    record.user_options = without_marks(saved) | marks


async def _asked(spawner: Any, trait: str, ours: Any) -> Any:
    """A function in a profile is asked for the value, as KubeSpawner does; hooks are functions themselves."""
    if not callable(ours) or _HOOK.fullmatch(trait):
        return ours
    try:
        value = ours(spawner)
        return await value if isawaitable(value) else value
    except Exception as error:  # whatever the hub's own code raises
        log.exception("%s: the function that the override sets for %s failed", spawner._log_name, trait)
        text = f"This environment cannot be started: the hub's own function for {trait} failed."
        raise http_error(500, "settings", text) from error


def _set_trait(spawner: Any, undo: dict[str, Any], trait: str, value: Any) -> None:
    before, _ = undo.get(trait, (getattr(spawner, trait), None))
    setattr(spawner, trait, value)
    undo[trait] = (before, copied(getattr(spawner, trait)))


def announce(spawner: Any, notice: str) -> None:
    """Tell the user, on the page that shows the progress of the start."""
    spawner.__dict__.pop("progress", None)
    if notice:
        progress = spawner.progress

        async def told() -> AsyncIterator[dict[str, Any]]:
            yield {"progress": 1, "message": notice}
            async with aclosing(progress()) as events:
                async for event in events:
                    yield event

        spawner.progress = told


# ── hub/metrics.py ──
# What a hub's `/hub/metrics` shows of its list and of its starts; nothing where there is no prometheus_client.


MOST_COUNTED = 200  # templates with series of their own
OTHER_TEMPLATES = "other"
Values = Mapping[tuple[str, ...], float]  # by the values of the labels


class Metric(NamedTuple):
    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    help: str


METRICS = {  # by what stands behind the prefix; the names of counters end in _total
    "list_age_seconds": Metric("gauge", ("channel",), "Seconds since the registry last said that the list is current."),
    "offered_templates": Metric("gauge", ("channel",), "Templates that this hub offers now."),
    "starts": Metric("counter", ("template", "channel"), "Starts that went on to the spawner."),
    "refused_starts": Metric("counter", ("reason",), "Starts that were refused."),
    "healed_starts": Metric("counter", ("what",), "Starts whose saved choice was gone, and something in its place."),
}
HEALED = ("template", "option")


class Counted:
    """Since the hub's start; in its loop, as all hooks are."""

    def __init__(self) -> None:
        self.starts: Counter[tuple[str, ...]] = Counter()
        self.refused: Counter[tuple[str, ...]] = Counter({(reason,): 0 for reason in REFUSALS})
        self.healed: Counter[tuple[str, ...]] = Counter({(what,): 0 for what in HEALED})
        self._named: set[str] = set()

    def start(self, template: str, channel: str) -> None:
        if template not in self._named and len(self._named) >= MOST_COUNTED:
            template = OTHER_TEMPLATES
        self._named.add(template)
        self.starts[template, channel] += 1

    @contextmanager
    def refusals(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            if reason := refusal_of(error):
                self.refused[reason,] += 1
            raise


def metrics_prefix() -> str:
    """The hub's own, and ours."""
    return f"{os.environ.get('JUPYTERHUB_METRICS_PREFIX', 'jupyterhub')}_binder_registry_"


class _Collector:
    def __init__(self, values: Callable[[], Mapping[str, Values]]) -> None:
        self._values, self._prefix = values, metrics_prefix()

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
        values = self._values()
        for name, metric in METRICS.items():
            family = families[metric.kind](self._prefix + name, metric.help, labels=metric.labels)
            for labels, value in dict(values[name]).items():
                family.add_metric(labels, value)
            yield family


def show_metrics(values: Callable[[], Mapping[str, Values]]) -> None:
    """In the place of what was shown before: the last `configure` is the one whose hooks are called, and this module
    may be in a hub twice, installed and mounted."""
    try:
        from prometheus_client import REGISTRY
    except ImportError:
        return
    shown = vars(REGISTRY)
    if before := shown.get("binder_registry"):
        REGISTRY.unregister(before)
    shown["binder_registry"] = collector = _Collector(values)
    REGISTRY.register(collector)


# ── hub/parameters.py ──
# What `configure` is given, checked: a mistake is said when the hub starts, by the parameter's name.


Function = TypeVar("Function", bound=Callable[..., Any])

_LABEL_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_PART_OF_A_DOMAIN = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_DOMAIN = rf"{_PART_OF_A_DOMAIN}(?:\.{_PART_OF_A_DOMAIN})*"
_KEY = rf"(?![^/]{{254}})(?:{_DOMAIN}/)?{_LABEL_WORD}"
_REQUIREMENT = rf" *(?:!?{_KEY}|{_KEY}!?=(?:{_LABEL_WORD})?) *"
SELECTOR = rf"{_REQUIREMENT}(?:,{_REQUIREMENT}){{0,15}}"  # as the registry has it
CHANNEL = "[a-z][a-z0-9-]{0,62}"  # as the registry has it
LATEST = "latest"  # the newest revisions
_UNNAMEABLE = re.compile(r"[/\x00-\x1f\x7f]")  # in no name of a template


def hiding_its_call(function: Function) -> Function:
    """A traceback shows the line that called, and the hub logs it: that may hold a token, or a password in `url`."""

    @wraps(function)
    def hiding(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            _hide_lines(sys._getframe(1))
            raise

    return cast(Function, hiding)


def _hide_lines(caller: FrameType) -> None:
    frame: FrameType | None = caller
    while frame:
        at = getframeinfo(frame).positions
        if frame.f_globals is caller.f_globals and at and at.lineno and at.end_lineno:
            file, lines = frame.f_code.co_filename, linecache.getlines(frame.f_code.co_filename)
            lines = [*lines[: at.lineno - 1], *["\n"] * (at.end_lineno - at.lineno + 1), *lines[at.end_lineno :]]
            linecache.cache[file] = (0, None, lines, file)  # None: without a time, so that it is not read anew
        frame = frame.f_back


def check_parameters(**given: Any) -> None:
    """Raises `ValueError` without the value: one that is in a wrong place may be secret."""
    for name, value in given.items():
        fine, wanted = PARAMETERS[name]
        if not fine(value):
            raise ValueError(f"{name}= has to be {wanted}")
    if given.get("try_out") and given["try_out"][0] == given.get("channel"):
        raise ValueError("try_out= has to be of another channel than channel=, which everybody is offered")


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_duration(value: Any) -> bool:
    return type(value) in (int, float) and value > 0


def _are_texts(value: Any) -> bool:
    """A text is a collection of texts too, which nobody means."""
    return isinstance(value, Collection) and not isinstance(value, (str, Mapping)) and all(map(_is_text, value))


def _are_traits(value: Any) -> bool:
    return _are_texts(value) and all(map(str.isidentifier, value))


def _are_keys(value: Any) -> bool:
    """A text with dots, or the keys in their order."""
    keys = value.split(".") if isinstance(value, str) and value else value or []
    return isinstance(value, (str, list, tuple)) and all(_is_text(key) and key == key.strip() for key in keys)


def _is_function(value: Any) -> bool:
    return value is None or (callable(value) and not iscoroutinefunction(value))


def _is_a_name_or_none(value: Any) -> bool:
    return value == "" or (_is_text(value) and not _UNNAMEABLE.search(value))


def _is_selector(value: Any) -> bool:
    return isinstance(value, str) and (value == "" or re.fullmatch(SELECTOR, value) is not None)


def _is_channel(value: Any) -> bool:
    return isinstance(value, str) and (value == "" or re.fullmatch(CHANNEL, value) is not None)


def _is_try_out(value: Any) -> bool:
    """A channel, which is not what everybody is offered, and a group."""
    if not isinstance(value, (list, tuple)) or not value:
        return value in ((), [])
    return len(value) == 2 and bool(value[0]) and _is_channel(value[0]) and value[0] != LATEST and _is_text(value[1])


def _is_resource(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(f"{_DOMAIN}/{_LABEL_WORD}", value) is not None


def _is_place(value: Any) -> bool:
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    return path is None or (_is_text(path) and "\0" not in path)


_FLAG = (_is_flag, "True or False")
PARAMETERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "default": (_is_a_name_or_none, "the name of a template"),
    "allow_commands": (_are_texts, "a list of commands, such as ['start-notebook.sh']"),
    "allow_overrides": (_are_traits, "a list of keys of overrides, such as ['volumes']"),
    "label": (_is_selector, "a selector of labels, such as 'hub=physics': key=value, key!=value, key or !key"),
    "channel": (_is_channel, "the name of a channel, such as 'stable'"),
    "try_out": (_is_try_out, "a channel and a group, such as ('testing', 'testers')"),
    "ignore_group_case": _FLAG,
    "image_command": _FLAG,
    "auth_state_groups": (_are_keys, "where groups are, such as 'oauth_user.groups', or a list of keys"),
    "gpu_resource": (_is_resource, "a resource of Kubernetes, such as 'nvidia.com/gpu'"),
    "override": (_is_function, "a function of a template and a profile, not an asynchronous one"),
    "escape": _FLAG,
    "snapshot": (_is_place, "the path of a file; None keeps the list in memory only"),
    "rules_file": (_is_place, "the path of a file; None writes none"),
    "max_stale": (_is_duration, "a number of seconds above 0"),
}

# ── hub/hooks.py ──
# What the hub calls: its form, its start.


_NOT_SET_UP = "This hub's list of environments is not set up. Please tell those who run it."


@dataclass(frozen=True)
class Last:
    """What was chosen last, as far as it is still there."""

    name: str
    revision: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)
    notice: str = ""


class Environments:
    """The hooks that a hub calls. `configure` sets them; each can also be set by hand.

    `max_stale` (seconds) bounds how long the list is offered without word from the registry. `default` names the
    template that a start without a choice gets. `auth_state_groups` says where in the auth state more groups are:
    `oauth_user.groups`, or the keys one by one where one of them holds a dot. `beside` follows what some try out.
    """

    def __init__(
        self,
        follower: Follower,
        *,
        max_stale: float = 7 * 86400,
        default: str = "",
        auth_state_groups: str | Sequence[str] = "",
        beside: Follower | None = None,
    ) -> None:
        self.follower, self._beside = follower, beside
        self._joined: tuple[Catalogue, Catalogue, Catalogue] | None = None
        for one in (follower, beside) if beside else ():
            one.published = lambda: self.catalogue  # made in their threads rather than in the hub's loop
        self._max_stale, self._default = max_stale, default
        keys = auth_state_groups.split(".") if isinstance(auth_state_groups, str) else auth_state_groups
        self._auth_state_keys = [*keys] if auth_state_groups else []
        self._turn = asyncio.Lock()
        self._groups_seen = GroupsSeen()
        self.counted = Counted()

    def __deepcopy__(self, memo: Any) -> "Environments":
        """Traitlets copies the configuration for every spawner: a method, and with it what it is bound to."""
        return self

    async def options_form(self, spawner: Any) -> str:
        """Ours; KubeSpawner's own, or what the hub has in its place, where the list is not too large for it."""
        catalogue, standing = await self._catalogue(spawner), await self._standing(spawner)
        view = await self._view(catalogue, standing)
        if spawner.has_trait("profile_list") and not (view.large and draws_kubespawners_form(spawner)):
            own = spawner.trait_defaults("options_form")
            return str(await own(spawner) if callable(own) else own)
        await self._between_others(view.drawn)
        last = self._last_choice(catalogue, spawner, standing)
        form = view.form_marking(last.name, last.revision, last.choices)
        return f'<p class="alert alert-warning">{html_text(last.notice)}</p>{form}' if last.notice else form

    def options_from_form(self, form: Mapping[str, list[str]]) -> dict[str, Any]:
        """Of our own form, KubeSpawner's, and a link: `/hub/spawn?template=NAME&revision=12&option.size=large`."""
        first = {key: values[0] for key, values in form.items() if values}
        slug = first.get("template") or first.get("profile", "")
        of_a_link = "template" in first and first.get("by") != "slug"
        choices = choices_of_a_link(first) | (choices_of_a_form(first, slug) if slug else {})
        found: dict[str, Any] = {"options": choices} if choices else {}
        if not slug:
            return found
        name = self._meant(self.catalogue, slug) if of_a_link else name_of(slug)
        keys = ("revision", f"revision-{slug}", f"profile-option-{slug}--revision")
        revision = next((first[key] for key in keys if first.get(key, "current") != "current"), "")
        return {"template": name} | ({"revision": revision} if revision else {}) | found

    async def apply_user_options(self, spawner: Any, user_options: Mapping[str, Any]) -> None:
        """Refuse what this user may not start, and set the spawner. KubeSpawner is set by its profile, at its start."""
        with self.counted.refusals():
            catalogue = await self._catalogue(spawner)
            choice, start = await self._chosen(catalogue, spawner, user_options)
            announce(spawner, " ".join(filter(None, [choice.notice, *start.notices])))
            if not spawner.has_trait("profile_list"):
                await self._apply(spawner, choice, start, catalogue)
            elif getattr(spawner.profile_list, "__self__", None) is not self:  # it would start what another list has
                log.error("The configuration sets KubeSpawner.profile_list after `configure`: nothing is started.")
                raise http_error(503, "set-up", _NOT_SET_UP)

    def refuse_a_method(self, spawner: Any) -> None:
        """A class that was chosen after `configure` may have methods where our hooks belong, and never asks."""
        hooks = ("apply_user_options", "options_from_form", "options_form")
        if blind := [hook for hook in hooks if not spawner.has_trait(hook)]:
            log.error(
                "%s has a method %s, so that the hub does not ask the registry.", type(spawner).__name__, blind[0]
            )
            self.counted.refused["set-up",] += 1
            raise http_error(503, "set-up", _NOT_SET_UP)

    async def pre_spawn_hook(self, spawner: Any) -> None:
        """`apply_user_options` for hubs before 5.3."""
        await self.apply_user_options(spawner, spawner.user_options)

    async def profile_list(self, spawner: Any) -> list[dict[str, Any]]:
        """For its form: what this user sees, last choice healed. At the start: the one chosen, whole."""
        if spawner.pending == "spawn":
            with self.counted.refusals():
                return [await self._profile_started(spawner)]
        catalogue = await self._catalogue(spawner)
        standing = await self._standing(spawner)
        view = await self._view(catalogue, standing)
        await self._between_others(view.profiled)
        offers = view.offers
        last = self._last_choice(catalogue, spawner, standing)
        found = next((offer for offer in offers if offer.name == last.name), None)
        if found is None:
            spawner.user_options = {}
            return [{**offer.form_profile} for offer in offers]
        pinned = {"revision": last.revision} if last.revision else {}  # a new dict: the hub's database keeps the old
        chosen = {"profile": found.slug} | pinned | spelled(last.choices)
        spawner.user_options = chosen if without_marks(spawner.user_options or {}) else {}
        marked = {**without_patterns(found.form_profile, last.choices), "default": True}
        return [marked if offer is found else {**offer.form_profile} for offer in offers]

    async def _profile_started(self, spawner: Any) -> dict[str, Any]:
        catalogue = await self._catalogue(spawner)
        choice, start = await self._chosen(catalogue, spawner, spawner.user_options)
        if start.notices:  # since `apply_user_options`, or without it
            announce(spawner, " ".join(filter(None, [choice.notice, *start.notices])))
        settings = await self._apply(spawner, choice, start, catalogue)
        return {**choice.offer.profile, "kubespawner_override": settings, "default": True}

    async def _apply(self, spawner: Any, choice: Choice, start: Start, catalogue: Catalogue) -> dict[str, Any]:
        settings = await apply_settings(spawner, start.settings, catalogue.rules)
        marks = marks_of(choice.offer.template)
        self.counted.start(marks[TEMPLATE_MARK], marks.get(CHANNEL_MARK, LATEST))
        return settings

    async def _chosen(self, catalogue: Catalogue, spawner: Any, options: Mapping[str, Any]) -> tuple[Choice, Start]:
        """What these options come to for this user; `spawner.user_options` then says that and nothing else."""
        standing = await self._standing(spawner)
        default = self._default_of(catalogue, standing)
        name, revision = self._named(catalogue, options)
        choice = catalogue.choose(name or default.name, revision, standing)
        start = await start_of(choice, options, standing, catalogue.rules)
        for notice in filter(None, [choice.notice, *start.notices]):
            log.info("%s: %s", spawner._log_name, notice)
        self.counted.healed["template",] += choice.replaced
        self.counted.healed["option",] += start.healed
        marks = marks_of(choice.offer.template)
        save_choice(spawner, options, marks)
        chosen = {"template": choice.offer.name, "profile": choice.offer.slug}
        pinned = {"revision": choice.revision} if choice.revision else {}
        spawner.user_options = chosen | pinned | spelled(start.choices) | marks
        return choice, start

    def _named(self, catalogue: Catalogue, options: Mapping[str, Any]) -> tuple[str, str]:
        """(name, "r12" or ""); raises `HTTPError` 400 for options that are not text: the REST API takes any JSON."""
        name, slug, revision = options.get("template"), options.get("profile"), options.get("revision") or ""
        if type(revision) is int:
            revision = str(revision)
        if not all(isinstance(value, str) for value in (name or "", slug or "", revision)):
            raise http_error(400, "malformed", "An environment is chosen by its name, and its revision by a number.")
        if revision in ("", "current"):
            revision = ""
        elif not re.fullmatch(r"r?[0-9]{1,19}", revision):
            raise http_error(400, "malformed", "A revision is a number.")
        else:
            revision = "r" + revision.lstrip("r")
        if name and slug_of(name) != slug:  # else both say the same, as in what `_chosen` leaves
            name = self._meant(catalogue, name)
        return name or name_of(slug or "") or self._default, revision

    def _meant(self, catalogue: Catalogue | None, name: str) -> str:
        """What `template` names, in a link and by REST alike: a template, and where there is none, a slug."""
        return name if catalogue and name in catalogue.templates else name_of(name)

    def _last_choice(self, catalogue: Catalogue, spawner: Any, standing: Standing) -> Last:
        """What the form marks, and what it tells about it. Without one, or where it is gone: the default."""
        before, notice = without_marks(spawner.user_options or {}), ""
        try:
            name, revision = self._named(catalogue, before)
            if name:
                choice = catalogue.choose(name, revision, standing)
                named = named_choices(before)
                saved = before if named is None else spelled(named)
                shown = choice.offer.seen_by(standing)
                choices, gone = saved_choices(saved, shown.options, shown.defaults) if shown else ({}, [])
                replaced = [choice.notice] if choice.offer.name != name else []
                return Last(choice.offer.name, choice.revision, choices, " ".join(replaced + gone))
        except HTTPError as error:
            told = spawner.handler is None  # a start was just refused, and the hub shows why
            notice = "" if told or not before else str(error.log_message)
        except (TypeError, LookupError):  # the REST API takes any JSON
            pass
        return Last(self._default_of(catalogue, standing).name, notice=notice)

    async def _catalogue(self, spawner: Any) -> Catalogue:
        """Raises `HTTPError` 503."""
        waited = 0
        while self.follower.catalogue is None and not self.follower.tried.is_set() and waited < 100:
            await asyncio.sleep(0.05)  # a hub that just started
            waited += 1
        if self.follower.catalogue is None or self.follower.age() > self._max_stale:
            text = "The list of environments cannot be had right now. Please try again in a minute."
            raise http_error(503, "no-list", text)
        assert self.catalogue is not None, "there is what the follower has"
        return self.catalogue.under(type(spawner))

    @property
    def catalogue(self) -> Catalogue | None:
        """With what is tried out, where that is at hand."""
        own, other = self.follower.catalogue, self._beside.catalogue if self._beside else None
        if own is None or other is None:
            return own
        joined = self._joined
        if joined is None or joined[0] is not own or joined[1] is not other:
            self._joined = joined = own, other, own.beside(other)
        return joined[2]

    def measured(self) -> dict[str, Values]:
        """For `show_metrics`."""
        followers = [(one.channel or LATEST, one) for one in (self.follower, self._beside) if one]
        return {
            "list_age_seconds": {(channel,): one.age() for channel, one in followers},
            "offered_templates": {
                (channel,): len(one.catalogue.offers if one.catalogue else ()) for channel, one in followers
            },
            "starts": self.counted.starts,
            "refused_starts": self.counted.refused,
            "healed_starts": self.counted.healed,
        }

    def _default_of(self, catalogue: Catalogue, standing: Standing) -> Offer:
        """Raises `HTTPError` 403 when there is nothing: KubeSpawner would start its own default, without limits."""
        default = catalogue.default(standing)
        if default is None:
            text = "There is no environment here that you may start. Please ask those who run this hub."
            raise http_error(403, "nothing", text)
        return default

    async def _view(self, catalogue: Catalogue, standing: Standing) -> View:
        """One at a time: each is made in parts, and the parts of many would follow each other. Raises `HTTPError`."""
        self._default_of(catalogue, standing)
        async with self._turn:
            return await catalogue.seen(standing)

    async def _between_others(self, make: Callable[[], Awaitable[None]]) -> None:
        """What a form waits for last: its parts, and turns of others, after every form that was there before.

        What the hub makes of a form follows at once, and holds up its loop: those that many open in the same moment
        would all be made before the hub looks at anything else.
        """
        async with self._turn:
            await make()
            await turns_of_others()

    async def _standing(self, spawner: Any) -> Standing:
        user, hub = spawner.user, {group.name for group in spawner.user.groups}
        auth_state = await self._groups_of_auth_state(user) if self._auth_state_keys else None
        self._groups_seen.tell(user.name, hub, auth_state, admin=bool(user.admin))
        groups = hub | (auth_state or set())
        if self.follower.rules.ignore_group_case:
            groups = {group.casefold() for group in groups}
        return Standing(bool(user.admin), frozenset(groups))

    async def _groups_of_auth_state(self, user: Any) -> set[str]:
        state = await user.get_auth_state()
        for key in self._auth_state_keys:
            state = state.get(key) if isinstance(state, dict) else None
        listed = state if isinstance(state, (list, tuple, set)) else ()
        return {group for group in listed if isinstance(group, str)}


# ── hub/rules_file.py ──
# The hub's rules in a file, for those who say what it offers and are no hub: the registry, the command line.
#
# It says which templates and choices a hub offers, and to whom, as far as that is data: `unknown` names the rules that
# a reader cannot know, the hub's own functions for one. Nothing in it is secret.


FORMAT = 1


def rules_content(rules: Rules, spawner_class: Any, *, label: str, auth_state: bool) -> dict[str, Any]:
    """`auth_state`: whether groups come from there, too."""
    unknown: list[Rule] = []
    if rules.override:
        unknown.append("override-function")
    if rules.traits:  # a reader knows them only where it has the class
        unknown.append("kind")
    return {
        "format": FORMAT,
        "kind": rules.kind,
        "spawner": f"{spawner_class.__module__}.{spawner_class.__qualname__}" if spawner_class else "",
        "sections": [*rules.sections],
        "label": label,
        "channel": rules.channel,
        "try-out": [*rules.try_out],
        "allow-commands": _in_order(rules.allow_commands),
        "allow-overrides": _in_order(rules.allow_overrides),
        "image-command": rules.image_command,
        "gpu-resource": rules.gpu_resource,
        "ignore-group-case": rules.ignore_group_case,
        "groups-from": "auth state" if auth_state else "hub",
        "unknown": unknown,
    }


def write_rules(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    """Whole or not at all. Where it cannot be written, that is told, and a hub starts all the same: an old file would
    tell what was, so it goes.
    """
    place = Path(path)
    new = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    try:
        with new.open("x") as file:  # for all to read, as far as the umask lets them
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
    except OSError as error:
        log.warning("The rules file %s cannot be written: %s", place, error.strerror or error)
        for left in (new, place):
            with suppress(OSError):
                left.unlink()


def _in_order(texts: Collection[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else sorted(texts)


# ── hub/configure.py ──
# The one line of a hub's configuration.


@hiding_its_call
def configure(
    c: Any,
    url: str,
    token: str = "",
    *,
    versions: int = 0,
    default: str = "",
    allow_commands: Collection[str] = (),
    allow_overrides: Collection[str] = (),
    label: str = "",
    channel: str = "",
    try_out: Sequence[str] = (),
    ignore_group_case: bool = False,
    image_command: bool = False,
    auth_state_groups: str | Sequence[str] = "",
    gpu_resource: str = "nvidia.com/gpu",
    override: Override | None = None,
    escape: bool = True,
    snapshot: str | None = "binder-registry-snapshot.json",
    max_stale: float = 7 * 86400,
    poll: float = 5.0,
    rules_file: str | os.PathLike[str] | None = None,
) -> Environments:
    """Let the hub offer what the registry at `url` holds. To be called after the spawner class is chosen.

    `versions`: how many past revisions users may pin. `allow_commands`: what a template's command may start with,
    beside `jupyterhub-singleuser`. `allow_overrides`: keys of a template's overrides that count, beside the harmless
    ones. `label`: a selector, for a hub that offers a part of the registry. `channel`: what it offers is what this
    channel points at; without one, the newest. `try_out`: a channel and a group, whose members see what that channel
    points at, too, beside the other. `ignore_group_case`: the group `Staff` is
    `staff`. `image_command`: templates without a command run the image's own, where the hub has none either.
    `snapshot`: where the last list is kept, for a hub that starts while the registry is down. `escape=False` is for
    forms that escape by themselves (jupyterhub-fancy-profiles). `poll`: seconds between looks where the registry's
    event stream does not get through. `rules_file`: where these rules are written to, for `serve --rules` and the
    command line. The others: see `Environments` and `Rules`.

    Raises `ValueError` for what cannot be meant, and for a spawner class that would not ask these hooks.
    """
    check_parameters(
        default=default,
        allow_commands=allow_commands,
        allow_overrides=allow_overrides,
        label=label,
        channel=channel,
        try_out=try_out,
        ignore_group_case=ignore_group_case,
        image_command=image_command,
        auth_state_groups=auth_state_groups,
        gpu_resource=gpu_resource,
        override=override,
        escape=escape,
        snapshot=snapshot,
        max_stale=max_stale,
        rules_file=rules_file,
    )
    spawner_class = _spawner_class(c)
    names = [cls.__name__ for cls in spawner_class.__mro__] if spawner_class else ["Spawner"]
    rules = Rules(
        *("local", allow_commands, gpu_resource, override, escape, image_command),
        allow_overrides=allow_overrides,
        ignore_group_case=ignore_group_case,
        channel="" if channel == LATEST else channel,
        try_out=tuple(try_out),
    )
    rules = rules.of(spawner_class) if spawner_class else rules
    follower = Follower(
        url, token, rules, versions=versions, snapshot=snapshot, poll=poll, label=label, default=default
    )
    beside = _beside(url, token, rules, snapshot, poll, label) if try_out else None
    environments = Environments(
        follower, max_stale=max_stale, default=default, auth_state_groups=auth_state_groups, beside=beside
    )
    hooks: dict[str, Any] = {"options_from_form": environments.options_from_form}
    if rules.kind != "kubernetes" or not _has_form(c, names):  # which may well be made of the list of profiles
        hooks["options_form"] = environments.options_form
    if spawner_class is None or hasattr(spawner_class, "apply_user_options"):
        hooks["apply_user_options"] = _chained(c, names, "apply_user_options", environments.apply_user_options)
    else:
        hooks["pre_spawn_hook"] = _chained(c, names, "pre_spawn_hook", environments.pre_spawn_hook)
    profiles = {"profile_list": environments.profile_list}
    if rules.kind == "kubernetes":
        hooks |= profiles
    if blind := [trait for trait in hooks if rules.traits and trait not in rules.traits]:
        raise ValueError(f"{names[0]} has a method {blind[0]}, so that the hub would not ask the registry: rename it")
    _set_hooks(c["KubeSpawner"], profiles)  # this and the base class's: for a class chosen later, here or by a flag
    for section in ("Spawner", names[0]):
        _set_hooks(c[section], hooks)
    if "pre_spawn_hook" not in hooks:  # where the hub has its own, or else where one that is set later replaces it
        section = next((name for name in names if name in c and "pre_spawn_hook" in c[name]), "Spawner")
        c[section]["pre_spawn_hook"] = _chained(c, names, "pre_spawn_hook", environments.refuse_a_method)
    if rules_file is not None:
        write_rules(rules_file, rules_content(rules, spawner_class, label=label, auth_state=bool(auth_state_groups)))
    show_metrics(environments.measured)
    follower.start()
    if beside:
        beside.start()
    return environments


def _beside(url: str, token: str, rules: Rules, snapshot: str | None, poll: float, label: str) -> Follower:
    """Follows what some try out, with a snapshot of its own beside the other."""
    path = Path(snapshot) if snapshot else None
    own = str(path.with_name(f"{path.stem}-{rules.try_out[0]}{path.suffix}")) if path else None
    return Follower(url, token, rules, snapshot=own, poll=poll, label=label, tries_out=True)


def _spawner_class(c: Any) -> Any:
    """The class that the configuration names, as a class, a path or an entry point; None when it cannot be imported."""
    chosen = c.JupyterHub.get("spawner_class", "default")
    if not isinstance(chosen, str):
        return chosen
    for entry_point in entry_points(group="jupyterhub.spawners", name=chosen):
        chosen = f"{entry_point.module}.{entry_point.attr}"
    module, _, name = chosen.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        return None  # the hub says it better


def _has_form(c: Any, names: list[str]) -> bool:
    forms = [c[name]["options_form"] for name in names if name in c and "options_form" in c[name]]
    return any(form and not isinstance(getattr(form, "__self__", None), Environments) for form in forms)


def _set_hooks(section: Any, hooks: Mapping[str, Any]) -> None:
    for trait, hook in hooks.items():
        if trait in ("profile_list", "options_form") and section.get(trait) and section[trait] != hook:
            log.warning("The hub's own %s gives way to the registry's list.", trait)
        section[trait] = hook


def _chained(c: Any, names: list[str], trait: str, first: Callable[..., Any]) -> Callable[..., Any]:
    """Ours, then the hook that the configuration already has: it sees the choice made, and has the last word."""
    second = next((c[name][trait] for name in names if name in c and trait in c[name]), None)
    if not callable(second):
        return first

    async def both(*arguments: Any) -> None:
        for hook in (first, second):
            outcome = hook(*arguments)
            if isawaitable(outcome):
                await outcome

    return both
