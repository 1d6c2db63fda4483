"""`Registry-Warning` of an answer to a write: what was taken, and is probably not what was meant."""

from collections import defaultdict
from collections.abc import Sequence

from ...lookalikes import folded, is_plain, plain_twins, twin_warning, warnings_of
from ...template import Template
from ..live.read_model import ReadModel


def warnings_about(model: ReadModel, templates: Sequence[Template]) -> list[str]:
    """Also about names that look like others which are there, or among these. For many it takes long: in a thread."""
    found = [(template.name, text) for template in templates for text in warnings_of(template)]
    texts = [text if len(templates) == 1 else f"{name!a}: {text}" for name, text in found]
    return texts + twins_of(model, [template.name for template in templates])


def twins_of(model: ReadModel, written: Sequence[str]) -> list[str]:
    """What is to be said of the names alone. Each is looked up, in whatever thread: nothing is gone through."""
    odd = [name for name in written if not is_plain(name)]
    if not odd and not model.odd:
        return []
    alike: dict[str, set[str]] = defaultdict(set)
    for name in written if odd else ():
        alike[folded(name)].add(name)
    told: list[str] = []
    if model.odd:
        plain = [(name, model.odd.get(folded(name), set())) for name in written if is_plain(name)]
        told = [twin_warning(name, sorted(twins)) for name, twins in plain if twins]
    for name in odd:
        looks = folded(name)
        there = {other for other in plain_twins(name) if other in model.entries and not model.entries[other].deleted}
        twins = (alike[looks] | model.odd.get(looks, set()) | there) - {name}
        if twins:
            told.append(twin_warning(name, sorted(twins)))
    return told
