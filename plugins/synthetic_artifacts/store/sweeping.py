"""Which of the files that were found have a row."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, to_json
from synthetic_artifacts.names import is_text_path


def find_known_paths(snapshot: Snapshot, paths: Sequence[str]) -> set[str]:
    """Those of the paths that an artifact has; one that is not UTF-8 is none's."""
    text = [path for path in paths if is_text_path(path)]
    rows = snapshot.rows(
        "SELECT path FROM artifacts WHERE path IN (SELECT value FROM json_each(:paths))", {"paths": to_json(text)}
    )
    return {path for (path,) in rows}
