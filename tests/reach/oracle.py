"""What lies in reach, said without verbs, plans or tokens: of the states before and after, and of nothing else."""

from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from binder_registry.template import Template

States = Mapping[str, Template]  # of every name, tombstones too
Bound = tuple[Sequence[str], str]  # the globs and the selector of one token, as its maker wrote them

GLOBS: Sequence[Sequence[str]] = ([], [], [], [], ["a*"], ["?1", "b2"], ["b1", "*2"], ["[!b]*"])
SELECTORS: Mapping[str, Callable[[Mapping[str, str]], bool]] = {
    "": lambda labels: True,
    "team=x": lambda labels: labels.get("team") == "x",
    "team!=y": lambda labels: labels.get("team") != "y",
    "team": lambda labels: "team" in labels,
    "!team": lambda labels: "team" not in labels,
    "team,team!=x": lambda labels: labels.get("team", "x") != "x",
}


def in_reach(bounds: Collection[Bound], name: str, labels: Mapping[str, str] | None) -> bool:
    """`labels` None: nothing is there, and the name alone counts."""
    return all(
        (not globs or any(fnmatchcase(name, glob) for glob in globs))
        and (labels is None or SELECTORS[selector](labels))
        for globs, selector in bounds
    )


def allowed(bounds: Collection[Bound], before: States, after: States, looked_at: Collection[str]) -> bool:
    """Every template that differs, or that a verb named, lies in reach before and after; so do new successors."""
    touched = {*looked_at, *(name for name in after if after[name] != before.get(name))}
    sides = [(name, side[name].labels if name in side else None) for name in touched for side in (before, after)]
    for name in touched & after.keys():
        successor = after[name].replaced_by
        if successor and (name not in before or before[name].replaced_by != successor):
            sides.append((successor, after[successor].labels if successor in after else None))
    return all(in_reach(bounds, *side) for side in sides)
