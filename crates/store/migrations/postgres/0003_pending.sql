-- What commits leave to be written into the tables of records and figures a moment later, packed: many
-- commits are applied in one transaction. `batches` counts those that left something; the rows that
-- were not applied yet stand in `pending`.
CREATE TABLE pending (
    county TEXT COLLATE "C" NOT NULL,
    n      BIGINT NOT NULL,
    body   BYTEA NOT NULL,
    PRIMARY KEY (county, n)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
-- Packed already: the server need not try.
ALTER TABLE pending ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE ledger ADD COLUMN batches BIGINT NOT NULL DEFAULT 0;

-- Up to which of them it was applied, by whichever node: its lock puts those who apply in line, and
-- commits go on meanwhile. `rows` is the last number given to a record.
CREATE TABLE applied (
    county TEXT COLLATE "C" PRIMARY KEY,
    n      BIGINT NOT NULL,
    rows   BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO applied (county, n, rows) SELECT county, 0, rows FROM ledger;
ALTER TABLE ledger DROP COLUMN rows;

-- Each revision of a record stands once (of looks, which have none, any number): whoever decided on what
-- is not the record's newest form is told so.
DROP INDEX entry_of_record;
CREATE UNIQUE INDEX entry_of_record ON entry (county, record, revision, (CASE WHEN revision = 0 THEN seq ELSE 0 END));

-- A search reads the list of what is not in the index yet from end to end: it must stay short.
ALTER INDEX words_lexemes SET (gin_pending_list_limit = 64);

-- Indexes that a rebuild has put off until all rows are there.
CREATE TABLE index_later (name TEXT PRIMARY KEY, sql TEXT NOT NULL);
