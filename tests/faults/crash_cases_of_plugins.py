"""The operations of plugins that take several steps, and how a crash in each of them is looked at; for programs."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from crash_cases import MANY
from crash_stores import KEYS, TEXT, Case, beside, command, fill, find_missing, opened

from synthetic import Finding, Store, SystemClock, delete_owned
from synthetic.testing import ManualClock
from synthetic_artifacts import services
from synthetic_artifacts.model import ArtifactContent, ArtifactStatus
from synthetic_artifacts.setting_aside import set_orphans_aside
from synthetic_artifacts.store import create_artifact, find_artifact, list_removals, mark_damaged
from synthetic_constructs.store import save_construct
from synthetic_deliveries.services import gather, sending
from synthetic_deliveries.store import TargetContent, save_target
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.store import cancel_jobs, save_job

CONTENT = ArtifactContent(id="new", construct_id=KEYS[0], type="log", name="new.log", content_type="text/plain")
MESSAGES = 100
ORPHAN = "gone/log/old"


def create(data: Path) -> None:
    with opened(data) as store:
        create_artifact(store, CONTENT, [TEXT])


def find_wrong_artifacts(data: Path) -> list[str]:
    """The artifact is there, and no file that no artifact has."""
    with opened(data) as store:
        artifact = store.read(find_artifact, "new")
    missing = [] if artifact and artifact.status == ArtifactStatus.AVAILABLE else [f"not stored: {artifact}"]
    return missing + find_missing(data)


def prepare_repair(data: Path) -> None:
    fill(data)
    create(data)
    with opened(data) as store:
        artifact = store.read(find_artifact, "new")
        assert artifact is not None
        (data / "artifacts" / artifact.path).unlink()
        store.write(mark_damaged, artifact, ArtifactStatus.MISSING)


def remove(data: Path) -> None:
    with opened(data) as store:
        if store.read(find_artifact, KEYS[0]):
            delete_owned(store, "artifacts", KEYS[0])
        while services.remove_files(store):
            pass


def find_not_removed(data: Path) -> list[str]:
    with opened(data) as store:
        waiting = store.read(list_removals, 10)
        is_there = store.read(find_artifact, KEYS[0])
    files = [path.name for path in (data / "artifacts").rglob("build*")]
    return [] if not waiting and is_there is None and len(files) == 1 else [f"left: {waiting} {files}"]


def prepare_orphan(data: Path) -> None:
    fill(data)
    orphan = data / "artifacts" / ORPHAN
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(TEXT)


def set_aside(data: Path) -> None:
    """What `synthetic check --repair` does in two hours, when the file is old enough."""
    clock = ManualClock(SystemClock().now_ms() + 7_200_000, monotonic=SystemClock())
    with opened(data, clock) as store:
        store.write(set_orphans_aside, [Finding(message="It is no artifact's.", details={"path": ORPHAN})])


def find_not_aside(data: Path) -> list[str]:
    """The file is in `quarantine/`, once or, where its move was broken off, twice; and nowhere else."""
    there = [path.read_bytes() for path in (data / "quarantine").glob(f"*-orphans/{ORPHAN}")]
    is_right = set(there) == {TEXT} and not (data / "artifacts" / ORPHAN).exists()
    return find_missing(data) + ([] if is_right else [f"set aside {len(there)} times"])


def prepare_bulk(data: Path) -> None:
    fill(data)

    def add(tx: Any) -> None:
        for number in range(MANY):
            save_job(tx, {"kind": "many"}, job_id=f"many{number}")

    with opened(data) as store:
        store.write(add)


def cancel(data: Path) -> None:
    with opened(data) as store:
        cancel_jobs(store, Criteria(kinds=["many"]))


def find_not_cancelled(data: Path) -> list[str]:
    sql = "SELECT status, count(*) FROM sync_jobs WHERE kind = 'many' GROUP BY status"
    with opened(data) as store:
        found = store.read(lambda snapshot: snapshot.rows(sql))
    return find_missing(data) + ([] if found == [("CANCELLED", MANY)] else [f"not cancelled: {found}"])


def prepare_reading(data: Path) -> None:
    fill(data)
    folder = beside(data, "chats")
    folder.mkdir()
    lines = [json.dumps({"role": "user", "content": f"question {number}"}) for number in range(MESSAGES)]
    (folder / "long.jsonl").write_text("".join(f"{line}\n" for line in lines))


def find_wrong_messages(data: Path) -> list[str]:
    with opened(data) as store:
        seqs = store.read(lambda snapshot: [seq for (seq,) in snapshot.rows("SELECT message_count FROM transcripts")])
    return [] if seqs == [MESSAGES] else [f"messages: {seqs}"]


class _Receiver(BaseHTTPRequestHandler):
    """Takes everything, and writes down which message it was."""

    file: Path

    def do_POST(self) -> None:
        """One delivery."""
        self.rfile.read(int(self.headers["content-length"]))
        with self.file.open("a") as file:
            file.write(f"{self.headers['webhook-id']}\n")
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's
        """Nothing."""


def deliver(data: Path) -> None:
    """Let something happen if nothing has, and send what is due, to a receiver in this process."""
    receiver = type("Receiver", (_Receiver,), {"file": beside(data, "received")})
    with ThreadingHTTPServer(("127.0.0.1", 0), receiver) as server, opened(data) as store:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _aim(store, f"http://127.0.0.1:{server.server_address[1]}/")
        while gather(store):
            pass
        with sending() as send:
            send(store)
        server.shutdown()


def _aim(store: Store, url: str) -> None:
    version = store.read(lambda snapshot: snapshot.value("SELECT version FROM delivery_targets WHERE id = 'target'"))
    if version is None:
        content = TargetContent(name="target", url=url, allow_private=True, event_types=["construct.*"])
        store.write(lambda tx: save_target(tx, content, target_id="target"))
        store.write(lambda tx: save_construct(tx, {"type": "task", "title": "told"}, id="told"))
    else:
        store.write(lambda tx: save_target(tx, TargetContent(url=url), target_id="target", if_version=version))


def find_not_delivered(data: Path) -> list[str]:
    """It came at least once, and each time as the same message."""
    received = beside(data, "received").read_text().split()
    with opened(data) as store:
        statuses = store.read(lambda snapshot: snapshot.rows("SELECT status, webhook_id FROM deliveries"))
    is_right = len(statuses) == 1 and statuses[0][0] == "DELIVERED" and set(received) == {statuses[0][1]}
    return [] if is_right else [f"delivered {statuses}, received {received}"]


CASES_OF_PLUGINS = {
    "artifact": Case(
        ("artifact.bytes_written", "artifact.file_named", "artifact.file_placed", "transaction.committed"),
        create, fill, find_wrong_artifacts,
    ),
    "artifact_repair": Case(
        ("artifact_repair.file_put_back", "transaction.committed"), create, prepare_repair, find_wrong_artifacts
    ),
    "artifact_removal": Case(
        ("artifact_removal.file_removed", "transaction.committed", "transaction.committed:2"),
        remove, fill, find_not_removed,
    ),
    "orphan": Case(("orphan.set_aside",), set_aside, prepare_orphan, find_not_aside),
    "bulk_change": Case(("transaction.committed", "transaction.committed:2"), cancel, prepare_bulk, find_not_cancelled),
    "ingest": Case(
        ("transaction.committed", "transaction.committed:3"),
        lambda data: command("ingest", str(beside(data, "chats")), "--data", str(data)),
        prepare_reading, find_wrong_messages, environment={"SYNTHETIC_PLUGINS_INGEST_BATCH_LINES": "20"},
    ),
    "delivery": Case(("delivery.answered", "transaction.committed:3"), deliver, fill, find_not_delivered),
}  # fmt: skip
"""By operation; `operations.py` says what starts each."""
