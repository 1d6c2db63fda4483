"""The one line of a hub's configuration."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from inspect import isawaitable
from pathlib import Path
from typing import Any

from .follower import Follower
from .hooks import Environments
from .metrics import show_metrics
from .parameters import LATEST, check_parameters, hiding_its_call
from .rules import Override, Rules, log
from .rules_file import rules_content, write_rules


@hiding_its_call
def configure(
    c: Any,
    url: str,
    token: str = "",
    *,
    versions: int = 0,
    default: str = "",
    allow_commands: Collection[str] = (),
    allow_overrides: Collection[str] = (),
    label: str = "",
    channel: str = "",
    try_out: Sequence[str] = (),
    ignore_group_case: bool = False,
    image_command: bool = False,
    auth_state_groups: str | Sequence[str] = "",
    gpu_resource: str = "nvidia.com/gpu",
    override: Override | None = None,
    escape: bool = True,
    snapshot: str | None = "binder-registry-snapshot.json",
    max_stale: float = 7 * 86400,
    poll: float = 5.0,
    rules_file: str | os.PathLike[str] | None = None,
) -> Environments:
    """Let the hub offer what the registry at `url` holds. To be called after the spawner class is chosen.

    `versions`: how many past revisions users may pin. `allow_commands`: what a template's command may start with,
    beside `jupyterhub-singleuser`. `allow_overrides`: keys of a template's overrides that count, beside the harmless
    ones. `label`: a selector, for a hub that offers a part of the registry. `channel`: what it offers is what this
    channel points at; without one, the newest. `try_out`: a channel and a group, whose members see what that channel
    points at, too, beside the other. `ignore_group_case`: the group `Staff` is
    `staff`. `image_command`: templates without a command run the image's own, where the hub has none either.
    `snapshot`: where the last list is kept, for a hub that starts while the registry is down. `escape=False` is for
    forms that escape by themselves (jupyterhub-fancy-profiles). `poll`: seconds between looks where the registry's
    event stream does not get through. `rules_file`: where these rules are written to, for `serve --rules` and the
    command line. The others: see `Environments` and `Rules`.

    Raises `ValueError` for what cannot be meant, and for a spawner class that would not ask these hooks.
    """
    check_parameters(
        default=default,
        allow_commands=allow_commands,
        allow_overrides=allow_overrides,
        label=label,
        channel=channel,
        try_out=try_out,
        ignore_group_case=ignore_group_case,
        image_command=image_command,
        auth_state_groups=auth_state_groups,
        gpu_resource=gpu_resource,
        override=override,
        escape=escape,
        snapshot=snapshot,
        max_stale=max_stale,
        rules_file=rules_file,
    )
    spawner_class = _spawner_class(c)
    names = [cls.__name__ for cls in spawner_class.__mro__] if spawner_class else ["Spawner"]
    rules = Rules(
        *("local", allow_commands, gpu_resource, override, escape, image_command),
        allow_overrides=allow_overrides,
        ignore_group_case=ignore_group_case,
        channel="" if channel == LATEST else channel,
        try_out=tuple(try_out),
    )
    rules = rules.of(spawner_class) if spawner_class else rules
    follower = Follower(
        url, token, rules, versions=versions, snapshot=snapshot, poll=poll, label=label, default=default
    )
    beside = _beside(url, token, rules, snapshot, poll, label) if try_out else None
    environments = Environments(
        follower, max_stale=max_stale, default=default, auth_state_groups=auth_state_groups, beside=beside
    )
    hooks: dict[str, Any] = {"options_from_form": environments.options_from_form}
    if rules.kind != "kubernetes" or not _has_form(c, names):  # which may well be made of the list of profiles
        hooks["options_form"] = environments.options_form
    if spawner_class is None or hasattr(spawner_class, "apply_user_options"):
        hooks["apply_user_options"] = _chained(c, names, "apply_user_options", environments.apply_user_options)
    else:
        hooks["pre_spawn_hook"] = _chained(c, names, "pre_spawn_hook", environments.pre_spawn_hook)
    profiles = {"profile_list": environments.profile_list}
    if rules.kind == "kubernetes":
        hooks |= profiles
    if blind := [trait for trait in hooks if rules.traits and trait not in rules.traits]:
        raise ValueError(f"{names[0]} has a method {blind[0]}, so that the hub would not ask the registry: rename it")
    _set_hooks(c["KubeSpawner"], profiles)  # this and the base class's: for a class chosen later, here or by a flag
    for section in ("Spawner", names[0]):
        _set_hooks(c[section], hooks)
    if "pre_spawn_hook" not in hooks:  # where the hub has its own, or else where one that is set later replaces it
        section = next((name for name in names if name in c and "pre_spawn_hook" in c[name]), "Spawner")
        c[section]["pre_spawn_hook"] = _chained(c, names, "pre_spawn_hook", environments.refuse_a_method)
    if rules_file is not None:
        write_rules(rules_file, rules_content(rules, spawner_class, label=label, auth_state=bool(auth_state_groups)))
    show_metrics(environments.measured)
    follower.start()
    if beside:
        beside.start()
    return environments


def _beside(url: str, token: str, rules: Rules, snapshot: str | None, poll: float, label: str) -> Follower:
    """Follows what some try out, with a snapshot of its own beside the other."""
    path = Path(snapshot) if snapshot else None
    own = str(path.with_name(f"{path.stem}-{rules.try_out[0]}{path.suffix}")) if path else None
    return Follower(url, token, rules, snapshot=own, poll=poll, label=label, tries_out=True)


def _spawner_class(c: Any) -> Any:
    """The class that the configuration names, as a class, a path or an entry point; None when it cannot be imported."""
    chosen = c.JupyterHub.get("spawner_class", "default")
    if not isinstance(chosen, str):
        return chosen
    for entry_point in entry_points(group="jupyterhub.spawners", name=chosen):
        chosen = f"{entry_point.module}.{entry_point.attr}"
    module, _, name = chosen.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        return None  # the hub says it better


def _has_form(c: Any, names: list[str]) -> bool:
    forms = [c[name]["options_form"] for name in names if name in c and "options_form" in c[name]]
    return any(form and not isinstance(getattr(form, "__self__", None), Environments) for form in forms)


def _set_hooks(section: Any, hooks: Mapping[str, Any]) -> None:
    for trait, hook in hooks.items():
        if trait in ("profile_list", "options_form") and section.get(trait) and section[trait] != hook:
            log.warning("The hub's own %s gives way to the registry's list.", trait)
        section[trait] = hook


def _chained(c: Any, names: list[str], trait: str, first: Callable[..., Any]) -> Callable[..., Any]:
    """Ours, then the hook that the configuration already has: it sees the choice made, and has the last word."""
    second = next((c[name][trait] for name in names if name in c and trait in c[name]), None)
    if not callable(second):
        return first

    async def both(*arguments: Any) -> None:
        for hook in (first, second):
            outcome = hook(*arguments)
            if isawaitable(outcome):
                await outcome

    return both
