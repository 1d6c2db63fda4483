"""What a stock KubeSpawner makes of a list of profiles: the real class, without a cluster."""

import asyncio
import copy
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

KUBECONFIG = (
    "{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: 'http://localhost:9'}}],"
    " contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}]}"
)


@cache
def _spawner() -> Any:
    """One for all, which takes long to make. It reads where its cluster is, and never asks it."""
    pytest.importorskip("kubespawner")
    from kubernetes_asyncio.config import kube_config
    from kubespawner import KubeSpawner

    async def made() -> Any:
        return KubeSpawner(_mock=True)

    before = kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    with TemporaryDirectory() as folder:
        kube_config.KUBE_CONFIG_DEFAULT_LOCATION = str(Path(folder) / "kubeconfig")
        (Path(folder) / "kubeconfig").write_text(KUBECONFIG)
        try:
            return asyncio.run(made())
        finally:
            kube_config.KUBE_CONFIG_DEFAULT_LOCATION = before


def settings_of(
    profile_list: Any, options: Mapping[str, str], traits: Iterable[str], groups: Iterable[str] = ()
) -> Any:
    """The traits after this choice, as they are before a start."""
    spawner = _spawner()
    before = {trait: copy.deepcopy(getattr(spawner, trait)) for trait in traits}
    spawner.user = SimpleNamespace(name="ada", id=1, groups=[SimpleNamespace(name=group) for group in groups])
    spawner.profile_list = copy.deepcopy(profile_list)
    spawner.user_options = dict(options)
    try:
        asyncio.run(spawner.load_user_options())
        return {trait: copy.deepcopy(getattr(spawner, trait)) for trait in traits}
    finally:
        for trait, value in before.items():
            setattr(spawner, trait, value)


def initialized(profile_list: Any) -> list[dict[str, Any]]:
    """With slugs and defaults, as KubeSpawner makes them."""
    found: list[dict[str, Any]] = _spawner()._get_initialized_profile_list(profile_list)
    return found


def obeying(code: str, profiles: list[dict[str, Any]]) -> Any:
    """The `profile_list` that a hub has after this code in its configuration."""
    from traitlets.config import Config

    c = Config(KubeSpawner={"profile_list": profiles})
    exec(code, {"c": c})
    return c.KubeSpawner.profile_list
