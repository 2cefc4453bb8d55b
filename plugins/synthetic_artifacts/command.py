"""`synthetic artifacts`: finding files that are kept, taking them out, putting them in, deleting and restoring them."""

from __future__ import annotations

import mimetypes
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from synthetic import Snapshot, bad_input, from_json, ms_from_iso
from synthetic.cli import DataOption, JsonOption, emit, fields_of, instant_of, open_store, progress, show
from synthetic_artifacts.copying import artifact_pieces, content_pieces, read_pieces, refuse_taken, write_pieces
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.marks import FolderClaim, mark_folder
from synthetic_artifacts.model import Artifact, ArtifactContent, ArtifactStatus, Criteria
from synthetic_artifacts.presentation import (
    artifact_as_json,
    artifact_fields,
    artifacts_table,
    usage_as_json,
    usage_in_words,
)
from synthetic_artifacts.store import (
    Usage,
    create_artifact,
    delete_artifact,
    get_artifact,
    get_available_artifact,
    note_marked,
    query_artifacts,
    read_claim,
    read_usage,
    restore_artifact,
)

ENTITY = "artifact"
STANDARD = "-"
"""In place of a file's name: standard input or output."""

DEFAULT_CONTENT_TYPE = "application/octet-stream"

CONTENT_TYPES = {
    ".log": "text/plain",
    ".md": "text/markdown",
    ".diff": "text/x-diff",
    ".patch": "text/x-diff",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".toml": "application/toml",
}
"""Of endings that agents' files have, and that Python's table lacks or leaves to what else is installed."""

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the artifact.", show_default=False)]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of artifacts.", show_default=False)]
ConstructOption = Annotated[str | None, typer.Option("--construct", metavar="ID", help="Only those of this construct.")]
SessionOption = Annotated[str | None, typer.Option("--session", metavar="ID", help="Only those this session made.")]
JobOption = Annotated[str | None, typer.Option("--job", metavar="ID", help="Only those this job made.")]
StatusOption = Annotated[
    list[ArtifactStatus] | None,
    typer.Option("--status", case_sensitive=False, help="Only those in this status. May be repeated."),
]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only those of this type. May be repeated.")
]
HashOption = Annotated[str | None, typer.Option("--sha256", metavar="HASH", help="Only those with this content.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Stored since: 2h (ago), or an instant.")
]
BeforeOption = Annotated[
    str | None, typer.Option("--before", metavar="WHEN", help="Stored before: 2h (ago), or an instant.")
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=500)]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="FILE", help="Where to, or - for standard output.", show_default="its name, here"),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
FileArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="The file to keep, or - for standard input.", show_default=False)
]
NewIdOption = Annotated[str | None, typer.Option("--id", metavar="ID", help="Its id; without one, it gets one.")]
NewTypeOption = Annotated[str, typer.Option("--type", metavar="TYPE", help="What kind of artifact it is, such as log.")]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What it is called.", show_default="as the file")
]
ContentTypeOption = Annotated[
    str | None, typer.Option("--content-type", metavar="TYPE", help="Its media type.", show_default="by its name")
]
ForConstructOption = Annotated[
    str | None, typer.Option("--construct", metavar="ID", help="Whose it is.", show_default="of the job or session")
]
BySessionOption = Annotated[str | None, typer.Option("--session", metavar="ID", help="The session that made it.")]
ByJobOption = Annotated[str | None, typer.Option("--job", metavar="ID", help="The job that made it.")]
MetadataOption = Annotated[str | None, typer.Option("--metadata", metavar="JSON", help="A JSON object.")]
ExpiresOption = Annotated[
    str | None, typer.Option("--expires-at", metavar="INSTANT", help="When nobody needs it any more, in ISO 8601.")
]


