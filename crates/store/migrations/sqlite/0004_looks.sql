-- Looks at personal values, for auditors: by time, and by person and time.
CREATE TABLE look (
    county TEXT NOT NULL,
    at     INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (county, at, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX look_person ON look (county, person, at, seq);
