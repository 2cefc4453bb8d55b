"""Queries that nobody would type: made of everything that means something, and of everything that means nothing."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

PIECES = (
    "retry", "AND", "OR", "NOT", "NEAR(", "NEAR(a b, 3)", "NEAR(,)", "(", ")", '"', "''", "-", "--", "*", "a*", "re*",
    "kind:", "kind:job", "kind:x", "-kind:JOB", "construct:c1", 'session:"a b"', "status:failed,DONE", "before:7d",
    "after:2026-13-45", "after:9999999w", "before:0001-01-01T00:00+23:59", "title:", 'title:"x y"', "title:*", "^", "+",
    "{a b} :", "rowid", "search_text", "; DROP TABLE x", "\\", "/", ".", "\0", "\x1b[31m", "\ud83d", "é", "e\u0301",
    "重试", "\U0001d518\U0001d52b", "🙂", "\u202e", "\ufeff", "“", "”", "«", "camelCase9", "a_b.c/d", "x" * 300, "1e9",
    "NULL", "\n", "\t", " ",
)  # fmt: skip


def random_queries(seed: int, count: int, longest: int) -> Iterator[str]:
    """Queries of pieces, of any characters, and of bytes read as Latin-1.

    Args:
        seed: For other ones.
        count: How many.
        longest: Most characters of one.
    """
    random = Random(seed)
    for number in range(count):
        size = random.randint(0, 12) if random.random() < 0.9 else random.randint(50, 2_000)
        match number % 4:
            case 0 | 1:
                text = random.choice(("", " ")).join(random.choices(PIECES, k=size))
            case 2:
                text = "".join(chr(random.randrange(0x110000)) for _ in range(size))
            case _:
                text = random.randbytes(size).decode("latin-1")
        if number % 500 == 499:
            text = (text or '("a" -') * (longest // max(1, len(text or '("a" -')) + 1)
        yield text[:longest]
