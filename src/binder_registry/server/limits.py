"""What a client can cost the server: every bound on bytes, seconds, connections and jobs, and what is beyond it.

Declared here once: `binder-registry serve --limit NAME=VALUE` sets one, and docs/limits.md is written from this table.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated, Literal, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import replace

MiB = 1024**2


class Bound(Struct, frozen=True):
    """What a limit is of. `each` says how often it holds: once for the server, for each client, for each holder of
    tokens, or for each request. One that is `live` a running server takes anew: see `renewed`."""

    each: Literal["server", "client", "holder", "request"]
    meaning: str
    beyond: str  # what is done with what goes beyond it
    unit: Literal["bytes", "seconds", ""] = ""
    least: int = 1
    live: bool = False


class Limits(Struct, frozen=True, kw_only=True):
    """The default of each is what a server of 1 GiB and two cores stands, many times over what hubs ask for."""

    body_bytes: Annotated[
        int, Bound("request", "Body of a request, but of `POST /apply`.", "413", "bytes", live=True)
    ] = MiB
    apply_bytes: Annotated[int, Bound("request", "Body of `POST /apply`.", "413", "bytes", live=True)] = 64 * MiB
    waiting_apply_bytes: Annotated[
        int,
        Bound(
            "server", "Applies that wait for the one before, with that one; one alone may be larger.", "503", "bytes"
        ),
    ] = 96 * MiB
    document_bytes: Annotated[
        int, Bound("request", "Body of YAML, and of `POST /documents`.", "413", "bytes", live=True)
    ] = MiB
    reading_bytes: Annotated[
        int,
        Bound(
            "server",
            "Memory of the processes that read documents: of two at once, each has half of it.",
            "400",
            "bytes",
            least=128 * MiB,
        ),
    ] = 384 * MiB
    document_seconds: Annotated[
        int, Bound("request", "What reading a document may take, its wait included.", "503", "seconds")
    ] = 30
    waiting_documents: Annotated[
        int,
        Bound(
            "server",
            "Documents that wait to be read. Clients take turns, and when it is too much, the newest of the client "
            "with the most is refused.",
            "503",
        ),
    ] = 32
    waiting_queries: Annotated[
        int,
        Bound(
            "server",
            "Queries that wait for their turn, as many reads of the far past, and as many checks of patterns. Clients "
            "take turns, and when it is too much, the newest of the client with the most is refused.",
            "503",
        ),
    ] = 64
    unknown_tokens: Annotated[
        int, Bound("server", "Tokens that were never good and that a hub, say, is being asked about.", "503")
    ] = 64
    unknown_tokens_per_client: Annotated[
        int, Bound("client", "The same, that one address asks with; 0: no bound.", "429", least=0)
    ] = 32
    failed_tokens_per_minute: Annotated[
        int,
        Bound(
            "client",
            "Wrong tokens, once there were `failed-tokens-burst`; 0: no bound. Who has the right one is let in all the "
            "same.",
            "429",
            least=0,
            live=True,
        ),
    ] = 600
    failed_tokens_burst: Annotated[int, Bound("client", "Wrong tokens of one address at once.", "429", live=True)] = (
        2000
    )
    writes_per_minute: Annotated[
        int,
        Bound(
            "holder",
            "Writes of one token, user, service or publisher, once there were `writes-burst`; an apply counts as the "
            "changes that it makes. 0: no bound.",
            "429",
            least=0,
            live=True,
        ),
    ] = 6000
    key_writes_per_minute: Annotated[
        int, Bound("holder", "The same, of all who hold a key of the server's; 0: no bound.", "429", least=0, live=True)
    ] = 0
    writes_burst: Annotated[int, Bound("holder", "Writes of one holder at once.", "429", live=True)] = 20_000
    connections: Annotated[
        int,
        Bound("server", "Connections; 0: what `ulimit -n` leaves, at most 8,000. Idle ones make room.", "503", least=0),
    ] = 0
    connections_per_client: Annotated[
        int, Bound("client", "Connections of one address; 0: no bound.", "429", least=0)
    ] = 4000
    streams: Annotated[int, Bound("server", "Event streams and long polls that wait.", "503", live=True)] = 6000
    streams_per_client: Annotated[
        int, Bound("client", "Event streams and long polls of one address; 0: no bound.", "429", least=0, live=True)
    ] = 3000
    received_bytes: Annotated[
        int, Bound("server", "What was read of requests that are not answered yet.", "503", "bytes")
    ] = 192 * MiB
    received_bytes_per_client: Annotated[
        int, Bound("client", "The same, from one address; 0: no bound.", "429", "bytes", least=0)
    ] = 96 * MiB
    query_seconds: Annotated[
        int,
        Bound("request", "What a query or a read of the far past may take, its wait included.", "503", "seconds"),
    ] = 30
    waiting_revisions: Annotated[
        int, Bound("server", "Requests that wait until the server shows their `Registry-Revision`.", "503", live=True)
    ] = 10_000
    waiting_writes: Annotated[int, Bound("server", "Writes that wait for their commit.", "503")] = 10_000
    ring_changes: Annotated[
        int,
        Bound("server", "Newest changes in memory, for event streams and polls.", "older ones are read from the log"),
    ] = 10_000
    ring_bytes: Annotated[
        int, Bound("server", "What these take, with their contents.", "older ones are read from the log", "bytes")
    ] = 48 * MiB
    rendered_bytes: Annotated[
        int, Bound("server", "Rows and pieces of them that are kept rendered.", "rendered again", "bytes")
    ] = 24 * MiB
    past_bytes: Annotated[
        int, Bound("server", "What filters left of older changes, for event streams.", "read again", "bytes")
    ] = 8 * MiB
    piece_bytes: Annotated[
        int, Bound("request", "Changes that an event stream, or a poll, is sent in one go.", "the next piece", "bytes")
    ] = 256 * 1024
    page_bytes: Annotated[
        int, Bound("request", "A page of changes, but for its last one.", "`Link` to the next page", "bytes", live=True)
    ] = 4 * MiB
    unsent_bytes: Annotated[
        int, Bound("server", "Large answers that their readers have not taken yet.", "503", "bytes")
    ] = 128 * MiB
    unsent_client_bytes: Annotated[int, Bound("client", "Large answers that it has not taken yet.", "503", "bytes")] = (
        64 * MiB
    )
    listing_bytes: Annotated[
        int, Bound("server", "Answers to queries that are kept for those who ask the same.", "made again", "bytes")
    ] = 16 * MiB
    waiting_views: Annotated[
        int, Bound("server", "Answers to `GET /view` that wait for their turn, as queries do.", "503")
    ] = 2000
    seen_bytes: Annotated[
        int, Bound("server", "Templates as members of some groups see them, for `GET /view`.", "made again", "bytes")
    ] = 48 * MiB
    view_bytes: Annotated[
        int,
        Bound(
            "server",
            "What answers to `GET /view` are made of, for those of the same groups.",
            "made again",
            "bytes",
        ),
    ] = 16 * MiB

    def __post_init__(self) -> None:
        """Raises `ValueError`, naming the limit."""
        for name, bound in bounds():
            if getattr(self, name.replace("-", "_")) < bound.least:
                raise ValueError(f"the limit {name} must be {bound.least} or more")


def bounds() -> Iterator[tuple[str, Bound]]:
    """Every limit by the name that people write, in the order of the table."""
    for name, hint in get_type_hints(Limits, include_extras=True).items():
        yield name.replace("_", "-"), hint.__metadata__[0]


def limits_of(given: Sequence[tuple[str, int]]) -> Limits:
    """The defaults, but for what is given. Raises `ValueError`, naming the limit."""
    known = dict(bounds())
    for name, _ in given:
        if name not in known:
            near = get_close_matches(name.lower().replace("_", "-"), known, 1)
            meant = f"did you mean {near[0]}? There" if near else "there"
            raise ValueError(f"there is no limit {name!r}: {meant} are {', '.join(known)}")
    return msgspec.convert({name.replace("-", "_"): value for name, value in given}, Limits)


def renewed_limits(now: Limits, wanted: Limits) -> Limits:
    """As `wanted`, where they are `live`."""
    live = [name.replace("-", "_") for name, bound in bounds() if bound.live]
    return replace(now, **{name: getattr(wanted, name) for name in live})
