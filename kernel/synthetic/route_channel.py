"""`RouteChannel`: what passes between a client and the route of a plugin."""

from __future__ import annotations

from starlette.types import Message, Receive, Send

from synthetic.graphql.http_exchange import RequestHeaders


class RouteChannel:
    """What comes from and goes to a client, with a look at how far both are.

    Attributes:
        headers: Of the request.
        is_begun: Whether an answer has begun.
        is_taken: Whether a part of the body was taken, or all of it.
        refusal_headers: What the answer says in its head if it is an error of the contract, by lower-case names.
    """

    __slots__ = ("_is_read", "_receive", "_send", "headers", "is_begun", "is_taken", "refusal_headers")

    def __init__(self, headers: RequestHeaders, receive: Receive, send: Send) -> None:
        """Stand between an application and the server, whose channels these are."""
        self._receive = receive
        self._send = send
        self._is_read = False
        self.headers = headers
        self.is_begun = False
        self.is_taken = False
        self.refusal_headers: dict[str, str] = {}

    @property
    def has_unread_body(self) -> bool:
        """Whether the client may still be sending."""
        if self._is_read:
            return False
        return "transfer-encoding" in self.headers or self.headers.get("content-length") not in (None, "0")

    async def receive(self) -> Message:
        """See ASGI."""
        message = await self._receive()
        self.is_taken = True
        self._is_read = self._is_read or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """See ASGI."""
        self.is_begun = True
        await self._send(message)
