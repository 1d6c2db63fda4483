"""Templates as lines of a `jupyterhub_config.py`, for hubs with KubeSpawner and without Helm. Pure."""

from collections.abc import Iterable
from pprint import pformat

from ..template import Template
from .exported_profiles import exported_profiles
from .group_filter import group_filter
from .losses import Losses


def to_jupyterhub_config(templates: Iterable[Template]) -> tuple[str, Losses]:
    profiles, losses = exported_profiles(templates)
    listed = f"c.KubeSpawner.profile_list = {pformat(profiles, width=116, sort_dicts=False)}\n"
    code = group_filter(profiles)
    return f"{listed}\n{code}" if code else listed, losses
