"""The templates that a list for people has, in its order. Pure."""

import math
from collections.abc import Iterable

from ..template import Template
from .losses import Loss, Losses


def in_lists(templates: Iterable[Template], losses: Losses) -> list[Template]:
    """Without those that are out of service, which are named."""
    found = []
    for template in sorted(templates, key=_place):
        if template.paused or template.replaced_by:
            what = "is paused" if template.paused else f"is replaced by {template.replaced_by}"
            losses.append(Loss(template.name, f"{what}, and so not in the list"))
        else:
            found.append(template)
    return found


def _place(template: Template) -> tuple[float, str, str]:
    return template.order or math.inf, (template.display_name or template.name).casefold(), template.name
