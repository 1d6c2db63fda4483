"""What the server tells the program that started it, as sd_notify(3) has it: systemd, or whoever set NOTIFY_SOCKET."""

import logging
import socket
from collections.abc import Callable, Mapping

SEND_SECONDS = 1.0  # one that does not listen must not hold up the server

logger = logging.getLogger("binder_registry")


def supervisor(environment: Mapping[str, str]) -> Callable[[str], None]:
    """What takes a state, such as READY=1, and tells it; without NOTIFY_SOCKET, nobody."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return lambda _: None
    if address.startswith("@"):  # abstract: in no folder
        address = f"\0{address[1:]}"

    def tell(state: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.settimeout(SEND_SECONDS)
                sending.connect(address)
                sending.send(state.encode())
        except (OSError, ValueError) as error:
            logger.warning("NOTIFY_SOCKET cannot be told %s: %s", state, error)

    return tell
