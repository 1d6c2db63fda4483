"""Every error that a route declares, as it is answered; and the field of each that has one at fault."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from binder_registry import Identity, InMemoryStore, Registry
from binder_registry.auth import TokenAuthStore
from binder_registry.cli.serve import READER
from binder_registry.errors import MethodNotAllowed, RegistryError, RouteNotFound, Unauthorized
from binder_registry.server import App, Options
from binder_registry.server.http.error_status import STATUS
from binder_registry.server.routes import ROUTES, Route

from .asking import asked, error_name, hints
from .running import KEY

DECLARED = {error for route in ROUTES for error in route.all_errors} | {RouteNotFound, MethodNotAllowed}
BODIES = [route for route in ROUTES if route.body]
QUERIES = [
    (route, one.name)
    for route in ROUTES
    for one in route.parameters
    # Labels may come twice, and before options the template is looked for.
    if one.where == "query" and one.name not in ("label", "options")
]


class Failing:
    """An AuthStore by which every question ends in `error`."""

    blocking = False

    def __init__(self, error: type[RegistryError]) -> None:
        self.error = error

    def identify(self, token: str) -> Identity:
        raise self.error


@pytest.fixture
def client() -> Iterator[TestClient]:
    with asked(App(Registry(InMemoryStore(), TokenAuthStore(KEY)), Options(reader=READER))) as client:
        yield client


def target(route: Route) -> str:
    return route.path.replace("{name}", "a").replace("{revision}", "1")


def test_the_errors_that_have_a_status_are_those_that_are_declared() -> None:
    assert STATUS.keys() == DECLARED | {Unauthorized}  # which stands for those below it


@pytest.mark.parametrize("error", STATUS, ids=lambda error: error.__name__)
def test_every_error_is_json_that_says_why_with_its_status_its_name_and_when_to_try_again(
    error: type[RegistryError],
) -> None:
    with asked(App(Registry(InMemoryStore(), Failing(error)), Options(protect_reads=True))) as client:
        answer = client.get("/templates")

    assert answer.status_code == STATUS[error][0]
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.json()["message"] == error().message
    assert error_name(answer) == answer.headers["registry-error"]
    assert answer.headers.get("retry-after") == (None if error.retry_after is None else str(error.retry_after))


@pytest.mark.parametrize("status", sorted({STATUS[error][0] for error in STATUS} & {429, 503}))
def test_every_error_that_passes_says_when_to_try_again(status: int) -> None:
    assert all(error.retry_after for error, (of, _) in STATUS.items() if of == status)


@pytest.mark.parametrize("route", BODIES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("body", [b"[", b"\xff", b'{"\\ud800":1}'])
def test_what_is_no_json_is_named_as_the_body(client: TestClient, route: Route, body: bytes) -> None:
    answer = client.request(route.method, target(route), content=body)

    assert (answer.status_code, hints(answer)) == (400, ["body"])


@pytest.mark.parametrize(("route", "name"), QUERIES, ids=lambda part: getattr(part, "path", part))
def test_a_parameter_that_is_given_twice_is_named(client: TestClient, route: Route, name: str) -> None:
    answer = client.request(route.method, f"{target(route)}?{name}=1&{name}=1")

    assert (answer.status_code, hints(answer)) == (400, [name])
