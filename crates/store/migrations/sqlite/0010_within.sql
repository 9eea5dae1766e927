-- Lists of values within a record above: of each programme's measures those of a month, of a force, in a state.
-- Their tokens stand last in a record's row and are put together of two others.
CREATE TEMP TABLE token AS
    WITH RECURSIVE cut (row, token, rest) AS (
        SELECT row, '', scopes || ' ' FROM record WHERE instr(' ' || scopes, ' zfabovex3d') > 0
        UNION ALL
        SELECT row, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1)
        FROM cut WHERE rest <> ''
    )
    SELECT row, token FROM cut WHERE token GLOB 'zf*';
CREATE INDEX temp.token_row ON token (row);
CREATE TEMP TABLE inner_token AS
    SELECT a.row AS row, 'zf~' || substr(a.token, 3) || '~' || substr(v.token, 3) AS token
    FROM token a JOIN token v ON v.row = a.row
    WHERE a.token GLOB 'zfabovex3d*' AND v.token NOT GLOB 'zfabovex3d*';
CREATE INDEX temp.inner_token_row ON inner_token (row, token);
UPDATE record SET scopes = scopes || ' ' || (
        SELECT group_concat(token, ' ') FROM (SELECT token FROM inner_token i WHERE i.row = record.row ORDER BY token))
    WHERE row IN (SELECT row FROM inner_token);
INSERT INTO unit_new
    SELECT r.county, r.mechanism, t.token, r.opened, r.record, r.row FROM inner_token t JOIN record r ON r.row = t.row;
INSERT INTO unit_open
    SELECT r.county, r.mechanism, t.token, r.due, r.record, r.row FROM inner_token t JOIN record r ON r.row = t.row
    WHERE r.open = 1;
DROP TABLE inner_token;
DROP TABLE token;
