-- Full subtrees of the Merkle log: the node of level n at position i covers the 256^n entries from
-- i * 256^n. Level 0 is the entries' own hash.
CREATE TABLE node (
    county TEXT NOT NULL,
    level  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    PRIMARY KEY (county, level, at)
) STRICT, WITHOUT ROWID;

-- The key that seals a record's personal values, wrapped by the county's master key. Destroying it
-- erases them.
CREATE TABLE record_key (
    county TEXT NOT NULL,
    record BLOB NOT NULL,
    key    BLOB NOT NULL,
    PRIMARY KEY (county, record)
) STRICT, WITHOUT ROWID;

-- 1 while the read models are being rebuilt: they must not be believed then.
ALTER TABLE ledger ADD COLUMN rebuilding INTEGER NOT NULL DEFAULT 0;
