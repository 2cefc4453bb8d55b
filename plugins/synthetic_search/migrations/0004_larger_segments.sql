-- What a transaction adds to the index of words is gathered in memory, and of a
-- thousand messages it is more than the megabyte that FTS5 gathers by itself: each
-- transaction left two segments, the second one small, and merging them took twice
-- as long.
INSERT INTO search_text (search_text, rank) VALUES ('hashsize', 4194304);
