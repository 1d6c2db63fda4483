"""The rules of a hub, as the file has them that its `configure` writes; what is given on the command line wins."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..lengths import MOST_CHANNELS
from ..offering import Hidden, Json, Offer, Offering
from ..version import __version__
from .arguments import File
from .environment import Setting
from .output import tell

if TYPE_CHECKING:
    from ..auth import Identity
    from ..hub.rules import Kind, Rules
    from ..hub.rules_read import FiledRules
    from ..server import HubRules
    from ..view import Beside

    UserOf = Callable[[str], Identity | None]

F = TypeVar("F", bound=Callable[..., Any])
MOST_BYTES = 1 << 20
logger = logging.getLogger("binder_registry")

_SPAWNERS: "dict[Kind, str]" = {
    "kubernetes": "kubespawner.KubeSpawner",
    "docker": "dockerspawner.DockerSpawner",
    "swarm": "dockerspawner.SwarmSpawner",
    "local": "jupyterhub.spawner.SimpleLocalProcessSpawner",
}
_UNKNOWN = {
    "override-function": "what its override makes of them",
    "kind": "which values its spawner's class takes",
}


def rules_option(command: F) -> F:
    return click.option(
        "--rules",
        "rules_file",
        type=File(path_type=Path),
        metavar="FILE",
        help="The hub's rules, as its configure(rules_file=…) writes them.",
    )(command)


def served_rules_option(command: F) -> F:
    return click.option(
        "--rules",
        "rules_file",
        cls=Setting,
        type=File(path_type=Path),
        metavar="FILE",
        envvar="BINDER_REGISTRY_RULES",
        help="What the hub offers, for GET /view: its rules, as its configure(rules_file=…) writes them.",
    )(command)


def read_rules(path: Path) -> "FiledRules":
    """Raises `click.ClickException`, in one line. What the spawner's class takes is known where it is installed."""
    from ..hub.rules_read import hub_rules

    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise ValueError("it is too large for a rules file")
        found = hub_rules(json.loads(text))
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeError, RecursionError):
        raise click.ClickException(f"{path}: this is no JSON") from None
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from None
    spawner_class = _class_of(found.rules.kind)
    if "kind" in found.unknown and spawner_class and _full_name(spawner_class) == found.spawner:
        return replace(found, rules=found.rules.of(spawner_class), unknown=found.unknown - {"kind"})
    return found


def tell_unknown(path: Path, found: "FiledRules") -> None:
    if unknown := unknown_of(found):
        tell(f"{path}: {unknown}")


def unknown_of(found: "FiledRules") -> str:
    """What is not known of this hub, in a sentence; "" where all is."""
    unknown = " and ".join(_UNKNOWN[rule] for rule in sorted(found.unknown))
    return f"of what this hub offers is not known {unknown}" if unknown else ""


def given_rules(
    path: Path | None, kind: "Kind | None", allow_commands: Sequence[str], allow_overrides: Sequence[str]
) -> "tuple[Rules, list[str]]":
    """The rules, and the selector of a hub's own. Raises as above."""
    from ..hub.rules import Rules

    if path is None:
        kind = kind or "kubernetes"
        rules = Rules(kind=kind, allow_commands=allow_commands, allow_overrides=allow_overrides)
        return _under(rules, kind), []
    found = read_rules(path)
    rules = found.rules
    tell_unknown(path, found)
    if kind and kind != rules.kind:
        rules = _under(replace(rules, kind=kind, sections=(), traits={}), kind)
    rules = replace(rules, allow_commands=allow_commands or rules.allow_commands)
    rules = replace(rules, allow_overrides=allow_overrides or rules.allow_overrides)
    return rules, [found.label] if found.label else []


def offers_of(found: "FiledRules") -> Callable[[str], Offer]:
    """By these rules, of what a channel shows, "" for the newest."""
    from ..hub.offering_of import offering_of

    @lru_cache(maxsize=MOST_CHANNELS)  # rules remember what choices they cannot start
    def rules_in(channel: str) -> "Rules":
        return found.rules if channel == found.rules.channel else replace(found.rules, channel=channel)

    return lambda channel: _with_label(found.label, partial(offering_of, rules=rules_in(channel)))


def beside_of(found: "FiledRules") -> "Beside | None":
    """What some are offered beside the rest."""
    from ..hub.channels import groups_beside, tried_out
    from ..hub.offering_of import offering_of
    from ..view import Beside

    if not found.rules.try_out:
        return None
    channel = found.rules.try_out[0]
    offer = _with_label(found.label, partial(offering_of, rules=found.rules))
    groups = groups_beside(f"/{channel}", found.rules)
    return Beside(channel, groups, lambda template: offer(tried_out(template, channel)))


def _with_label(label: str, offering: Offer) -> Offer:
    """A template without the hub's labels is one that the hub does not know."""
    from ..selector import matches, parse_selector

    selector = parse_selector(label, parameter="label") if label else []

    def offer(template: Json) -> Offering:
        if matches(selector, template.get("labels", {})):
            return offering(template)
        return Offering(None, (Hidden(template["name"], "label", f"this hub offers those with {label}"),))

    return offer


class ServedHub:
    """What a server has to know of its hub. `told` are those who use it, and hear of rules that are read anew."""

    def __init__(self, path: Path | None, user_of: "UserOf | None") -> None:
        """Raises as `read_rules`."""
        self._path, self._user_of = path, user_of
        self.rules = self._read()
        self.told: list[Callable[[HubRules], None]] = []

    def reread(self) -> None:
        """Where the file cannot be used, the rules of before stay in force, all of them."""
        try:
            self.rules = self._read()
        except click.ClickException as error:
            logger.error("SIGHUP: %s: the hub's rules of before stay in force", error.message)
            return
        for tell_them in self.told:
            tell_them(self.rules)
        logger.info("SIGHUP: read the hub's rules from %s", self._path)

    def _read(self) -> "HubRules":
        from ..server import Chosen, HubRules

        if self._path is None:
            return HubRules(user_of=self._user_of)
        found = read_rules(self._path)
        if unknown := unknown_of(found):
            logger.warning("%s: %s", self._path, unknown)
        rules = replace(
            found.rules, traits={}
        )  # which are as the class is, of which `unknown` says whether it is there
        return HubRules(
            offers=offers_of(found),
            own=Chosen(rules.channel, beside_of(found)),
            rules=f"{__version__} {rules} {found.spawner} {found.label} {sorted(found.unknown)}",
            groups_from=found.groups_from_here,
            ignore_group_case=rules.ignore_group_case,
            user_of=self._user_of,
        )


def _under(rules: "Rules", kind: "Kind") -> "Rules":
    """As this kind of spawner has it, where that is installed beside us."""
    spawner_class = _class_of(kind)
    return rules.of(spawner_class) if spawner_class else rules


def _class_of(kind: "Kind") -> Any:
    module, _, name = _SPAWNERS[kind].rpartition(".")
    try:
        return getattr(import_module(module), name)
    except ImportError:
        return None


def _full_name(spawner_class: Any) -> str:
    return f"{spawner_class.__module__}.{spawner_class.__qualname__}"
