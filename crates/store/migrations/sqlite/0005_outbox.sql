-- Who is told what. Written with the entries that tell it, and nothing that could be rebuilt from
-- them: when a rule or a post changes, what was told stays told.

-- The texts, once for all who are told (`people`, one a line). `seq` is the entry that tells it.
CREATE TABLE notice (
    county    TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    record    BLOB NOT NULL,
    mechanism TEXT NOT NULL,
    rule      TEXT NOT NULL,
    zh        TEXT NOT NULL,
    en        TEXT NOT NULL,
    people    TEXT NOT NULL,
    PRIMARY KEY (county, seq, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE notice_for (
    county TEXT NOT NULL,
    person TEXT NOT NULL,
    read   INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (county, person, read, seq, n)
) STRICT, WITHOUT ROWID;

-- From which entry on notices wait to be made into messages.
ALTER TABLE ledger ADD COLUMN spread INTEGER NOT NULL DEFAULT 0;

-- How people want to be told; addresses are sealed. `digest` is when the next one is due, `told` up
-- to which entry they have told, `feed` the digest of the secret of a calendar's address.
CREATE TABLE choices (
    county TEXT NOT NULL,
    person TEXT NOT NULL,
    sealed BLOB NOT NULL,
    digest INTEGER,
    told   INTEGER NOT NULL,
    feed   BLOB,
    PRIMARY KEY (county, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX choices_digest ON choices (county, digest) WHERE digest IS NOT NULL;
CREATE UNIQUE INDEX choices_feed ON choices (county, feed) WHERE feed IS NOT NULL;

-- What leaves the product. Sent ones are deleted. `due` also keeps others away while one node sends.
CREATE TABLE message (
    county  TEXT NOT NULL,
    id      BLOB NOT NULL,
    person  TEXT NOT NULL,
    channel INTEGER NOT NULL,
    subject TEXT NOT NULL,
    text    TEXT NOT NULL,
    link    TEXT NOT NULL,
    made    INTEGER NOT NULL,
    due     INTEGER NOT NULL,
    tries   INTEGER NOT NULL,
    error   TEXT NOT NULL,
    dead    INTEGER NOT NULL,
    PRIMARY KEY (county, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_due ON message (county, due) WHERE dead = 0;
CREATE INDEX message_dead ON message (county, made, id) WHERE dead = 1;

-- Who sent a dead letter again or threw it away.
CREATE TABLE dead_letter_decision (
    county  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    message BLOB NOT NULL,
    by      TEXT NOT NULL,
    again   INTEGER NOT NULL,
    person  TEXT NOT NULL,
    channel INTEGER NOT NULL,
    subject TEXT NOT NULL,
    error   TEXT NOT NULL,
    PRIMARY KEY (county, at, message)
) STRICT, WITHOUT ROWID;
