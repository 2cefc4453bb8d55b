"""Ingest: reads the files in which agents leave what they did, and follows them as they grow.

`synthetic ingest PATH...` finds files, recognises their format by what they
hold, and stores what they say as sessions and transcripts: one file is one
transcript. Formats are importers (`importers/`); other plugins bring more with
the hook `register_importers` (`hookspecs.py`).

Tables: `ingest_files`, which files were read and how far, advanced in the
transaction of the messages that it covers; `ingest_rejects`, lines that could
not be read, a bounded number for each file.

States of a file: READING (not at its end yet), READ (all there was), PARTIAL
(all but a last line that is not complete), FAILED (cannot be read, or not any
further; `problem` says why), REPLACED (another file stands at its path).

What decides how files are followed is in `files.py`; what a last line without
an end means, in `reading.py`. Deleting a transcript deletes what is known of
its file, so a file that is still there is read again by the next ingest.

Events: `ingest_file.read`, when the state of a file changes or a run of reading it
brought something; what the file says is told by sessions and transcripts.

Error codes: UNKNOWN_FORMAT, INGEST_RACE, INGEST_INCOMPLETE,
LINE_REJECTED and LINE_CHANGED (of dead letters), and the kernel's BAD_USER_INPUT and NOT_FOUND.

What must be done in the transaction in which lines are rejected, another
plugin says with the hook `register_reject_reactions` (`hookspecs.py`).

Other plugins may import `store` (with all that an importer is made of),
`types`, `events` and `errors`.
"""
