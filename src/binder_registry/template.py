"""A template and its limits, member by member, and what a change makes of them. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from .members import (
    DISPLAY_NAME_LENGTH,
    LABELS,
    MAX_ENTRIES,
    NAME,
    NAME_BYTES,
    NO_CONTROL,
    NOT_NEGATIVE,
    SUCCESSOR,
    TEXT_LENGTH,
    VARIABLES,
    Member,
    declared,
)

MAX_HOPS = 8  # along replaced-by


class ContainerLimits(Struct, frozen=True, omit_defaults=True):
    """0 sets no limit."""

    memory: Annotated[
        int,
        Member("Memory of the container; 0 sets no limit.", "0 to 2^63 − 1", 2147483648, "bytes", NOT_NEGATIVE),
    ] = 0
    cpu_shares: Annotated[
        int,
        Member(
            "Relative weight under contention, as `docker run --cpu-shares`; 0 leaves Docker's 1024.",
            "0 to 2^63 − 1",
            512,
            "CPU shares",
            NOT_NEGATIVE,
        ),
    ] = 0
    cpus: Annotated[
        int | float,
        Member("A true cap, which may be fractional; 0 sets no limit.", "0 to 2^63 − 1", 1.5, "CPUs", NOT_NEGATIVE),
    ] = 0
    gpus: Annotated[int, Member("Whole devices; 0 asks for none.", "0 to 2^63 − 1", 1, "GPUs", NOT_NEGATIVE)] = 0


def _wire_name(attribute: str) -> str:
    return "container-ip" if attribute == "bind_ip" else attribute.replace("_", "-")


class Template(Struct, frozen=True, omit_defaults=True, rename=_wire_name):
    """How to run an interactive environment.

    The first nine members are 2015's, under 2015's wire names (`bind_ip` is `container-ip`).

    A member is declared here, and nowhere else: its type says how it is read and written (`wire`), its `Member` what
    the pages and the description of the API say of it. What else may know it: its rule, in `rules`; its flag, in
    `cli/options`; what other formats make of it, in `formats`; and what a hub does with it, in `jupyterhub`.
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
    image_name: Annotated[
        str,
        Member(
            "The container image to run.",
            "required; no control characters",
            "quay.io/jupyter/scipy-notebook:2026-01-05",
            schema={"minLength": 1, **NO_CONTROL},
        ),
    ] = ""
    command: Annotated[
        str, Member("The command to run in the container; empty leaves the image's own.", "", "start-notebook.py")
    ] = ""
    limits: Annotated[
        ContainerLimits, Member("Limits of the container. Each counts by itself; what is left out is not limited.")
    ] = ContainerLimits()
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
    redirect_uri: Annotated[str, Member("Where the user lands, below the server's own URL.", "", "/lab")] = ""
    bind_ip: Annotated[str, Member("Host address that containers bind to.", "", "127.0.0.1")] = ""
    bind_port: Annotated[
        int,
        Member(
            "Port within the container; 0 leaves the launcher's.",
            "0 to 65535",
            8888,
            "port",
            {"minimum": 0, "maximum": 65535},
        ),
    ] = 0
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
    environment: Annotated[
        dict[str, str],
        Member(
            "Environment variables of the container. **Never secrets**: everyone who can read the registry sees them, "
            "and its history keeps them.",
            f"at most {MAX_ENTRIES}; names of letters, digits and `_`, not beginning with a digit; values without NUL",
            {"JUPYTER_ENABLE_LAB": "yes"},
            schema=VARIABLES,
        ),
    ] = {}
    allowed_groups: Annotated[
        tuple[str, ...],
        Member(
            "Which groups may see and start it; empty means everyone. The registry carries this; a hub enforces it.",
            f"at most {MAX_ENTRIES}, each once, none empty; no control characters",
            ["physics", "staff"],
            schema={
                "maxItems": MAX_ENTRIES,
                "uniqueItems": True,
                "items": {"type": "string", "minLength": 1, **NO_CONTROL},
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


def merged(current: Template, update: Template) -> Template:
    """2015's PUT: members that are not zero replace; `limits` member by member; maps and lists whole."""
    given = {member: value for member, value in _content(update) if value and member not in ("name", "limits")}
    limits = {limit: value for limit, value in asdict(update.limits).items() if value}
    return replace(current, **given, limits=replace(current.limits, **limits))


def changed_members(before: Template | None, after: Template) -> list[str]:
    """The wire names of the members that differ, `limits.memory` for a single limit; times are not members here."""
    before = before or Template()
    changed = []
    for (member, old), (_, new) in zip(_content(before), _content(after), strict=True):
        wire = WIRE_NAMES[member]
        if isinstance(old, Struct):
            changed += [f"{wire}.{inner}" for inner, value in asdict(old).items() if value != getattr(new, inner)]
        elif old != new:
            changed.append(wire)
    return changed


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


def _content(template: Template) -> list[tuple[str, Any]]:
    return [(member, value) for member, value in asdict(template).items() if member not in KEPT_BY_REGISTRY]
