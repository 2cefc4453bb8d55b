"""Background work: keeping the index of metadata to what the settings declare."""

from __future__ import annotations

from synthetic import Transaction
from synthetic_constructs.settings import ConstructSettings
from synthetic_constructs.store import metadata_index


def index_metadata(tx: Transaction) -> int:
    """One step towards an index of exactly the declared keys.

    Keys that are not declared any more are removed before new ones are built,
    so that a key that is taken out and put back is built afresh.

    Returns:
        How many units were done; 0 when the index is as declared.
    """
    settings = tx.settings(ConstructSettings)
    batch = settings.index_batch_constructs
    return (
        metadata_index.retire_keys(tx, settings.metadata_keys)
        or metadata_index.remove_batch(tx, batch)
        or metadata_index.begin_keys(tx, settings.metadata_keys)
        or metadata_index.build_batch(tx, batch)
    )
