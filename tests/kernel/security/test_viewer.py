"""`viewer` says whose token asks and what it allows, so that a program need not try what would be refused."""

from __future__ import annotations

import httpx
import pytest

from synthetic.app import create_app
from synthetic.security.tokens import create_token
from synthetic.store import Store

VIEWER = "query { viewer { name scopes expiresAt } }"
NEVER = 4_102_444_800_000
"""The first of January 2100."""


async def viewer_of(store: Store, secret: str | None) -> dict[str, object]:
    transport = httpx.ASGITransport(create_app(store.kernel, no_auth=secret is None))
    headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        answers = [(await client.post("/graphql", json={"query": VIEWER})).json()["data"]["viewer"] for _ in range(2)]
    assert answers[0] == answers[1]
    return answers[0]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("scope", "implied"), [("read", ["READ"]), ("write", ["READ", "WRITE"]), ("admin", ["READ", "WRITE", "ADMIN"])]
)
async def test_a_viewer_is_told_the_scopes_of_its_token_and_those_that_they_imply(store: Store, scope, implied):
    secret = store.write(create_token, "planner", [scope]).secret
    other = store.write(create_token, "someone", ["admin"], NEVER).secret
    assert await viewer_of(store, secret) == {"name": "planner", "scopes": implied, "expiresAt": None}
    told = await viewer_of(store, other)
    assert (told["name"], told["expiresAt"]) == ("someone", "2100-01-01T00:00:00.000Z")


@pytest.mark.anyio
async def test_without_tokens_everybody_may_do_all(store: Store):
    assert await viewer_of(store, None) == {
        "name": "anonymous",
        "scopes": ["READ", "WRITE", "ADMIN"],
        "expiresAt": None,
    }
