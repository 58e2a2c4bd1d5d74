"""Demand of the periods ahead as a few hundred equally likely paths, the same uniforms for all
products.
"""

from __future__ import annotations

import numpy as np

from inv_gym.demand.distribution import Distribution
from inv_gym.util.arrays import Columns

SCENARIO_PATHS = 256
"""Scenarios, M, a power of 2: a Sobol sequence is balanced at those."""
SCENARIO_CELLS = 256
"""Cells of the lattice that a period's demand lies on."""
SCENARIO_SEED = 1967


def demand_scenarios(distribution: Distribution, periods: int) -> Columns:
    """The demand of each of the next periods, ``[B, M]``, column m of all of them being one path.

    Each period takes the middle of each of M equal parts of (0, 1) once, and a Sobol sequence
    (Sobol 1967) says in which order: its paths fill the cube of all periods evenly, which more than
    halves the error that a random order leaves. The order is the same for all products, so that
    what a product orders does not depend on its batch.
    """
    ranks = _ranks(periods)
    ascending = [
        _strata(distribution.at(period))
        for period in range(1 if distribution.stationary else periods)
    ]
    return tuple(
        ascending[min(period, len(ascending) - 1)][:, ranks[period]] for period in range(periods)
    )


def _ranks(periods: int) -> np.ndarray:
    """Which part of (0, 1) each path takes in each period, ``[periods, M]``: Sobol points with a
    digital shift.
    """
    from scipy.stats import qmc  # takes as long to import as all the rest

    points = qmc.Sobol(periods, scramble=False).random(SCENARIO_PATHS)
    shifts = np.random.default_rng(SCENARIO_SEED).integers(SCENARIO_PATHS, size=(periods, 1))
    return (points.T * SCENARIO_PATHS).astype(int) ^ shifts


def _strata(distribution: Distribution) -> np.ndarray:
    """Next period's demand in the middle of each part of (0, 1), ascending, ``[B, M]``.

    On a lattice of `SCENARIO_CELLS`, whose step is a whole number for counts (1 if they fit): as
    many parts fall to a cell as have their middle below its probability.
    """
    reach = distribution.quantile(np.array(1.0 - 0.5 / SCENARIO_PATHS))
    step = reach / (SCENARIO_CELLS - 1)
    step = np.where(
        distribution.integer, np.maximum(np.ceil(step), 1.0), np.maximum(step, np.finfo(float).tiny)
    )
    cells = np.arange(SCENARIO_CELLS)
    below = np.floor(
        distribution.cdf((cells[:, None] + 0.5) * step).T * SCENARIO_PATHS + 0.5
    ).astype(int)
    below[:, -1] = SCENARIO_PATHS
    parts = np.diff(below, axis=1, prepend=0).reshape(-1)
    ascending = np.repeat(np.tile(cells, len(step)), parts).reshape(-1, SCENARIO_PATHS)
    return (ascending * step[:, None]).astype(np.float32)  # whole below 2**24, and twice as quick
