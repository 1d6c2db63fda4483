"""A registry of templates for interactive-computing environments.

The public names are resolved when they are first used (PEP 562): `binder_registry.jupyterhub` imports in a hub that has
none of our dependencies, and the command line starts quickly.
"""

from importlib import import_module

from .version import __version__ as __version__

TYPE_CHECKING = False  # `typing` takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .apply import ApplyRequest as ApplyRequest
    from .apply import Step as Step
    from .auth import ANYONE as ANYONE
    from .auth import AuthStore as AuthStore
    from .auth import Identity as Identity
    from .auth import Reach as Reach
    from .auth import Scope as Scope
    from .auth import TokenAuthStore as TokenAuthStore
    from .backends import open_store as open_store
    from .backends.memory import InMemoryStore as InMemoryStore
    from .changes import Action as Action
    from .changes import Change as Change
    from .changes import Position as Position
    from .client import Client as Client
    from .errors import APIErrorResponse as APIErrorResponse
    from .errors import DontPanicError as DontPanicError
    from .errors import ErrorHint as ErrorHint
    from .errors import ExistingTemplateError as ExistingTemplateError
    from .errors import InvalidTokenError as InvalidTokenError
    from .errors import MissingAuthHeaderError as MissingAuthHeaderError
    from .errors import MissingTokenFieldError as MissingTokenFieldError
    from .errors import RegistryError as RegistryError
    from .errors import TemplateNotFoundError as TemplateNotFoundError
    from .errors import UnableToListError as UnableToListError
    from .errors import UnavailableTemplateError as UnavailableTemplateError
    from .hub_auth import HubAuthStore as HubAuthStore
    from .log_contract import Log as Log
    from .log_store import LogStore as LogStore
    from .registry import Registry as Registry
    from .server import new_default_router as new_default_router
    from .store import Store as Store
    from .template import ContainerLimits as ContainerLimits
    from .template import Template as Template

_MODULES = {
    "apply": ("ApplyRequest", "Step"),
    "auth": ("ANYONE", "AuthStore", "Identity", "Reach", "Scope", "TokenAuthStore"),
    "backends": ("open_store",),
    "backends.memory": ("InMemoryStore",),
    "changes": ("Action", "Change", "Position"),
    "client": ("Client",),
    "errors": (
        "APIErrorResponse",
        "DontPanicError",
        "ErrorHint",
        "ExistingTemplateError",
        "InvalidTokenError",
        "MissingAuthHeaderError",
        "MissingTokenFieldError",
        "RegistryError",
        "TemplateNotFoundError",
        "UnableToListError",
        "UnavailableTemplateError",
    ),
    "hub_auth": ("HubAuthStore",),
    "log_contract": ("Log",),
    "log_store": ("LogStore",),
    "registry": ("Registry",),
    "server": ("new_default_router",),
    "store": ("Store",),
    "template": ("ContainerLimits", "Template"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> "Any":
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
