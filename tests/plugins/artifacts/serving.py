"""A server with artifacts, and clients that do what well-behaved ones do not."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from synthetic.testing import RunningServer
from synthetic_artifacts.marks import MARK

SAID = {"constructId": "c", "type": "log", "name": "build.log"}


class Served:
    """A server of artifacts.

    Attributes:
        server: It.
        client: Of it, with every scope.
        folder: `artifacts/` of its store.
    """

    def __init__(self, server: RunningServer, data_dir: Path) -> None:
        self.server = server
        self.folder = data_dir / "artifacts"
        self.client = httpx.Client(
            base_url=server.url.removesuffix("/graphql"), headers=server.headers, timeout=60, trust_env=False
        )

    def graphql(self, query: str) -> dict[str, Any]:
        """The data of a query or mutation."""
        answer = self.client.post("/graphql", json={"query": query}).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def put(
        self,
        id: str,
        content: Any,
        content_type: str = "text/plain",
        headers: Mapping[str, str] | None = None,
        **said: str,
    ) -> httpx.Response:
        """Send the content of an artifact."""
        given = {"content-type": content_type, **(headers or {})}
        return self.client.put(f"/artifacts/{id}", params={**SAID, **said}, content=content, headers=given)

    def get(self, id: str, **headers: str) -> httpx.Response:
        """Ask for it; `if_match` is the header If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"/artifacts/{id}", headers=named)

    def files(self) -> list[Path]:
        """All files in `artifacts/`, but for the mark of the folder."""
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name != MARK]

    def file_of(self, name: str) -> Path:
        """The one file whose name begins so."""
        (found,) = [path for path in self.files() if path.name.startswith(name)]
        return found

    def connect(self, head: str, *, receive_bytes: int | None = None) -> socket.socket:
        """A connection on which the head of a request was sent, without its end."""
        url = httpx.URL(self.server.url)
        connection = socket.socket()
        connection.settimeout(60)
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.connect((url.host, url.port or 80))
        lines = f"{head}\r\nHost: {url.host}:{url.port}\r\nAuthorization: Bearer {self.server.token}\r\n"
        connection.sendall(lines.encode())
        return connection
