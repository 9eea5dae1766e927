-- What records claim under the constraints of their mechanisms: whoever wants the same key looks here
-- first, so that the cost does not grow with the records.
CREATE TABLE claim (
    county TEXT NOT NULL,
    claim  BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (county, claim, record)
) WITHOUT ROWID;
