"""What of a template is for others, as `options.visible` decides. Pure."""

from collections.abc import Collection, Iterator

from .options import A_FREE_TEXT, Json, may_take, parts_of, visible


def withheld(template: Json, groups: Collection[str]) -> Iterator[tuple[str, str, list[str]]]:
    """What `visible` leaves out: option, choice (or `A_FREE_TEXT`), and the groups that it is for.

    Where it leaves out the whole, that is all there is to say: the choice is empty, and the option names the one of
    which nothing is theirs; it is empty, too, where the template is for others.
    """
    seen = visible(template, groups)
    if seen is None:
        yield _why_not(template, groups)
        return
    for option, left in zip(template.get("options", ()), seen.get("options", ()), strict=True):
        names = {choice["name"] for choice in left.get("choices", ())}
        for choice in option.get("choices", ()):
            if choice["name"] not in names:
                yield option["name"], choice["name"], _groups_of(choice)
        typed = option.get("free-text")
        if typed is not None and "free-text" not in left:
            yield option["name"], A_FREE_TEXT, _groups_of(typed)


def _why_not(template: Json, groups: Collection[str]) -> tuple[str, str, list[str]]:
    if may_take(template.get("allowed-groups") or None, groups):
        for option in template["options"]:
            parts = parts_of(option)
            if not option.get("build") and not any(may_take(part.get("allowed-groups"), groups) for part in parts):
                return option["name"], "", list(dict.fromkeys(group for part in parts for group in _groups_of(part)))
    return "", "", _groups_of(template)


def _groups_of(part: Json) -> list[str]:
    return [*(part.get("allowed-groups") or ())]
