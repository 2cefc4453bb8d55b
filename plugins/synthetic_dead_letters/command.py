"""`synthetic dead-letters`: what failed for good, and dealing with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from synthetic import Snapshot, bad_input, from_json
from synthetic.cli import DataOption, JsonOption, emit, fields_of, instant_of, open_store, show
from synthetic_dead_letters.model import Criteria, DeadLetter, DeadLetterStatus
from synthetic_dead_letters.presentation import (
    counts_in_words,
    groups_table,
    letter_fields,
    letters_table,
    payload_in_lines,
    record_as_json,
    redrives_table,
)
from synthetic_dead_letters.store import (
    RetryRequest,
    cancel_redrive,
    count_by_status,
    count_redrivable,
    discard_dead_letter,
    get_dead_letter,
    list_groups,
    list_redrives,
    query_dead_letters,
    redrive_dead_letters,
    resolve_dead_letter,
    retry_dead_letter,
)

ENTITY = "dead_letter"

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the dead letter.", show_default=False)]
StatusOption = Annotated[
    list[DeadLetterStatus] | None,
    typer.Option("--status", case_sensitive=False, help="Only letters in this status. May be repeated."),
]
SourceOption = Annotated[
    list[str] | None, typer.Option("--source", metavar="NAME", help="Only letters of this source. May be repeated.")
]
CodeOption = Annotated[
    list[str] | None, typer.Option("--code", metavar="CODE", help="Only letters with this error. May be repeated.")
]
FingerprintOption = Annotated[
    list[str] | None,
    typer.Option("--fingerprint", metavar="HASH", help="Only letters that failed like this. May be repeated."),
]
ConstructOption = Annotated[str | None, typer.Option("--construct", metavar="ID", help="Only those of this construct.")]
BeforeOption = Annotated[
    str | None, typer.Option("--before", metavar="WHEN", help="Last failed before: 2h (ago), or an instant.")
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=500)]
PayloadOption = Annotated[
    Path | None,
    typer.Option("--payload", metavar="FILE", help="Retry it with the JSON of this file in place of its payload."),
]
OutOfOrderOption = Annotated[
    bool, typer.Option("--out-of-order", help="Retry it though an earlier letter with its key is not dealt with.")
]
RateOption = Annotated[
    float | None, typer.Option("--rate", metavar="N", help="At most so many retries a second.", min=0.001)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say how many letters would be retried.")]
WordsOption = Annotated[str | None, typer.Option("--because", metavar="WORDS", help="Why, or how; it is recorded.")]
RedriveArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the redrive.", show_default=False)]


def list_(
    status: StatusOption = None,
    source: SourceOption = None,
    code: CodeOption = None,
    fingerprint: FingerprintOption = None,
    construct: ConstructOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, what arrived last first, and count all by their status."""
    criteria = Criteria(
        statuses=status or None,
        sources=source or None,
        codes=code or None,
        fingerprints=fingerprint or None,
        construct_id=construct,
    )

    def read(snapshot: Snapshot) -> tuple[list[DeadLetter], bool, dict[DeadLetterStatus, int]]:
        found = query_dead_letters(snapshot, criteria, first=limit)
        return [edge.node for edge in found.edges], found.page_info.has_next_page, count_by_status(snapshot)

    with open_store(data) as store:
        letters, has_more, counts = store.read(read)
        now = store.kernel.clock.now_ms()
    if as_json:
        shown = [record_as_json(letter) for letter in letters]
        emit({"counts": counts, "deadLetters": shown, "hasMore": has_more}, as_json)
        return
    if letters:
        show(letters_table(letters, now), "")
    show(counts_in_words(counts) + (f" in all; the last {limit:,} are shown" if has_more else " in all"))


