"""Embedders that are open, as a resource of the kernel."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from threading import Lock
from typing import Self

from synthetic import SettingsLookup
from synthetic_search.meaning.embedders import Embedder
from synthetic_search.meaning.guarded import GuardedEmbedder, open_guarded
from synthetic_search.meaning.model import ModelRecord
from synthetic_search.meaning.threads import DaemonThreads

THREADS = 4
"""So many queries are embedded at once; an endpoint that does not answer holds up no more."""


class OpenedEmbedders:
    """The embedders of models, each opened once in a process.

    Attributes:
        settings: Finds the loaded settings.
        threads: Where queries are embedded.
    """

    def __init__(self, settings: SettingsLookup) -> None:
        """Make it; nothing is open."""
        self.settings = settings
        self.threads = DaemonThreads(THREADS, "embedder")
        self._opened: dict[int, GuardedEmbedder] = {}
        self._lock = Lock()
        weakref.finalize(self, _close_all, self._opened)

    @classmethod
    def make(cls, settings: SettingsLookup, /) -> Self:
        """As a resource."""
        return cls(settings)

    def find(self, key: int) -> GuardedEmbedder | None:
        """The embedder of a model, if it is open."""
        return self._opened.get(key)

    def open(self, embedder: Embedder, model: ModelRecord, read_fitted: Callable[[], bytes]) -> GuardedEmbedder:
        """The embedder of a model; it is opened if need be.

        Args:
            embedder: Whose model it is.
            model: The model.
            read_fitted: Reads what a learnt one consists of.

        Raises:
            EmbedderError: It cannot be opened.
        """
        found = self._opened.get(model.key)
        if found is None:
            fitted = read_fitted() if embedder.fit is not None else b""
            with self._lock:
                found = self._opened.get(model.key)
                if found is None:
                    found = self._opened[model.key] = open_guarded(embedder, self.settings, model.model, fitted)
        return found

    def keep_only(self, keys: Collection[int]) -> None:
        """Forget those of other models. They are not closed here: a query may still be using one."""
        for key in self._opened.keys() - set(keys):
            self._opened.pop(key, None)


def _close_all(opened: dict[int, GuardedEmbedder]) -> None:
    for embedder in opened.values():
        embedder.close()
