"""What a `Log` must do that keeps the newest format of its content."""

import pytest
from msgspec.structs import replace

from ..changes import Change, Head, chained, content_digest
from ..errors import FormatTooNew
from ..log_contract import KeepsFormat, Log
from ..log_store import LogStore
from ..must_understand import FORMAT
from ..wire import encode_template
from .reading_out import broken_links
from .sample_rows import rows_after
from .samples import SCIPY, R


class Formats:
    """Passed over by a log without `KeepsFormat`."""

    @pytest.fixture
    def keeping(self, log: Log) -> KeepsFormat:
        if not isinstance(log, KeepsFormat):
            pytest.skip("this log keeps no format")
        return log

    def test_a_new_log_has_the_first_format(self, keeping: KeepsFormat) -> None:
        assert keeping.format() == 1

    def test_a_format_rises_with_the_rows_that_need_it(self, log: Log, keeping: KeepsFormat) -> None:
        written(log, keeping, 3)

        assert keeping.format() == 3

    def test_a_format_never_falls(self, log: Log, keeping: KeepsFormat) -> None:
        written(log, keeping, 3)

        written(log, keeping, 2)

        assert keeping.format() == 3

    def test_a_format_shares_the_fate_of_its_block(self, log: Log, keeping: KeepsFormat) -> None:
        with pytest.raises(KeyError), log.writing() as rows:
            rows += rows_after(log.head(), ["a"])
            keeping.raise_format(3)
            raise KeyError

        assert keeping.format() == 1

    def test_a_log_of_a_newer_format_is_read_and_not_written(self, log: Log, keeping: KeepsFormat) -> None:
        store = LogStore(log)
        store.register_template(SCIPY)
        written(log, keeping, FORMAT + 1)

        with pytest.raises(FormatTooNew):
            store.update_template(SCIPY)

        assert store.head().revision == 2
        assert store.get_template("scipy").name == "scipy"

    def test_an_action_of_a_newer_release_is_shown_and_nothing_is_written_after_it(self, log: Log) -> None:
        """Also where that release did not raise the format."""
        store = LogStore(log)
        store.register_template(SCIPY)
        store.register_template(R)
        head = log.head()
        with log.writing() as rows:
            [row] = rows_after(head, ["scipy"], previous=1)
            content = replace(SCIPY, command="frozen")
            rows.append(frozen(row, head, encode_template(content)))

        with pytest.raises(FormatTooNew):
            store.update_template(SCIPY)
        assert [change.action for change in store.changes()] == ["created", "created", "frozen"]
        assert store.get_template("scipy").command == "frozen"
        with pytest.raises(FormatTooNew):
            store.update_template(R)
        assert broken_links(store.changes(), log.origin()) == []


def frozen(row: Change, head: Head, content: bytes) -> Change:
    """The same row, of an action that nobody knows yet."""
    unknown = replace(row, action="frozen", content=content, digest=content_digest(content))
    return chained(head.mark, unknown)


def written(log: Log, keeping: KeepsFormat, number: int) -> None:
    with log.writing() as rows:
        rows += rows_after(log.head(), [f"format {number}"])
        keeping.raise_format(number)
