-- A packed row of the usual size stands in its page and not beside it, in pieces of 2 KB with an index of
-- their own that would be written and removed again with every commit.
ALTER TABLE pending SET (toast_tuple_target = 8160);
