-- A key that is destroyed must be nowhere in the file. So a key never moves: rows are only added behind the last
-- one, and destroyed ones are overwritten where they lie (`gone`), never deleted, as deleting and inserting between
-- others moves rows from page to page and leaves copies behind. The index holds no key.
DROP INDEX IF EXISTS record_key_of;
ALTER TABLE record_key RENAME TO record_key_moving;
CREATE TABLE record_key (
    id     INTEGER PRIMARY KEY,
    county TEXT NOT NULL,
    record BLOB NOT NULL,
    key    BLOB NOT NULL,
    gone   INTEGER NOT NULL
) STRICT;
INSERT INTO record_key (county, record, key, gone) SELECT county, record, key, 0 FROM record_key_moving;
CREATE UNIQUE INDEX record_key_of ON record_key (county, record) WHERE gone = 0;
DROP TABLE record_key_moving;
