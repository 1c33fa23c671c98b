-- Who signs in to the console. A password is an argon2id hash; none until its
-- link was used. A disabled user and a changed password end all sessions.
CREATE TABLE users (
    name        text COLLATE "C" PRIMARY KEY,
    role        text COLLATE "C" NOT NULL,
    password    text COLLATE "C",
    disabled    bool NOT NULL DEFAULT false,
    created_at  int8 NOT NULL
);

-- Links by which a user sets the password, once.
CREATE TABLE user_links (
    hash        bytea PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    expires_at  int8 NOT NULL
);

-- Who is signed in, by the hash of what the cookie holds. The role of a user
-- of another directory is that of the sign-in; a local user's is looked up.
CREATE TABLE sessions (
    hash        bytea PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    role        text COLLATE "C",
    created_at  int8 NOT NULL,
    expires_at  int8 NOT NULL
);

CREATE INDEX sessions_by_name ON sessions (name);

-- What cookies are signed with, the same for all processes.
CREATE TABLE console_key (
    one         int4 PRIMARY KEY CHECK (one = 1),
    key         bytea NOT NULL
);
