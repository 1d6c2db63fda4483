"""The rules of a template: what is refused, and with which words. Pure."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from msgspec.structs import astuple

from .channels import channel_problem
from .errors import HINTS, ErrorHint, InvalidRequest, InvalidTemplate
from .lengths import ADDRESS_LENGTH, COMMAND_LENGTH, ICON_BYTES, IMAGE_LENGTH, LARGEST_INTEGER, MAX_ENTRIES, NAME_BYTES
from .member_schema import ICON, LABEL_KEY, LABEL_WORD
from .option_rules import option_problems
from .setting_rules import (
    Problems,
    group_problems,
    has_control_characters,
    line_problems,
    setting_problems,
    text_problems,
)
from .template import WIRE_NAMES, Template

MISSING = "must be specified"

_ICON = re.compile(ICON, re.ASCII)
_LABEL_KEY, _LABEL_WORD = (re.compile(pattern, re.ASCII) for pattern in (LABEL_KEY, LABEL_WORD))

_MEMBERS = [*WIRE_NAMES]  # what the registry keeps stands before and behind those that few templates have
_SELDOM = slice(_MEMBERS.index("time_modified") + 1, _MEMBERS.index("channels"))
_ABSENT = astuple(Template())[_SELDOM]


def check(template: Template) -> None:
    """Raise `InvalidTemplate` with every broken rule. Missing members come first, in 2015's words."""
    if not (template.name and template.image_name):
        missing = {"name": template.name, "image-name": template.image_name}
        raise InvalidTemplate(
            "name and image-name must be specified",
            [ErrorHint("Template", wire, "missing_field") for wire, value in missing.items() if not value],
        )
    if _says_little(template):
        return
    found = _problems(template)
    problems = list(islice(found, HINTS))
    if problems:
        raise invalid_template(problems, more=sum(1 for _ in found))


def problems_of(template: Template) -> Problems:
    """Every broken rule by its path, also where something is missing."""
    for wire, value in (("name", template.name), ("image-name", template.image_name)):
        if not value:
            yield wire, MISSING
    yield from (problem for problem in _problems(template) if template.name or problem[0] != "name")


def _says_little(template: Template) -> bool:
    """Whether it has no more than a name, an image, a command and limits, and these break no rule: a quick look at
    what most templates are. All else `_problems` looks at."""
    name, image, command, limits = template.name, template.image_name, template.command, template.limits
    return (
        astuple(template)[_SELDOM] == _ABSENT
        and len(name) <= NAME_BYTES // 4  # bytes of UTF-8 for each character, at most
        and name.isprintable()
        and "/" not in name
        and name[0] != "."
        and len(image) <= IMAGE_LENGTH
        and image.isprintable()
        and len(command) <= COMMAND_LENGTH
        and 0 <= limits.memory <= LARGEST_INTEGER
        and 0 <= limits.cpu_shares <= LARGEST_INTEGER
        and 0 <= limits.cpus <= LARGEST_INTEGER
        and 0 <= limits.gpus <= LARGEST_INTEGER
    )


def invalid_template(problems: Sequence[tuple[str, str]], *, more: int = 0) -> InvalidTemplate:
    """From wire names and what is wrong with each; `more` are not among them."""
    said = [f"{field} {problem}" for field, problem in problems[:10]]
    return InvalidTemplate(
        "; ".join([*said, f"and {more} more"] if more else said),
        [ErrorHint("Template", field, "invalid") for field, _ in problems],
    )


def name_problem(name: str) -> str | None:
    """Why this cannot be a template's name, or None. Such a name could not be reached by a URL."""
    if not name or name in (".", "..") or "/" in name:
        return "must not be empty, '.', '..' or contain '/'"
    if has_control_characters(name):
        return "must not contain control characters"
    if len(name.encode(errors="surrogatepass")) > NAME_BYTES:
        return f"must not be longer than {NAME_BYTES} bytes"
    return None


def successor_problem(name: str, replaced_by: str) -> str | None:
    """Why the template `name` cannot be replaced by that one, or None; "" is no successor."""
    if replaced_by and replaced_by == name:
        return "must not name the template itself"
    return name_problem(replaced_by) if replaced_by else None


def check_channel(name: str) -> None:
    """Raises `InvalidRequest`."""
    if problem := channel_problem(name):
        raise InvalidRequest.parameter("channel", problem)


def _problems(template: Template) -> Problems:
    if problem := name_problem(template.name):
        yield "name", problem
    yield from setting_problems(template)  # type: ignore[arg-type]  # it has all members of a choice's settings
    if len(template.bind_ip) > ADDRESS_LENGTH:
        yield from text_problems("container-ip", template.bind_ip, ADDRESS_LENGTH)
    if template.display_name:
        yield from line_problems("display-name", template.display_name)
    if template.contact:
        yield from line_problems("contact", template.contact)
    if template.description:
        yield from text_problems("description", template.description)
    if template.deprecated:
        yield from text_problems("deprecated", template.deprecated)
    if template.paused:
        yield from text_problems("paused", template.paused)
    if template.labels:
        yield from _label_problems(template.labels)
    if template.allowed_groups:
        yield from group_problems("allowed-groups", template.allowed_groups)
    if problem := successor_problem(template.name, template.replaced_by):
        yield "replaced-by", problem
    if not 0 <= template.order <= LARGEST_INTEGER:
        yield "order", f"must be from 1 to {LARGEST_INTEGER}"
    if template.icon and (len(template.icon) > ICON_BYTES or not _ICON.fullmatch(template.icon)):
        yield "icon", f"must be a URL with https, or a data: URL of an image, of at most {ICON_BYTES} bytes"
    if template.options:
        yield from option_problems(template.options)


def _label_problems(labels: Mapping[str, str]) -> Problems:
    if len(labels) > MAX_ENTRIES:
        yield "labels", f"must not have more than {MAX_ENTRIES} entries"
    for key, value in labels.items():
        if not is_label_key(key):
            yield f"labels.{key}", "is not a label key in Kubernetes' syntax"
        elif not is_label_value(value):
            yield f"labels.{key}", "is not a label value in Kubernetes' syntax"


def is_label_key(key: str) -> bool:
    """Kubernetes' syntax: an optional DNS subdomain and `/`, then a word of at most 63 characters."""
    return _LABEL_KEY.fullmatch(key) is not None


def is_label_value(value: str) -> bool:
    return value == "" or _LABEL_WORD.fullmatch(value) is not None
