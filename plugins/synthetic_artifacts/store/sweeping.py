"""Which of the files that were found have a row."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, to_json
from synthetic_artifacts.names import is_text_path

_OF_ARTIFACTS = "SELECT path FROM artifacts WHERE path IN (SELECT value FROM json_each(:paths))"
_TO_BE_REMOVED = "SELECT path FROM artifact_removals WHERE path IN (SELECT value FROM json_each(:paths))"


def find_known_paths(snapshot: Snapshot, paths: Sequence[str], *, or_to_be_removed: bool = False) -> set[str]:
    """Those of the paths that an artifact has; one that is not UTF-8 is none's.

    Args:
        snapshot: To look in.
        paths: Below `artifacts/`.
        or_to_be_removed: Also those whose artifact has just gone, and whose file follows.
    """
    text = [path for path in paths if is_text_path(path)]
    sql = f"{_OF_ARTIFACTS} UNION ALL {_TO_BE_REMOVED}" if or_to_be_removed else _OF_ARTIFACTS
    rows = snapshot.rows(sql, {"paths": to_json(text)})
    return {path for (path,) in rows}
