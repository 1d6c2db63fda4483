"""The routes of logins by a hub, which are no part of the API: there is none of them without such a hub."""

from .handlers import login
from .route import Route

ENTER = Route(method="GET", path="/ui/enter", handler=login.enter, summary="To the hub", scope=None, tag="server")
BACK = Route(method="GET", path=login.CALLBACK, handler=login.come_back, summary="Back", scope=None, tag="server")
LEAVE = Route(method="POST", path="/ui/leave", handler=login.leave, summary="Log out", scope=None, tag="server")
LOGIN_ROUTES = {route.path: {route.method: route} for route in (ENTER, BACK, LEAVE)}
