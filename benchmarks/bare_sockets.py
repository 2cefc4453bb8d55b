"""The limit of subscriptions: a server that sends ready bytes to its sockets in a loop, and does nothing else.

It is served as `synthetic serve` is: the same uvicorn, its protocol classes
and settings. `POST /publish` sends `TEXT`, as often as `?times=` says.

    python -m benchmarks.bare_sockets TEXT
"""

from __future__ import annotations

import sys
from typing import Any

from synthetic.kernel_settings import KernelSettings, ServerSettings
from synthetic.metrics import Metrics
from synthetic.server.banner import READY
from synthetic.server.listening import address_of, listen
from synthetic.server.process import Lifetime, serve_application


class BareSockets:
    """An ASGI application."""

    def __init__(self, text: str) -> None:
        self._message = {"type": "websocket.send", "text": text}
        self._sends: set[Any] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Keep a socket until it is closed, or publish."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
            self._sends.add(send)
            while (await receive())["type"] != "websocket.disconnect":
                pass
            self._sends.discard(send)
        elif scope["type"] == "http":
            for _ in range(int(scope["query_string"].removeprefix(b"times=") or 1)):
                for each in self._sends:
                    await each(self._message)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        else:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})


def main(text: str) -> None:
    """Serve until SIGTERM."""
    listening = listen("127.0.0.1", 0)
    lifetime = Lifetime(
        announce=lambda: print(f"{READY} http://{address_of(listening[0])}/", flush=True), stopping=lambda: None
    )
    settings = KernelSettings(server=ServerSettings(connections=10_000))
    serve_application(BareSockets(text), settings, Metrics(), listening, lifetime)


if __name__ == "__main__":
    main(sys.argv[1])
