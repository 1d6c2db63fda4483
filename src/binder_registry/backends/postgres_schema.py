"""The schema in PostgreSQL: created, migrated, or refused."""

from importlib.resources import files
from secrets import token_bytes

from psycopg import IsolationLevel

from ..changes import MARK_BYTES
from ..errors import DatabaseRefused
from .postgres_connection import Connection

SCHEMA = 4  # registry_schema.version
MIGRATION_LOCK = 0x62726567  # "breg": the key of the advisory lock
MIGRATION_SECONDS = 600.0  # for a migration, our own or the one of a server that started at the same time


def prepare(connection: Connection, read_only: bool) -> None:
    """Create or migrate the schema. Raises `DatabaseRefused` for what this program cannot use."""
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise DatabaseRefused("PostgreSQL: the database must be created with ENCODING 'UTF8'")
    if not read_only:
        _refuse_reader(connection)
    found = _version(connection)
    if found < SCHEMA and not read_only:
        connection.answer_seconds = MIGRATION_SECONDS
        connection.isolation_level = IsolationLevel.READ_COMMITTED  # to see what a server did while we waited for it
        with connection.transaction():
            connection.execute(
                "SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)"
            )
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
            found = _version(connection)  # another server may have done it meanwhile
            for version in range(found + 1, SCHEMA + 1):
                connection.execute((files(__package__) / f"migrations/postgres_{version}.sql").read_bytes())
            if not found:
                connection.execute("INSERT INTO registry_schema (version) VALUES (%s)", (SCHEMA,))
                connection.execute(
                    "INSERT INTO registry_head (origin, revision, mark) VALUES (%(mark)s, 0, %(mark)s)",
                    {"mark": token_bytes(MARK_BYTES)},
                )
            elif found < SCHEMA:
                connection.execute("UPDATE registry_schema SET version = %s", (SCHEMA,))
    elif not found:
        raise DatabaseRefused("PostgreSQL: this database holds no registry")
    if found > SCHEMA + 1:
        raise DatabaseRefused(
            f"PostgreSQL: written by a newer binder-registry (schema {found}, this program knows {SCHEMA} and the next)"
        )


def _refuse_reader(connection: Connection) -> None:
    [(standby, read_only)] = connection.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')")
    if standby or read_only == "on":
        why = "it is a standby" if standby else "default_transaction_read_only is on"
        raise DatabaseRefused(f"PostgreSQL: this database takes no writes ({why}): name the primary")


def _version(connection: Connection) -> int:
    """0 where there is no schema yet."""
    # Not to_regclass: it may remember, inside a transaction, what another server has created meanwhile.
    [[there]] = connection.execute(
        "SELECT count(*) FROM pg_tables"
        " WHERE tablename = 'registry_schema' AND schemaname = ANY(current_schemas(false))"
    )
    return connection.execute("SELECT version FROM registry_schema").fetchall()[0][0] if there else 0
