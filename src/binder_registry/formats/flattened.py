"""Templates of before options, one per combination of choices, that one with options takes the place of. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from ..choices import Option
from ..template import Template
from .names import slugify


def replaced(templates: Sequence[Template], there: Iterable[Template]) -> Iterator[Template]:
    """Those `there` that were named `<slug>-<choice>…`, with the template of that slug as their successor."""
    new = {template.name for template in templates}
    structured = [template for template in templates if any(option.choices for option in template.options)]
    for old in there:
        if old.name in new or old.replaced_by:
            continue
        successor = next((one.name for one in structured if _is_combination(old.name, one)), None)
        if successor:
            yield replace(old, replaced_by=successor, revision=0, time_created=None, time_modified=None)


def _is_combination(name: str, template: Template) -> bool:
    if not name.startswith(f"{template.name}-"):
        return False
    left = {name[len(template.name) :]}
    for option in template.options:
        if option.choices:
            left = set(_without(left, option))
    return "" in left


def _without(left: Iterable[str], option: Option) -> Iterator[str]:
    """What is left of a name after any choice of an option."""
    for text in left:
        for choice in option.choices:
            suffix = f"-{slugify(choice.name)}"
            if text.startswith(suffix):
                yield text[len(suffix) :]
