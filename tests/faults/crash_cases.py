"""The operations of the kernel that take several steps, and how a crash in each of them is looked at; for programs."""

from __future__ import annotations

import shutil
from pathlib import Path

from crash_stores import (
    KEYS,
    Case,
    command,
    fill,
    find_missing,
    keep,
    kept,
    let_lease_run_out,
    opened,
)

from synthetic import Snapshot, Store, SystemClock, Transaction, delete_owned
from synthetic.log.archive import Archive, archive_step
from synthetic.log.consumers.store import find_consumer, request_action
from synthetic.security.first_token import ensure_first_token
from synthetic.security.tokens import count_tokens, find_token, hash_secret
from synthetic.storage.free_pages import FreePages, read_free_pages
from synthetic.testing import ManualClock, wait_until
from synthetic_constructs.model import ConstructContent
from synthetic_constructs.store import save_construct
from synthetic_sessions.store import save_session

WITHOUT_SEARCH = {"SYNTHETIC_PLUGINS_SEARCH_ENABLED": "false"}
FOLD, FOLDED = "projections.activity", "construct_activity"
LATER_MS = 45 * 86_400_000
LONG: ConstructContent = {"type": "task", "title": "long", "description": "y" * 40_000}
MANY = 700
"""More rows than one transaction deletes or changes."""


def make_older(data: Path) -> None:
    """Make a store that has never had one of the plugins, so that its migrations are pending."""
    shutil.rmtree(data)
    fill(data, **{"plugins.search.enabled": "false"})


def _pending(data: Path) -> list[str]:
    with opened(data) as store:
        return [str(migration) for migration in store.kernel.applied]


def find_not_migrated(data: Path) -> list[str]:
    return [f"{each} was not applied" for each in _pending(data)] + find_missing(data)


def prepare_rebuild(data: Path) -> None:
    fill(data)
    keep(data, "folded", _rebuilt(data))


def _rebuilt(data: Path) -> list[list[str]]:
    """Rebuild a fold, or go on with that, and tell its rows."""
    let_lease_run_out(data)
    with opened(data) as store:
        runner = store.kernel.services()
        runner.start()
        try:
            wait_until(lambda: _follows(store), "the fold")
            store.write(request_action, FOLD, "REBUILD")
            wait_until(lambda: _follows(store), "the rebuild")
        finally:
            runner.stop()
        return store.read(_folded)


def _folded(snapshot: Snapshot) -> list[list[str]]:
    return sorted([[str(value) for value in row] for row in snapshot.rows(f"SELECT * FROM {FOLDED}")])


def _follows(store: Store) -> bool:
    record = store.read(find_consumer, FOLD)
    if record is None:
        return False
    head = store.read(lambda snapshot: snapshot.value("SELECT max(position) FROM domain_events"))
    return record.phase == "FOLLOWING" and record.requested is None and record.position >= head


def find_wrong_fold(data: Path) -> list[str]:
    with opened(data) as store:
        rows = store.read(_folded)
    return [] if rows and rows == kept(data, "folded") else [f"the fold has other rows: {rows}"]


def prepare_archive(data: Path) -> None:
    fill(data)
    with opened(data) as store:
        keep(
            data,
            "positions",
            store.read(lambda snapshot: [p for (p,) in snapshot.rows("SELECT position FROM domain_events ORDER BY 1")]),
        )


def archive(data: Path) -> None:
    clock = SystemClock()
    later = ManualClock(clock.now_ms() + LATER_MS, monotonic=clock)
    with opened(data, later, **{"kernel.events.segment_events": "4"}) as store:
        while archive_step(store.kernel.directory.archive, store):
            pass


def find_wrong_log(data: Path) -> list[str]:
    """The whole log can be read, each event once."""
    found: list[int] = []
    with opened(data) as store:
        archived = store.read(lambda snapshot: snapshot.resource(Archive))
        while True:
            page = store.read(archived.page, found[-1] if found else 0, 3)
            found += [event.position for event in page.events]
            if not page.events and page.through >= page.ends.head:
                break
            if not page.events:
                return [f"no event behind {found[-1:]}"]
    expected = kept(data, "positions")
    return [] if found[: len(expected)] == expected else [f"the log has {found}, not {expected}"]


def prepare_retention(data: Path) -> None:
    fill(data)
    with opened(data) as store:
        store.write(_add_old_jobs)


def _add_old_jobs(tx: Transaction) -> None:
    old = tx.now - LATER_MS
    tx.execute_many(
        "INSERT INTO sync_jobs (id, user_id, project_id, kind, key, params, priority, max_attempts, on_lapse, metadata,"
        " status, progress, attempts, run_after, lease_token, version, created_at, started_at, completed_at,"
        " updated_at)"
        " VALUES (:id, 'u', 'p', 'k', 'key', '{}', 5, 3, 'REQUEUE', '{}', 'COMPLETED', 100, 1, 0, 1, 3,"
        " :at, :at, :at, :at)",
        ({"id": f"old{number}", "at": old} for number in range(MANY)),
    )


