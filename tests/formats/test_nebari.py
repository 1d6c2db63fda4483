from typing import Any

import pytest

from binder_registry.formats.nebari import as_kubespawner
from binder_registry.formats.z2jh import from_z2jh


def offered(**profile: Any) -> list[tuple[str, ...]]:
    one = {"display_name": "A", "kubespawner_override": {"cpu_limit": 1}, **profile}
    values = {"default_images": {"jupyterlab": "lab:1"}, "profiles": {"jupyterlab": [one], "dask_worker": {"A": {}}}}
    templates, _ = from_z2jh(values)
    return [template.allowed_groups for template in templates]


@pytest.mark.parametrize(
    ("profile", "groups"),
    [
        ({}, [()]),
        ({"access": "all", "groups": None, "users": []}, [()]),
        ({"access": "yaml", "groups": ["dev"]}, [("dev",)]),
        ({"access": "yaml", "groups": ["dev"], "users": []}, [("dev",)]),
        ({"groups": ["dev"]}, [("dev",)]),
        ({"access": "keycloak"}, []),
        ({"access": "yaml"}, []),
        ({"access": "yaml", "users": ["ada"]}, []),
        ({"access": "yaml", "users": ["ada"], "groups": []}, []),
        ({"users": ["ada"]}, []),
        ({"groups": []}, []),
    ],
)
def test_nebaris_and_qhubs_profiles_are_offered_to_nobody_else(
    profile: dict[str, Any], groups: list[tuple[str, ...]]
) -> None:
    assert offered(**profile) == groups


@pytest.mark.parametrize("profile", [{"slug": "a"}, {"access": "all", "groups": ["x"]}, "text", None])
def test_what_restricts_stays(profile: Any) -> None:
    assert as_kubespawner(profile) == profile
