"""The options of a profile as those of a template. Pure.

Names stay as they are, so that users' saved choices stay good. What does not fit is left out, and named.
"""

from collections.abc import Iterator, Mapping
from html import unescape
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..choices import Choice, FreeText, Option
from ..errors import InvalidTemplate
from ..lengths import MAX_CHOICES
from ..rules import check
from ..settings import Settings
from ..template import Template
from .formatted import is_simple
from .html_text import holds_html, text
from .losses import LeftOut, Loss, Losses
from .overrides import has_plain_devices, members_of
from .restrictions import Groups, check_names, check_override, groups_of, together
from .scalars import text_of

IGNORED = "is passed over by KubeSpawner: dropped"

_OPTION = {"display_name", "description", "choices", "unlisted_choice", "dynamic_image_building"}
_CHOICE = {"display_name", "description", "default", "kubespawner_override"}
_FREE_TEXT = {
    "enabled",
    "display_name",
    "display_name_in_choices",
    "description",
    "description_in_choices",
    "validation_regex",
    "validation_message",
    "kubespawner_override",
}


class Place(Struct, frozen=True):
    """Where in a list something stands, and what is to be said of it."""

    losses: Losses
    profile: str
    choice: str = ""
    devices: bool = True  # whether GPUs may become a limit

    def say(self, what: str, member: str = "", *, left_out: bool = False) -> None:
        self.losses.append(Loss(self.profile, what, member, left_out, self.choice))

    def at(self, choice: str) -> "Place":
        return Place(self.losses, self.profile, f"{self.choice}, {choice}" if self.choice else choice, self.devices)


def options_of(options: Any, place: Place) -> tuple[Option, ...]:
    """Raises `LeftOut`."""
    if options is not None and not isinstance(options, Mapping):
        raise LeftOut("profile_options is not a mapping")
    check_names(options or {}, "profile_options")
    found = (_option(str(text_of(key)), option, place.at(f"option {key}")) for key, option in (options or {}).items())
    return tuple(option for option in found if option is not None)


