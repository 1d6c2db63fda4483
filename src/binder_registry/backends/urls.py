"""The URLs of databases: read, or refused with what was meant. No message repeats a part that may be a password."""

import re
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from ..errors import DatabaseRefused
from ..file_names import as_text, on_disk

FORMS = "a database is memory:, sqlite:///PATH or postgresql://…"
_POSTGRES = ("postgres", "postgresql", "postgresq", "postgressql", "postgre", "pgsql", "psql", "pg")


def unknown(url: str) -> DatabaseRefused:
    scheme, colon, _ = url.partition(":")
    # Not the whole URL: it may hold a password.
    named = f"{scheme!r}: " if colon and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,30}", scheme) else ""
    if not colon and Path(on_disk(url)).is_file():
        return DatabaseRefused(f"{FORMS}; write {sqlite_url(Path(url))}")
    return DatabaseRefused(f"{named}{FORMS}{_meant(scheme)}")


def _meant(scheme: str) -> str:
    plain = scheme.partition("+")[0].lower()
    if plain in _POSTGRES:
        driver = "" if "+" not in scheme else ", without a driver, which is SQLAlchemy's"
        return f"; write postgresql://{driver}"
    if plain == "memory":
        return "; memory: takes nothing after it" if scheme == plain else "; write memory:"
    if plain == "sqlite":
        return "; sqlite: is followed by three slashes" if scheme == plain else "; write sqlite:/// with three slashes"
    return ""


def sqlite_path(url: str) -> str:
    """What opens the file of `sqlite:///PATH`, in which `%`, `?` and `#` are percent-encoded.

    Raises `DatabaseRefused`.
    """
    url = as_text(url)
    path = url.removeprefix("sqlite:///")
    if path == url or not path:
        raise unknown(url)
    if path == ":memory:":
        raise DatabaseRefused("sqlite:///:memory: is SQLAlchemy's: here it is memory:")
    for sign, what in (("?", "no parameters"), ("#", "no fragment")):
        if sign in path:
            raise DatabaseRefused(f"sqlite:///PATH takes {what}; in a path, write {sign} as %{ord(sign):02X}")
    if found := re.match(r"([A-Za-z]):[/\\]|(file):", path):
        what = "a path of Windows, which this program does not run on" if found[1] else "an address of SQLite's own"
        raise DatabaseRefused(f"sqlite:///PATH: this is {what}; if a name has a colon, write it as %3A")
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise DatabaseRefused("sqlite:///PATH: a % that begins no escape; in a path, write % as %25")
    try:
        name = unquote_to_bytes(path).decode()
    except UnicodeError:
        raise DatabaseRefused("sqlite:///PATH: its escapes are not UTF-8") from None
    if name != name.strip() or any(character < " " or character == "\x7f" for character in name):
        raise DatabaseRefused("sqlite:///PATH: blanks at an end, or control characters")
    if name.endswith("/"):
        raise DatabaseRefused("sqlite:///PATH names a folder: name the file in it")
    return on_disk(name)


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{quote(str(path), errors='surrogateescape')}"


def refuse_parameters(url: str, known: set[str]) -> None:
    """Of a PostgreSQL URL: what libpq does not know, what is there twice, and a fragment.

    Raises `DatabaseRefused`, which names only what is known.
    """
    if url != url.strip() or any(character < " " or character == "\x7f" for character in url):
        raise DatabaseRefused("PostgreSQL: the URL has blanks at an end, or control characters")
    if "#" in url:
        raise DatabaseRefused("PostgreSQL: the URL has a #, and no fragment is known: percent-encode it as %23")
    try:
        unquote_to_bytes(url).decode()
    except UnicodeError:
        raise DatabaseRefused("PostgreSQL: the escapes of the URL are not UTF-8") from None
    names = [part.partition("=")[0] for part in url.partition("?")[2].split("&") if part]
    for number, name in enumerate(names, 1):
        if name == "replication":
            raise DatabaseRefused("PostgreSQL: the parameter replication makes connections that take no queries")
        if name in known:
            if names.count(name) > 1:
                raise DatabaseRefused(f"PostgreSQL: the URL has the parameter {name} more than once")
            continue
        close = get_close_matches(name.lower(), known, 1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise DatabaseRefused(
            f"PostgreSQL: parameter {number} of the URL is none of libpq's{meant} (In a user or a password, "
            "percent-encode / ? : @ and %)"
        )
