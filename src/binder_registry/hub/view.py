"""What is the same for all users who may see the same offers: the form, and the list of what there is."""

from functools import cached_property

from ..options import Json
from .form import SCRIPT, STYLE
from .offers import Offer
from .texts import quoted


class View:
    def __init__(self, offers: list[Offer]) -> None:
        """In the order of the form."""
        self.offers = offers

    @property
    def choices(self) -> str:
        names = [quoted(offer.name) for offer in self.offers]
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        return f"Choose one of: {', '.join(names[:20])}{more}." if names else ""

    @property
    def default(self) -> Offer:
        """What is taken where nothing is chosen: the first that says so, else the first."""
        return next((offer for offer in self.offers if offer.template.get("default")), self.offers[0])

    @cached_property
    def form(self) -> str:
        entries = "".join(offer.form_entry for offer in self.offers)
        slugs = '<input type="hidden" name="by" value="slug">'
        script = SCRIPT if any("options" in offer.template for offer in self.offers) else ""
        return f'{STYLE}<div class="binder-registry">{slugs}{entries}</div>{script}'

    def form_marking(self, name: str, revision: str, choices: Json) -> str:
        offer = next((one for one in self.offers if one.name == name), None)
        return self.form.replace(offer.form_entry, offer.entry(revision, choices), 1) if offer else self.form
