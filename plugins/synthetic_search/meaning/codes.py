"""Vectors in few bytes: a bit and a byte for each dimension.

A vector is turned by a fixed rotation first, so that what it says is spread
evenly over its numbers. The signs of the turned vector, taken from the middle
of all vectors, are its bits: the number of bits in which two differ grows with
the angle between them (Charikar: Similarity Estimation Techniques from Rounding
Algorithms, 2002). By these, candidates are found; the bytes, a number from -127
to 127 for each dimension and a scale for all, put them in order.

The rotation is one of signs, permutations and Hadamard's matrices (Ailon and
Chazelle: Approximate Nearest Neighbors and the Fast Johnson-Lindenstrauss
Transform, 2006). It is made of the output of a hash, so it is the same wherever
and whenever it is made: stored vectors depend on it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WORD_BITS = 64
ROUNDS = 2
LEVELS = 127


class Codes(NamedTuple):
    """Vectors as they are stored.

    Attributes:
        bits: For each, words of 64 bits.
        scales: What the bytes of each are to be multiplied by.
        levels: The bytes.
    """

    bits: NDArray[np.uint64]
    scales: NDArray[np.float32]
    levels: NDArray[np.int8]


def width_of(dimension: int) -> int:
    """How many numbers a turned vector has: the dimension, filled up to whole words of bits."""
    return -(-dimension // WORD_BITS) * WORD_BITS


@lru_cache(maxsize=4)
def rotation(dimension: int) -> NDArray[np.float32]:
    """The matrix that vectors of a dimension are multiplied by, which keeps lengths and angles."""
    width = width_of(dimension)
    matrix = np.eye(dimension, width, dtype=np.float32)
    for number in range(ROUNDS):
        signs = np.unpackbits(_random_bytes(f"signs {number}", width // 8)).astype(np.float32) * 2 - 1
        order = np.argsort(_random_bytes(f"order {number}", width * 8).view("<u8"), kind="stable")
        matrix = _mixed((matrix * signs)[:, order])
    return matrix


def _random_bytes(purpose: str, size: int) -> NDArray[np.uint8]:
    return np.frombuffer(hashlib.shake_256(f"synthetic search {purpose}".encode()).digest(size), dtype=np.uint8)


def _mixed(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hadamard's matrices along the columns, in blocks whose sizes are powers of two."""
    rows, width = matrix.shape
    mixed = np.empty_like(matrix)
    begin = 0
    while begin < width:
        size = 1 << ((width - begin).bit_length() - 1)
        block = matrix[:, begin : begin + size]
        half = 1
        while half < size:
            pairs = block.reshape(rows, -1, 2, half)
            first, second = pairs[:, :, 0], pairs[:, :, 1]
            block = np.stack((first + second, first - second), axis=2).reshape(rows, size)
            half *= 2
        mixed[:, begin : begin + size] = block / np.float32(np.sqrt(size))
        begin += size
    return mixed


def turned(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors of length one, turned; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, np.float32(1))).astype(np.float32) @ rotation(vectors.shape[1])


def signs_of(vectors: NDArray[np.float32], middle: NDArray[np.float32]) -> NDArray[np.uint64]:
    """The bits of turned vectors."""
    return np.packbits(vectors > middle, axis=1).view("<u8")


def encode(vectors: NDArray[np.float32], middle: NDArray[np.float32]) -> Codes:
    """Vectors in few bytes.

    Args:
        vectors: Turned.
        middle: Of all turned vectors, about.
    """
    scales = np.abs(vectors).max(axis=1) / LEVELS
    divisors = np.where(scales > 0, scales, 1)[:, None]
    levels = np.rint(vectors / divisors).astype(np.int8)
    return Codes(signs_of(vectors, middle), scales.astype(np.float32), levels)
