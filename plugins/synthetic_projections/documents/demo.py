"""This theme's part of the demo: the fleet writes plans down, takes notes, and hands work over."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from synthetic import BlockingStore, Order, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment, paragraph, read_first, sentence
from synthetic_projections.documents.model import HANDOVER, NOTE, PLAN, Criteria, Document, DocumentContent
from synthetic_projections.documents.store import save_document, select_documents

MINUTE_MS = 60_000
LAST_CHANGED_FIRST = Order(("updated_at", "id"), (int, str), descending=True)
LOOKED_AT = 20
"""A step looks at so many of the documents that were changed last."""


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """A plan is drafted, and agreed when its construct is completed; who builds or tests takes notes and hands over."""
    draw = fleet.random("documents", construct.id)
    for number, (start, end, after) in enumerate(construct.work()):
        if construct.kind == "plan":
            drafted = start + (end - start) // 4
            yield _moment(fleet, construct, draw, drafted, PLAN, f"Plan: {construct.goal}", "draft", None)
            if after == "COMPLETED":
                yield _moment(fleet, construct, draw, end, PLAN, f"Plan: {construct.goal}", "agreed", 1)
            continue
        noted = start + min(end - start - 1, draw.randrange(MINUTE_MS, 30 * MINUTE_MS))
        yield _moment(fleet, construct, draw, noted, NOTE, f"On the {construct.part}", None, None, number)
        if after in ("BLOCKED", "COMPLETED"):
            yield _moment(fleet, construct, draw, end, HANDOVER, f"Hand-over: {construct.title}", None, None, number)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """Somebody goes on writing one of the documents that were changed last."""
    del fleet
    store.write(_go_on, random)


def _moment(
    fleet: Fleet,
    construct: FleetConstruct,
    draw: Random,
    at: int,
    kind: str,
    title: str,
    status: str | None,
    if_version: int | None,
    number: int = 0,
) -> Moment:
    content: DocumentContent = {
        "kind": kind,
        "title": title,
        "body": "\n\n".join(paragraph(draw, construct.part, 3) for _ in range(draw.randint(2, 5))),
        "status": status,
        "construct_id": construct.id,
        "story_id": f"{construct.project}/{construct.part.replace(' ', '-')}",
        "project_id": construct.project,
    }
    # All versions of a document have the id of the first.
    document_id = fleet.id_at(construct.created_at, "document", construct.id, kind, number)
    write = partial(save_document, content=content, id=document_id, if_version=if_version)
    return Moment(at, write, amount=int(if_version is None))


def _go_on(tx: Transaction, random: Random) -> None:
    selection = select_documents(tx, Criteria(kinds=(NOTE, PLAN)))
    documents = read_first(tx, Document, selection, LAST_CHANGED_FIRST, LOOKED_AT)
    if documents:
        document = random.choice(documents)
        part = str(document.story_id).rpartition("/")[2].replace("-", " ")
        body = (
            "\n\n".join(paragraph(random, part, 3) for _ in range(random.randint(2, 4)))
            + f"\n\n{sentence(random, part)}"
        )
        save_document(tx, {"body": body}, id=document.id, if_version=document.version)
