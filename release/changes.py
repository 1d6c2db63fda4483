"""The changelog, by release."""

import re
from datetime import date

UNRELEASED = "Unreleased"
_TITLE = re.compile(r"^## (.+)$", re.MULTILINE)


class NoSection(Exception):
    """The changelog says nothing of that release."""


def section(changelog: str, title: str) -> str:
    """What it says of one release: the text below `## TITLE` or `## TITLE (DATE)`. Raises `NoSection`."""
    titles = list(_TITLE.finditer(changelog))
    for found, after in zip(titles, [*titles[1:], None], strict=True):
        if found[1].partition(" ")[0] == title:
            text = changelog[found.end() : after.start() if after else None].strip()
            if text:
                return f"{text}\n"
    raise NoSection(f"CHANGELOG.md has no text below '## {title}'")


def released(changelog: str, version: str, day: date) -> str:
    """With what was unreleased as that release, and room for the next. Raises `NoSection`."""
    section(changelog, UNRELEASED)
    return changelog.replace(f"## {UNRELEASED}\n", f"## {UNRELEASED}\n\n## {version} ({day})\n", 1)
