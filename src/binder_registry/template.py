"""A template, its limits, and the rules about them as pure functions."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from .errors import ErrorHint, InvalidTemplate

NAME_BYTES = 2048  # every name fits a URL and a PostgreSQL index entry
DISPLAY_NAME_LENGTH = 200
TEXT_LENGTH = 10_000  # characters of a description or a deprecation message
MAX_ENTRIES = 256  # labels, environment variables or groups of one template
LARGEST_INTEGER = 2**63 - 1
MAX_HOPS = 8  # along replaced-by

_LABEL_WORD = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class ContainerLimits(Struct, frozen=True, omit_defaults=True):
    memory: int = 0  # bytes; 0 sets no limit
    cpu_shares: int = 0  # relative weight, as `docker run --cpu-shares`; 0 leaves Docker's 1024
    cpus: int | float = 0  # number of CPUs, a true cap; 0 sets no limit
    gpus: int = 0  # whole devices


def _wire_name(attribute: str) -> str:
    return "container-ip" if attribute == "bind_ip" else attribute.replace("_", "-")


class Template(Struct, frozen=True, omit_defaults=True, rename=_wire_name):
    """How to run an interactive environment.

    The first nine members are 2015's, under 2015's wire names (`bind_ip` is `container-ip`). `revision` and `deleted`
    are the registry's own: which change last wrote it (0: not stored), and whether this is a tombstone.
    """

    name: str = ""
    image_name: str = ""
    command: str = ""
    limits: ContainerLimits = ContainerLimits()
    time_created: datetime | None = None
    time_modified: datetime | None = None
    redirect_uri: str = ""  # where the user lands, below the server's own URL
    bind_ip: str = ""  # host address that containers bind to
    bind_port: int = 0  # port within the container; 0 leaves the launcher's
    display_name: str = ""
    description: str = ""
    labels: dict[str, str] = {}
    environment: dict[str, str] = {}  # never for secrets: everyone who reads the registry sees them
    allowed_groups: tuple[str, ...] = ()  # empty: everyone
    deprecated: str = ""  # a message for people; the template still works
    replaced_by: str = ""  # name of the template that a stale choice resolves to
    revision: int = 0
    deleted: bool = False


KEPT_BY_REGISTRY = ("time_created", "time_modified", "revision", "deleted")
WIRE_NAMES = {field.name: field.encode_name for field in msgspec.structs.fields(Template)}
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
        if isinstance(old, ContainerLimits):
            changed += [f"limits.{limit}" for limit, value in asdict(old).items() if value != getattr(new, limit)]
        elif old != new:
            changed.append(WIRE_NAMES[member])
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


def check(template: Template) -> None:
    """Raise `InvalidTemplate` with every broken rule. Missing members come first, in 2015's words."""
    missing = [
        ErrorHint("Template", wire, "missing_field")
        for wire, value in (("name", template.name), ("image-name", template.image_name))
        if not value
    ]
    if missing:
        raise InvalidTemplate("name and image-name must be specified", missing)
    problems = list(_problems(template))
    if problems:
        raise invalid_template(problems)


def invalid_template(problems: Sequence[tuple[str, str]]) -> InvalidTemplate:
    """From wire names and what is wrong with each."""
    return InvalidTemplate(
        "; ".join(f"{field} {problem}" for field, problem in problems[:10]),
        [ErrorHint("Template", field, "invalid") for field, _ in problems],
    )


def name_problem(name: str) -> str | None:
    """Why this cannot be a template's name, or None. Such a name could not be reached by a URL."""
    if not name or name in (".", "..") or "/" in name:
        return "must not be empty, '.', '..' or contain '/'"
    if _has_control_characters(name):
        return "must not contain control characters"
    if len(name.encode(errors="surrogatepass")) > NAME_BYTES:
        return f"must not be longer than {NAME_BYTES} bytes"
    return None


def successor_problem(name: str, replaced_by: str) -> str | None:
    """Why the template `name` cannot be replaced by that one, or None; "" is no successor."""
    if replaced_by and replaced_by == name:
        return "must not name the template itself"
    return name_problem(replaced_by) if replaced_by else None


def _content(template: Template) -> list[tuple[str, Any]]:
    return [(member, value) for member, value in asdict(template).items() if member not in KEPT_BY_REGISTRY]


def _problems(template: Template) -> Iterator[tuple[str, str]]:
    if problem := name_problem(template.name):
        yield "name", problem
    if _has_control_characters(template.image_name):
        yield "image-name", "must not contain control characters"
    if not 0 <= template.bind_port <= 65535:
        yield "bind-port", "must be from 0 to 65535"
    yield from _limit_problems(template.limits)
    if len(template.display_name) > DISPLAY_NAME_LENGTH or _has_control_characters(template.display_name):
        yield "display-name", f"must be one line of at most {DISPLAY_NAME_LENGTH} characters"
    for field, text in (("description", template.description), ("deprecated", template.deprecated)):
        if len(text) > TEXT_LENGTH:
            yield field, f"must not be longer than {TEXT_LENGTH} characters"
    if template.labels:
        yield from _label_problems(template.labels)
    if template.environment:
        yield from _environment_problems(template.environment)
    if template.allowed_groups:
        yield from _group_problems(template.allowed_groups)
    if problem := successor_problem(template.name, template.replaced_by):
        yield "replaced-by", problem


def _group_problems(groups: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(groups) > MAX_ENTRIES:
        yield "allowed-groups", f"must not have more than {MAX_ENTRIES} entries"
    if len(set(groups)) != len(groups):
        yield "allowed-groups", "must not name a group twice"
    if any(not group or _has_control_characters(group) for group in groups):
        yield "allowed-groups", "must hold names of groups, without control characters"


def _limit_problems(limits: ContainerLimits) -> Iterator[tuple[str, str]]:
    for limit, value in asdict(limits).items():
        if not 0 <= value <= LARGEST_INTEGER:  # NaN is not either
            yield f"limits.{limit}", f"must be from 0 to {LARGEST_INTEGER}"


def _label_problems(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if len(labels) > MAX_ENTRIES:
        yield "labels", f"must not have more than {MAX_ENTRIES} entries"
    for key, value in labels.items():
        if not is_label_key(key):
            yield f"labels.{key}", "is not a label key in Kubernetes' syntax"
        elif not is_label_value(value):
            yield f"labels.{key}", "is not a label value in Kubernetes' syntax"


def is_label_key(key: str) -> bool:
    """Kubernetes' syntax: an optional DNS subdomain and `/`, then a word of at most 63 characters."""
    prefix, slash, word = key.rpartition("/")
    if slash and not (len(prefix) <= 253 and _DNS_SUBDOMAIN.fullmatch(prefix)):
        return False
    return _LABEL_WORD.fullmatch(word) is not None


def is_label_value(value: str) -> bool:
    return value == "" or _LABEL_WORD.fullmatch(value) is not None


def _environment_problems(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if len(environment) > MAX_ENTRIES:
        yield "environment", f"must not have more than {MAX_ENTRIES} entries"
    for variable, value in environment.items():
        if not _VARIABLE.fullmatch(variable):
            yield f"environment.{variable}", "is not a name of an environment variable"
        elif "\0" in value:
            yield f"environment.{variable}", "must not contain a NUL character"


def _has_control_characters(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text)