def overrides_of(profile: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    """All of a profile, wherever they stand."""
    options = profile.get("profile_options")
    for option in options.values() if isinstance(options, Mapping) else ():
        if isinstance(option, Mapping):
            choices = option.get("choices")
            for part in (*(choices.values() if isinstance(choices, Mapping) else ()), option.get("unlisted_choice")):
                yield _mapping(part).get("kubespawner_override") or {}
    yield profile.get("kubespawner_override") or {}


def plain_devices(profile: Mapping[Any, Any]) -> bool:
    """Whether all that it asks of devices is GPUs: else they would be two settings that do not know each other."""
    return all(has_plain_devices(_mapping(override)) for override in overrides_of(profile))


def override_of(part: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The settings of a profile or choice. Raises `LeftOut`."""
    override = part.get("kubespawner_override")
    if override is None:
        return {}
    if not isinstance(override, Mapping):
        raise LeftOut("kubespawner_override is not a mapping")
    check_override(override)
    return override


def say_ignored(part: Mapping[Any, Any], known: set[str], place: Place, of: str) -> None:
    """What is neither read nor a restriction."""
    kept = known | {"allowed_groups", "allowed_teams", "groups", "access"}
    for key in part:
        if key not in kept:
            place.say(f"of {of} {IGNORED}", str(key))


def shown(part: Mapping[Any, Any], key: str, place: Place, *, line: bool = False) -> str:
    """A text for people; on one `line`, where a browser shows breaks as blanks, too."""
    value = part.get(key)
    if value is None:
        return ""
    written = str(value)
    if holds_html(written):
        place.say("holds HTML, which becomes text", key)
    found = text(written)
    if line and any(ord(character) < 32 or 127 <= ord(character) < 160 for character in found):
        place.say("has breaks, which become blanks", key)
        found = " ".join(found.split())
    return found


def _option(key: str, option: Any, place: Place) -> Option | None:
    """None: there is nothing to choose. Raises `LeftOut` where there is, but nothing of it can be kept."""
    if option is None:
        return None
    if not isinstance(option, Mapping):
        raise LeftOut(f"option {key} is not a mapping")
    choices = option.get("choices")
    if choices is not None and not isinstance(choices, Mapping):
        raise LeftOut(f"the choices of option {key} are not a mapping")
    check_names(choices or {}, "choices")
    groups = groups_of(option, _OPTION)
    say_ignored(option, _OPTION, place, "options")
    found = Option(
        name=key,
        display_name=shown(option, "display_name", place, line=True),
        description=shown(option, "description", place),
        choices=_choices(choices or {}, groups, place),
        free_text=_free_text(option.get("unlisted_choice"), groups, place.at("free text")),
        build=_build(option, groups, place),
    )
    if found.choices or found.free_text or (found.build and not choices):
        _check(replace(found, choices=(), free_text=None, build=True))
        return found
    if choices or groups or _enabled(option, "unlisted_choice") or _enabled(option, "dynamic_image_building"):
        raise LeftOut(f"nothing can be chosen of option {key}")
    place.say("has nothing to choose from: dropped")
    return None


def _choices(choices: Mapping[Any, Any], groups: list[Groups], place: Place) -> tuple[Choice, ...]:
    found: list[Choice] = []
    if len(choices) > MAX_CHOICES:
        place.say(f"has more than {MAX_CHOICES} choices, the others are left out", left_out=True)
    for key, choice in islice(choices.items(), MAX_CHOICES):
        at = place.at(f"choice {key}")
        try:
            one = _choice(str(text_of(key)), {} if choice is None else choice, groups, at)
            if one.default and any(before.default for before in found):
                at.say("counts for the first choice that has it: dropped", "default")
                one = replace(one, default=False)
            _check(Option(name="o", choices=(one,)))
            found.append(one)
        except LeftOut as reason:
            at.say(f"{reason}: left out", left_out=True)
    _say_moved_default(choices, found, place)
    return tuple(found)


def _say_moved_default(choices: Mapping[Any, Any], found: list[Choice], place: Place) -> None:
    """KubeSpawner takes the first choice where none is the default: there is no option without one."""
    before = next(
        (key for key, choice in choices.items() if _mapping(choice).get("default")), next(iter(choices), None)
    )
    after = next((one.name for one in found if one.default), found[0].name if found else None)
    if after is not None and after != str(before):
        place.at(f"choice {before}").say(f"was taken where nothing is chosen: choice {after} is now")


def _choice(name: str, choice: Any, groups: list[Groups], place: Place) -> Choice:
    if not isinstance(choice, Mapping):
        raise LeftOut("is not a mapping")
    own, override = groups_of(choice, _CHOICE), override_of(choice)
    say_ignored(choice, _CHOICE, place, "choices")
    return Choice(
        name=name,
        display_name=shown(choice, "display_name", place, line=True),
        description=shown(choice, "description", place),
        default=bool(choice.get("default")),
        allowed_groups=together([*groups, *own]) or None,
        set=_settings(override, place),
    )


def _free_text(typed: Any, groups: list[Groups], place: Place) -> FreeText | None:
    if typed is None:
        return None
    try:
        if not isinstance(typed, Mapping):
            raise LeftOut("unlisted_choice is not a mapping")
        own = groups_of(typed, _FREE_TEXT)
        if not typed.get("enabled"):
            place.say("is not enabled: dropped", "unlisted_choice")
            return None
        override = override_of(typed)
        if not all(map(is_simple, _texts(override))) or "{value}" in "".join(_keys(override)):
            raise LeftOut("unlisted_choice formats what is typed in a way that cannot be kept")
        say_ignored(typed, _FREE_TEXT, place, "unlisted_choice")
        description = shown(typed, "description", place)
        if typed.get("description_in_choices"):
            if description:
                place.say(f"of unlisted_choice {IGNORED}", "description_in_choices")
            else:
                place.say("of unlisted_choice becomes its description", "description_in_choices")
                description = shown(typed, "description_in_choices", place)
        found = FreeText(
            display_name=shown(typed, "display_name", place, line=True),
            display_name_in_choices=shown(typed, "display_name_in_choices", place, line=True),
            description=description,
            pattern=str(typed.get("validation_regex") or ""),
            message=unescape(str(typed.get("validation_message") or "")),  # in an attribute nothing is a tag
            allowed_groups=together([*groups, *own]) or None,
            set=_settings(override, place, typed=True),
        )
        _check(Option(name="o", free_text=found))
        return found
    except LeftOut as reason:
        place.say(f"{reason}: left out", left_out=True)
        return None


def _settings(override: Mapping[Any, Any], place: Place, *, typed: bool = False) -> Settings:
    def note(key: str, what: str) -> None:
        place.say(what, key)

    return Settings(**members_of(override, note, typed=typed, devices=place.devices))


def _build(option: Mapping[Any, Any], groups: list[Groups], place: Place) -> bool:
    building = option.get("dynamic_image_building")
    if building is None:
        return False
    if not _enabled(option, "dynamic_image_building"):
        place.say("is not enabled: dropped", "dynamic_image_building")
        return False
    try:
        restricted = bool(groups or groups_of(building, {"enabled"}))
    except LeftOut:
        restricted = True
    if restricted:
        place.say("is not for everybody, which cannot be kept: left out", "dynamic_image_building", left_out=True)
        return False
    for key in _mapping(building):
        if key != "enabled":
            place.say(f"of dynamic_image_building {IGNORED}", str(key))
    return True


def _enabled(option: Mapping[Any, Any], key: str) -> bool:
    return bool(_mapping(option.get(key)).get("enabled"))


def _check(option: Option) -> None:
    """Raises `LeftOut` for what breaks a rule."""
    try:
        check(Template(name="t", image_name="i", options=(option,)))
    except InvalidTemplate as error:
        raise LeftOut(error.message.replace("options[0].choices[0].", "").replace("options[0].", "")) from None


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _keys(inner)
    if isinstance(value, Mapping):
        yield from map(str, value)
