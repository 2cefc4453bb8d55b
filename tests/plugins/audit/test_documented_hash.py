"""The hash as the page about the audit log says how to compute it."""

from __future__ import annotations

from typing import Any

from pages import blocks_of, text_of
from plugins.audit.damaging import operation, record
from synthetic import OperationOutcome
from synthetic_audit.store.entries import COLUMNS


def test_whoever_reads_the_page_can_compute_the_hashes(store):
    (code,) = [text for text in blocks_of(text_of("audit.md"), "python") if "def hash_of" in text]
    names: dict[str, Any] = {}
    exec(code, names)
    record(
        store,
        operation(1, 5, entity_id="caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
        operation(2, 5, outcome=OperationOutcome.FAILED, code="CONFLICT", message="No.", entity_type=None),
    )

    rows = store.read(lambda snapshot: snapshot.rows(f"SELECT {COLUMNS} FROM audit_log ORDER BY seq"))

    assert len(rows) == 2
    for row in rows:
        assert names["hash_of"](row[-2], row[:-2]) == row[-1]
