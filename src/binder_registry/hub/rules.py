"""What differs between hubs, and between kinds of spawner."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

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
