-- What the file `.store` in `artifacts/` must say: so an empty mount point, or the
-- folder of another store, is not taken for the one that the artifacts are in.
CREATE TABLE artifact_folder (
    mark TEXT NOT NULL PRIMARY KEY CHECK (length(mark) = 32 AND mark NOT GLOB '*[^0-9a-f]*')
) STRICT;

INSERT INTO artifact_folder (mark) VALUES (lower(hex(randomblob(16))));
