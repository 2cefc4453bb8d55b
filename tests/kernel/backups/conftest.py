from __future__ import annotations

import pytest

from synthetic.testing import expect_data

from .kit import SAVE


@pytest.fixture
def filled(store):
    """A store with a construct, and files of every kind beside the database."""
    expect_data(store.graphql(SAVE, {"id": "first"}))
    for name, content in (
        ("artifacts/first/log/a.txt", b"kept"),
        ("archive/events-1-2.jsonl.zst", b"x" * 600_000),
        ("plugins.toml", b"[kernel.limits]\npage_size = 500\n"),
        ("token", b"secret"),
        ("quarantine/damaged", b"not kept"),
        ("artifacts/first/log/b.txt.1234.partial", b"half"),
    ):
        path = store.kernel.data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return store
