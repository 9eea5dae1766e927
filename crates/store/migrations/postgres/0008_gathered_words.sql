-- How long the list of words may be that are not yet in their places is said by whoever writes them: many rows at once
-- are gathered there and put into their places together.
ALTER INDEX IF EXISTS words_lexemes RESET (gin_pending_list_limit);
UPDATE index_later SET sql = regexp_replace(sql, ' WITH \(gin_pending_list_limit=''?\d+''?\)', '') WHERE name = 'words_lexemes';
