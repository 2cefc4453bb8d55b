"""All the SQL of artifacts, and what other plugins may use of this one.

One file a concern: `rows` (how they are read and change), `creating`,
`deleting`, `damage` (files that are gone or altered), `claims` (the folder that
they are in), `usage` (what they take, and the quotas), `sweeping` and
`filters`. Functions take the transaction first.
"""

from __future__ import annotations

from synthetic_artifacts.model import Artifact, ArtifactContent, ArtifactStatus, Criteria, Encoding, SavedArtifact
from synthetic_artifacts.store.claims import is_folder_absent, note_marked, read_claim
from synthetic_artifacts.store.creating import (
    PreparedArtifact,
    add_artifact,
    create_artifact,
    is_damaged,
    prepare_artifact,
    repair_artifact,
)
from synthetic_artifacts.store.damage import (
    count_damaged,
    mark_damaged,
    mark_repaired,
    report_absence,
    report_damage,
    report_presence,
)
from synthetic_artifacts.store.deleting import delete_artifact, forget_removals, list_removals, restore_artifact
from synthetic_artifacts.store.filters import query_artifacts, select_artifacts
from synthetic_artifacts.store.rows import (
    COLUMNS,
    find_artifact,
    get_artifact,
    get_available_artifact,
    list_artifacts_after,
)
from synthetic_artifacts.store.sweeping import find_known_paths
from synthetic_artifacts.store.usage import Usage, read_usage, was_ever_used

__all__ = [
    "COLUMNS",
    "Artifact",
    "ArtifactContent",
    "ArtifactStatus",
    "Criteria",
    "Encoding",
    "PreparedArtifact",
    "SavedArtifact",
    "Usage",
    "add_artifact",
    "count_damaged",
    "create_artifact",
    "delete_artifact",
    "find_artifact",
    "find_known_paths",
    "forget_removals",
    "get_artifact",
    "get_available_artifact",
    "is_damaged",
    "is_folder_absent",
    "list_artifacts_after",
    "list_removals",
    "mark_damaged",
    "mark_repaired",
    "note_marked",
    "prepare_artifact",
    "query_artifacts",
    "read_claim",
    "read_usage",
    "repair_artifact",
    "report_absence",
    "report_damage",
    "report_presence",
    "restore_artifact",
    "select_artifacts",
    "was_ever_used",
]
