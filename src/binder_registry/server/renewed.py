"""What of its options a server takes anew while it runs. The rest is wired into its parts, and stays until it ends."""

from msgspec.structs import replace

from .limits import renewed_limits
from .server_options import Options
from .service import Service

RENEWED = ("require_if_match", "cors_origins", "limits")


def renewed_options(now: Options, wanted: Options) -> Options:
    """Of the limits those that are `live`. Whether there are origins at all decides which requests are answered fast:
    that stays."""
    origins = wanted.cors_origins if bool(wanted.cors_origins) == bool(now.cors_origins) else now.cors_origins
    return replace(
        now,
        require_if_match=wanted.require_if_match,
        cors_origins=origins,
        limits=renewed_limits(now.limits, wanted.limits),
    )


def renew(service: Service, wanted: Options) -> None:
    """From the next request on. In the thread of the event loop, in a handler of a signal say."""
    service.options = renewed_options(service.options, wanted)
    limits = service.options.limits
    service.write_rates.renew(limits)
    service.identities.renew(limits)
    service.streams.renew(limits.streams, limits.streams_per_client)