def groups(limit: LimitOption = 50, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List what open letters have in common, the largest groups first."""
    with open_store(data) as store:
        found = store.read(lambda snapshot: list_groups(snapshot, limit=limit))
        now = store.kernel.clock.now_ms()
    if as_json:
        emit({"groups": [record_as_json(group) for group in found]}, as_json)
    elif found:
        show(groups_table(found, now))
    else:
        show("no open dead letters")


def show_(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show all of one dead letter: what failed and why, what a retry needs, and what came of it."""
    with open_store(data) as store:
        letter = store.read(get_dead_letter, id)
    if as_json:
        emit(record_as_json(letter), as_json)
    else:
        show(fields_of(letter_fields(letter)), "\npayload", payload_in_lines(letter))


def retry(
    id: IdArgument,
    payload: PayloadOption = None,
    out_of_order: OutOfOrderOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retry a dead letter now, with another payload if one is given."""
    request = RetryRequest(
        letter_id=id,
        has_payload=payload is not None,
        payload=None if payload is None else _read_payload(payload),
        is_out_of_order=out_of_order,
    )
    with open_store(data) as store:
        details = {"edited": request.has_payload}
        with store.operation(entity_type=ENTITY, entity_id=id, details=details):
            letter = retry_dead_letter(store, request)
    _tell(letter, as_json=as_json)


def resolve(id: IdArgument, because: WordsOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say that a dead letter is dealt with."""
    with open_store(data) as store:
        operation = store.operation(entity_type=ENTITY, entity_id=id)
        letter = operation.write(lambda tx: resolve_dead_letter(tx, id, resolution=because))
    _tell(letter, as_json=as_json)


def discard(id: IdArgument, because: WordsOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say that a dead letter is not to be retried any more."""
    with open_store(data) as store:
        operation = store.operation(entity_type=ENTITY, entity_id=id)
        letter = operation.write(lambda tx: discard_dead_letter(tx, id, reason=because))
    _tell(letter, as_json=as_json)


def redrive(
    source: SourceOption = None,
    code: CodeOption = None,
    fingerprint: FingerprintOption = None,
    construct: ConstructOption = None,
    before: BeforeOption = None,
    rate: RateOption = None,
    dry_run: DryRunOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retry many pending letters at a rate, in order for each key; the server of the store does it."""
    criteria = Criteria(
        sources=source or None,
        codes=code or None,
        fingerprints=fingerprint or None,
        construct_id=construct,
        failed_before=instant_of(before, "--before"),
    )
    with open_store(data) as store:
        if dry_run:
            matched, _ = store.read(count_redrivable, criteria)
            emit({"matched": matched}, as_json) if as_json else show(f"{matched:,} letters would be retried")
            return
        with store.operation(entity_type="dead_letter_redrive") as operation:
            begun = redrive_dead_letters(store, criteria, rate_per_second=rate)
            operation.about("dead_letter_redrive", begun.id)
    if as_json:
        emit(record_as_json(begun), as_json)
    else:
        show(redrives_table([begun]), "\nThe server of this store does it; `synthetic dead-letters redrives` looks.")


def redrives(limit: LimitOption = 20, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List redrives and how far they are, what was asked for last first."""
    with open_store(data) as store:
        found = store.read(list_redrives, limit)
    if as_json:
        emit({"redrives": [record_as_json(each) for each in found]}, as_json)
    elif found:
        show(redrives_table(found))
    else:
        show("no redrives")


def cancel_redrive_(id: RedriveArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Begin no further retry of a redrive."""
    with open_store(data) as store:
        operation = store.operation(entity_type="dead_letter_redrive", entity_id=id)
        cancelled = operation.write(cancel_redrive, id)
    if as_json:
        emit(record_as_json(cancelled), as_json)
    else:
        show(redrives_table([cancelled]))


def _read_payload(path: Path) -> Any:
    """The JSON of a file.

    Raises:
        BadUserInputError: It cannot be read, or is none.
    """
    try:
        return from_json(path.read_bytes())
    except OSError as error:
        raise bad_input("payload", f"cannot be read from {path}: {error.strerror}") from error
    except ValueError as error:
        raise bad_input("payload", f"in {path} is no JSON") from error


def _tell(letter: DeadLetter, *, as_json: bool) -> None:
    if as_json:
        emit(record_as_json(letter), as_json)
    else:
        show(fields_of(letter_fields(letter)))
