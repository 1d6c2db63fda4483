"""What a start sets of its spawner, and undoes of the one before."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

from .choosing import spelled
from .commands import COMMAND, check_command
from .kinds import lifted, why_refused
from .limits import number_of
from .marks import without_marks
from .merging import copied, merged_setting, undone
from .refusals import http_error
from .resolving import named_choices
from .rules import NotOffered, Rules, log

_HOOK = re.compile(r".*_hook|escape|format_volume_name")  # traits whose value is a function
_GUARANTEES = (("mem_guarantee", "mem_limit"), ("cpu_guarantee", "cpu_limit"))
_SCALARS = ("image", "cmd", "default_url", "port", "ip", "mem_limit", "mem_guarantee", "cpu_limit", "cpu_guarantee")


async def apply_settings(spawner: Any, settings: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """Set these traits, and undo what the last start set: the hub keeps a spawner whose start failed.

    Gives every trait of the mapping, so that a profile made of it leaves nothing of another behind; but what became a
    function is set here alone, for KubeSpawner would call it.
    """
    undo = spawner.__dict__.setdefault("_binder_registry", {})
    while undo:
        trait, (before, after) = undo.popitem()
        setattr(spawner, trait, undone(getattr(spawner, trait), before, after))
    given = {trait: await _asked(spawner, trait, ours) for trait, ours in settings.items() if spawner.has_trait(trait)}
    try:
        if callable(settings.get("cmd")):
            check_command(given, rules.allow_commands)
    except NotOffered as reason:
        raise http_error(400, "settings", f"This environment cannot be started: {reason}.") from None
    images_own = rules.image_command and rules.kind != "local"  # no image there
    if "cmd" not in given and not spawner.cmd and not images_own:
        given["cmd"] = [COMMAND]  # KubeSpawner and DockerSpawner would use the image's own
    empty = {trait: lifted(spawner, trait) for trait, ours in given.items() if ours is None}
    given |= empty
    for trait, ours in given.items():
        try:
            if trait not in empty:
                ours = merged_setting(getattr(spawner, trait), ours, takes_none=rules.kind == "kubernetes")
            _set_trait(spawner, undo, trait, ours)
        except Exception:  # noqa: BLE001  # whatever the trait's own rule raises
            log.warning("%s: cannot be started: %s", spawner._log_name, why_refused(trait, ours, spawner.traits()))
            text = f"This environment cannot be started: the spawner refuses its {trait}."
            raise http_error(400, "settings", text) from None
    for need, cap in _GUARANTEES:
        limit, guarantee = number_of(getattr(spawner, cap)), number_of(getattr(spawner, need))
        if limit and guarantee > limit:  # Kubernetes refuses a request above its limit
            _set_trait(spawner, undo, need, limit)
    if rules.kind == "docker" and isinstance(host := spawner.extra_host_config, dict):
        limit = number_of(spawner.mem_limit)
        if limit and number_of(host.get("mem_reservation")) > limit:  # nor do engines
            _set_trait(spawner, undo, "extra_host_config", {**host, "mem_reservation": limit})
    scalars = {trait: getattr(spawner, trait) for trait in _SCALARS if spawner.has_trait(trait)}
    return {trait: value for trait, value in {**given, **scalars}.items() if not callable(getattr(spawner, trait))}


def save_choice(spawner: Any, options: Mapping[str, Any], marks: dict[str, str]) -> None:
    """In the hub's database, choices are spelled as KubeSpawner does: what was named once heals when it is replayed.
    Beside them, what runs: of a hub that was started anew, nobody could say it else."""
    record = getattr(spawner, "orm_spawner", None)
    if record is None:
        return
    saved = record.user_options or {}
    named = named_choices(options) if saved == options else None
    if named is not None:
        saved = {key: value for key, value in saved.items() if key != "options"} | spelled(named)
    record.user_options = without_marks(saved) | marks


async def _asked(spawner: Any, trait: str, ours: Any) -> Any:
    """A function in a profile is asked for the value, as KubeSpawner does; hooks are functions themselves."""
    if not callable(ours) or _HOOK.fullmatch(trait):
        return ours
    try:
        value = ours(spawner)
        return await value if isawaitable(value) else value
    except Exception as error:  # whatever the hub's own code raises
        log.exception("%s: the function that the override sets for %s failed", spawner._log_name, trait)
        text = f"This environment cannot be started: the hub's own function for {trait} failed."
        raise http_error(500, "settings", text) from error


def _set_trait(spawner: Any, undo: dict[str, Any], trait: str, value: Any) -> None:
    before, _ = undo.get(trait, (getattr(spawner, trait), None))
    setattr(spawner, trait, value)
    undo[trait] = (before, copied(getattr(spawner, trait)))


def announce(spawner: Any, notice: str) -> None:
    """Tell the user, on the page that shows the progress of the start."""
    spawner.__dict__.pop("progress", None)
    if notice:
        progress = spawner.progress

        async def told() -> AsyncIterator[dict[str, Any]]:
            yield {"progress": 1, "message": notice}
            async with aclosing(progress()) as events:
                async for event in events:
                    yield event

        spawner.progress = told
