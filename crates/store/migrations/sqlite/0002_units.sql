-- Lists for a unit's people: each unit that has a part in a record, not only the one in charge, by
-- the token under which search knows it. One range gives a page, however seldom the unit acts.
CREATE TABLE unit_new (
    county    TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    unit      TEXT NOT NULL,
    opened    INTEGER NOT NULL,
    record    BLOB NOT NULL,
    row       INTEGER NOT NULL,
    PRIMARY KEY (county, mechanism, unit, opened, record)
) STRICT, WITHOUT ROWID;
-- Only what is open.
CREATE TABLE unit_open (
    county    TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    unit      TEXT NOT NULL,
    due       INTEGER NOT NULL,
    record    BLOB NOT NULL,
    row       INTEGER NOT NULL,
    PRIMARY KEY (county, mechanism, unit, due, record)
) STRICT, WITHOUT ROWID;

-- The records that there are: their tokens stand in one text, separated by spaces.
CREATE TEMP TABLE token AS
    WITH RECURSIVE cut (row, token, rest) AS (
        SELECT row, '', scopes || ' ' FROM record
        UNION ALL
        SELECT row, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1)
        FROM cut WHERE rest <> ''
    )
    SELECT DISTINCT row, token FROM cut WHERE token GLOB 'zu*';
INSERT INTO unit_new
    SELECT r.county, r.mechanism, t.token, r.opened, r.record, r.row FROM token t JOIN record r ON r.row = t.row;
INSERT INTO unit_open
    SELECT r.county, r.mechanism, t.token, r.due, r.record, r.row FROM token t JOIN record r ON r.row = t.row
    WHERE r.open = 1;
DROP TABLE token;
