-- Lists of values within a record above: of each programme's measures those of a month, of a force, in a state.
-- Their tokens stand last in a record's row and are put together of two others.
WITH inner_token AS (
    SELECT r.county, r.record, r.mechanism, r.opened, r.due, r.open,
           'zf~' || substr(a.token, 3) || '~' || substr(v.token, 3) AS token
    FROM record r
    CROSS JOIN LATERAL unnest(string_to_array(r.scopes, ' ')) AS a (token)
    CROSS JOIN LATERAL unnest(string_to_array(r.scopes, ' ')) AS v (token)
    WHERE strpos(' ' || r.scopes, ' zfabovex3d') > 0
      AND starts_with(a.token, 'zfabovex3d') AND starts_with(v.token, 'zf') AND NOT starts_with(v.token, 'zfabovex3d')
), kept AS (
    UPDATE record r SET scopes = r.scopes || ' ' || t.tokens FROM (
        SELECT county, record, string_agg(token, ' ' ORDER BY token COLLATE "C") AS tokens
        FROM inner_token GROUP BY county, record
    ) t WHERE r.county = t.county AND r.record = t.record
), newest AS (
    INSERT INTO unit_new (county, mechanism, unit, opened, record)
    SELECT county, mechanism, token, opened, record FROM inner_token
)
INSERT INTO unit_open (county, mechanism, unit, due, record)
SELECT county, mechanism, token, due, record FROM inner_token WHERE open;
