"""What a hub with these rules can start of a template, as those say who are no hub: the registry, the command line."""

from ..offering import Hidden, Offering
from ..options import A_FREE_TEXT
from .offers import offered
from .rules import Rules, Template


def offering_of(template: Template, rules: Rules) -> Offering:
    """By the very code of the hub. A free text that cannot be started is the choice `(free text)`, as in the log."""
    offers, left_out = offered([template], rules)
    hidden = [Hidden(name, reason.rule, str(reason)) for name, reason in left_out]
    for offer in offers:
        hidden += [
            Hidden(offer.name, reason.rule, str(reason), option, choice or A_FREE_TEXT)
            for (option, choice), reason in offer.hidden.items()
        ]
    return Offering(offers[0].template if offers else None, tuple(hidden))
