"""What a conversion could not carry over, as lines for people and as records for programs. Pure."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

MOST_NAMED = 5


class Loss(Struct, frozen=True):
    where: str  # the profile or template
    what: str  # happens to it, or to its member
    member: str = ""
    left_out: bool = False  # something that could be chosen is missing, not only a member of it
    choice: str = ""  # the option, and what can be chosen there

    @property
    def place(self) -> str:
        return f"{self.where}, {self.choice}" if self.choice else self.where

    def __str__(self) -> str:
        return f"{self.place}: {_said(self)}"


Losses = list[Loss]


class LeftOut(ValueError):
    """Why something cannot be carried over at all: in part it would mean something else."""


def lines(losses: Iterable[Loss]) -> list[str]:
    """One for each kind of loss."""
    return [_line(same) for same in _kinds(losses)]


def records(losses: Iterable[Loss]) -> list[dict[str, Any]]:
    """The same for programs, with every place."""
    return [
        {
            "member": same[0].member,
            "what": same[0].what,
            "left-out": same[0].left_out,
            "profiles": len({loss.where for loss in same}),
            "choices": _choices(same),
            "places": _places(same),
        }
        for same in _kinds(losses)
    ]


def _kinds(losses: Iterable[Loss]) -> Iterable[Losses]:
    kinds: dict[tuple[str, str, bool], Losses] = {}
    for loss in losses:
        kinds.setdefault((loss.member, loss.what, loss.left_out), []).append(loss)
    return kinds.values()


def _line(same: Losses) -> str:
    places = _places(same)
    if len(places) == 1:
        return str(same[0])
    profiles, choices = len({loss.where for loss in same}), _choices(same)
    what = "profile" if all(loss.where.startswith("profile ") for loss in same) else "template"
    counted = [_counted(profiles, what), *([_counted(choices, "choice")] if choices else [])]
    more = "; …" if len(places) > MOST_NAMED else ""
    named = f" ({'; '.join(places[:MOST_NAMED])}{more})" if same[0].left_out else ""
    return f"{_said(same[0])}: {', '.join(counted)}{named}"


def _said(loss: Loss) -> str:
    return f"`{loss.member}` {loss.what}" if loss.member else loss.what


def _places(same: Losses) -> list[str]:
    return list(dict.fromkeys(loss.place for loss in same))


def _choices(same: Losses) -> int:
    return len({loss.place for loss in same if loss.choice})


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
