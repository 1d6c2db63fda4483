"""What requests may carry beside a body, and what headers answers bring: each described once, for the route table."""

from typing import Literal

from msgspec import Struct, field

from ...changes import PAGE
from ...channels import CHANNEL as CHANNEL_PATTERN
from ...channels import LATEST
from ...lengths import GLOB_LENGTH, LARGEST_INTEGER, MOST_REQUIREMENTS, NOTE_BYTES
from ...member_schema import NAME, SUCCESSOR, Schema
from ...selector import SELECTOR

LONGEST_WAIT = 60  # seconds, of a long poll
MOST_WORDS = 16  # of one search

_POSITION = r"[0-9]{1,19}(?:-[0-9a-f]{16})?"
_TAG = rf'(?:{_POSITION}|(?:W/)?"{_POSITION}(?:-gzip|-zstd)?")'
_REVISION: Schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_INTEGER}


def _text() -> Schema:
    return {"type": "string"}


class Parameter(Struct, frozen=True):
    """`example` is as it stands in the URL or the header."""

    name: str
    where: Literal["path", "query", "header"]
    meaning: str
    schema: Schema = field(default_factory=_text)
    example: str = ""


class AnswerHeader(Struct, frozen=True):
    name: str
    meaning: str
    schema: Schema = field(default_factory=_text)
    required: bool = True


# Paths.
TEMPLATE_NAME = Parameter("name", "path", "The template's name, percent-encoded.", {"type": "string", **NAME}, "scipy")
CHANNEL_NAME = Parameter(
    "channel",
    "path",
    f"The channel's name; `{LATEST}` is none: it is the newest revision.",
    {"type": "string", "pattern": f"^(?!{LATEST}$){CHANNEL_PATTERN}$"},
    "stable",
)
CHANGE = Parameter("revision", "path", "The change to blank.", {**_REVISION, "minimum": 1}, "3")
TOKEN_ID = Parameter(
    "id",
    "path",
    "The public id of a token: the 8 characters after `binreg_` in its text.",
    {"type": "string", "pattern": "^[0-9A-Za-z]{8}$"},
    "0aB1cD2e",
)

# Queries of templates.
LABEL = Parameter(
    "label",
    "query",
    "A label selector: `key=value`, `key!=value`, `key` (has it) or `!key` (has it not). Given more than once, or "
    "joined by commas, all must hold: "
    f"at most {MOST_REQUIREMENTS}.",
    {"type": "array", "maxItems": MOST_REQUIREMENTS, "items": {"type": "string", "pattern": f"^{SELECTOR}$"}},
    "course=physics-101",
)
Q = Parameter(
    "q",
    "query",
    f"Words that the name, display name, description or image must all hold: at most {MOST_WORDS}.",
    {"type": "string", "pattern": rf"^\s*(?:\S+\s+){{0,{MOST_WORDS - 1}}}\S*\s*$"},
    "scipy",
)
IMAGE = Parameter(
    "image",
    "query",
    f"A glob (`*`, `?`, `[…]`) of at most {GLOB_LENGTH} characters that the whole image name must match.",
    {"type": "string", "maxLength": GLOB_LENGTH},
    "*/scipy*",
)
NAME_GLOB = Parameter("name", "query", "A glob, as in `image`, that the whole name must match.", IMAGE.schema, "sci*")
LIMIT = Parameter(
    "limit",
    "query",
    f"How many on one page, at most {PAGE}. Listings of the past always are pages.",
    {"type": "integer", "minimum": 1, "maximum": PAGE},
    "100",
)
AFTER = Parameter("after", "query", "The page begins behind this name; `Link` carries it.", example="scipy")
REVISION = Parameter("revision", "query", "As it was at that revision of the registry.", _REVISION, "1")
OPTIONS = Parameter(
    "options",
    "query",
    "`option.<name>=<choice>` for each option that is chosen, or `option.<name>.free-text=<text>`: the answer is the "
    "template without options that this comes to, options that are not named at their defaults. Groups are not looked "
    "at: a reader sees all choices. What else is in the query is ignored here.",
    {"type": "object", "additionalProperties": {"type": "string"}},
    "option.size=large",
)
VIEW = Parameter(
    "view",
    "query",
    "`full` adds each template's `revision`, and what it `uses`; of a channel, `content-revision` and `channel`.",
    {"type": "string", "enum": ["full"]},
    "full",
)
DELETED = Parameter(
    "deleted",
    "query",
    "`true` adds the tombstones of deleted templates; it goes with `view=full`.",
    {"type": "string", "enum": ["true", "false"]},
    "false",
)
CHANNEL = Parameter(
    "channel",
    "query",
    f"What this channel shows: the content of the revision that it points at, under the `allowed-groups`, "
    "`deprecated`, `replaced-by` and `paused` of today. "
    f"`{LATEST}` is the newest revision, as without. The ETag ends with the channel, and writes refuse it.",
    {"type": "string", "pattern": f"^{CHANNEL_PATTERN}$"},
    "stable",
)
FALLBACK = Parameter(
    "fallback",
    "query",
    f"`{LATEST}`: templates that are not in the channel show their newest content.",
    {"type": "string", "enum": [LATEST]},
    LATEST,
)
LISTING = (LABEL, Q, IMAGE, NAME_GLOB, LIMIT, AFTER, REVISION, VIEW, DELETED, CHANNEL, FALLBACK)

