"""How far a table of values is from multimodular."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from inv_gym.structure.chains import directions


def multimodularity_excess(states: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``[N, P]`` by how much ``f(x + a) + f(x + b)`` exceeds ``f(x) + f(x + a + b)``, for each two
    `directions` a, b.

    Args:
        states: ``[N, n]`` different states, whole units.
        values: ``[N]`` the worth f of each.

    Returns:
        0 where a reward to go is multimodular, and NaN where one of the four states is not among
        those given.
    """
    columns = states.shape[1]
    # a step of two directions moves a column by at most 2 units
    whole = np.rint(states).astype(np.int64) - int(np.rint(states).min(initial=0.0)) + 2
    shape = tuple(whole.max(0, initial=0) + 3)
    place = np.full(int(np.prod(shape)), len(states))
    place[np.ravel_multi_index(tuple(whole.T), shape)] = np.arange(len(states))
    padded = np.append(values, np.nan)

    def value(step: np.ndarray) -> np.ndarray:
        return padded[place[np.ravel_multi_index(tuple((whole + step).T), shape)]]

    steps = directions(columns)
    excess = [value(a) + value(b) - values - value(a + b) for a, b in combinations(steps, 2)]
    return np.maximum(np.stack(excess, 1), 0.0) if excess else np.zeros((len(states), 0))
