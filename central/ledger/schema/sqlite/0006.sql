-- Who changed what through the API or the command line, and why: written in
-- the transaction of the change, never changed, never deleted.
CREATE TABLE audit (
    number      INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    who         TEXT NOT NULL,
    role        TEXT NOT NULL,
    action      TEXT NOT NULL,
    store       TEXT NOT NULL,
    subject     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    detail      TEXT NOT NULL
) STRICT;

-- What is done to many things at once: its progress is that of its
-- instructions, beside what was done at once.
CREATE TABLE jobs (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    author      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    what        TEXT NOT NULL,
    total       INTEGER NOT NULL,
    at_once     INTEGER NOT NULL,
    failed      INTEGER NOT NULL
) STRICT;

-- Who wants an instruction and why, when it was handed to a box, and what the
-- box answered, where; of a repair its job.
ALTER TABLE instructions ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE instructions ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE instructions ADD COLUMN taken_at INTEGER;
ALTER TABLE instructions ADD COLUMN done_at INTEGER;
ALTER TABLE instructions ADD COLUMN answer TEXT NOT NULL DEFAULT '';
ALTER TABLE instructions ADD COLUMN epoch INTEGER;
ALTER TABLE instructions ADD COLUMN seq INTEGER;
ALTER TABLE instructions ADD COLUMN job INTEGER;
CREATE INDEX instructions_of_job ON instructions (job) WHERE job IS NOT NULL;

-- What a letter names, by which letters are grouped; the job that has it, or
-- settled it, and its instruction; how it was settled, and why a repair failed.
-- A letter that a job has and no instruction is applied by the centre itself.
ALTER TABLE dead_letters ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN job INTEGER;
ALTER TABLE dead_letters ADD COLUMN instruction TEXT;
ALTER TABLE dead_letters ADD COLUMN settled TEXT;
ALTER TABLE dead_letters ADD COLUMN failure TEXT;
CREATE INDEX dead_letters_open ON dead_letters (reason, code) WHERE closed_at IS NULL;
CREATE INDEX dead_letters_instructed ON dead_letters (instruction) WHERE instruction IS NOT NULL;
CREATE INDEX dead_letters_to_apply ON dead_letters (number)
    WHERE job IS NOT NULL AND instruction IS NULL AND closed_at IS NULL;

-- Letters that a repair changed, until the topic has it: written with the change.
CREATE TABLE news (
    number      INTEGER PRIMARY KEY,
    part        INTEGER NOT NULL,
    letter      INTEGER NOT NULL
) STRICT;
