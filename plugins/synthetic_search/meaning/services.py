"""Background work: embedding what was indexed, with the model that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from synthetic import BlockingStore, Snapshot, SyncOutcome, SyntheticError, Transaction, report_sync
from synthetic_search.index.extent import last_row
from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.meaning.shipped import LEARNT
from synthetic_search.meaning.store import count_embedded
from synthetic_search.settings import SearchSettings

MODULE = "search.meaning"


class Embedding:
    """The work, and what sync status was told of it last."""

    def __init__(self) -> None:
        """Nothing was told."""
        self._told: SyncOutcome | None = None
        self._is_behind = False

    def work(self, store: BlockingStore) -> int:
        """Embed a batch of documents, or do what else is next.

        Returns:
            How much was done; 0: there is nothing to do.

        Raises:
            Exception: It fails; sync status is told, and it is tried again.
        """
        if not store.read(has_work):
            return 0
        from synthetic_search.meaning.filling import take_turn  # noqa: PLC0415 - numpy: a small store does without

        before = store.read(count_embedded) if self._told is not SyncOutcome.SUCCEEDED else 0
        try:
            done = take_turn(store)
        except Exception as error:
            known = error if isinstance(error, SyntheticError) else EmbedderError(f"It failed: {type(error).__name__}.")
            store.write(report_failure, known)
            self._told = SyncOutcome.FAILED
            raise
        if done:
            self._is_behind = True
            # What was begun may take hours: that the embedder is back is told with the first batch.
            if self._told is not SyncOutcome.SUCCEEDED and store.read(count_embedded) > before:
                self._succeed(store)
        elif self._is_behind or self._told is not SyncOutcome.SUCCEEDED:
            self._succeed(store)
            self._is_behind = False
        return done

    def _succeed(self, store: BlockingStore) -> None:
        store.write(report_success)
        self._told = SyncOutcome.SUCCEEDED


def has_work(snapshot: Snapshot) -> bool:
    """Whether there is a model, or enough documents for one."""
    settings = snapshot.settings(SearchSettings)
    if snapshot.value("SELECT EXISTS (SELECT 1 FROM search_models)"):
        return True
    return bool(settings.embedder) and last_row(snapshot) >= (
        settings.embedder_learns_at if settings.embedder == LEARNT.name else 1
    )


@contextmanager
def embedding() -> Generator[Callable[[BlockingStore], int]]:
    """The work of a process, as long as it does the store's background work."""
    yield Embedding().work


def report_failure(tx: Transaction, error: SyntheticError) -> None:
    """Tell sync status that documents cannot be embedded."""
    report_sync(tx, MODULE, SyncOutcome.FAILED, error=error)


def report_success(tx: Transaction) -> None:
    """Tell sync status that documents are embedded."""
    report_sync(tx, MODULE, SyncOutcome.SUCCEEDED, expected_interval_ms=0)
