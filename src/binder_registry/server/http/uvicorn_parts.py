"""What we use of uvicorn that is not its public interface: it is imported here only, and its version is pinned to one.

- `HttpToolsProtocol`, which reads requests from a connection: `protocol` extends it, and builds on its attributes and
  methods. Way out: a protocol of our own over `httptools`, of some 300 lines more; deadlines, refusals and the fast
  path are ours already.
- `RequestResponseCycle`, one request and its answer: `recorder` writes usual answers past it. Way out: goes with the
  protocol; until then `cycle.send`, which is slower.
- `STATUS_LINE`, first lines by status. Way out: build them from `http.HTTPStatus`.
- `service_unavailable`, the application that uvicorn puts in the place of ours over `limit_concurrency`. Way out: count
  connections in `SafeProtocol`, as the fast path does.

`tests/server/test_protocol.py` names every attribute and method of these that is used, and fails when one is gone. What
`uvicorn_server` needs, `Config` and `Server` with the methods that it extends, is public.
"""

from uvicorn.protocols.http.flow_control import service_unavailable as service_unavailable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE as STATUS_LINE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as HttpToolsProtocol
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle as RequestResponseCycle
