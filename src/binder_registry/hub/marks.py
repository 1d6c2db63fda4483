"""What says of a server which template it runs: its labels, its annotations, and its options as the hub keeps them."""

from collections.abc import Mapping
from typing import Any

from .channels import content_revision, own_name
from .rules import Template

TEMPLATE_MARK = "binder-registry/template"
REVISION_MARK = "binder-registry/revision"
CHANNEL_MARK = "binder-registry/channel"
MARKS = (TEMPLATE_MARK, REVISION_MARK, CHANNEL_MARK)  # no option of a template has such a name


def marks_of(template: Template) -> dict[str, str]:
    channel = template.get("channel", "")
    marks = {TEMPLATE_MARK: own_name(template["name"]), REVISION_MARK: str(content_revision(template))}
    return marks | ({CHANNEL_MARK: channel} if channel else {})


def without_marks(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, without what came of it."""
    return {key: value for key, value in options.items() if key not in MARKS}
