"""All the SQL of the audit log, and what other plugins may use of it.

One file a concern: `entries` (the rows, and the chain's ends), `verification`
(following the chain) and `filters` (what a filter means). Functions take the
transaction first.
"""

from __future__ import annotations

from synthetic_audit.model import Criteria, Entry
from synthetic_audit.store.entries import CHAIN_OF_ROWS, find_anchor, insert_entry, list_entries, move_beginning
from synthetic_audit.store.filters import select_entries
from synthetic_audit.store.verification import verify_chain, verify_recent

__all__ = [
    "CHAIN_OF_ROWS",
    "Criteria",
    "Entry",
    "find_anchor",
    "insert_entry",
    "list_entries",
    "move_beginning",
    "select_entries",
    "verify_chain",
    "verify_recent",
]
