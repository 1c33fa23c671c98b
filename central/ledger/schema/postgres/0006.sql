-- Who changed what through the API or the command line, and why: written in
-- the transaction of the change, never changed, never deleted.
CREATE TABLE audit (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          int8 NOT NULL,
    who         text COLLATE "C" NOT NULL,
    role        text COLLATE "C" NOT NULL,
    action      text COLLATE "C" NOT NULL,
    store       text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    reason      text COLLATE "C" NOT NULL,
    detail      text COLLATE "C" NOT NULL
);

-- What is done to many things at once: its progress is that of its
-- instructions, beside what was done at once.
CREATE TABLE jobs (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text COLLATE "C" NOT NULL UNIQUE,
    kind        text COLLATE "C" NOT NULL,
    created_at  int8 NOT NULL,
    author      text COLLATE "C" NOT NULL,
    reason      text COLLATE "C" NOT NULL,
    what        text COLLATE "C" NOT NULL,
    total       int8 NOT NULL,
    at_once     int8 NOT NULL,
    failed      int8 NOT NULL
);

-- Who wants an instruction and why, when it was handed to a box, and what the
-- box answered, where; of a repair its job.
ALTER TABLE instructions ADD COLUMN author text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE instructions ADD COLUMN reason text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE instructions ADD COLUMN taken_at int8;
ALTER TABLE instructions ADD COLUMN done_at int8;
ALTER TABLE instructions ADD COLUMN answer text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE instructions ADD COLUMN epoch int8;
ALTER TABLE instructions ADD COLUMN seq int8;
ALTER TABLE instructions ADD COLUMN job int8;
CREATE INDEX instructions_of_job ON instructions (job) WHERE job IS NOT NULL;

-- What a letter names, by which letters are grouped; the job that has it, or
-- settled it, and its instruction; how it was settled, and why a repair failed.
-- A letter that a job has and no instruction is applied by the centre itself.
ALTER TABLE dead_letters ADD COLUMN code text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN job int8;
ALTER TABLE dead_letters ADD COLUMN instruction text COLLATE "C";
ALTER TABLE dead_letters ADD COLUMN settled text COLLATE "C";
ALTER TABLE dead_letters ADD COLUMN failure text COLLATE "C";
CREATE INDEX dead_letters_open ON dead_letters (reason, code) WHERE closed_at IS NULL;
CREATE INDEX dead_letters_instructed ON dead_letters (instruction) WHERE instruction IS NOT NULL;
CREATE INDEX dead_letters_to_apply ON dead_letters (number)
    WHERE job IS NOT NULL AND instruction IS NULL AND closed_at IS NULL;

-- Letters that a repair changed, until the topic has it: written with the change.
CREATE TABLE news (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part        int8 NOT NULL,
    letter      int8 NOT NULL
);
