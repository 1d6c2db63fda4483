"""What is the same for all users who may see the same offers: the form, and the list of what there is."""

from functools import cached_property

from ..options import Json
from .form import SCRIPT, STYLE, drawn_later, to_draw
from .offers import Offer
from .texts import quoted
from .turns import in_parts

MOST_DRAWN = 2_000  # templates, choices and texts; a form of more has its fields drawn by the browser


class View:
    def __init__(self, offers: list[Offer]) -> None:
        """In the order of the form."""
        self.offers = offers

    @property
    def choices(self) -> str:
        names = [quoted(offer.name) for offer in self.offers]
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        return f"Choose one of: {', '.join(names[:20])}{more}." if names else ""

    @cached_property
    def large(self) -> bool:
        """Whether a page that draws all of it would hold up a hub's loop."""
        return sum(offer.size for offer in self.offers) > MOST_DRAWN

    async def drawn(self) -> None:
        """Make what `form` is made of, in parts."""
        if "form" not in self.__dict__:
            await in_parts(self.offers, lambda offer: (offer.form_label, offer.form_fields))

    async def profiled(self) -> None:
        """Make what KubeSpawner's form is made of, in parts."""
        await in_parts(self.offers, lambda offer: offer.form_profile)

    @cached_property
    def form(self) -> str:
        slugs = '<input type="hidden" name="by" value="slug">'
        script = SCRIPT if any("options" in offer.template for offer in self.offers) else ""
        fields = "".join(to_draw(number, text) for text, number in self._shared.items())
        return f'{STYLE}<div class="binder-registry">{slugs}{"".join(self._entries)}</div>{fields}{script}'

    def form_marking(self, name: str, revision: str, choices: Json) -> str:
        place = self._places.get(name)
        if place is None:
            return self.form
        return self.form.replace(self._entries[place], self.offers[place].entry(revision, choices), 1)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {offer.name: place for place, offer in enumerate(self.offers)}

    @cached_property
    def _shared(self) -> dict[str, int]:
        """The fields that are not in the page itself, each once, by their numbers."""
        texts = (offer.form_fields for offer in self.offers) if self.large else ()
        return {text: number for number, text in enumerate(dict.fromkeys(filter(None, texts)))}

    @cached_property
    def _entries(self) -> list[str]:
        if not self.large:
            return [offer.form_entry for offer in self.offers]
        numbers = ((offer.form_label, self._shared.get(offer.form_fields)) for offer in self.offers)
        return [label if number is None else drawn_later(label, number) for label, number in numbers]