# Queries of the log.
SINCE = Parameter(
    "since",
    "query",
    "Only changes after this position, or after this revision.",
    {"type": "string", "pattern": f"^{_TAG}$"},
    "0",
)
BEFORE = Parameter(
    "before",
    "query",
    "Only changes before this position, or before this revision; `Link` carries it. Not with a stream.",
    SINCE.schema,
    "100",
)
CHANGES_LIMIT = Parameter("limit", "query", "How many on one page.", LIMIT.schema, "100")
WAIT = Parameter(
    "wait",
    "query",
    "Wait up to so many seconds until there is something (a long poll).",
    {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT},
    "0",
)
NAME_EXACTLY = Parameter("name", "query", "Only this template's changes.", example="scipy")
SELECTED = Parameter(
    "label",
    "query",
    f"{LABEL.meaning} A template that leaves the selection is sent as deleted.",
    LABEL.schema,
    LABEL.example,
)
CHANNEL_FEED = Parameter(
    "channel",
    "query",
    "Only what changes for a reader of this channel: what is promoted is created or updated, what leaves it is sent as "
    "deleted, and each template is as the channel shows it.",
    CHANNEL.schema,
    CHANNEL.example,
)
ORDER = Parameter("order", "query", "Which come first.", {"type": "string", "enum": ["newest", "oldest"]}, "newest")

REPLACED_BY = Parameter(
    "replaced-by",
    "query",
    "The template that takes the place of this one; its tombstone keeps it.",
    {"type": "string", **SUCCESSOR},
    "scipy-2026",
)
FOR = Parameter(
    "for",
    "query",
    "`reads`: whether reads are served, whatever is with writes.",
    {"type": "string", "enum": ["all", "reads"]},
    "reads",
)
MAKER = Parameter("by", "query", "Only those that this holder made.", example="user:ada")
TOKENS_LIMIT = Parameter("limit", "query", f"How many on one page; {PAGE} at most.", LIMIT.schema, "100")
AUDIT_SINCE = Parameter("since", "query", "Only entries after this number.", _REVISION, "0")

# Request headers.
_TAGS: Schema = {"type": "string", "pattern": rf"^(?:\*|{_TAG}(?: *, *{_TAG})*)$"}
IF_MATCH = Parameter(
    "If-Match",
    "header",
    "Write only if this is still the current state: the `ETag` of what was read, or its bare revision; one of a list; "
    "or `*`, whatever is there.",
    _TAGS,
    "*",
)
UNLESS_MATCH = Parameter(
    "If-None-Match",
    "header",
    "Write only if this is not the current state: an `ETag`, none of a list, or `*`, nothing at all.",
    _TAGS,
    '"0"',
)
UNMODIFIED_SINCE = Parameter(
    "If-Unmodified-Since",
    "header",
    "Write only if nothing was written after this second. `If-Match` is exact, and wins.",
    example="Fri, 31 Dec 2100 23:59:59 GMT",
)
CONDITIONS = (IF_MATCH, UNLESS_MATCH, UNMODIFIED_SINCE)
STILL = Parameter("If-Match", "header", "Answer only if this is still the state, else 412.", _TAGS, "*")
IF_NONE_MATCH = Parameter(
    "If-None-Match",
    "header",
    "The `ETag` of what the client has: 304 without a body if it is still current.",
    example='"0"',
)
NOTE = Parameter(
    "Registry-Note",
    "header",
    f"Why; the history keeps it. Percent-encoded UTF-8, at most {NOTE_BYTES} bytes.",
    {"type": "string", "maxLength": 3 * NOTE_BYTES, "pattern": "^(?:[^%]|%[0-9A-Fa-f]{2})*$"},
    "More%20room",
)
SHOWN = Parameter(
    "Registry-Revision",
    "header",
    "Answer from this revision of the registry or a later one: wait a few seconds for it, else 412.",
    {"type": "string", "pattern": "^[0-9]{1,19}$"},
    "0",
)
LAST_EVENT_ID = Parameter(
    "Last-Event-ID", "header", "The `id:` of the last event that a stream brought: it goes on behind it.", example="0"
)

# Answer headers.
ETAG = AnswerHeader(
    "ETag",
    "The position of what the answer shows, `\"<revision>-<mark>\"`: a template's own, else the registry's.",
    {"type": "string", "pattern": '^"[0-9]+(?:-[0-9a-f]{16})?(?:-gzip|-zstd)?"$'},
)
_OR_OF_A_CHANNEL: Schema = {
    "type": "string",
    "pattern": rf'^"[0-9]+(?:-[0-9a-f]{{16}})?(?:-{CHANNEL_PATTERN}\.?)?(?:-gzip|-zstd)?"$',
}
LISTING_ETAG = AnswerHeader("ETag", f"{ETAG.meaning} Not on listings of the past.", _OR_OF_A_CHANNEL, required=False)
FEED_ETAG = AnswerHeader("ETag", f"{ETAG.meaning} Not on a stream, whose events carry it.", ETAG.schema, required=False)
SHOWN_ETAG = AnswerHeader("ETag", f"{ETAG.meaning} Not where options are chosen.", _OR_OF_A_CHANNEL, required=False)
LOCATION = AnswerHeader("Location", "The path of the new template.")
LINK = AnswerHeader("Link", 'The next page, `rel="next"`; on the last page there is none.', required=False)
DESCRIBED_BY = AnswerHeader("Link", 'This description, `rel="service-desc"`.')
TOTAL_COUNT = AnswerHeader(
    "Total-Count", "How many templates match, on all pages.", {"type": "integer", "minimum": 0}, required=False
)
REVISION_SHOWN = AnswerHeader(
    "Registry-Revision",
    "The newest revision of the registry that this server shows.",
    {"type": "integer", "minimum": 0},
)
REGISTRY_ERROR = AnswerHeader("Registry-Error", "The stable name of the error.")
RETRY_AFTER = AnswerHeader(
    "Retry-After", "Seconds after which to try again.", {"type": "integer", "minimum": 1}, required=False
)
REQUEST_ID = AnswerHeader(
    "Request-Id",
    "How the server's logs call this request: its `X-Request-Id`, or a name of our own. Plain reads have none.",
    required=False,
)
CURRENT_ETAG = AnswerHeader("ETag", "The position of the current state.", ETAG.schema, required=False)
WARNING = AnswerHeader(
    "Registry-Warning",
    "What was taken, and is probably not what was meant; percent-encoded UTF-8, a header for each.",
    required=False,
)
TOKEN_EXPIRES = AnswerHeader(
    "Registry-Token-Expires",
    "When the token ends that this was written with, where it is one of the registry's.",
    required=False,
)
ANSWER_HEADERS = (
    REVISION_SHOWN,
    ETAG,
    LOCATION,
    LINK,
    TOTAL_COUNT,
    WARNING,
    TOKEN_EXPIRES,
    REGISTRY_ERROR,
    RETRY_AFTER,
    REQUEST_ID,
)
