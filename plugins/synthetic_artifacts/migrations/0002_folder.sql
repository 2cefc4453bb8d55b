-- What the file `.store` in `artifacts/` must say: so an empty mount point, or the
-- folder of another store, is not taken for the one that the artifacts are in.
CREATE TABLE artifact_folder (
    mark TEXT NOT NULL PRIMARY KEY CHECK (length(mark) = 32 AND mark NOT GLOB '*[^0-9a-f]*'),
    -- Whether it was ever seen in the folder: then a folder without it is another one,
    -- also while there is no artifact whose file could be missed.
    is_marked INTEGER NOT NULL DEFAULT 0 CHECK (is_marked IN (0, 1)),
    -- Whether the folder was not there when it was last looked for, and sync status says so.
    is_absent INTEGER NOT NULL DEFAULT 0 CHECK (is_absent IN (0, 1))
) STRICT;

INSERT INTO artifact_folder (mark) VALUES (lower(hex(randomblob(16))));
