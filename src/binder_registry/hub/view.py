"""What is the same for all users who may see the same offers: the form, and the list of what there is."""

from functools import cached_property

from .offers import Offer
from .texts import quoted


class View:
    """What is the same for all users who may see the same offers."""

    def __init__(self, offers: list[Offer]) -> None:
        self.offers = offers

    @property
    def choices(self) -> str:
        names = [quoted(offer.name) for offer in self.offers]
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        return f"Choose one of: {', '.join(names[:20])}{more}." if names else ""

    @cached_property
    def form(self) -> str:
        entries = "".join(offer.form_entry for offer in self.offers)
        slugs = '<input type="hidden" name="by" value="slug">'
        return f'{STYLE}<div class="binder-registry">{slugs}{entries}</div>'


STYLE = """<style>
.binder-registry label { display: block; padding: .5em; font-weight: normal }
.binder-registry input { margin-right: .5em }
.binder-registry small, .binder-registry em { display: block; margin-left: 1.8em; white-space: pre-line }
.binder-registry em { font-size: .875em }
.binder-registry select { width: auto; margin-left: 1.6em }
</style>"""


def marked(form: str, start: str, mark: str) -> str:
    return form.replace(start, f"{start} {mark}", 1)
