-- Words that are not yet in their places are read by every search: the list of them is kept short.
ALTER INDEX IF EXISTS words_lexemes SET (gin_pending_list_limit = 64);
UPDATE index_later SET sql = replace(sql, '1024', '64') WHERE name = 'words_lexemes';
