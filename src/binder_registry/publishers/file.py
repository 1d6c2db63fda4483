"""The file of publishers: TOML, read whole or not at all, and refused where a rule would let in more than it says."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..auth import Scope
from ..errors import InvalidRequest, MissingScope
from ..globs import parse_glob
from ..lengths import GLOB_LENGTH, MOST_PUBLISHER_CLAIMS, MOST_PUBLISHERS
from ..token_rules import DAY, NewToken, check_new, reach_of
from .fetching import Source, check_source, is_address
from .issuer_kinds import OF_ANY_PROJECT, kind_of
from .rules import Claim, Publisher, spelled

LARGEST_FILE = 1024 * 1024  # bytes
_TEXTS = ("name", "issuer", "audience", "labels", "keys-file", "ca-file", "bearer-file")
_LISTS = ("templates", "scopes")
_FILES = ("keys-file", "ca-file", "bearer-file")
_OF_EVERY_TOKEN = {"iss": "it is the member issuer", "aud": "it is the member audience"} | dict.fromkeys(
    ("exp", "iat", "nbf", "jti"), "it is another in every token"
)


class BadPublishers(Exception):
    """`problems`: what is wrong with a file, each with its publisher and member."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Publishers(Struct, frozen=True):
    """`sources` are where the keys of each issuer come from."""

    publishers: Sequence[Publisher]
    sources: Sequence[Source]


