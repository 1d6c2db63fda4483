"""A block of writes within those of a batch."""

from typing import Generic, Protocol, TypeVar


class Growing(Protocol):
    @property
    def length(self) -> tuple[int, int]: ...

    def cut_back(self, to: tuple[int, int]) -> None: ...


T = TypeVar("T", bound=Growing)


class Part(Generic[T]):
    """Some of the writes of a batch: an exception that leaves the block undoes them, and no others.

    A class, since each write is one: a generator would take longer than its rules.
    """

    __slots__ = ("_batch", "_length")

    def __init__(self, batch: T) -> None:
        self._batch = batch

    def __enter__(self) -> T:
        self._length = self._batch.length
        return self._batch

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is not None:
            self._batch.cut_back(self._length)
