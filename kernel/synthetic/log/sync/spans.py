"""Spans of time in the words of a message."""

from __future__ import annotations

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def span_in_words(ms: int) -> str:
    """Milliseconds as a person writes them: `250 ms`, `1.5 s`, `2 min 5 s`, `1 d 3 h`; cut short, not rounded."""
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 60_000:
        whole, tenths = divmod(ms // 100, 10)
        return f"{whole}.{tenths} s" if tenths else f"{whole} s"
    index = next(index for index, (_, size) in enumerate(_UNITS) if ms >= size)
    (name, size), (next_name, next_size) = _UNITS[index : index + 2]
    rest = ms % size // next_size
    return f"{ms // size} {name}" + (f" {rest} {next_name}" if rest else "")
