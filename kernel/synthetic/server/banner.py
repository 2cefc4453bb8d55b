"""What a server says on standard output when it has started."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from synthetic.data_directory import DataDirectory
from synthetic.plugins.discovery import kernel_version
from synthetic.security.first_token import FirstToken
from synthetic.server.listening import address_of

READY = "ready"
"""First word of the line that says that requests are served; a script may wait for it."""


@dataclass(frozen=True, slots=True)
class Banner:
    """What there is to say.

    Attributes:
        directory: The data directory.
        listening: The sockets listened on.
        first: The token that this start has made; None when the store had one.
        no_auth: Whether everybody is let in.
        pages: Paths of the pages that plugins offer to a browser; a new token is shown with the first.
        read_only: Whether the store is only read.
    """

    directory: DataDirectory
    listening: Sequence[socket.socket]
    first: FirstToken | None
    no_auth: bool
    pages: Sequence[str] = ()
    read_only: bool = False

    def show(self) -> None:
        """Print it, and the line that says ready."""
        addresses = [address_of(one) for one in self.listening]
        urls = [f"http://{address}/graphql" for address in addresses]
        how = ", which is only read" if self.read_only else ""
        lines = [f"Synthetic {kernel_version()} serves {self.directory.path}{how}", ""]
        lines.extend(f"  GraphQL  {url}" for url in urls)
        pages = [f"http://{addresses[0]}{path}" for path in self.pages]
        lines.extend(f"  Browser  {page}" for page in pages)
        lines.extend(f"  {line}" for line in self._access((pages or urls)[0]))
        say([*lines, "", f"{READY} {urls[0]}"])

    def _access(self, url: str) -> list[str]:
        if self.no_auth:
            return ["Access   without a token, from this machine alone (--no-auth)"]
        if self.first is not None and self.first.brought:
            return ["Token    the one in SYNTHETIC_TOKEN, with the scope admin", f"         kept in {self.first.path}"]
        if self.first is not None:
            return [
                f"Open     {url}#token={self.first.secret}",
                f"         (this link lets its holder do everything; the token is kept in {self.first.path})",
            ]
        if self.directory.token.is_file():
            return [f"Token    in {self.directory.token}"]
        return ["Token    `synthetic token create` makes one"]


def say(lines: Sequence[str]) -> None:
    """Print lines at once; a reader that has gone away stops nothing."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
