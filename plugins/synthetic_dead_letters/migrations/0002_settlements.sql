-- What ends the letters of a consumer's refusals, where they are more than one
-- transaction should end. It goes when the last of them has ended.
CREATE TABLE dead_letter_settlements (
    id INTEGER NOT NULL PRIMARY KEY,
    consumer TEXT NOT NULL,
    -- Only letters whose last failure was before this instant; NULL: whenever.
    failed_before INTEGER,
    -- Letters that came later are left alone.
    through_seq INTEGER NOT NULL CHECK (through_seq >= 0),
    -- The consumer itself is no more.
    is_forgotten INTEGER NOT NULL CHECK (is_forgotten IN (0, 1)),
    -- The entity id of the last letter that was looked at.
    cursor TEXT NOT NULL
) STRICT;

-- How many letters of this pass had to wait, or could not be retried: where there are none, no other pass is needed.
ALTER TABLE dead_letter_redrives ADD COLUMN pass_left INTEGER NOT NULL DEFAULT 0 CHECK (pass_left >= 0);

-- Of a pass that is under way it is not known: it counts as having left one, so that another pass looks.
UPDATE dead_letter_redrives SET pass_left = 1 WHERE ended_at IS NULL;
