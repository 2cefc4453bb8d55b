"""The hooks that ingest offers to other plugins.

They are called like the kernel's own (see `synthetic.hookspecs`): once, when the
kernel is made, without arguments, and without doing any I/O.
"""

from __future__ import annotations

from synthetic import hookspec
from synthetic_ingest.importer import Importer
from synthetic_ingest.reactions import RejectReaction


@hookspec
def register_importers() -> tuple[Importer, ...]:  # pyright: ignore[reportReturnType]
    """Contribute formats that `synthetic ingest` reads.

    Returns:
        `Importer` records; names are unique among all plugins. They are asked
        in the order of the plugins; of equally sure importers, the first wins.

    Example::

        def parse_line(line: bytes, offset: int, number: int) -> Parsed:
            speaker, colon, text = line.decode(errors="replace").partition(": ")
            if not colon:
                raise LineRejectedError("It has no speaker.")
            role = MessageRole.ASSISTANT if speaker == "bot" else MessageRole.USER
            message = NewMessage(source_id=str(offset), role=role, kind=MessageKind.TEXT, text=text)
            return Parsed((message,))

        @hookimpl
        def register_importers():
            return (
                Importer(
                    name="plain-chat",
                    summary="Lines of the form `speaker: text`.",
                    recognise=lambda head: 60 if head.content.startswith((b"bot: ", b"me: ")) else 0,
                    parse_line=parse_line,
                ),
            )
    """


@hookspec
def register_reject_reactions() -> tuple[RejectReaction, ...]:  # pyright: ignore[reportReturnType]
    """Contribute what must be done in the transaction in which lines of a file are rejected.

    Returns:
        `RejectReaction` records. Their functions are called in the order of
        the plugins, in the transaction that stores the rejects, and in the one
        that forgets them. What one of them raises is raised to whoever reads
        the file, and the batch is not stored.

    Example::

        def count(tx: Transaction, file: IngestFile, rejects: Sequence[IngestReject]) -> None:
            tx.execute(
                "INSERT INTO reject_counts (path, rejects) VALUES (:path, :rejects)"
                " ON CONFLICT (path) DO UPDATE SET rejects = rejects + excluded.rejects",
                {"path": file.path, "rejects": len(rejects)},
            )

        def count_anew(tx: Transaction, file: IngestFile) -> None:
            tx.execute("DELETE FROM reject_counts WHERE path = :path", {"path": file.path})

        @hookimpl
        def register_reject_reactions():
            return (RejectReaction(purpose="Counts rejects.", rejected=count, forgotten=count_anew),)
    """
