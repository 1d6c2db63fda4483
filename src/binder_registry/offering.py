"""What a hub can start of a template, whoever asks, and why not the rest. Plain JSON, and the standard library only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Hidden:
    """`needs` is the sentence that the hub's log has; `option` and `choice` are empty where it is the whole."""

    name: str
    rule: str
    needs: str
    option: str = ""
    choice: str = ""


@dataclass(frozen=True)
class Offering:
    """`template` with the options and choices that can be started, as `options.resolve` takes it; None: nothing."""

    template: Json | None
    hidden: tuple[Hidden, ...] = ()


Offer = Callable[[Json], Offering]  # of a template as `view=full` shows it, a tombstone too
