-- The ledger of a county and what is derived from it. `county` leads every key: it is the key by
-- which a distributed engine would spread the tables, and no query is answered without it.
-- Times are milliseconds since 1970 (UTC); digests and identifiers are plain bytes.

-- The head: how many entries there are and the hash of the last. Changed by every commit, so that
-- two writers never continue the same head.
CREATE TABLE ledger (
    county TEXT NOT NULL PRIMARY KEY,
    size   INTEGER NOT NULL,
    hash   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The entries, only ever added to.
CREATE TABLE entry (
    county   TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    record   BLOB NOT NULL,
    revision INTEGER NOT NULL,
    header   BLOB NOT NULL,
    hash     BLOB NOT NULL,
    salt     BLOB NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (county, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_of_record ON entry (county, record, revision);

-- What each accepted command was answered.
CREATE TABLE answer (
    county   TEXT NOT NULL,
    command  TEXT NOT NULL,
    digest   BLOB NOT NULL,
    record   BLOB NOT NULL,
    revision INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (county, command)
) STRICT, WITHOUT ROWID;

-- Records as folded, with their row in lists. A rowid table: snapshots are too big for an index
-- tree, and the search index names rows by `row`. `due` is never null (the greatest integer stands
-- for none), so that one index range gives the order of lists. `todo`, `timers` and `scopes` repeat
-- what stands in other tables, so that a commit knows what to change there without asking.
CREATE TABLE record (
    row       INTEGER PRIMARY KEY,
    county    TEXT NOT NULL,
    record    BLOB NOT NULL,
    mechanism TEXT NOT NULL,
    version   INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    state     TEXT NOT NULL,
    open      INTEGER NOT NULL,
    number    TEXT NOT NULL,
    title     TEXT NOT NULL,
    region    TEXT,
    town      TEXT,
    village   TEXT,
    grid      TEXT,
    unit      TEXT,
    kind      TEXT,
    kind_top  TEXT,
    due       INTEGER NOT NULL,
    due_name  TEXT,
    late      INTEGER NOT NULL,
    opened    INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    month     TEXT NOT NULL,
    marks     INTEGER NOT NULL,
    parent    BLOB,
    lat       INTEGER,
    lon       INTEGER,
    receipt   BLOB,
    todo      TEXT NOT NULL,
    timers    TEXT NOT NULL,
    scopes    TEXT NOT NULL,
    snapshot  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX record_id ON record (county, record);
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

-- Lists of what is open, by due time. Small: closed records leave them.
CREATE INDEX open_all     ON record (county, mechanism, due, record) WHERE open = 1;
CREATE INDEX open_town    ON record (county, mechanism, town, due, record) WHERE open = 1 AND town IS NOT NULL;
CREATE INDEX open_village ON record (county, mechanism, village, due, record) WHERE open = 1 AND village IS NOT NULL;
CREATE INDEX open_grid    ON record (county, mechanism, grid, due, record) WHERE open = 1 AND grid IS NOT NULL;
CREATE INDEX open_unit    ON record (county, mechanism, unit, due, record) WHERE open = 1 AND unit IS NOT NULL;
CREATE INDEX open_kind    ON record (county, mechanism, kind_top, due, record) WHERE open = 1 AND kind_top IS NOT NULL;

-- Who is to act: one range read gives an inbox in the order of due times.
CREATE TABLE todo (
    county TEXT NOT NULL,
    who    TEXT NOT NULL,
    due    INTEGER NOT NULL,
    record BLOB NOT NULL,
    row    INTEGER NOT NULL,
    late   INTEGER NOT NULL,
    PRIMARY KEY (county, who, due, record)
) STRICT, WITHOUT ROWID;

-- When the next reminder or passing of a deadline comes.
CREATE TABLE timer (
    county   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    record   BLOB NOT NULL,
    deadline TEXT NOT NULL,
    PRIMARY KEY (county, at, record, deadline)
) STRICT, WITHOUT ROWID;

-- The mechanisms of which there are records.
CREATE TABLE mechanism (
    county TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (county, name)
) STRICT, WITHOUT ROWID;

-- Indicators. A series is a mechanism's indicator in one dimension (0 place, 1 unit, 2 kind,
-- 3 month); its number keeps the keys of the many cells short.
CREATE TABLE series (
    id        INTEGER PRIMARY KEY,
    county    TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    indicator TEXT NOT NULL,
    UNIQUE (county, mechanism, dimension, indicator)
) STRICT;
CREATE TABLE cell (
    county TEXT NOT NULL,
    series INTEGER NOT NULL,
    key    TEXT NOT NULL,
    period TEXT NOT NULL,
    num    INTEGER NOT NULL,
    den    INTEGER NOT NULL,
    PRIMARY KEY (county, series, key, period)
) STRICT, WITHOUT ROWID;

-- The last number given in a year.
CREATE TABLE counter (
    county    TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    year      INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    PRIMARY KEY (county, mechanism, year)
) STRICT, WITHOUT ROWID;

-- Search. The words come prepared, separated by spaces; the tokenizer that treats every byte above
-- ASCII as part of a word leaves them as they are, whatever their script. A virtual table has no
-- key of its own: it names rows of `record`, whose county every query checks.
CREATE VIRTUAL TABLE words USING fts5(
    text, scope,
    content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '1'
);

-- Outside the ledger: accounts, sessions, settings of the installation.
CREATE TABLE credential (
    county TEXT NOT NULL,
    login  TEXT NOT NULL,
    person TEXT NOT NULL,
    hash   TEXT NOT NULL,
    PRIMARY KEY (county, login)
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    county  TEXT NOT NULL,
    token   BLOB NOT NULL,
    person  TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    csrf    BLOB NOT NULL,
    PRIMARY KEY (county, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_end ON session (county, expires);
CREATE TABLE setting (
    county TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (county, name)
) STRICT, WITHOUT ROWID;
