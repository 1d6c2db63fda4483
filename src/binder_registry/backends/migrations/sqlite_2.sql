-- One row, by which a write-ahead log is known to belong to this file: see sqlite_foreign_wal.py.
CREATE TABLE wal_token (token BLOB NOT NULL, base BLOB NOT NULL);
INSERT INTO wal_token (token, base) VALUES (randomblob(8), zeroblob(8))
