-- When nothing is to be done, parts of the search index are merged as soon as there are two of a size: a search
-- looks into each.
INSERT INTO words (words, rank) VALUES ('usermerge', 2);
