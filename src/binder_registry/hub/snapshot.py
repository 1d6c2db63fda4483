"""The last list on disk, for a hub that starts while the registry is down."""

import json
import os
import stat
import tempfile
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .answers import listed_templates, position_of
from .catalogue import Catalogue
from .rules import Rules, log

CLOCK_LEEWAY = 300.0  # seconds that a snapshot may seem to come from the future
_UNUSABLE = (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Snapshot:
    """The last list on disk, for a hub that starts while the registry is down.

    The file's time says when the registry last confirmed what is in it. So only a file that is still as it was read or
    written here gets a new time; one that was removed, overwritten or could not be written is written whole. What the
    registry confirmed later, to another hub with the same file, stays: by the time, for revisions of a registry whose
    database was replaced begin anew.
    """

    def __init__(self, path: str | os.PathLike[str], url: str, versions: int) -> None:
        self.path = Path(path)
        self._url, self._versions = url, versions
        self._held: Catalogue | None = None  # what the file holds
        self._left: tuple[int, ...] = ()  # the file as it was left
        self._trouble = ""
        if self._is_special():
            raise ValueError(f"snapshot={str(path)!r} is no regular file; None keeps the list in memory only")

    def read(self, rules: Rules) -> tuple[Catalogue, float] | None:
        """The list, and when the registry last confirmed it."""
        try:
            saved, status = self._saved()
            if saved["url"] != self._url:
                return None
            if status.st_mtime > time.time() + CLOCK_LEEWAY:
                raise ValueError("its time is in the future, so its age is unknown")
            same = saved["versions"] == self._versions
            history = {name: listed_templates(past) for name, past in saved["history"].items()} if same else {}
            catalogue = Catalogue(position_of(saved["position"]), history=history)
            catalogue = catalogue.having(listed_templates(saved["templates"]), rules, self._versions)
        except FileNotFoundError:
            return None
        except _UNUSABLE as error:
            log.warning("The snapshot %s cannot be used: %s", self.path, error)
            return None
        if same:
            self._held, self._left = catalogue, _identity(status)
        return catalogue, min(status.st_mtime, time.time())

    def write(self, catalogue: Catalogue, confirmed: float) -> None:
        """Failures are told once, and tried again the next time."""
        if catalogue is self._held and self._touch(confirmed):
            return
        self._held = None
        try:
            if self._is_special():
                raise OSError("it is no regular file")  # which the one that is written would replace
            if not self._is_later(confirmed):
                self._replace(catalogue, confirmed)
        except OSError as error:
            if str(error.strerror or error) != self._trouble:
                self._trouble = str(error.strerror or error)
                log.warning("The snapshot %s cannot be written: %s", self.path, self._trouble)
            return
        if self._held and self._trouble:
            log.warning("The snapshot %s can be written again", self.path)
            self._trouble = ""

    def _touch(self, confirmed: float) -> bool:
        """False: the file is not as it was left."""
        try:
            if _identity(self.path.stat()) != self._left:
                return False
            os.utime(self.path, (confirmed, confirmed))
            now = _identity(self.path.stat())
        except OSError:
            return False
        if now[:-1] != self._left[:-1]:  # replaced in between
            return False
        self._left = now
        return True

    def _saved(self) -> tuple[Any, os.stat_result]:
        with self.path.open() as file:
            return json.load(file), os.fstat(file.fileno())

    def _is_later(self, confirmed: float) -> bool:
        """Does the file hold what another hub heard of the same registry after that?"""
        try:
            status = self.path.stat()
            if _identity(status) == self._left or not confirmed < status.st_mtime <= time.time() + CLOCK_LEEWAY:
                return False
            saved, _ = self._saved()
            listed_templates(saved["templates"])
            return bool(saved["url"] == self._url)
        except _UNUSABLE:
            return False

    def _replace(self, catalogue: Catalogue, confirmed: float) -> None:
        content = {
            "url": self._url,
            "versions": self._versions,
            "position": catalogue.position,
            "templates": list(catalogue.templates.values()),
            "history": catalogue.history,
        }
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False) as file:
            try:  # the file is made readable for this user alone
                json.dump(content, file)
                file.flush()
                os.utime(file.fileno(), (confirmed, confirmed))
                os.fsync(file.fileno())
                if not self._is_later(confirmed):  # what came meanwhile
                    Path(file.name).replace(self.path)
                    self._held, self._left = catalogue, _identity(os.fstat(file.fileno()))
            finally:
                Path(file.name).unlink(missing_ok=True)

    def _is_special(self) -> bool:
        try:
            return not stat.S_ISREG(self.path.stat().st_mode)
        except OSError:
            return False


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns
