"""GraphiQL, served from the package: a page to explore the API with, that needs no network.

The builds in `static/graphiql` come from npm by `tools/update_graphiql.py`;
`manifest.json` there says which they are. The page holds no secret and asks
for none by itself, so it is served without a token; the token that a person
gives it stays in the browser's tab.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.types import Receive, Scope, Send

MEDIA_TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}

SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    # GraphiQL's dialogs put a <style> into the page; it has no way to carry a nonce.
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "data:",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""Scripts come from this server's files alone, and the page talks to this server alone."""

CONTENT_SECURITY_POLICY = "; ".join(f"{directive} {sources}" for directive, sources in SOURCES.items())


@cache
def page() -> tuple[dict[str, str], bytes]:
    """The page's response headers and bytes. Its files are looked for in `graphql/static/`, beside its own path."""
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return headers, (_folder() / "index.html").read_bytes()


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the page.

    Attributes:
        content: Its bytes.
        media_type: For `Content-Type`.
        entity_tag: Changes with the content.
    """

    content: bytes
    media_type: str
    entity_tag: str


class GraphiQLFiles:
    """The ASGI application on `/graphql/static`: the page's scripts and styles, and their licences."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a file."""
        del receive
        name = scope["path"].removeprefix(scope.get("root_path", "")).strip("/")
        file = _files().get(name)
        if file is None:
            await _answer(send, 404, {"content-type": MEDIA_TYPES["txt"]}, b"There is no such file.\n")
            return
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, {"allow": "GET, HEAD", "content-type": MEDIA_TYPES["txt"]}, b"Use GET.\n")
            return
        # Browsers ask each time whether the file is still the same, so that an upgrade shows at once.
        headers = {"cache-control": "no-cache", "etag": file.entity_tag, "x-content-type-options": "nosniff"}
        if _known_tag(scope) == file.entity_tag:
            await _answer(send, 304, headers, b"")
            return
        headers["content-type"] = file.media_type
        headers["content-length"] = str(len(file.content))
        await _answer(send, 200, headers, file.content if scope["method"] == "GET" else b"")


def _folder() -> Traversable:
    return resources.files("synthetic.graphql") / "static" / "graphiql"


@cache
def _files() -> dict[str, StaticFile]:
    """All files that may be asked for, by their path; nothing else is ever looked for on the disk."""
    folder = _folder()
    found = [(file.name, file) for file in folder.iterdir() if file.is_file()]
    found += [(f"licences/{file.name}", file) for file in (folder / "licences").iterdir()]
    files: dict[str, StaticFile] = {}
    for path, file in found:
        media_type = MEDIA_TYPES.get(path.rpartition(".")[2])
        if media_type is not None:
            content = file.read_bytes()
            files[path] = StaticFile(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
    return files


def _known_tag(scope: Scope) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"), None)


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
