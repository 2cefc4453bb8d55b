-- What the kernel keeps for itself: facts about the store, the ledger of
-- migrations, who owns which table, tokens, and leases of background work.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE schema_migrations (
    plugin TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    name TEXT NOT NULL,
    checksum TEXT NOT NULL CHECK (length(checksum) = 64),
    applied_at INTEGER NOT NULL,
    applied_by TEXT NOT NULL,
    PRIMARY KEY (plugin, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE registered_tables (
    name TEXT NOT NULL PRIMARY KEY,
    plugin TEXT NOT NULL,
    record TEXT NOT NULL CHECK (json_valid(record))
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes TEXT NOT NULL CHECK (json_valid(scopes) AND json_array_length(scopes) >= 1),
    created_at INTEGER NOT NULL,
    expires_at INTEGER CHECK (expires_at > created_at),
    revoked_at INTEGER CHECK (revoked_at >= created_at),
    last_used_at INTEGER
) STRICT;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL CHECK (token >= 1),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
