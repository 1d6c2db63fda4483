"""A whole log from one database to another, with its numbers, times and marks."""

from collections.abc import Callable
from typing import Protocol

from ..changes import PAGE, PAGE_BYTES, Change, Head, content_digest, next_mark
from ..errors import DatabaseRefused
from ..log_contract import Log, format_kept, keep_format, mark_at
from ..token_contract import TokenStore

Progress = Callable[[str, int, int], None]  # "copying" or "verifying", the revision reached, the last one


class Target(Log, Protocol):
    """A log that can begin as another one did."""

    def adopt(self, origin: bytes) -> None:
        """Take another log's origin. Only an empty log has none of its own to lose: else raises `DatabaseRefused`."""
        ...


def copy_log(source: Log, target: Target, progress: Progress = lambda step, revision, last: None) -> Head:
    """Copies what `target` lacks, then compares both row by row and verifies the chain of marks. Gives the head copied.

    A copy that was broken off goes on where it stopped. The source may be written to meanwhile: what came after the
    head at the start is left for the next time. Raises `DatabaseRefused` when the target holds anything else, or the
    source's chain is broken.
    """
    head = source.head()
    begin(source, target, head)
    copied = target.head()
    while copied.revision < head.revision:
        page = read_page(source, copied.revision, head)
        with target.writing() as rows:
            if target.head() != copied:
                raise DatabaseRefused("somebody else writes to the target of the copy")
            rows += page
            if (kept := format_kept(source)) > format_kept(target):
                keep_format(target, kept)
        copied = Head(page[-1].revision, page[-1].mark, page[-1].time)
        progress("copying", copied.revision, head.revision)
    verify(source, target, head, progress)
    return head


def copy_tokens(source: Log, target: Log) -> int:
    """What `target` lacks of the tokens of `source`, and of what was done to them. Gives how many of them have not
    ended by a revocation. Raises `DatabaseRefused` where one of them keeps none, or the target has others."""
    if not isinstance(source, TokenStore) or not isinstance(target, TokenStore):
        raise DatabaseRefused("one of the databases keeps no tokens")
    newest, tokens = source.tokens()
    by_id = {token.id: token for token in tokens}
    uses = {token.id: token.used for token in tokens if token.used}
    copied, _ = target.tokens()
    if copied > newest or (copied and source.audit(copied - 1, limit=1) != target.audit(copied - 1, limit=1)):
        raise DatabaseRefused("the target of the copy holds other tokens")
    # What is done meanwhile is left for the next time.
    while copied < newest and (page := source.audit(copied, limit=min(PAGE, newest - copied))):
        with target.writing():
            target.write_tokens([(by_id.get(entry.id), entry) for entry in page])
            target.write_uses({entry.id: used for entry in page if (used := uses.get(entry.id))})
        copied = page[-1].number
    return sum(token.revoked is None for token in tokens)


def begin(source: Log, target: Target, head: Head) -> None:
    """Makes an empty target begin as the source did, and sees that one with rows is the source's beginning."""
    copied = target.head()
    if copied.revision == 0 and copied.mark != source.origin():
        target.adopt(source.origin())
    elif copied.revision > head.revision or copied.mark != mark_at(source, copied.revision):
        raise DatabaseRefused("the target of the copy holds another registry, or changes that the source does not have")


def verify(source: Log, target: Target, head: Head, progress: Progress) -> None:
    """Reads both whole. What was purged in the source after it was copied is blanked in the target too."""
    mark, revision = source.origin(), 0
    if target.origin() != mark:
        raise DatabaseRefused("the copy does not begin as its source does")
    while revision < head.revision:
        page = read_page(source, revision, head)
        copies = target.read(revision, page[-1].revision, limit=PAGE)
        if purged := [
            row.revision for row, copy in zip(page, copies, strict=False) if row.content is None is not copy.content
        ]:
            blank(target, purged)
            copies = target.read(revision, page[-1].revision, limit=PAGE)
        if copies != page:
            raise DatabaseRefused(f"the copy differs from its source after revision {revision}")
        for change in page:
            verify_link(mark, change, revision + 1)
            mark, revision = change.mark, change.revision
        progress("verifying", revision, head.revision)
    if mark != head.mark:
        raise DatabaseRefused(f"the source changed its past while it was copied: another mark at revision {revision}")


def read_page(source: Log, since: int, head: Head) -> list[Change]:
    page = source.read(since, head.revision, limit=PAGE, most_bytes=PAGE_BYTES)
    if not page:
        raise DatabaseRefused(f"the source has no changes after revision {since}, and its head said {head.position}")
    return page


def verify_link(before: bytes, change: Change, revision: int) -> None:
    sound = (
        change.revision == revision
        and change.mark == next_mark(before, change)
        and (change.content is None or change.digest == content_digest(change.content))
    )
    if not sound:
        raise DatabaseRefused(f"the chain of marks is broken at revision {revision}")


def blank(log: Log, revisions: list[int]) -> None:
    with log.writing():
        for revision in revisions:
            log.blank(revision)
