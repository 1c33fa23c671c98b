-- Who signs in to the console. A password is an argon2id hash; none until its
-- link was used. A disabled user and a changed password end all sessions.
CREATE TABLE users (
    name        TEXT PRIMARY KEY,
    role        TEXT NOT NULL,
    password    TEXT,
    disabled    INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Links by which a user sets the password, once.
CREATE TABLE user_links (
    hash        BLOB PRIMARY KEY,
    name        TEXT NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is signed in, by the hash of what the cookie holds. The role of a user
-- of another directory is that of the sign-in; a local user's is looked up.
CREATE TABLE sessions (
    hash        BLOB PRIMARY KEY,
    name        TEXT NOT NULL,
    role        TEXT,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_name ON sessions (name);

-- What cookies are signed with, the same for all processes.
CREATE TABLE console_key (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    key         BLOB NOT NULL
) STRICT;
