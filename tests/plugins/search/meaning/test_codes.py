"""Vectors in few bytes: what is kept of them, and that it stays readable."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from synthetic_search.meaning.codes import encode, rotation, signs_of, turned, width_of


@pytest.mark.parametrize("dimension", [1, 63, 64, 100, 256, 384])
def test_the_rotation_keeps_lengths_and_angles(dimension):
    matrix = rotation(dimension)
    assert matrix.shape == (dimension, width_of(dimension))
    assert np.allclose(matrix @ matrix.T, np.eye(dimension), atol=1e-5)


def test_the_rotation_is_the_one_by_which_stored_vectors_were_turned():
    exact = np.rint(rotation(256) * 256).astype("<i2")
    assert hashlib.sha256(exact.tobytes()).hexdigest()[:16] == "8b43a8089c6b44d7"


def test_bytes_keep_similarities_to_the_second_decimal_and_bits_keep_their_order():
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((500, 256)).astype(np.float32) + 0.5
    vectors[:, :8] *= 6  # as those of an embedder whose first numbers say most
    vectors[10] = 0
    each = turned(vectors)
    middle = each.mean(axis=0)
    codes = encode(each, middle)
    exact = each @ each[0]
    kept = (codes.levels.astype(np.float32) @ each[0]) * codes.scales
    assert np.abs(kept - exact).max() < 0.005
    assert codes.scales[10] == 0
    differing = np.bitwise_count(codes.bits ^ signs_of(each[:1], middle)).sum(axis=1)
    assert differing[0] == 0
    assert set(np.argsort(-exact)[:10]) <= set(np.argsort(differing)[:100])
