"""Names of files as text, and as the system has them, where the locale's encoding holds less than UTF-8."""

import os


def on_disk(name: str) -> str:
    """What opens the file of this name: in the locale's encoding, or where that cannot hold it, in UTF-8."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return os.fsdecode(name.encode(errors="surrogateescape"))
    return name


def as_text(name: str) -> str:
    """With what Python could not decode in the locale's encoding read as the UTF-8 that it is, as far as it is."""
    try:
        return name if name.isascii() else name.encode(errors="surrogateescape").decode(errors="surrogateescape")
    except UnicodeEncodeError:  # of no system: other surrogates
        return name
