"""Profiles of zero-to-jupyterhub's values as templates, and back. Pure.

Both ways also give, as lines for people, what could not be carried over.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from html import escape, unescape
from itertools import product
from typing import Any

from msgspec.structs import replace

from ..quantities import parse_size
from ..template import ContainerLimits, Template
from .allowed_images import Notes, slugify

MOST_CHOICES = 256  # templates of one profile
GPU = "nvidia.com/gpu"
SHARES_PER_CPU = 1024  # Kubernetes turns a request of one CPU into as many shares

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_EMPTY: tuple[Any, ...] = (None, "", {}, [])


def from_z2jh(values: Any) -> tuple[list[Template], Notes]:
    """From a values file (`singleuser.profileList`, `hub.config.KubeSpawner.profile_list`) or a list of profiles.

    Each choice of a profile's options becomes a template `<slug>-<choice>`. Raises `ValueError`.
    """
    profiles, image = _profiles(values), _default_image(values)
    templates: dict[str, Template] = {}
    notes: Notes = []
    for number, profile in enumerate(profiles, 1):
        if not isinstance(profile, Mapping):
            notes.append(f"profile {number}: is not a mapping, left out")
            continue
        called = profile.get("display_name") or profile.get("slug") or number
        for template in _templates_of(profile, image, f"profile {called}", notes):
            if template.name in templates:
                notes.append(f"{template.name}: there are two profiles of this name, the second is left out")
            else:
                templates[template.name] = template
    return list(templates.values()), notes


def _profiles(values: Any) -> list[Any]:
    found = values
    if isinstance(values, Mapping):
        paths = (("singleuser", "profileList"), ("hub", "config", "KubeSpawner", "profile_list"), ("profileList",))
        found = next(filter(None, (_at(values, *path) for path in paths)), None)
    if isinstance(found, Mapping):  # KubeSpawner also takes profiles by slug
        found = [{"slug": slug, **profile} for slug, profile in found.items() if isinstance(profile, Mapping)]
    if not isinstance(found, list):
        raise ValueError("there is no singleuser.profileList")
    return found


def _at(values: Any, *path: str) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _default_image(values: Any) -> str:
    name, tag = _at(values, "singleuser", "image", "name"), _at(values, "singleuser", "image", "tag")
    return f"{name}:{tag}" if name and tag else str(name or "")


def _templates_of(profile: Mapping[str, Any], image: str, where: str, notes: Notes) -> Iterator[Template]:
    slug = name_of(str(profile.get("slug") or slugify(str(profile.get("display_name") or ""))))
    if not slug:
        notes.append(f"{where}: has neither a slug nor a display name, left out")
        return
    known = {"slug", "display_name", "description", "kubespawner_override", "profile_options", "allowed_groups"}
    notes += [f"{where}: {key} is not carried over" for key, value in profile.items() if key not in known and value]
    start = Template(
        name=slug,
        display_name=_text(profile.get("display_name"), f"{where}: display_name", notes),
        description=_text(profile.get("description"), f"{where}: description", notes),
        allowed_groups=tuple(map(str, profile.get("allowed_groups") or ())),
    )
    override = profile.get("kubespawner_override") or {}
    for suffix, label, overrides in _choices(profile.get("profile_options") or {}, where, notes):
        at = f"{where}, {label}" if label else where
        template = _overridden(start, {**override, **overrides}, at, notes)
        template = replace(
            template,
            name=f"{slug}{suffix}",
            image_name=template.image_name or image,
            display_name=f"{start.display_name} ({label})" if label else start.display_name,
        )
        if template.image_name:
            yield template
        else:
            notes.append(f"{at}: has no image, and the values have no singleuser.image: left out")


def _choices(options: Mapping[str, Any], where: str, notes: Notes) -> list[tuple[str, str, dict[str, Any]]]:
    """Every combination of one choice per option: its suffix of the name, its label and its overrides."""
    lists: list[list[tuple[str, str, dict[str, Any]]]] = []
    for option, content in options.items():
        choices = _at(content, "choices") or {}
        if _at(content, "unlisted_choice", "enabled"):
            notes.append(f"{where}: the free text of option {option} (unlisted_choice) is not carried over")
        found = []
        for key, choice in choices.items():
            label = str(_at(choice, "display_name") or key)
            if _at(choice, "default"):
                notes.append(f"{where}: that {key} is the default of option {option} is not carried over")
            found.append((f"-{slugify(str(key))}", unescape(label), dict(_at(choice, "kubespawner_override") or {})))
        if found:
            lists.append(found)
    combined: list[tuple[str, str, dict[str, Any]]] = []
    for combination in product(*lists):
        if len(combined) == MOST_CHOICES:
            notes.append(f"{where}: has more than {MOST_CHOICES} combinations of choices, the others are left out")
            break
        overrides = {key: value for _, _, override in combination for key, value in override.items()}
        label = ", ".join(label for _, label, _ in combination)
        combined.append(("".join(suffix for suffix, _, _ in combination), label, overrides))
    return combined


def _overridden(template: Template, override: Mapping[str, Any], where: str, notes: Notes) -> Template:
    members: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for key, value in override.items():
        at = f"{where}: kubespawner_override.{key}"
        try:
            if key in ("image", "image_spec"):
                members["image_name"] = str(value)
            elif key == "cmd" and value is not None:
                members["command"] = shlex.join(map(str, value if isinstance(value, list) else [value]))
            elif key == "default_url" and value:
                if re.search(r"(?<!\{)\{\w", str(value)):
                    notes.append(f"{at}: {value!r} holds a placeholder, which will stand for itself")
                members["redirect_uri"] = str(value).replace("{{", "{").replace("}}", "}")
            elif key == "port" and value:
                members["bind_port"] = int(value)
            elif key == "ip" and value:
                members["bind_ip"] = str(value)
            elif key == "mem_limit":
                limits["memory"] = _bytes(value)
            elif key == "cpu_limit":
                limits["cpus"] = float(value or 0)
            elif key == "cpu_guarantee":
                limits["cpu_shares"] = round(float(value or 0) * SHARES_PER_CPU)
            elif key == "environment" and isinstance(value, Mapping):
                members["environment"] = dict(_variables(value, at, notes))
            elif key == "extra_resource_limits" and isinstance(value, Mapping):
                limits["gpus"] = int(value.get(GPU) or 0)
                notes += [f"{at}.{resource} is not carried over" for resource in value if resource != GPU]
            elif value not in _EMPTY:
                notes.append(f"{at} is not carried over")
        except (TypeError, ValueError):
            notes.append(f"{at}: {value!r} cannot be read, not carried over")
    return replace(template, **members, limits=ContainerLimits(**limits))


def _bytes(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) else parse_size(value) if value else 0


def _variables(environment: Mapping[Any, Any], where: str, notes: Notes) -> Iterator[tuple[str, str]]:
    for variable, value in sorted(environment.items()):
        if isinstance(value, bool):
            yield str(variable), str(value).lower()
        elif isinstance(value, (str, int, float)):
            yield str(variable), str(value)
        else:
            notes.append(f"{where}.{variable} is not a text, not carried over")


def _text(value: Any, where: str, notes: Notes) -> str:
    """Forms of KubeSpawner hold HTML; ours hold text."""
    text = unescape(str(value or ""))
    if _TAG.search(str(value or "")):
        notes.append(f"{where} holds HTML, which will be shown as text")
    return text


def to_z2jh(templates: Iterable[Template]) -> tuple[dict[str, Any], Notes]:
    """A values file with `singleuser.profileList`."""
    notes: Notes = []
    profiles = []
    for template in templates:
        lost = [
            member
            for member, value in (
                ("labels", template.labels),
                ("deprecated", template.deprecated),
                ("replaced-by", template.replaced_by),
            )
            if value
        ]
        notes += [f"{template.name}: {member} is not carried over" for member in lost]
        profiles.append(_profile(template, notes))
    return {"singleuser": {"profileList": profiles}}, notes


def _profile(template: Template, notes: Notes) -> dict[str, Any]:
    limits = template.limits
    try:
        command = shlex.split(template.command)
    except ValueError:
        notes.append(f"{template.name}: its command cannot be split, not carried over")
        command = []
    override = {
        "image": template.image_name,
        "cmd": command,
        "default_url": template.redirect_uri.replace("{", "{{").replace("}", "}}"),
        "port": template.bind_port,
        "ip": template.bind_ip,
        "mem_limit": limits.memory,
        "cpu_limit": limits.cpus,
        "cpu_guarantee": limits.cpu_shares / SHARES_PER_CPU,
        "environment": template.environment,
        "extra_resource_limits": {GPU: str(limits.gpus)} if limits.gpus else {},
    }
    profile = {
        "display_name": escape(template.display_name or template.name, quote=False),
        "slug": slug_of(template.name),
        "description": escape(template.description, quote=False),
        "allowed_groups": list(template.allowed_groups),
        "kubespawner_override": {key: value for key, value in override.items() if value},
    }
    return {key: value for key, value in profile.items() if value}


def slug_of(name: str) -> str:
    """As the hub's module does it, so that saved choices stay good: tornado, which that imports, need not be here."""
    return name if _SLUG.fullmatch(name) and not name.startswith("x-") else f"x-{name.encode().hex()}"


def name_of(slug: str) -> str:
    try:
        return bytes.fromhex(slug[2:]).decode() if slug.startswith("x-") else slug
    except ValueError:
        return slug
