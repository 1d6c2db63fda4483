"""The part of the route table that is about the server itself."""

from ..auth import Scope
from .description import parameters as p
from .handlers import about, metrics
from .route import Route

SERVER_ROUTES = (
    Route(
        method="GET",
        path="/health",
        handler=about.health,
        summary="Whether reads and writes are served",
        scope=None,
        tag="server",
        answer="Health",
        parameters=(p.FOR,),
    ),
    Route(
        method="GET",
        path="/metrics",
        handler=metrics.metrics,
        summary="What the server counts, for Prometheus",
        scope=Scope.METRICS,
        tag="server",
        media=("text/plain",),
    ),
    Route(
        method="GET",
        path="/openapi.json",
        handler=about.description,
        summary="This description",
        scope=None,
        tag="server",
        answer="Description",
    ),
    Route(
        method="GET",
        path="/docs",
        handler=about.docs,
        summary="This description as a page",
        scope=None,
        tag="server",
        media=("text/html",),
    ),
)
