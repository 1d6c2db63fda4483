"""What the suites write."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from ..store import Store
from ..template import ContainerLimits, Template

SCIPY = Template(name="scipy", image_name="jupyter/scipy", command="start.sh", limits=ContainerLimits(memory=5))
NEW = replace(SCIPY, image_name="new")
R = Template(name="r", image_name="jupyter/r")
EVERY_MEMBER = Template(
    name="every member ü 😀 +;%2F",
    image_name="registry:5000/every@sha256:0",
    command="start <b> & 'c' \"d\" \\ \u2028 \x7f",
    limits=ContainerLimits(memory=2**63 - 1, cpu_shares=2, cpus=0.5, gpus=1),
    redirect_uri="/lab?reset&x=<1>",
    bind_ip="127.0.0.1",
    bind_port=65535,
    display_name="Every member ✓",
    description="two\nlines, a tab\t, a bell \x07 and a NUL \0",
    labels={"a": "", "example.org/team": "x"},
    environment={"A": "1", "LANG": "C.UTF-8\n"},
    allowed_groups=("z", "a"),
    deprecated="use r",
    replaced_by="r",
)
EXPECTING: dict[str, Callable[[Store, Any], object]] = {
    "update": lambda store, expected: store.update_template(SCIPY, expected=expected),
    "replace": lambda store, expected: store.replace_template(SCIPY, expected=expected),
    "restore": lambda store, expected: store.restore_template("scipy", 1, expected=expected),
    "delete": lambda store, expected: store.delete_template("scipy", expected=expected),
    "promote": lambda store, expected: store.promote_template("scipy", "stable", expected=expected),
}
every_expecting_verb = pytest.mark.parametrize("write", EXPECTING.values(), ids=EXPECTING)


def content(template: Template) -> Template:
    """What its author wrote: without the members that the registry keeps."""
    return replace(template, time_created=None, time_modified=None, revision=0, deleted=False)
