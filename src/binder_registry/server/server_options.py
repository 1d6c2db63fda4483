"""What a server is told once, when it is made."""

from msgspec import Struct
from msgspec.structs import force_setattr

from .http.forwarded import normal_networks
from .http.logins import Logins
from .http.prefixes_origins import normal_origins, normal_prefix
from .limits import Limits


class Options(Struct, frozen=True):
    """How a server behaves towards its clients. Raises `ValueError` for what could never match.

    `prefix` is the path below which everything is served; it is kept percent-encoded, without a slash at its end.
    `strong_reads` asks the database for its head before every read of the present. `cors_origins` are kept as browsers
    write them, and may hold `*`. `trusted_proxies` are addresses and networks; a server of another kind has its own
    setting for them. `ui`: whether there is the web page. `reader` is the command of the process that reads documents
    of YAML; without one they are refused. `logins`: who lets a hub's users in, by cookies.
    """

    protect_reads: bool = False
    require_if_match: bool = False
    strong_reads: bool = False
    cors_origins: tuple[str, ...] = ()
    prefix: str = ""
    trusted_proxies: tuple[str, ...] = ()
    limits: Limits = Limits()
    ui: bool = True
    reader: tuple[str, ...] = ()
    logins: Logins | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "prefix", normal_prefix(self.prefix))
        force_setattr(self, "cors_origins", normal_origins(self.cors_origins))
        force_setattr(self, "trusted_proxies", normal_networks(self.trusted_proxies))
