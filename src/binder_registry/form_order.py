"""Where a template stands in the form of a hub, as in all lists for people. Standard library only: hubs hold a copy."""

from typing import Any


def place_in_form(order: Any, title: str, name: str) -> tuple[float, str, str]:
    """To sort by: the template's own `order`, where it has one; then the title, whatever its case; then the name."""
    return order if type(order) is int and order > 0 else float("inf"), title.casefold(), name
