-- Raised by whoever takes the county for himself, to change its keys: a server that was connected before and
-- lost its connections meanwhile is not let in again.
ALTER TABLE ledger ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
