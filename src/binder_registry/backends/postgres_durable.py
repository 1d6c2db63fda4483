"""What keeps a database from keeping what was answered, and that no session can change: told, whenever it changes."""

import logging

from .postgres_connection import Connection

_SETTINGS = (
    "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),"
    " current_setting('synchronous_standby_names')"
)
WITH_ITS_MACHINE = "writes that were answered may be lost with its machine"

logger = logging.getLogger(__name__)


class Durability:
    """Remembers what it has told: a server may be reloaded, or another one take its place. Looks at once.

    Raises `psycopg.Error`.
    """

    def __init__(self, connection: Connection) -> None:
        self._told: set[str] = set()
        self.look(connection)

    def look(self, connection: Connection) -> None:
        """Raises `psycopg.Error`."""
        [settings] = connection.execute(_SETTINGS).fetchall()
        found = set(_weaknesses(*settings))
        for weakness in sorted(found - self._told):
            logger.warning("PostgreSQL: %s", weakness)
        self._told = found


def _weaknesses(fsync: str, full_pages: str, commit: str, standbys: str) -> list[str]:
    found = [
        f"{setting} is off: {WITH_ITS_MACHINE}"
        for setting, value in (("fsync", fsync), ("full_page_writes", full_pages))
        if value == "off"
    ]
    if standbys and commit == "local":  # with `remote_write`, two machines have to fail at once
        found.append(
            f"synchronous_commit is local, and its synchronous standbys are not waited for: {WITH_ITS_MACHINE}"
        )
    return found
