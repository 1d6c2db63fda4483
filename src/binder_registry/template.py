"""A template and its limits, member by member, and what a change makes of them. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from msgspec import Struct
from msgspec.structs import asdict, astuple, replace

from .channels import Channels, ContentRevision, Promoted
from .choices import Option
from .lengths import (
    ADDRESS_LENGTH,
    DISPLAY_NAME_LENGTH,
    GROUP_LENGTH,
    ICON_BYTES,
    MAX_ENTRIES,
    MAX_HOPS,
    MAX_OPTIONS,
    NAME_BYTES,
    TEXT_LENGTH,
)
from .member_schema import GROUP, ICON, LABELS, NAME, NO_CONTROL, NOT_NEGATIVE, SUCCESSOR, Member, declared
from .settings import (
    BindPort,
    Command,
    Environment,
    ImageName,
    Limits,
    Overrides,
    RedirectUri,
    Requests,
    Reservations,
)
from .settings import ContainerLimits as ContainerLimits


def _wire_name(attribute: str) -> str:
    return "container-ip" if attribute == "bind_ip" else attribute.replace("_", "-")


class Template(Struct, frozen=True, omit_defaults=True, rename=_wire_name):
    """How to run an interactive environment.

    The first nine members are 2015's, under 2015's wire names (`bind_ip` is `container-ip`).

    A member is declared here, and nowhere else: its type says how it is read and written (`wire`), its `Member` what
    the pages and the description of the API say of it. What else may know it: its rule, in `rules`, with its bounds in
    `lengths`; its flag, in `cli/options`; what other formats make of it, in `formats`; and what a hub does with it, in
    `jupyterhub`.
    """

    name: Annotated[
        str,
        Member(
            "What the template is called in URLs and by launchers. It never changes.",
            f"required; at most {NAME_BYTES} bytes of UTF-8; no `/`, no control characters, not `.` or `..`",
            "scipy",
            schema=NAME,
        ),
    ] = ""
    image_name: ImageName = ""
    command: Command = ""
    limits: Limits = ContainerLimits()
    time_created: Annotated[
        datetime | None,
        Member(
            "When the template was first written. Kept by the registry: one that is sent is checked and dropped.",
            "RFC 3339",
            "2026-01-05T09:00:00.000001Z",
            "UTC",
            {"format": "date-time", "readOnly": True},
            read_only=True,
        ),
    ] = None
    time_modified: Annotated[
        datetime | None,
        Member(
            "When the template was last written. Kept by the registry: one that is sent is checked and dropped.",
            "RFC 3339",
            "2026-01-05T09:00:01.000001Z",
            "UTC",
            {"format": "date-time", "readOnly": True},
            read_only=True,
        ),
    ] = None
    redirect_uri: RedirectUri = ""
    bind_ip: Annotated[
        str,
        Member(
            "Host address that containers bind to.",
            f"at most {ADDRESS_LENGTH} characters",
            "127.0.0.1",
            schema={"maxLength": ADDRESS_LENGTH},
        ),
    ] = ""
    bind_port: BindPort = 0
    display_name: Annotated[
        str,
        Member(
            "What people read in a list. Plain text: whoever renders it escapes it.",
            f"one line of at most {DISPLAY_NAME_LENGTH} characters; no control characters",
            "SciPy, spring term",
            schema={"maxLength": DISPLAY_NAME_LENGTH, **NO_CONTROL},
        ),
    ] = ""
    description: Annotated[
        str,
        Member(
            "What people read below it. Plain text: whoever renders it escapes it.",
            f"at most {TEXT_LENGTH} characters",
            "NumPy, SciPy and pandas for the course.",
            schema={"maxLength": TEXT_LENGTH},
        ),
    ] = ""
    labels: Annotated[
        dict[str, str],
        Member(
            "Key and value pairs that queries select by.",
            f"at most {MAX_ENTRIES}; Kubernetes' syntax: a key is `word` or `dns.subdomain/word`, a value is empty or "
            "a word; a word has at most 63 of `A-Za-z0-9._-` and begins and ends with a letter or digit",
            {"course": "physics-101"},
            schema=LABELS,
        ),
    ] = {}
    environment: Environment = {}
    allowed_groups: Annotated[
        tuple[str, ...],
        Member(
            "Which groups may see and start it; empty means everyone. The registry carries this; a hub enforces it.",
            f"at most {MAX_ENTRIES}, each once, of 1 to {GROUP_LENGTH} characters; no control characters",
            ["physics", "staff"],
            schema={
                "maxItems": MAX_ENTRIES,
                "uniqueItems": True,
                "items": GROUP,
            },
        ),
    ] = ()
    deprecated: Annotated[
        str,
        Member(
            "A message for people, shown wherever the template is chosen. The template still works.",
            f"at most {TEXT_LENGTH} characters",
            "Please move to scipy-2026.",
            schema={"maxLength": TEXT_LENGTH},
        ),
    ] = ""
    replaced_by: Annotated[
        str,
        Member(
            "The template that a stale choice of this one resolves to; hubs no longer offer one that has it. Readers "
            f"follow at most {MAX_HOPS} of these; a cycle leads nowhere.",
            "as `name`, or empty; not the template itself",
            "scipy-2026",
            schema=SUCCESSOR,
        ),
    ] = ""
    order: Annotated[
        int,
        Member(
            "Where it stands in lists for people: by this number, then by title; those without one come last.",
            "1 to 2^63 − 1",
            10,
            schema=NOT_NEGATIVE,
            format=2,
        ),
    ] = 0
    default: Annotated[
        bool,
        Member(
            "Preselected, and what a start without a choice gets; the first in order where several are, or none is.",
            "",
            True,
            format=2,
        ),
    ] = False
    requests: Reservations = Requests()
    options: Annotated[
        tuple[Option, ...],
        Member(
            "What people choose, in this order. Later options win over earlier ones, objects merge key by key.",
            f"at most {MAX_OPTIONS}; a patch replaces them whole",
            schema={"maxItems": MAX_OPTIONS},
            must_understand=True,
            format=2,
        ),
    ] = ()
    overrides: Overrides = {}
    paused: Annotated[
        str,
        Member(
            "Why it is out of service for now: it is neither shown nor started, and everything else is kept.",
            f"at most {TEXT_LENGTH} characters",
            "Back on Monday.",
            schema={"maxLength": TEXT_LENGTH},
            must_understand=True,
            format=2,
        ),
    ] = ""
    contact: Annotated[
        str,
        Member(
            "Who maintains it.",
            f"one line of at most {DISPLAY_NAME_LENGTH} characters; no control characters",
            "physics-it@example.org",
            schema={"maxLength": DISPLAY_NAME_LENGTH, **NO_CONTROL},
            format=2,
        ),
    ] = ""
    icon: Annotated[
        str,
        Member(
            "A picture, for those who show one.",
            f"a URL with https, or a `data:image/…;base64,` URL; at most {ICON_BYTES} bytes",
            "https://example.org/scipy.svg",
            schema={"maxLength": ICON_BYTES, "pattern": ICON},
            format=2,
        ),
    ] = ""
    channels: Channels = {}
    content_revision: ContentRevision = 0
    promoted: Promoted = None
    uses: Annotated[
        tuple[str, ...],
        Member(
            "The members it uses, here or in a choice, that a launcher has to know: one that does not know all of them "
            "does not offer the template. Only in answers: with `view=full`, and in the feed.",
            "kept by the registry; one that is sent is checked and dropped",
            ["options", "overrides"],
            schema={"readOnly": True},
            read_only=True,
        ),
    ] = ()
    revision: Annotated[
        int,
        Member(
            "The change that last wrote the template. Only in answers, and only with `view=full`.",
            "kept by the registry",
            7,
            schema={"readOnly": True},
            read_only=True,
        ),
    ] = 0
    deleted: Annotated[
        bool,
        Member(
            "`true` on the tombstone of a deleted template, which holds what it was. Only in answers.",
            "kept by the registry",
            True,
            schema={"readOnly": True},
            read_only=True,
        ),
    ] = False


MEMBERS = declared(Template)
KEPT_BY_REGISTRY = tuple(one.attribute for one in MEMBERS if one.member.read_only)
WIRE_NAMES = {one.attribute: one.wire for one in MEMBERS}
KEPT_ON_THE_WIRE = tuple(WIRE_NAMES[member] for member in KEPT_BY_REGISTRY)


_ZERO = Template()
_INNER = (("limits", _ZERO.limits), ("requests", _ZERO.requests))
_PUT = tuple((at, one.attribute) for at, one in enumerate(MEMBERS) if one.attribute not in ("name", *KEPT_BY_REGISTRY))


def plain(template: Template) -> Template:
    """Without its channels, and what else the registry keeps beside it."""
    if template.channels or template.content_revision or template.promoted:
        return replace(template, channels={}, content_revision=0, promoted=None)
    return template


def merged(current: Template, update: Template) -> Template:
    """2015's PUT: members that are not zero replace; `limits` and `requests` one by one; maps and lists whole."""
    values = astuple(update)
    given = {member: values[at] for at, member in _PUT if values[at]}
    for member, zero in _INNER:
        value = given.pop(member)
        if value is not zero and value != zero:
            inner = {name: number for name, number in asdict(value).items() if number}
            given[member] = replace(getattr(current, member), **inner)
    return replace(current, **given)


def successor(name: str, find: Callable[[str], Template | None]) -> Template | None:
    """The living template that a choice of `name` resolves to along `replaced-by`, or None.

    At most `MAX_HOPS` hops; a cycle is no successor. `find` gives templates and tombstones by name.
    """
    for _ in range(MAX_HOPS + 1):
        template = find(name)
        if template is None or not (template.deleted or template.replaced_by):
            return template
        if not template.replaced_by:
            return None
        name = template.replaced_by
    return None
