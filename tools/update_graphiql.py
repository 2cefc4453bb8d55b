# ruff: noqa: INP001 - a script, not a module
"""Fetch the pinned builds of GraphiQL and what it stands on from npm into the package.

    python tools/update_graphiql.py

To take a newer version, change `PINNED`, run this, look at the page in a
browser, and commit what changed. The files go to
`kernel/synthetic/graphql/static/graphiql`; see `vendoring.py`.
"""

from __future__ import annotations

from pathlib import Path

from vendoring import Pinned, vendor

TARGET = Path(__file__).resolve().parent.parent / "kernel/synthetic/graphql/static/graphiql"

PINNED = (
    Pinned(
        "graphiql",
        "3.9.0",
        {"graphiql.min.js": "graphiql.min.js", "graphiql.min.css": "graphiql.min.css"},
    ),
    Pinned("react", "18.3.1", {"umd/react.production.min.js": "react.production.min.js"}),
    Pinned("react-dom", "18.3.1", {"umd/react-dom.production.min.js": "react-dom.production.min.js"}),
    Pinned("graphql-ws", "5.16.2", {"umd/graphql-ws.min.js": "graphql-ws.min.js"}, "LICENSE.md"),
)


if __name__ == "__main__":
    vendor(TARGET, PINNED)
