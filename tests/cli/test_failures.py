import pytest

from binder_registry.cli.failures import explain
from binder_registry.errors import (
    AuthUnavailable,
    DatabaseRefused,
    InvalidToken,
    MissingScope,
    RegistryError,
    RevisionConflict,
    StoreUnavailable,
    TemplateNotFound,
    TooBusy,
    error_classes,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TemplateNotFound(), 1),
        (DatabaseRefused(), 1),
        (StoreUnavailable(), 3),
        (TooBusy(), 3),
        (AuthUnavailable(), 3),
        (RevisionConflict(), 4),
        (InvalidToken(), 5),
        (MissingScope(), 5),
        (FileNotFoundError(2, "No such file", "x"), 1),
        (OSError("odd"), 1),
        (RuntimeError("odd"), 1),
    ],
)
def test_errors_have_exit_codes(error: Exception, code: int) -> None:
    assert explain(error)[0] == code


@pytest.mark.parametrize("kind", error_classes())
def test_every_error_is_one_line(kind: type[RegistryError]) -> None:
    _, line = explain(kind(message="Two\nlines\r\n\x1b[31m"))

    assert (line.startswith("Error: Two lines "), line.isprintable()) == (True, True)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "r"), "Error: 'a\\udcff' is not text in UTF-8."),
        (RecursionError("maximum recursion depth"), "Error: The input is nested too deeply."),
        (IsADirectoryError(21, "Is a directory", "x"), "Error: x: Is a directory."),
        (BlockingIOError(11, "Resource temporarily unavailable"), "Error: Resource temporarily unavailable."),
    ],
)
def test_what_an_input_can_cause_is_no_fault_of_ours(error: Exception, line: str) -> None:
    assert explain(error) == (1, line)


def test_a_fault_of_ours_asks_for_a_report() -> None:
    assert explain(RuntimeError("odd"))[1].startswith("Error: RuntimeError: odd. This is a fault of binder-registry")


def test_a_traceback_is_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDER_REGISTRY_TRACEBACK", "1")

    with pytest.raises(RuntimeError):
        explain(RuntimeError("odd"))