def list_(
    construct: ConstructOption = None,
    session: SessionOption = None,
    job: JobOption = None,
    type_: TypeOption = None,
    status: StatusOption = None,
    sha256: HashOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List artifacts, what was stored last first; deleted ones only with --status deleted."""
    criteria = Criteria(
        construct_id=construct,
        session_id=session,
        job_id=job,
        types=type_ or None,
        statuses=status or None,
        sha256=sha256,
        created_from=instant_of(since, "--since"),
        created_before=instant_of(before, "--before"),
    )

    def read(snapshot: Snapshot) -> tuple[list[Artifact], bool, Usage]:
        found = query_artifacts(snapshot, criteria, first=limit)
        return [edge.node for edge in found.edges], found.page_info.has_next_page, read_usage(snapshot)

    with open_store(data) as store:
        artifacts, has_more, usage = store.read(read)
        now = store.kernel.clock.now_ms()
    if as_json:
        shown = [artifact_as_json(artifact) for artifact in artifacts]
        emit({"artifacts": shown, "hasMore": has_more, "all": usage_as_json(usage)}, as_json)
        return
    if artifacts:
        show(artifacts_table(artifacts, now), "")
    show(usage_in_words(usage) + (f"; the last {limit:,} that fit are shown" if has_more else ""))


def show_(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show all that is stored of one artifact, but for its content."""
    with open_store(data) as store:
        artifact = store.read(get_artifact, id)
    _tell(artifact, as_json=as_json)


def get(
    id: IdArgument,
    to: ToOption = None,
    force: ForceOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the content of an artifact to a file, once all of it was compared with its hash."""
    with open_store(data) as store:
        artifact = store.read(get_available_artifact, id)
        target = Path(artifact.name if to is None else to)
        target = target / artifact.name if target.is_dir() else target
        if to != STANDARD and not force:
            # Once more when it is written: whoever makes a file of that name meanwhile keeps it.
            refuse_taken(target)
        with (
            progress("Copying", as_json or to == STANDARD, unit="bytes") as shown,
            artifact_pieces(store, artifact, shown) as pieces,
        ):
            if to == STANDARD:
                sys.stdout.buffer.writelines(pieces)
                sys.stdout.buffer.flush()
                return
            write_pieces(pieces, target, replaces=force)
    _tell(artifact, as_json=as_json)


def put(
    file: FileArgument,
    type_: NewTypeOption,
    construct: ForConstructOption = None,
    session: BySessionOption = None,
    job: ByJobOption = None,
    id: NewIdOption = None,
    name: NameOption = None,
    content_type: ContentTypeOption = None,
    metadata: MetadataOption = None,
    expires_at: ExpiresOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a file as an artifact; sent again with the same id and content, what is there is shown."""
    if name is None:
        if file == STANDARD:
            raise bad_input("name", "must be given for what comes from standard input")
        name = Path(file).name
    said = ArtifactContent(
        id=id,
        construct_id=construct,
        session_id=session,
        job_id=job,
        type=type_,
        name=name,
        content_type=content_type or _guessed(name),
        metadata={} if metadata is None else _read_metadata(metadata),
        expires_at=None if expires_at is None else ms_from_iso(expires_at),
    )
    with open_store(data, adds=True) as store, progress("Storing", as_json, unit="bytes") as shown:
        pieces = read_pieces(sys.stdin.buffer, shown) if file == STANDARD else content_pieces(Path(file), shown)
        with store.operation(entity_type=ENTITY, entity_id=id) as operation:
            saved = create_artifact(store, said, pieces)
            operation.about(ENTITY, saved.artifact.id)
            operation.details.update(sizeBytes=saved.artifact.size_bytes, created=saved.created)
    _tell(saved.artifact, as_json=as_json)


def delete(ids: IdsArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Delete artifacts; until their grace time is over they can be restored."""
    with open_store(data) as store:
        deleted = [store.operation(entity_type=ENTITY, entity_id=id).write(delete_artifact, id) for id in ids]
        now = store.kernel.clock.now_ms()
    _tell_all(deleted, now, as_json=as_json)


def restore(ids: IdsArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Take the deletion of artifacts back, in time."""
    with open_store(data) as store:
        restored = [store.operation(entity_type=ENTITY, entity_id=id).write(restore_artifact, id) for id in ids]
        now = store.kernel.clock.now_ms()
    _tell_all(restored, now, as_json=as_json)


def adopt_folder(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Take `artifacts/` as it is for this store's, though its mark is not there: files that lack are then MISSING."""

    def look(snapshot: Snapshot) -> tuple[ArtifactFolder, FolderClaim]:
        return ArtifactFolder.of(snapshot), read_claim(snapshot)

    with open_store(data) as store, store.operation(entity_type="artifact_folder"):
        folder, claim = store.read(look)
        mark_folder(folder, claim)
        store.write(note_marked)
    emit({"path": str(folder.path)}, as_json)


def _guessed(name: str) -> str:
    """The media type that a name stands for; what is compressed is what it is compressed with."""
    known = CONTENT_TYPES.get(Path(name).suffix.lower())
    if known is not None:
        return known
    guessed, encoding = mimetypes.MimeTypes().guess_type(name)
    if encoding is not None:
        return f"application/{encoding}" if encoding in ("gzip", "zstd") else DEFAULT_CONTENT_TYPE
    return guessed or DEFAULT_CONTENT_TYPE


def _read_metadata(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError as error:
        raise bad_input("metadata", "must be a JSON object") from error


def _tell(artifact: Artifact, *, as_json: bool) -> None:
    if as_json:
        emit(artifact_as_json(artifact), as_json)
    else:
        show(fields_of(artifact_fields(artifact)))


def _tell_all(artifacts: list[Artifact], now: int, *, as_json: bool) -> None:
    if as_json:
        emit({"artifacts": [artifact_as_json(artifact) for artifact in artifacts]}, as_json)
    else:
        show(artifacts_table(artifacts, now))
