import time
from types import SimpleNamespace
from typing import Any

from binder_registry.jupyterhub import Catalogue, Environments, Follower, Rules

LOCAL = Rules("local")


def template(name: str = "scipy", revision: int = 1, **members: Any) -> dict[str, Any]:
    """As `GET /templates?view=full` has it; members in Python's spelling: `redirect_uri`."""
    given = {member.replace("_", "-"): value for member, value in members.items()}
    return {"name": name, "image-name": "jupyter/scipy:1", "command": "", "limits": {}, **given, "revision": revision}


def catalogue(*templates: dict[str, Any], rules: Rules = LOCAL, versions: int = 0, **history: Any) -> Catalogue:
    return Catalogue(history=history).having(templates, rules, versions)


def environments(found: Catalogue | None, rules: Rules = LOCAL, **options: Any) -> Environments:
    """The hooks over a catalogue that stays as it is: the follower is not started."""
    follower = Follower("http://localhost:9", "", rules)
    follower.catalogue, follower.contact = found, time.time()
    follower.tried.set()
    return Environments(follower, **options)


class HubUser(SimpleNamespace):
    """What the hooks look at of a hub's user."""

    def __init__(self, *groups: str, admin: bool = False, auth_state: Any = None) -> None:
        super().__init__(name="ada", id=1, url="/user/ada", admin=admin)
        self.groups = [SimpleNamespace(name=group) for group in groups]
        self.auth_state = auth_state

    async def get_auth_state(self) -> Any:
        return self.auth_state
