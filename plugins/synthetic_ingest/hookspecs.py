"""The hook that ingest offers to other plugins.

It is called like the kernel's own (see `synthetic.hookspecs`): once, when the
kernel is made, without arguments, and without doing any I/O.
"""

from __future__ import annotations

from synthetic import hookspec
from synthetic_ingest.importer import Importer


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
