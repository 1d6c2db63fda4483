"""A socket on which the metrics are served without a token, and nothing else is."""

import socket
from typing import Any

import uvicorn

from .handlers.metrics import only_metrics
from .http.accepting import Accepting
from .http.counters import Counters
from .http.fast_path import fast_protocol
from .limits import Limits, MiB
from .live.read_model import ReadModel
from .service import Service

LIMITS = Limits(connections=64, connections_per_client=0, received_bytes=MiB, unsent_bytes=8 * MiB)
KEEP_ALIVE_SECONDS = 75


class MetricsListener:
    """From its making until `close`, on the event loop. Its requests are not among those that the metrics count."""

    def __init__(self, service: Service, listener: socket.socket) -> None:
        protocol: Any = fast_protocol(
            ReadModel(), access_log=None, counters=Counters(), open_reads=False, limits=LIMITS
        )
        config = uvicorn.Config(
            only_metrics(service),
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        config.load()
        self._state = uvicorn.Server(config).server_state
        self._accepting = Accepting(listener, lambda: protocol(config, self._state, {}))

    def tick(self, headers: list[tuple[bytes, bytes]]) -> None:
        """The headers that uvicorn renews each second."""
        self._state.default_headers = headers

    def close(self) -> None:
        self._accepting.close()
        for connection in list(self._state.connections):
            connection.shutdown()
