-- The registry's own tokens, each as JSON without its secret; `number` is that of the newest entry about it.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    number INTEGER NOT NULL,
    used INTEGER, -- microseconds since 1970, UTC, of the minute
    content BLOB NOT NULL
);

CREATE INDEX tokens_by_number ON tokens (number);

-- What was done to them, as JSON.
CREATE TABLE token_audit (
    number INTEGER PRIMARY KEY,
    content BLOB NOT NULL
)
