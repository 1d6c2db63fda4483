"""`Registry-Warning` of an answer to a write: what was taken, and is probably not what was meant."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from ...errors import TooBusy
from ...lookalikes import folded, is_plain, twin_warning, warnings_of
from ...template import Template
from ..http.replies import Header
from ..service import Request

MOST = 10  # headers of one answer: clients take only so many
LONGEST = 500  # characters of one warning
_UNQUOTED = " !\"#$&'()*+-./:;<=>?@[\\]^_`{|}~"  # all of ASCII but %, and the comma: proxies join headers with it


def warning_headers(texts: Sequence[str]) -> list[Header]:
    """One for each, percent-encoded UTF-8."""
    if not texts:
        return []
    shown = [*texts[: MOST - 1], f"and {len(texts) - MOST + 1} more"] if len(texts) > MOST else texts
    return [(b"registry-warning", quote(text[:LONGEST], safe=_UNQUOTED).encode()) for text in shown]


async def warnings_about(request: Request, templates: Sequence[Template]) -> list[str]:
    """Also about names that look like others which are there, or among these."""
    found = [(template.name, text) for template in templates for text in warnings_of(template)]
    texts = [text if len(templates) == 1 else f"{name!a}: {text}" for name, text in found]
    if not request.service.model.odd and all(is_plain(template.name) for template in templates):
        return texts
    return texts + await twins_of(request, [template.name for template in templates])


async def twins_of(request: Request, written: Sequence[str]) -> list[str]:
    """What is to be said of the names alone."""
    model, texts = request.service.model, list[str]()
    odd = [name for name in written if not is_plain(name)]
    if model.odd:
        plain = [(name, model.odd.get(folded(name), set())) for name in written if is_plain(name)]
        texts = [twin_warning(name, sorted(twins)) for name, twins in plain if twins]
    if not odd:
        return texts
    names = {*written, *(entry.name for entry in model.living)}
    try:
        return texts + await request.aside(request.service.queries, lambda: _twins(odd, names))
    except TooBusy:  # a warning is not worth a refusal
        return texts


def _twins(odd: Sequence[str], names: Iterable[str]) -> list[str]:
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[folded(name)].append(name)
    twins = {name: sorted(set(alike[folded(name)]) - {name}) for name in odd}
    return [twin_warning(name, others) for name, others in twins.items() if others]
