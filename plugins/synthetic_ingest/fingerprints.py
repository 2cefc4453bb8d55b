"""Fingerprints of a file's beginning, and of the place where reading stopped.

They answer two questions without keeping a copy of the content. Is this the
file that was read before? (Its head is the same, though it may have grown or
been cut.) Can it be read on from where reading stopped? (What stands right
before that place is the same.)

A head is hashed at doubling lengths, 16, 32 … 65,536 bytes, and at its own
end, so that a file that was cut can still be compared over at least half of
what is left of its head.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

HEAD_BYTES = 65_536
TAIL_BYTES = 4_096
DIGEST_BYTES = 8

_LENGTHS = tuple(2**power for power in range(4, 17))


@dataclass(frozen=True, slots=True)
class HeadPrint:
    """Fingerprints of a head.

    Attributes:
        length: Bytes that the last digest covers, at most HEAD_BYTES.
        digests: One of DIGEST_BYTES for each doubling length below `length`,
            then one for all of it.
    """

    length: int
    digests: bytes

    @classmethod
    def of(cls, content: bytes) -> HeadPrint:
        """The fingerprints of a file that begins with these bytes."""
        length = min(len(content), HEAD_BYTES)
        running = blake2b(digest_size=DIGEST_BYTES)
        digests: list[bytes] = []
        covered = 0
        for end in (*(step for step in _LENGTHS if step < length), length):
            running.update(content[covered:end])
            digests.append(running.copy().digest())
            covered = end
        return cls(length, b"".join(digests))

    def matches(self, content: bytes) -> bool:
        """Whether a file that begins with these bytes may be the same one, grown or cut.

        Args:
            content: The first HEAD_BYTES of the file, or all of it.

        Returns:
            True also when there is nothing to compare, because one of the two
            is shorter than 16 bytes.
        """
        if len(content) >= self.length:
            return HeadPrint.of(content[: self.length]).digests[-DIGEST_BYTES:] == self.digests[-DIGEST_BYTES:]
        comparable = sum(1 for step in _LENGTHS if step <= len(content))
        if comparable == 0:
            return True
        length = _LENGTHS[comparable - 1]
        digest = blake2b(content[:length], digest_size=DIGEST_BYTES).digest()
        return digest == self.digests[(comparable - 1) * DIGEST_BYTES : comparable * DIGEST_BYTES]


def tail_print(content: bytes) -> bytes:
    """The fingerprint of the last TAIL_BYTES before the place where reading stopped."""
    return blake2b(content[-TAIL_BYTES:], digest_size=DIGEST_BYTES).digest()
