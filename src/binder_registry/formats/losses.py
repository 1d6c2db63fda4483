"""What a conversion could not carry over, as lines for people. Pure."""

from msgspec import Struct


class Loss(Struct, frozen=True):
    where: str  # the profile, choice or template
    what: str  # happens to it, or to its member
    member: str = ""
    left_out: bool = False  # something that could be chosen is missing, not only a member of it

    def __str__(self) -> str:
        return f"{self.where}: {f'{self.member} ' if self.member else ''}{self.what}"


Losses = list[Loss]


class LeftOut(ValueError):
    """Why something cannot be carried over at all: in part it would mean something else."""