def read_publishers(path: Path, public_url: str) -> Publishers:
    """Files that it names are looked for beside it. `public_url` is the audience where a publisher has none; empty for
    none. Raises `BadPublishers`."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadPublishers(error.strerror or type(error).__name__) from None
    if len(text) > LARGEST_FILE:
        raise BadPublishers(f"it has more than {LARGEST_FILE} bytes")
    try:
        found = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise BadPublishers(f"this is no TOML: {error}") from None
    return _publishers(found, path.parent, public_url)


def _publishers(found: Mapping[str, Any], folder: Path, public_url: str) -> Publishers:
    tables = found.get("publisher", [])
    if others := [name for name in found if name != "publisher"]:
        raise BadPublishers(f"{spelled(others[:1])} is not a member here: a file holds [[publisher]] tables")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadPublishers("publisher is no list of tables: write [[publisher]]")
    if len(tables) > MOST_PUBLISHERS:
        raise BadPublishers(f"it holds more than {MOST_PUBLISHERS} publishers")
    problems, publishers, sources = list[str](), dict[str, Publisher](), dict[str, tuple[str, Source]]()
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        called = f"publisher {name!r}" if isinstance(name, str) and name else f"publisher {number}"
        wrong = list(_problems_of(table, public_url))
        if name in publishers:
            wrong.append("name: there is another of this name before it")
        if not wrong:
            publishers[str(name)] = _publisher(table, public_url)
            first, source = sources.setdefault(table["issuer"], (str(name), _source(table, folder)))
            wrong += _problems_of_source(first, source, _source(table, folder))
        problems += [f"{called}: {problem}" for problem in wrong]
    if problems:
        raise BadPublishers(*problems)
    return Publishers(list(publishers.values()), [source for _, source in sources.values()])


def _problems_of(table: Mapping[str, Any], public_url: str) -> Iterator[str]:
    """Each begins with the member."""
    for member, value in table.items():
        if member not in (*_TEXTS, *_LISTS, "claims"):
            yield f"{spelled([member])}: is not a member here"
        elif member in _TEXTS and not (isinstance(value, str) and value):
            yield f"{member}: must be a text that is not empty"
        elif member in _LISTS and not _is_list_of_texts(value):
            yield f"{member}: must be a list of texts that is not empty"
    yield from (f"{member}: is missing" for member in ("name", "issuer", "claims", "scopes") if member not in table)
    if "audience" not in table and not public_url:
        yield "audience: is missing, and serve has no --public-url"
    issuer, claims = table.get("issuer"), table.get("claims")
    found = isinstance(issuer, str) and "?" not in issuer and is_address(issuer)
    if isinstance(issuer, str) and issuer and not found:
        yield "issuer: must be an address with https:// (http:// only on this machine), without a query"
    if not isinstance(claims, dict):
        if claims is not None:
            yield "claims: must be a table"
    elif isinstance(issuer, str) and found:
        yield from (f"claims: {problem}" for problem in _problems_of_claims(issuer, claims))
    yield from _problems_of_rights(table)
    if "keys-file" in table and ("ca-file" in table or "bearer-file" in table):
        yield "keys-file: leaves nothing to fetch for ca-file and bearer-file"


def _problems_of_claims(issuer: str, table: Mapping[str, Any]) -> Iterator[str]:
    claims = list(_claims(table))
    if not claims:
        yield "must say which tokens these are: without one, anybody can have them made"
        return
    if len(claims) > MOST_PUBLISHER_CLAIMS:
        yield f"are more than {MOST_PUBLISHER_CLAIMS}"
    for claim in claims:
        if claim.path[0] in _OF_EVERY_TOKEN:
            yield f"{claim}: cannot be asked for: {_OF_EVERY_TOKEN[claim.path[0]]}"
        if not isinstance(claim.value, str | bool | int) or claim.value == "":
            yield f"{claim}: must be a text, true, false, a whole number or a table, and not empty"
        elif claim.is_glob:
            try:
                parse_glob(str(claim.value), f"{claim}")
            except InvalidRequest as error:
                yield error.message
        elif len(str(claim.value)) > GLOB_LENGTH * 8:
            yield f"{claim}: has more than {GLOB_LENGTH * 8} characters"
    narrowing = {claim.path for claim in claims if not (claim.is_glob and set(str(claim.value)) == {"*"})}
    if narrowing == {("sub",)}:
        yield "sub alone is not enough: systems change its form. Name what is in it by claims of their own, too"
    kind = kind_of(issuer, table)
    if kind is None:
        if not narrowing - OF_ANY_PROJECT:
            yield "must say whose tokens these are: anybody whom the issuer knows, or has in a domain, has such ones"
        return
    whole = {claim.path for claim in claims if isinstance(claim.value, str) and not claim.is_glob}
    if not whole.intersection(kind.ids):
        wanted = " or ".join(map(spelled, kind.ids))
        yield f"must give {wanted} in full: {kind.name}'s names can be taken over by others, and this cannot"


def _problems_of_rights(table: Mapping[str, Any]) -> Iterator[str]:
    """By the rules for tokens, each of them by itself: more than one may be wrong."""
    asked = {member: table[member] for member in ("name", "scopes", "templates", "labels") if member in table}
    for member, value in asked.items():
        right = isinstance(value, str) and value if member in _TEXTS else _is_list_of_texts(value)
        if not right:
            continue  # which is told already
        alone: dict[str, Any] = {"name": "x", "scopes": (Scope.READ,)}
        alone[member] = tuple(value) if member in _LISTS else value
        try:
            check_new(NewToken(**alone), frozenset(Scope), DAY)
        except (InvalidRequest, MissingScope) as error:
            yield error.message
    if Scope.TOKENS in (asked.get("scopes") or ()):
        yield "scopes: tokens is not for publishers: what they made would outlive them"


def _publisher(table: Mapping[str, Any], public_url: str) -> Publisher:
    return Publisher(
        table["name"],
        table["issuer"],
        table.get("audience", public_url),
        tuple(_claims(table["claims"])),
        frozenset(map(Scope, table["scopes"])),
        reach_of(table.get("templates", ()), table.get("labels", "")),
    )


def _claims(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[Claim]:
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _claims(value, (*above, name))
        else:
            yield Claim((*above, name), value)


def _source(table: Mapping[str, Any], folder: Path) -> Source:
    keys, ca, bearer = (str(folder / table[member]) if member in table else "" for member in _FILES)
    return Source(table["issuer"], keys, ca, bearer)


def _problems_of_source(first: str, before: Source, source: Source) -> Iterator[str]:
    """Publishers of one issuer have its keys in common: `first` is the one that said where they are."""
    if source != before:
        yield f"issuer: {', '.join(_FILES)} must be as in publisher {first!r}, which has the same issuer"
        return
    try:
        check_source(source)
    except ValueError as error:
        yield str(error)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)
