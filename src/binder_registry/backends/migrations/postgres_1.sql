-- One row: the schema's version. A migration leaves what the version before it still reads and writes, so that servers
-- of both versions work side by side: columns and indexes are added, with defaults, and dropped two versions later.
CREATE TABLE registry_schema (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version integer NOT NULL
);

-- One row: the newest position. Its lock is the write lock of all servers.
CREATE TABLE registry_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    origin bytea NOT NULL, -- the mark before revision 1
    revision bigint NOT NULL,
    mark bytea NOT NULL,
    time timestamptz -- of the newest change; NULL in an empty log
);

CREATE TABLE registry_changes (
    revision bigint PRIMARY KEY,
    mark bytea NOT NULL,
    time timestamptz NOT NULL,
    by text NOT NULL,
    note text NOT NULL,
    action text NOT NULL,
    name text COLLATE "C" NOT NULL, -- ordered by code point in a database in UTF-8
    previous bigint NOT NULL,
    first bigint NOT NULL,
    deleted boolean NOT NULL,
    content bytea, -- the template's JSON; NULL when it was purged
    digest bytea NOT NULL
);

-- From one name's newest change straight to the next name's: start and time travel skip history.
CREATE UNIQUE INDEX registry_changes_by_name ON registry_changes (name, revision DESC);
