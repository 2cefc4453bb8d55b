"""`/dashboard`: the page and its files, which hold nothing of the store and need no token."""

from __future__ import annotations

from synthetic import NotFoundError, Route, RouteRequest
from synthetic_dashboard.contributions import Dashboard
from synthetic_dashboard.encodings import EncodedFile
from synthetic_dashboard.site import MEDIA_TYPES, ROOT, Site, SiteKeeper

SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    # No text becomes markup or script, by whatever way: browsers refuse `innerHTML` and its like.
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{directive} {sources}" for directive, sources in SOURCES.items())
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


async def serve_page(request: RouteRequest) -> None:
    """Send the page."""
    site = await _site(request, opening=True)
    headers = {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "cache-control": ASK_AGAIN,
    }
    await _send(request, site.page, headers)


async def serve_kit(request: RouteRequest) -> None:
    """Send the module that modules of other plugins import."""
    site = await _site(request)
    await _send(request, EncodedFile(site.kit, MEDIA_TYPES["js"]), {"cache-control": ASK_AGAIN})


async def serve_file(request: RouteRequest) -> None:
    """Send a file of the page, or of a plugin that adds to it."""
    site = await _site(request)
    build, *rest = request.path.values()
    file = site.files.get("/".join(rest)) if f"{ROOT}/{build}" == site.base else None
    if file is None:
        raise NotFoundError("There is no such file of the dashboard.", action="Open the dashboard again.")
    await _send(request, file, {"cache-control": FOR_GOOD})


async def _site(request: RouteRequest, *, opening: bool = False) -> Site:
    keeper = request.resource(SiteKeeper)
    added = request.contributed(Dashboard)
    if keeper.is_made(opening=opening):
        return keeper.site(added)
    return await request.in_thread(lambda: keeper.site(added, opening=opening))


async def _send(request: RouteRequest, file: EncodedFile, headers: dict[str, str]) -> None:
    headers |= {"etag": file.entity_tag, "vary": "accept-encoding"}
    if file.entity_tag in (request.headers.get("if-none-match") or ""):
        await request.begin(304, headers)
        await request.send(b"", more=False)
        return
    encoding = file.choose(request.headers.get("accept-encoding") or "")
    body = file.encoded(encoding) if file.has(encoding) else await request.in_thread(file.encoded, encoding)
    headers["content-type"] = file.media_type
    if encoding != "identity":
        headers["content-encoding"] = encoding
    if request.method == "HEAD":
        await request.begin(200, {**headers, "content-length": str(len(body))})
        await request.send(b"", more=False)
        return
    await request.answer(200, headers, body)


OPEN = {"GET": None, "HEAD": None}

ROUTES = (
    Route(path=ROOT, purpose="The dashboard, for browsers.", methods=OPEN, serve=serve_page, is_page=True),
    Route(path=f"{ROOT}/kit.js", purpose="What modules of other plugins import.", methods=OPEN, serve=serve_kit),
    Route(path=f"{ROOT}/{{build}}/{{file}}", purpose="Modules of the page.", methods=OPEN, serve=serve_file),
    Route(
        path=f"{ROOT}/{{build}}/{{folder}}/{{file}}",
        purpose="Modules and styles of the page, and modules of other plugins.",
        methods=OPEN,
        serve=serve_file,
    ),
    Route(
        path=f"{ROOT}/{{build}}/{{folder}}/{{inner}}/{{file}}",
        purpose="Libraries that the page is made with.",
        methods=OPEN,
        serve=serve_file,
    ),
)
