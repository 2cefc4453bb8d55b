"""The plugin's part of the demo: reports and logs that the made-up fleet keeps for what it works on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from synthetic import BlockingStore, Snapshot, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import add_artifact, create_artifact, prepare_artifact, read_usage

ARTIFACTS_MAX = 200
"""No more are stored then: who lets the demo run for days finds no full disk."""

STEPS = ("resolve dependencies", "compile", "run unit tests", "run integration tests", "pack", "publish")


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """Whoever first worked on a construct has left a report of it."""
    draw = fleet.random("artifacts", construct.id)
    for _, end, _ in construct.work():
        content = ArtifactContent(
            id=fleet.id_at(end, "artifact", construct.id),
            construct_id=construct.id,
            type="report",
            name="report.md",
            content_type="text/markdown; charset=utf-8",
        )
        yield Moment(end, partial(_keep, content=content, words=_words("report", construct.part, draw)))
        return


def _keep(tx: Transaction, content: ArtifactContent, words: str) -> None:
    """Store a report, unless the store has enough of them; a file that is written in vain goes with the sweep."""
    if read_usage(tx).files >= ARTIFACTS_MAX:
        return
    prepared = prepare_artifact(tx, content)
    with prepared.open_writer() as writer:
        writer.write(words.encode())
        if not add_artifact(tx, prepared, writer.finish()).created:
            writer.discard()


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """A job that is running keeps a log or a report for its construct."""
    found = store.read(_find_running)
    if found is None:
        return
    job_id, construct_id, part = found
    kind = random.choice(("log", "report"))
    content = ArtifactContent(
        construct_id=construct_id,
        job_id=job_id,
        type=kind,
        name=f"{part.replace(' ', '-').replace('/', '-')}.{'txt' if kind == 'log' else 'md'}"[:200],
        content_type="text/plain; charset=utf-8" if kind == "log" else "text/markdown; charset=utf-8",
        metadata={"agent": fleet.agent(random, "implementation")},
    )
    create_artifact(store, content, (_words(kind, part, random).encode(),))


def _find_running(snapshot: Snapshot) -> tuple[str, str, str] | None:
    """A running job of a construct that has none yet: its id, the construct's, and what it works on."""
    if read_usage(snapshot).files >= ARTIFACTS_MAX:
        return None
    row = snapshot.row(
        "SELECT j.id, j.construct_id, coalesce(j.key, j.kind) FROM sync_jobs j"
        " WHERE j.status = 'RUNNING' AND j.construct_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.job_id = j.id) ORDER BY j.created_at LIMIT 1"
    )
    return None if row is None else (str(row[0]), str(row[1]), str(row[2]))


def _words(kind: str, part: str, random: Random) -> str:
    if kind == "report":
        return f"# {part}\n\n{random.randrange(3, 40)} files were changed, {random.randrange(20, 400)} tests pass.\n"
    lines = [
        f"{step}: ok, {random.randrange(100, 90_000)} ms" for step in STEPS for _ in range(random.randrange(1, 60))
    ]
    return "\n".join([f"# {part}", *lines, "done", ""])
