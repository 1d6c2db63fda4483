import subprocess
import sys
from importlib import import_module

import pytest

import binder_registry


@pytest.mark.parametrize("name", binder_registry.__all__)
def test_every_public_name_can_be_imported_from_the_top(name: str) -> None:
    assert getattr(binder_registry, name) is not None
    assert name in dir(binder_registry)


@pytest.mark.parametrize(
    "name",
    [
        "APIErrorResponse",
        "AuthStore",
        "ContainerLimits",
        "DontPanicError",
        "ErrorHint",
        "ExistingTemplateError",
        "InMemoryStore",
        "InvalidTokenError",
        "MissingAuthHeaderError",
        "MissingTokenFieldError",
        "Registry",
        "Store",
        "Template",
        "TemplateNotFoundError",
        "TokenAuthStore",
        "UnableToListError",
        "UnavailableTemplateError",
        "new_default_router",
    ],
)
def test_what_the_2015_package_exported_is_public(name: str) -> None:
    assert name in binder_registry.__all__


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        binder_registry.nonsense  # noqa: B018


def test_the_suites_for_backends_can_be_imported() -> None:
    suites = import_module("binder_registry.conformance")

    assert {"AuthStoreConformance", "LogConformance", "StoreConformance"} <= set(dir(suites))


def test_importing_the_package_loads_none_of_its_dependencies() -> None:
    """A hub imports `binder_registry.jupyterhub` without them."""
    program = "import sys, binder_registry; print(*{name.partition('.')[0] for name in sys.modules})"

    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()

    assert not {"msgspec", "starlette", "uvicorn", "httpx2", "click", "rich", "psycopg", "prometheus_client"} & {
        *loaded
    }
