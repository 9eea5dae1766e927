-- The ledgers of counties and what is derived from them. `county` leads every key and every index:
-- several counties stand in one database and never meet, and a distributed engine spreads the tables
-- by it. Text is compared byte by byte. Times are milliseconds since 1970 (UTC); digests and
-- identifiers are plain bytes. Rows are numbered for each county by its own `ledger` row: there is no
-- sequence that counties would share.

-- The head: how many entries there are and the hash of the last. Every commit changes it first, so
-- that two writers never continue the same head, and the writers of one county stand in line here.
-- `rows` is the last number given to a record; `rebuilding` says that what is derived is not whole.
-- From entry `spread` on, notices wait to be made into messages.
CREATE TABLE ledger (
    county     TEXT COLLATE "C" PRIMARY KEY,
    size       BIGINT NOT NULL,
    hash       BYTEA NOT NULL,
    rows       BIGINT NOT NULL DEFAULT 0,
    rebuilding BOOLEAN NOT NULL DEFAULT FALSE,
    spread     BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- The entries, only ever added to.
CREATE TABLE entry (
    county   TEXT COLLATE "C" NOT NULL,
    seq      BIGINT NOT NULL,
    record   BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    header   BYTEA NOT NULL,
    hash     BYTEA NOT NULL,
    salt     BYTEA NOT NULL,
    body     BYTEA NOT NULL,
    PRIMARY KEY (county, seq)
);
CREATE INDEX entry_of_record ON entry (county, record, revision);

-- Full subtrees of the Merkle log: the node of level n at position i covers the 256^n entries from
-- i * 256^n. Level 0 are the entries' own hashes.
CREATE TABLE node (
    county TEXT COLLATE "C" NOT NULL,
    level  BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    hash   BYTEA NOT NULL,
    PRIMARY KEY (county, level, at)
);

-- The key that seals a record's personal values, wrapped by the county's master key. Destroying it
-- erases them.
CREATE TABLE record_key (
    county TEXT COLLATE "C" NOT NULL,
    record BYTEA NOT NULL,
    key    BYTEA NOT NULL,
    PRIMARY KEY (county, record)
);

-- What each accepted command was answered.
CREATE TABLE answer (
    county   TEXT COLLATE "C" NOT NULL,
    command  TEXT COLLATE "C" NOT NULL,
    digest   BYTEA NOT NULL,
    record   BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (county, command)
);

-- Records as folded, with their row in lists. `due` is never null (the greatest integer stands for
-- none). `todo`, `timers` and `scopes` repeat what stands in other tables, so that a commit knows what
-- to change there without asking. No column that changes often is in an index here (`due` and `open`
-- are in `waiting`), so that most changes of a record touch no index; the pages keep room for them.
CREATE TABLE record (
    county    TEXT COLLATE "C" NOT NULL,
    record    BYTEA NOT NULL,
    row       BIGINT NOT NULL,
    mechanism TEXT COLLATE "C" NOT NULL,
    version   BIGINT NOT NULL,
    revision  BIGINT NOT NULL,
    state     TEXT COLLATE "C" NOT NULL,
    open      BOOLEAN NOT NULL,
    number    TEXT COLLATE "C" NOT NULL,
    title     TEXT COLLATE "C" NOT NULL,
    region    TEXT COLLATE "C",
    town      TEXT COLLATE "C",
    village   TEXT COLLATE "C",
    grid      TEXT COLLATE "C",
    unit      TEXT COLLATE "C",
    kind      TEXT COLLATE "C",
    kind_top  TEXT COLLATE "C",
    due       BIGINT NOT NULL,
    due_name  TEXT COLLATE "C",
    late      BOOLEAN NOT NULL,
    opened    BIGINT NOT NULL,
    changed   BIGINT NOT NULL,
    month     TEXT COLLATE "C" NOT NULL,
    marks     BIGINT NOT NULL,
    parent    BYTEA,
    lat       BIGINT,
    lon       BIGINT,
    receipt   BYTEA,
    todo      TEXT COLLATE "C" NOT NULL,
    timers    TEXT COLLATE "C" NOT NULL,
    scopes    TEXT COLLATE "C" NOT NULL,
    snapshot  BYTEA NOT NULL,
    PRIMARY KEY (county, record)
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX record_receipt ON record (county, receipt) WHERE receipt IS NOT NULL;
CREATE INDEX record_number ON record (county, number) WHERE number <> '';

-- Lists by time of opening.
CREATE INDEX new_all     ON record (county, mechanism, opened, record);
CREATE INDEX new_town    ON record (county, mechanism, town, opened, record) WHERE town IS NOT NULL;
CREATE INDEX new_village ON record (county, mechanism, village, opened, record) WHERE village IS NOT NULL;
CREATE INDEX new_grid    ON record (county, mechanism, grid, opened, record) WHERE grid IS NOT NULL;
CREATE INDEX new_unit    ON record (county, mechanism, unit, opened, record) WHERE unit IS NOT NULL;
CREATE INDEX new_kind    ON record (county, mechanism, kind_top, opened, record) WHERE kind_top IS NOT NULL;
CREATE INDEX new_part    ON record (county, mechanism, parent, opened, record) WHERE parent IS NOT NULL;

-- Lists of what is open, by due time: a narrow row for each open record, with nothing but what leads
-- a list.
CREATE TABLE waiting (
    county    TEXT COLLATE "C" NOT NULL,
    record    BYTEA NOT NULL,
    mechanism TEXT COLLATE "C" NOT NULL,
    town      TEXT COLLATE "C",
    village   TEXT COLLATE "C",
    grid      TEXT COLLATE "C",
    unit      TEXT COLLATE "C",
    kind_top  TEXT COLLATE "C",
    due       BIGINT NOT NULL,
    PRIMARY KEY (county, record)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX open_all     ON waiting (county, mechanism, due, record);
CREATE INDEX open_town    ON waiting (county, mechanism, town, due, record) WHERE town IS NOT NULL;
CREATE INDEX open_village ON waiting (county, mechanism, village, due, record) WHERE village IS NOT NULL;
CREATE INDEX open_grid    ON waiting (county, mechanism, grid, due, record) WHERE grid IS NOT NULL;
CREATE INDEX open_unit    ON waiting (county, mechanism, unit, due, record) WHERE unit IS NOT NULL;
CREATE INDEX open_kind    ON waiting (county, mechanism, kind_top, due, record) WHERE kind_top IS NOT NULL;

-- Lists for a unit's people: each unit that has a part in a record, not only the one in charge, by
-- the token under which search knows it. One range gives a page, however seldom the unit acts.
CREATE TABLE unit_new (
    county    TEXT COLLATE "C" NOT NULL,
    mechanism TEXT COLLATE "C" NOT NULL,
    unit      TEXT COLLATE "C" NOT NULL,
    opened    BIGINT NOT NULL,
    record    BYTEA NOT NULL,
    PRIMARY KEY (county, mechanism, unit, opened, record)
);
-- Only what is open.
CREATE TABLE unit_open (
    county    TEXT COLLATE "C" NOT NULL,
    mechanism TEXT COLLATE "C" NOT NULL,
    unit      TEXT COLLATE "C" NOT NULL,
    due       BIGINT NOT NULL,
    record    BYTEA NOT NULL,
    PRIMARY KEY (county, mechanism, unit, due, record)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

-- Who is to act: one range read gives an inbox in the order of due times.
CREATE TABLE todo (
    county TEXT COLLATE "C" NOT NULL,
    who    TEXT COLLATE "C" NOT NULL,
    due    BIGINT NOT NULL,
    record BYTEA NOT NULL,
    late   BOOLEAN NOT NULL,
    PRIMARY KEY (county, who, due, record) INCLUDE (late)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

-- When the next reminder or passing of a deadline comes.
CREATE TABLE timer (
    county   TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    record   BYTEA NOT NULL,
    deadline TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (county, at, record, deadline)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

-- The mechanisms of which there are records.
CREATE TABLE mechanism (
    county TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (county, name)
);

-- Indicators. A series is a mechanism's indicator in one dimension (0 place, 1 unit, 2 kind,
-- 3 month); its number keeps the keys of the many cells short.
CREATE TABLE series (
    county    TEXT COLLATE "C" NOT NULL,
    id        BIGINT NOT NULL,
    mechanism TEXT COLLATE "C" NOT NULL,
    dimension BIGINT NOT NULL,
    indicator TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (county, id),
    UNIQUE (county, mechanism, dimension, indicator)
);
CREATE TABLE cell (
    county TEXT COLLATE "C" NOT NULL,
    series BIGINT NOT NULL,
    key    TEXT COLLATE "C" NOT NULL,
    period TEXT COLLATE "C" NOT NULL,
    num    BIGINT NOT NULL,
    den    BIGINT NOT NULL,
    PRIMARY KEY (county, series, key, period)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1);

-- The last number given in a year.
CREATE TABLE counter (
    county    TEXT COLLATE "C" NOT NULL,
    mechanism TEXT COLLATE "C" NOT NULL,
    year      BIGINT NOT NULL,
    last      BIGINT NOT NULL,
    PRIMARY KEY (county, mechanism, year)
) WITH (fillfactor = 20);

-- Search. `text` holds the prepared words, separated by spaces; `lexemes` holds each of them once,
-- with the row's places, units and mechanism and the block of rows to which it belongs (marked by a
-- first character that no word has). An inverted index has no leading column: the block names the
-- county, and a search reads the newest blocks first.
CREATE TABLE words (
    county  TEXT COLLATE "C" NOT NULL,
    row     BIGINT NOT NULL,
    record  BYTEA NOT NULL,
    text    TEXT COLLATE "C" NOT NULL,
    lexemes TSVECTOR NOT NULL,
    PRIMARY KEY (county, row)
);
CREATE INDEX words_lexemes ON words USING gin (lexemes) WITH (gin_pending_list_limit = 1024);

-- Looks at personal values, for auditors: by time, and by person and time.
CREATE TABLE look (
    county TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    seq    BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (county, at, seq)
);
CREATE INDEX look_person ON look (county, person, at, seq);

-- Who is told what. Written with the entries that tell it, and nothing that could be rebuilt from
-- them: when a rule or a post changes, what was told stays told.

-- The texts, once for all who are told (`people`, one a line). `seq` is the entry that tells it.
CREATE TABLE notice (
    county    TEXT COLLATE "C" NOT NULL,
    seq       BIGINT NOT NULL,
    n         BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    record    BYTEA NOT NULL,
    mechanism TEXT COLLATE "C" NOT NULL,
    rule      TEXT COLLATE "C" NOT NULL,
    zh        TEXT COLLATE "C" NOT NULL,
    en        TEXT COLLATE "C" NOT NULL,
    people    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (county, seq, n)
);
CREATE TABLE notice_for (
    county TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    read   BOOLEAN NOT NULL,
    seq    BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (county, person, read, seq, n)
);

-- How people want to be told; addresses are sealed. `digest` is when the next one is due, `told` up
-- to which entry they have told, `feed` the digest of the secret of a calendar's address.
CREATE TABLE choices (
    county TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    digest BIGINT,
    told   BIGINT NOT NULL,
    feed   BYTEA,
    PRIMARY KEY (county, person)
);
CREATE INDEX choices_digest ON choices (county, digest) WHERE digest IS NOT NULL;
CREATE UNIQUE INDEX choices_feed ON choices (county, feed) WHERE feed IS NOT NULL;

-- What leaves the product. Sent ones are deleted. `due` also keeps others away while one node sends.
CREATE TABLE message (
    county  TEXT COLLATE "C" NOT NULL,
    id      BYTEA NOT NULL,
    person  TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    text    TEXT COLLATE "C" NOT NULL,
    link    TEXT COLLATE "C" NOT NULL,
    made    BIGINT NOT NULL,
    due     BIGINT NOT NULL,
    tries   BIGINT NOT NULL,
    error   TEXT COLLATE "C" NOT NULL,
    dead    BOOLEAN NOT NULL,
    PRIMARY KEY (county, id)
);
CREATE INDEX message_due ON message (county, due) WHERE NOT dead;
CREATE INDEX message_dead ON message (county, made, id) WHERE dead;

-- Who sent a dead letter again or threw it away.
CREATE TABLE dead_letter_decision (
    county  TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    message BYTEA NOT NULL,
    by      TEXT COLLATE "C" NOT NULL,
    again   BOOLEAN NOT NULL,
    person  TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    error   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (county, at, message)
);

-- Outside the ledger: accounts, sessions, settings of the installation.
CREATE TABLE credential (
    county TEXT COLLATE "C" NOT NULL,
    login  TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    hash   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (county, login)
);
CREATE TABLE session (
    county  TEXT COLLATE "C" NOT NULL,
    token   BYTEA NOT NULL,
    person  TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    csrf    BYTEA NOT NULL,
    PRIMARY KEY (county, token)
);
CREATE INDEX session_end ON session (county, expires);
CREATE TABLE setting (
    county TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    value  BYTEA NOT NULL,
    PRIMARY KEY (county, name)
);
