"""The catalogue, or a part of it, as it was: what an apply makes of it again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import RevisionConflict, RevisionPurged

if TYPE_CHECKING:
    from ..changes import Position
    from ..client import Client


class WayBack(NamedTuple):
    wanted: list[dict[str, Any]]  # as they came
    delete: dict[str, str | None]  # what is there now and was not then, and what took its place then
    seen: "Position"  # the registry that both were read from


def way_back(client: "Client", revision: int, selectors: Sequence[str], expected: "Position | None") -> WayBack:
    """A template belongs to the part when its labels are selected now or were then.

    Raises `RevisionPurged`, and `RevisionConflict` when the registry is not where it was `expected`.
    """
    now = {template["name"]: template for template in client.list_json()}
    seen = client.position()
    if expected and not expected.agrees(seen):
        raise RevisionConflict(f"The registry is at {seen}, not {expected}")
    then = {template["name"]: template for template in client.list_json(revision=revision)}
    part = {*now, *then}
    if selectors:
        part = {one["name"] for one in client.list_json(revision=revision, label=selectors)}
        part |= {one["name"] for one in client.list_json(label=selectors)}
    unwanted = [name for name in now if name in part and name not in then]
    successors = _successors(client, revision) if unwanted else {}
    wanted = [template for name, template in then.items() if name in part]
    return WayBack(wanted, {name: successors.get(name) for name in unwanted}, seen)


def _successors(client: "Client", revision: int) -> dict[str, str | None]:
    """Of what was deleted then; none when some of it was purged."""
    try:
        tombstones = client.list_json(revision=revision, deleted=True)
    except RevisionPurged:
        return {}
    return {one["name"]: one.get("replaced-by") for one in tombstones if one.get("deleted")}
