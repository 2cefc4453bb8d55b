-- What a transaction adds to the index of words is gathered in memory, and of a
-- thousand messages it is more than the megabyte that FTS5 gathers by itself: each
-- transaction left two segments, the second one small, and merging them took twice
-- as long.
INSERT INTO search_text (search_text, rank) VALUES ('hashsize', 4194304);

-- Segments are merged sixteen at a time, so that each word is copied less often; a
-- little with each transaction, and all at once (which takes long) only if that did
-- not keep up.
INSERT INTO search_text (search_text, rank) VALUES ('automerge', 16);
INSERT INTO search_text (search_text, rank) VALUES ('crisismerge', 64);
