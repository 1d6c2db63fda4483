import inspect
import re
from pathlib import Path

import pytest

import binder_registry
from binder_registry import errors
from binder_registry.errors import APIErrorResponse, ErrorHint, InvalidRequest, RegistryError, error_classes, error_name
from binder_registry.wire import encode_error

OURS = [error for error in error_classes() if error.__module__ == errors.__name__]


@pytest.mark.parametrize(
    ("constant", "message"),
    [
        ("DontPanicError", "Internal Server Error. Don't Panic. We will."),
        ("ExistingTemplateError", "Template already exists"),
        ("InvalidTokenError", "Invalid token"),
        (
            "MissingAuthHeaderError",
            "Authorization header not set. Should be of format 'Authorization: token key'",
        ),
        (
            "MissingTokenFieldError",
            "Token field not present in Authorization header. Should be of format 'Authorization: token key'",
        ),
        ("TemplateNotFoundError", "Template Not Found"),
        ("UnableToListError", "Unable to list templates"),
        ("UnavailableTemplateError", "Template unavailable"),
    ],
)
def test_the_constants_of_2015_say_what_they_said(constant: str, message: str) -> None:
    error = getattr(binder_registry, constant)

    assert type(error) is APIErrorResponse
    assert str(error) == message


def test_an_error_is_its_message_and_its_hints() -> None:
    hint = ErrorHint("Template", "name", "missing_field")

    error = APIErrorResponse("no", [hint])

    assert (str(error), error.message, error.errors) == ("no", "no", (hint,))


def test_errors_are_equal_when_class_message_and_hints_are() -> None:
    hint = ErrorHint("Template", "name", "missing_field")

    assert APIErrorResponse("no", [hint]) == APIErrorResponse("no", [hint])
    assert hash(APIErrorResponse("no", [hint])) == hash(APIErrorResponse("no", [hint]))
    assert APIErrorResponse("no", [hint]) != APIErrorResponse("no")
    assert errors.TemplateNotFound("no") != errors.RouteNotFound("no")
    assert APIErrorResponse("no") != "no"


def test_names_on_the_wire_are_the_classes_in_snake_case() -> None:
    assert error_name(errors.TemplateNotFound) == "template_not_found"


def test_every_error_has_a_name_of_its_own() -> None:
    names = [error_name(error) for error in OURS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("error", OURS, ids=error_name)
def test_every_error_can_be_raised_without_arguments_and_says_something(error: type[RegistryError]) -> None:
    assert str(error())


@pytest.mark.parametrize("error", OURS, ids=error_name)
def test_every_error_takes_the_message_of_an_answer(error: type[RegistryError]) -> None:
    assert error(message="as answered").message == "as answered"


@pytest.mark.parametrize("error", OURS, ids=error_name)
def test_the_tree_in_the_docstring_shows_every_error(error: type[RegistryError]) -> None:
    assert errors.__doc__ is not None

    assert error.__name__ in errors.__doc__.replace(",", " ").split()


def test_classes_come_parents_first() -> None:
    for at, error in enumerate(OURS):
        assert all(parent in OURS[:at] for parent in inspect.getmro(error)[1:] if parent in OURS)


@pytest.mark.parametrize("error", [error for error in OURS if not error.__subclasses__()], ids=error_name)
def test_every_error_is_raised_somewhere(error: type[RegistryError]) -> None:
    package = Path(inspect.getfile(binder_registry)).parent
    sources = [path.read_text() for path in package.rglob("*.py") if path.name != "errors.py"]

    assert any(re.search(rf"raise {error.__name__}\b|\b{error.__name__}[(.]", source) for source in sources)


def test_of_many_hints_the_first_are_kept_and_the_others_counted() -> None:
    error = InvalidRequest("wrong", [ErrorHint("Request", f"field{number}", "invalid") for number in range(150)])

    assert (len(error.errors), error.message) == (100, "wrong; and 50 more")


@pytest.mark.parametrize("character", ["a", "<", "\0", "\U0001f600", '"'])
def test_no_body_of_an_error_is_large(character: str) -> None:
    hints = [ErrorHint("Request", character * 100_000, "invalid")] * 150

    assert len(encode_error(InvalidRequest(character * 1_000_000, hints))) < 64 * 1024
