"""Names that people cannot tell apart, or that are not what they look like: warnings, never refusals."""

import unicodedata
from collections.abc import Iterator

from .template import Template

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by their category, which show nothing


def is_plain(text: str) -> bool:
    """Whether nothing here can mislead: most text is, and costs no more than this look."""
    return text.isascii() and text == text.strip() and "  " not in text


def warnings_of(template: Template) -> list[str]:
    """What of it is not what it looks like, each as a sentence for people."""
    together = "".join(
        (template.name, template.image_name, template.display_name, template.replaced_by, *template.allowed_groups)
    )
    if together.isascii() and " " not in together:  # as most are
        return []
    texts = [
        ("name", template.name),
        ("image-name", template.image_name),
        ("display-name", template.display_name),
        ("replaced-by", template.replaced_by),
        *(("allowed-groups", group) for group in template.allowed_groups),
    ]
    return [f"{field} {problem}" for field, text in texts if not is_plain(text) for problem in _problems(text)]


def folded(name: str) -> str:
    """The same for all names that look alike. Letters of other scripts that resemble each other are not compared."""
    return (
        " ".join(name.lower().split()) if name.isascii() else _visible(unicodedata.normalize("NFKC", name).casefold())
    )


def plain_twins(name: str) -> set[str]:
    """The plain names that one which is not plain is most likely taken for: as it is written, and in lower case."""
    return {folded(name), _visible(unicodedata.normalize("NFKC", name))} - {name}


def _visible(text: str) -> str:
    shown = "".join(character for character in text if not _is_invisible(character))
    return " ".join(unicodedata.normalize("NFKC", shown).split())


def twin_warning(name: str, twins: list[str]) -> str:
    return f"name {name!a} looks like {', '.join(ascii(twin) for twin in twins[:5])}"


def _problems(text: str) -> Iterator[str]:
    if text != text.strip():
        yield "begins or ends with a blank"
    if "  " in text:
        yield "holds two blanks in a row"
    if text != unicodedata.normalize("NFC", text):
        yield "is not in Unicode's form NFC: the same letters, written otherwise, are another text"
    if found := [character for character in text if character in _BIDIRECTIONAL]:
        yield f"holds a mark that turns the direction of writing: {_listed(found)}"
    if found := [one for one in text if one not in _BIDIRECTIONAL and _is_invisible(one)]:
        yield f"holds a character that nobody sees: {_listed(found)}"
    if found := [one for one in text if one != " " and unicodedata.category(one) in ("Zs", "Zl", "Zp")]:
        yield f"holds a blank that is not the usual one: {_listed(found)}"


def _is_invisible(character: str) -> bool:
    """Format characters, variation selectors, and letters that show nothing."""
    return (
        unicodedata.category(character) == "Cf"
        or character in _BLANK_LETTERS
        or "\ufe00" <= character <= "\ufe0f"
        or character == "\u034f"
    )


def _listed(characters: list[str]) -> str:
    return ", ".join(f"U+{ord(character):04X}" for character in dict.fromkeys(characters[:5]))
