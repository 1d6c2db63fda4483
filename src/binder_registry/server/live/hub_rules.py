"""What a server knows of the hub whose users ask what they may start."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from ...auth import Identity
from ...offering import Offer
from ...view import Beside, on_any_hub


class Chosen(Struct, frozen=True):
    """What is looked at: what `channel` shows, "" for the newest, and with it what some try out."""

    channel: str = ""
    beside: Beside | None = None


class HubRules(Struct, frozen=True):
    """`rules` is a word that is another one where they are others; "" where nobody knows them.

    `offers` decides about what a channel shows, "" for the newest; `own` is what the hub offers. `groups_from` says
    where else than from itself the hub takes groups: nobody knows of those here. `user_of` asks it about one of its
    users, which may wait; None is nobody. It raises `AuthUnavailable` and `InvalidRequest`.
    """

    offers: Callable[[str], Offer] = lambda channel: partial(on_any_hub, channel=channel)
    own: Chosen = Chosen()
    rules: str = ""
    groups_from: str = ""
    ignore_group_case: bool = False
    user_of: Callable[[str], Identity | None] | None = None

    def starts(self, channel: str) -> bool:
        """Whether what this channel shows is what a start of it gets, as far as is known."""
        return not self.rules or channel == self.own.channel


ANY_HUB = HubRules()
