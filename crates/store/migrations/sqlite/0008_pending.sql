-- What commits leave to be written into the tables of records and figures a moment later, packed: many
-- commits are applied in one transaction. `batches` counts those that left something, `applied` those of
-- them that were applied; the rows between stand in `pending`.
CREATE TABLE pending (
    county TEXT NOT NULL,
    n      INTEGER NOT NULL,
    body   BLOB NOT NULL,
    PRIMARY KEY (county, n)
) STRICT;
ALTER TABLE ledger ADD COLUMN batches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN applied INTEGER NOT NULL DEFAULT 0;

-- Each revision of a record stands once (of looks, which have none, any number): whoever decided on what
-- is not the record's newest form is told so.
DROP INDEX entry_of_record;
CREATE UNIQUE INDEX entry_of_record ON entry (county, record, revision, CASE WHEN revision = 0 THEN seq ELSE 0 END);
