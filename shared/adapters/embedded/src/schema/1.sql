-- What a program needs to remember beside the data. `high`: ids below it may have been given out.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('high', 1);

CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    max_deliveries INTEGER NOT NULL,
    visibility_ms INTEGER NOT NULL,
    dedup_ms INTEGER NOT NULL
);

-- Sessions that have messages. Ids ascend, so that active sessions lie together in the index below.
CREATE TABLE sessions (id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, name TEXT NOT NULL);

-- `session` of an unordered message is minus its queue's id. Times are milliseconds since 1970.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    session INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    body INTEGER,
    correlation TEXT,
    attributes TEXT,
    head BLOB,
    tail BLOB
);
CREATE INDEX messages_by_session ON messages (session);
CREATE INDEX messages_by_queue ON messages (queue);
CREATE INDEX messages_held_back ON messages (session, visible_at) WHERE visible_at > 0;

-- Bytes that several rows share. `size` is uncompressed; `packed` is 1 for lz4. Counting does not rewrite the bytes.
CREATE TABLE bodies (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, packed INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE body_refs (body INTEGER PRIMARY KEY, refs INTEGER NOT NULL);

CREATE TABLE archive (
    key TEXT PRIMARY KEY,
    body INTEGER,
    size INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    metadata TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE records (
    key TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    expires_at INTEGER,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;

-- What was enqueued lately: first in the log, then sorted. `key` and `check_` are a dedup id's hash within its queue.
CREATE TABLE dedup_log (
    message INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    check_ INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE TABLE dedup (
    key INTEGER PRIMARY KEY,
    check_ INTEGER NOT NULL,
    message INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
