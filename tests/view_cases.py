"""Templates with groups and options, at random, and what is in them."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from binder_registry.options import EveryGroup

Json = dict[str, Any]
Part = tuple[str, str]  # option and choice; two empty ones are the template

GROUPS = ("physics", "staff", "chemistry")
FREE_TEXT = "(free text)"
TYPED: Json = {"pattern": "^[a-z]+$", "set": {"redirect-uri": "/{value}"}}


def _listed(least: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(GROUPS), min_size=least, max_size=2, unique=True)


def _with_groups(part: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    for_some = st.builds(lambda one, groups: one | {"allowed-groups": groups}, part, _listed(1))
    return st.one_of(part, for_some)


@st.composite
def options(draw: st.DrawFn, name: str) -> Json:
    choices: list[Json] = [
        draw(_with_groups(st.just({"name": f"c{number}", "set": {"redirect-uri": f"/{number}"}})))
        for number in range(draw(st.integers(0, 3)))
    ]
    marked, is_typed = draw(st.booleans()), draw(st.booleans())
    if choices and marked:
        choices[draw(st.integers(0, len(choices) - 1))]["default"] = True
    typed = draw(_with_groups(st.just(TYPED))) if is_typed else None
    kinds: Json = {"choices": choices} if choices else {}
    kinds |= {} if typed is None else {"free-text": typed}
    return {"name": name, **(kinds or {"build": True})}


@st.composite
def templates(draw: st.DrawFn, name: str = "t") -> Json:
    found: Json = {"name": name, "image-name": "i"}
    if groups := draw(_listed(0)):
        found["allowed-groups"] = groups
    for member, values in (
        ("order", st.integers(1, 3)),
        ("display-name", st.sampled_from("bBa")),
        ("paused", st.just("later")),
        ("replaced-by", st.just("other")),
    ):
        if draw(st.integers(0, 3)) == 0:
            found[member] = draw(values)
    if own := [draw(options(f"o{number}")) for number in range(draw(st.integers(0, 2)))]:
        found["options"] = own
    return found


held = st.frozensets(st.sampled_from((*GROUPS, "nobody's")), max_size=3) | st.just(EveryGroup())


def is_for(part: Json, groups: frozenset[str]) -> bool:
    """Said once more, in other words than those of `options`."""
    allowed = part.get("allowed-groups")
    return allowed is None or isinstance(groups, EveryGroup) or any(group in groups for group in allowed)


def parts_of(template: Json) -> Iterator[tuple[Part, Json]]:
    for option in template.get("options", ()):
        for choice in option.get("choices", ()):
            yield (option["name"], choice["name"]), choice
        if "free-text" in option:
            yield (option["name"], FREE_TEXT), option["free-text"]
