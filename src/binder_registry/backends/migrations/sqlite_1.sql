-- The mark before revision 1, in the table's only row.
CREATE TABLE origin (mark BLOB NOT NULL);

CREATE TABLE changes (
    revision INTEGER PRIMARY KEY,
    mark BLOB NOT NULL,
    time INTEGER NOT NULL, -- microseconds since 1970, UTC
    by TEXT NOT NULL,
    note TEXT NOT NULL,
    action TEXT NOT NULL,
    name TEXT NOT NULL,
    previous INTEGER NOT NULL,
    first INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    content BLOB, -- the template's JSON; NULL when it was purged
    digest BLOB NOT NULL
);

-- Two writers cannot both follow one state. A name's rows stand here in the order of their revisions, each with its
-- revision (the rowid), so that one index also finds the newest change of a name and skips history at start.
CREATE UNIQUE INDEX changes_by_name ON changes (name, previous);
