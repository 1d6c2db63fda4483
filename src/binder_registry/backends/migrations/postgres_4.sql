-- The registry's own tokens, each as JSON without its secret; `number` is that of the newest entry about it.
CREATE TABLE registry_tokens (
    id text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    number bigint NOT NULL,
    used timestamptz, -- the minute
    content bytea NOT NULL
);

CREATE INDEX registry_tokens_by_number ON registry_tokens (number);

-- What was done to them, as JSON. Numbers are given under the lock of the head row.
CREATE TABLE registry_token_audit (
    number bigint PRIMARY KEY,
    content bytea NOT NULL
);
