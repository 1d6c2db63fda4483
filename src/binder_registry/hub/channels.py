"""Which revision of a template this hub offers, and what stands beside it for those who try out another channel.

What is tried out is called by the template's name, a `/`, which no name holds, and the channel.
"""

from .rules import NotOffered, Rules, Template


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
