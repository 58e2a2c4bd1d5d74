"""A search for the best point of each product: a grid, then steps that halve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np

ROUNDS = 6
GRID_POINTS = {1: 9, 2: 7, 3: 5}
"""Points per coordinate of the first grid, by number of coordinates."""

Score: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""Takes candidates ``[C, P, B]``, gives scores ``[C, B]``; higher is better."""
Ranges: TypeAlias = Sequence[tuple[float, float]]


def zoom(score: Score, ranges: Ranges, products: int) -> np.ndarray:
    """The best point of each product, ``[P, B]``: a grid over the ranges, then steps that halve.

    Each round compares the best point so far with its neighbours at one step in every coordinate
    and diagonal (scores can have ridges, on which one coordinate at a time gets stuck). Six rounds
    resolve 1/64 of the grid's step.
    """
    low, high = (np.asarray(ends, dtype=float)[:, None] for ends in zip(*ranges, strict=True))
    points = GRID_POINTS[len(ranges)]
    shares = np.array(list(product(np.linspace(0.0, 1.0, points), repeat=len(ranges))))[..., None]
    best, top = _best(score, np.tile(low + shares * (high - low), products))
    moves = np.array([move for move in product((-1.0, 0.0, 1.0), repeat=len(ranges)) if any(move)])[
        ..., None
    ]
    step = (high - low) / (points - 1)
    for _ in range(ROUNDS):
        step = step / 2.0
        near, value = _best(score, np.clip(best + moves * step, low, high))
        best, top = np.where(value > top, near, best), np.maximum(value, top)
    return best


def _best(score: Score, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best of candidates ``[C, P, B]`` and its score, as many of them at a time as a point has
    neighbours.
    """
    size = 3 ** candidates.shape[1]
    parts = [score(candidates[first : first + size]) for first in range(0, len(candidates), size)]
    scores = np.concatenate(parts)
    return np.take_along_axis(candidates, scores.argmax(0)[None, None], 0)[0], scores.max(0)
