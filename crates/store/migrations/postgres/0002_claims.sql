-- What records claim under the constraints of their mechanisms: whoever wants the same key looks here
-- first, so that the cost does not grow with the records.
CREATE TABLE claim (
    county TEXT COLLATE "C" NOT NULL,
    claim  BYTEA NOT NULL,
    record BYTEA NOT NULL,
    PRIMARY KEY (county, claim, record)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