def find_not_deleted(data: Path) -> list[str]:
    with opened(data) as store:
        left = store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM sync_jobs WHERE id LIKE 'old%'"))
    return find_missing(data) + ([f"{left} old jobs are left"] if left else [])


def prepare_deletion(data: Path) -> None:
    fill(data)

    def add(tx: Transaction) -> None:
        save_construct(tx, {"type": "task", "title": "large"}, id="large")
        for number in range(MANY):
            save_session(tx, {"construct_id": "large", "agent": "builder-1"}, session_id=f"of-large{number}")

    with opened(data) as store:
        store.write(add)


def delete(data: Path) -> None:
    with opened(data) as store:
        if store.read(lambda snapshot: snapshot.row("SELECT 1 FROM constructs WHERE id = 'large'")):
            delete_owned(store, "constructs", "large")


def find_left_of_deletion(data: Path) -> list[str]:
    with opened(data) as store:
        left = store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM sessions WHERE construct_id = 'large'"))
        is_there = store.read(lambda snapshot: snapshot.row("SELECT 1 FROM constructs WHERE id = 'large'"))
    return find_missing(data) + (["something of the construct is left"] if left or is_there else [])


def prepare_pages(data: Path) -> None:
    fill(data)
    with opened(data) as store:
        for key in KEYS:
            store.write(lambda tx, key=key: save_construct(tx, {"description": None}, id=key, if_version=1))


def give_pages_back(data: Path) -> None:
    with opened(data, **{"kernel.storage.free_page_bytes": "0"}) as store:
        kernel = store.kernel
        pages = FreePages(kernel.database, kernel.settings, kernel.clock, kernel.storage_meter)
        while pages.step(store):
            pass


def find_free_pages(data: Path) -> list[str]:
    with opened(data) as store:
        free = store.read(read_free_pages)
    return find_missing(data) + ([f"{free} pages are free still"] if free else [])


def checkpoint(data: Path) -> None:
    with opened(data, **{"kernel.storage.wal_bytes": "65536"}) as store:
        for key in KEYS:
            store.write(lambda tx, key=key: save_construct(tx, LONG, id=f"{key}-{tx.new_id()}"))
        store.kernel.checkpointer.step(store)


def purge(data: Path) -> None:
    not_found = 65
    command("plugins", "purge", "search", "--yes", "--data", str(data), passes=(0, not_found))


def find_not_purged(data: Path) -> list[str]:
    with opened(data, **{"plugins.search.enabled": "false"}) as store:
        left = store.read(lambda snapshot: snapshot.rows("SELECT name FROM registered_tables WHERE plugin = 'search'"))
    return [f"{name} is left" for (name,) in left]


def first_token(data: Path) -> None:
    with opened(data) as store:
        ensure_first_token(store, data, {})


def find_wrong_token(data: Path) -> list[str]:
    secret = (data / "token").read_text().strip()
    with opened(data) as store:
        number, found = store.read(lambda snapshot: (count_tokens(snapshot), find_token(snapshot, hash_secret(secret))))
    return [] if number == 1 and found is not None else [f"{number} tokens, and the file's is {found}"]


def nothing(_data: Path) -> None:
    """An empty store will do."""


CASES = {
    "migration": Case(
        ("migration.backed_up", "migration.before_commit", "migration.before_commit:2", "migration.committed"),
        lambda data: command("migrate", "--data", str(data)), make_older, find_not_migrated,
    ),
    "first_migration": Case(
        ("migration.before_commit", "migration.committed"),
        lambda data: command("migrate", "--data", str(data)), shutil.rmtree, _pending,
    ),
    "rebuild": Case(
        ("rebuild.begun", "rebuild.batch_taken", "rebuild.exchanging", "rebuild.exchanging:2", "rebuild.exchanged"),
        _rebuilt, prepare_rebuild, find_wrong_fold,
    ),
    "archive": Case(
        ("archive.segment_written", "archive.segment_written:2", "archive.recorded", "transaction.committed:3"),
        archive, prepare_archive, find_wrong_log, find_wrong_log,
    ),
    "retention": Case(
        ("retention.batch_deleted", "retention.batch_deleted:2", "transaction.committed:3"),
        lambda data: command("retention", "--run", "--data", str(data)), prepare_retention, find_not_deleted,
    ),
    "deletion": Case(
        ("deletion.batch_deleted", "deletion.table_cleared"), delete, prepare_deletion, find_left_of_deletion
    ),
    "free_pages": Case(
        ("free_pages.before_commit", "transaction.committed"), give_pages_back, prepare_pages, find_free_pages
    ),
    "checkpoint": Case(("checkpoint.copied", "checkpoint.emptied"), checkpoint, fill, find_missing, find_missing),
    "purge": Case(
        ("purge.backed_up", "purge.tables_dropped"), purge, fill, find_not_purged, environment=WITHOUT_SEARCH
    ),
    "first_token": Case(("first_token.file_written", "transaction.committed"), first_token, nothing, find_wrong_token),
}  # fmt: skip
"""By operation; `operations.py` says what starts each."""
