-- Each group of commands adds a small segment to the search index. Merging eight of a size instead of
-- four writes every word fewer times; a search looks into a few segments more.
INSERT INTO words (words, rank) VALUES ('automerge', 8);
