"""Artifacts: files that are kept for constructs.

The bytes are files in `artifacts/CONSTRUCT/TYPE/` of the data directory, so
that a person can find, copy and delete them; a row of `artifacts` describes
each. Names of folders and files are those of what they hold, made harmless
(`names`); every file is reached without following symbolic links (`folders`).

A file is written under a temporary name, reaches the disk, gets its name, and
only then its row is added (`files`, `store.creating`). Deleting goes the other
way: the row first, then the file (`store.deleting`, `services`). So a crash
leaves no row without a file, and what file has no row the sweep removes.

`artifacts/` itself has a mark (`marks`): without it, as where a disk is not
mounted, nothing is written there, removed, or missed (`presence`). That it was
marked, and that it is away, is stored (`store.claims`), not remembered.

Tables: `artifacts`; `artifact_totals`, what they add up to; `artifact_folder`,
what is known of their folder; `artifact_removals`, files that are to be removed.

States: AVAILABLE; DELETED, which can be restored until the grace time is over;
MISSING and ALTERED, whose file is not as it must be, and whose bytes are not
served. What was stored as an artifact never changes.

Events: `artifact.created`, `.trashed`, `.restored`, `.damaged`, `.repaired` and
`.deleted`.

Error codes: ARTIFACT_TOO_LARGE, ARTIFACT_QUOTA, ARTIFACT_MISMATCH,
ARTIFACT_DELETED, ARTIFACT_GONE, ARTIFACT_MISSING, ARTIFACT_ALTERED,
ARTIFACT_TOUCHED, ARTIFACTS_ABSENT, and the kernel's BAD_USER_INPUT, NOT_FOUND, CONFLICT and STORAGE_FULL.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
