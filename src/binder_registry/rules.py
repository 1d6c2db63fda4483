"""The rules of a template: what is refused, and with which words. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import asdict

from .errors import ErrorHint, InvalidTemplate
from .members import (
    DISPLAY_NAME_LENGTH,
    LABEL_KEY,
    LABEL_WORD,
    LARGEST_INTEGER,
    MAX_ENTRIES,
    NAME_BYTES,
    TEXT_LENGTH,
    VARIABLE,
)
from .template import ContainerLimits, Template

_LABEL_KEY, _LABEL_WORD, _VARIABLE = (re.compile(pattern, re.ASCII) for pattern in (LABEL_KEY, LABEL_WORD, VARIABLE))


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
    return _LABEL_KEY.fullmatch(key) is not None


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
