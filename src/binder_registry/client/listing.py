"""Lists of templates: all pages of one."""

from collections.abc import Callable, Sequence
from typing import TypedDict, TypeVar

import msgspec

from .answer import Answer, next_page, refuse_2015
from .transport import Params, Transport

T = TypeVar("T")


class Filters(TypedDict, total=False):
    """Of a list of templates; they add up."""

    revision: int | None  # the catalogue as it was then
    label: Sequence[str]  # selectors
    q: str  # words
    image: str  # a glob
    name: str  # a glob
    deleted: bool  # tombstones, too
    channel: str  # as it shows them
    fallback: bool  # with the newest of those that are not in the channel


def _query(filters: Filters) -> list[tuple[str, str]]:
    query = [("label", selector) for selector in filters.get("label", ())]
    words = (("q", filters.get("q")), ("image", filters.get("image")), ("name", filters.get("name")))
    query += [(key, value) for key, value in words if value]
    if channel := filters.get("channel"):
        query += [("channel", channel), *([("fallback", "latest")] if filters.get("fallback") else [])]
    revision = filters.get("revision")
    return query if revision is None else [*query, ("revision", str(revision))]


def all_pages(
    transport: Transport, decoder: msgspec.json.Decoder[list[T]], filters: Filters, name_of: Callable[[T], str]
) -> tuple[list[T], Answer]:
    """By name, and the last answer. Raises `InvalidRequest` for filters that a registry of 2015 ignores."""
    query, found = _query(filters), list[T]()
    params: Params | None = [("view", "full"), *([("deleted", "true")] if filters.get("deleted") else []), *query]
    while params is not None:
        answer = transport.get("/templates", params, cached=True)
        page: list[T] = answer.read(decoder)
        found += page
        params = next_page(answer)
    return (sorted(found, key=name_of) if refuse_2015(answer, query) else found), answer
