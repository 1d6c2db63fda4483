"""What makes a stock KubeSpawner obey `allowed_groups`, as code for a hub's configuration. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

CODE = """\
# Offers each profile, and each choice of its options, to the groups that may have it.
# Written by binder-registry: KubeSpawner alone passes over allowed_groups.


def obey_allowed_groups(profiles):
    from tornado.web import HTTPError

    def may(part, groups):
        return "allowed_groups" not in part or not groups.isdisjoint(part["allowed_groups"] or ())

    def seen_option(option, groups):
        seen = {**option, "choices": {}, "unlisted_choice": {}}
        for name, choice in (option.get("choices") or {}).items():
            if may(choice, groups):
                seen["choices"][name] = choice
        typed = option.get("unlisted_choice") or {}
        if typed.get("enabled") and may(typed, groups):
            seen["unlisted_choice"] = typed
        return seen if seen["choices"] or seen["unlisted_choice"] else None

    def seen_profile(profile, groups):
        if not may(profile, groups):
            return None
        options = {}
        for name, option in (profile.get("profile_options") or {}).items():
            options[name] = seen_option(option, groups)
            if options[name] is None:
                return None
        return {**profile, "profile_options": options}

    def profile_list(spawner):
        groups = {group.name for group in spawner.user.groups}
        seen = [found for found in (seen_profile(profile, groups) for profile in profiles) if found]
        if not seen:  # KubeSpawner would start the hub's own image
            raise HTTPError(403, "No environment is for a group of yours.")
        return seen

    return profile_list


c.KubeSpawner.profile_list = obey_allowed_groups(list(c.KubeSpawner.profile_list))
"""


def group_filter(profiles: Iterable[Mapping[str, Any]]) -> str:
    """Nothing where everybody may have everything."""
    return CODE if any(map(_is_restricted, profiles)) else ""


def _is_restricted(part: Any) -> bool:
    if not isinstance(part, Mapping):
        return False
    inner = (value for key, value in part.items() if key != "kubespawner_override")
    return "allowed_groups" in part or any(map(_is_restricted, inner))
