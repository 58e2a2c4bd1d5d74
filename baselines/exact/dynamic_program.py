"""Exact optimal policies: average-cost, discounted and finite-horizon dynamic programs over
whole-number states.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.baselines.exact.atoms import atoms, reach
from inv_gym.baselines.exact.limits import one_product
from inv_gym.baselines.exact.model import Backup, Matrices, Model
from inv_gym.baselines.exact.solution import Solution
from inv_gym.baselines.exact.states import registered_space
from inv_gym.demand.distribution import Distribution
from inv_gym.problems.problem import Problem
from inv_gym.util.checks import flag, real, whole

GAIN_TOLERANCE = 1e-11
"""Relative to the largest expected reward of a period."""
SWEEPS = 25
"""Periods that a policy is played between two improvements."""
SWEEP_LIMIT = 10_000
MIXING = 1000
"""Most periods that are followed to find how often the edge is visited."""
EDGE_PROBABILITY = 1e-6
"""Largest probability of standing at the edge of a truncated state space."""
GROWTH = 1.5
ATTEMPTS = 8
TRANSITION_LIMIT = 120_000_000


def solve(
    problem: Problem,
    distribution: Distribution,
    economics: Any,
    stock: float = 0.0,
    tolerance: float = GAIN_TOLERANCE,
    limit: int = TRANSITION_LIMIT,
    cyclic: bool = False,
) -> Solution:
    """The optimal policy of one product.

    The problem's fields say which program it is: with ``long_run`` and discount 1 the average
    reward is maximised, with ``long_run`` and a smaller discount the discounted reward without end,
    otherwise the discounted reward of ``horizon`` periods and the salvage. A distribution that
    changes is followed period by period; its last period holds for all later ones.

    Args:
        problem: One of the five.
        distribution: Of one product; demand in whole numbers.
        economics: NamedTuple of ``[1]`` columns or numbers.
        stock: Most units on hand at the start.
        tolerance: Of values and gain, relative to the largest expected reward of a period.
        limit: Most transitions (states, times orders that act at once, times demands) held in
            memory; the default takes about 3 GB.
        cyclic: Whether the periods of the distribution repeat for ever, the last followed by the
            first: a season. It needs a problem in the long run.

    Raises:
        ValueError: There is more than one product, the economics have no finite optimum, or a
            season is to repeat in a problem with an end.
        AmountsError: Demand is not in whole numbers.
        TooLargeError: Demand takes too many values, or the state space exceeds the limit.
    """
    one_product("solve", distribution, economics, "use Optimal for a batch")
    problem.check_economics(economics)
    real("stock", stock, least=0.0)
    if not 0.0 < real("tolerance", tolerance) < 1.0:
        raise ValueError(f"tolerance must be between 0 and 1, got {tolerance}.")
    whole("limit", limit, least=1)
    if flag("cyclic", cyclic) and not problem.long_run:
        raise ValueError("cyclic needs a problem in the long run: set long_run=True.")
    reach(distribution)
    growth = 1.0
    for _ in range(ATTEMPTS):
        space = registered_space(problem, distribution, economics, stock, growth)
        lost = 0.0 if problem.backlog else float(space.high.sum() + space.now.max())
        model = Model(
            problem, economics, space, atoms(distribution, lost if lost else np.inf), limit
        )
        solution = _cycle(model, tolerance) if cyclic else _solve(model, tolerance)
        if solution.edge <= EDGE_PROBABILITY:
            return solution
        growth *= GROWTH
    raise RuntimeError(
        f"the state space of {problem} did not settle after {ATTEMPTS} enlargements."
    )


def _solve(model: Model, tolerance: float) -> Solution:
    """Backwards from the end, or from the endless problem under the last distribution."""
    problem, families = model.problem, len(model.demand.probability)
    best: list[Backup] = []
    gain = None
    if problem.long_run:
        endless, gain = _without_end(model, families - 1, tolerance)
        best, ahead = [endless], endless.values
        periods = range(families - 2, -1, -1)
    else:
        salvage = problem.salvage(model.state(model.states), model.economics)
        ahead = np.zeros(model.states.shape[1]) + salvage
        periods = range(problem.horizon - 1, -1, -1)
    matrices: Matrices = []
    held = -1
    for period in periods:
        distribution = min(period, families - 1)
        if distribution != held:
            matrices, held = model.matrices(distribution), distribution
        best.insert(0, model.backup(ahead, problem.discount, distribution, matrices))
        ahead = best[0].values
    return _solution(model, best, gain)


def _solution(
    model: Model, best: list[Backup], gain: float | None, cyclic: bool = False
) -> Solution:
    """The tables of the best orders and values of each period."""
    orders = np.stack([model.orders(backup.row, backup.later) for backup in best])
    values = np.stack([backup.values for backup in best])
    edge = _visits_to_edge(model, best, orders, cyclic)
    return Solution(model.problem, model.states.T, orders, values, gain, edge, model, cyclic)


def _cycle(model: Model, tolerance: float) -> Solution:
    """Value iteration over whole cycles of periods that repeat for ever.

    A cycle changes values by amounts whose least and largest bound what it earns (as in
    `_without_end`): it stops when they meet.
    """
    periods, discount = len(model.demand.probability), model.problem.discount
    matrices = [model.matrices(period) for period in range(periods)]
    empty = model.locate(np.zeros((len(model.states), 1)))[0]
    stop = tolerance * max(float(np.abs(model.rewards(p)).max()) for p in range(periods))
    values = np.zeros(model.states.shape[1])
    for _ in range(SWEEP_LIMIT):
        # backwards through one cycle
        best: list[Backup] = []
        ahead = values
        for period in range(periods - 1, -1, -1):
            best.insert(0, model.backup(ahead, discount, period, matrices[period]))
            ahead = best[0].values
        change = ahead - values
        middle = (change.min() + change.max()) / 2.0
        if change.max() - change.min() <= stop * periods:
            return _settled(model, best, float(middle), empty)
        values = ahead - (ahead[empty] if discount == 1.0 else 0.0)
    raise RuntimeError(f"the season did not converge in {SWEEP_LIMIT} cycles.")


def _settled(model: Model, best: list[Backup], change: float, empty: int) -> Solution:
    """The solution when a last cycle has changed all values by as much."""
    periods, discount = len(best), model.problem.discount
    if discount == 1.0:
        relative = best[0].values[empty]
        levelled = [
            backup._replace(values=backup.values - relative + change * period / periods)
            for period, backup in enumerate(best)
        ]
        return _solution(model, levelled, change / periods, cyclic=True)
    # all later cycles together change the values of a period by the discounted sum of the changes
    cycle = discount**periods
    later = [
        backup._replace(values=backup.values + discount ** (periods - k) * change / (1.0 - cycle))
        for k, backup in enumerate(best)
    ]
    return _solution(model, later, None, cyclic=True)


def _without_end(model: Model, period: int, tolerance: float) -> tuple[Backup, float | None]:
    """Modified policy iteration for a problem that never ends, and its gain if there is no
    discount.

    Each improvement bounds gain and values from both sides (Odoni 1969, MacQueen 1966): it stops
    when the bounds meet.
    """
    discount, matrices = model.problem.discount, model.matrices(period)
    values = np.zeros(model.states.shape[1])
    stop = tolerance * float(np.abs(model.rewards(period)).max())
    empty = model.locate(np.zeros((len(model.states), 1)))[0]
    # without discount, half of each period stands still, so that a policy that goes in circles
    # settles too
    still = 0.5 if discount == 1.0 else 0.0
    for _ in range(SWEEP_LIMIT):
        best = model.backup(values, discount, period, matrices)
        change = best.values - values
        middle = (change.min() + change.max()) / 2.0
        if change.max() - change.min() <= stop:
            if discount < 1.0:
                return best._replace(
                    values=best.values + discount / (1.0 - discount) * middle
                ), None
            return best._replace(values=best.values - best.values[empty]), float(middle)
        chain, onward = model.chain(best.row, best.later, period), best.values
        for _ in range(SWEEPS):
            values = (1.0 - still) * onward + still * values
            if discount == 1.0:
                values = values - values[empty]
            onward = chain.reward + discount * (chain.transitions @ values)
        values = onward
    raise RuntimeError(f"the dynamic program did not converge in {SWEEP_LIMIT} improvements.")


def _visits_to_edge(model: Model, best: list[Backup], orders: np.ndarray, cyclic: bool) -> float:
    """The largest probability, in any period from the empty state on, of standing at the edge of
    the space.
    """
    space = model.space
    least = (model.states == space.low[:, None]) & (space.low[:, None] < 0.0)
    edge = least.any(0) | (orders >= space.edge_order).any(2)
    if not edge.any():
        return 0.0
    visits = np.zeros(model.states.shape[1])
    visits[model.locate(np.zeros((len(model.states), 1)))] = 1.0
    cycle = len(best) if cyclic else 1
    periods = max(len(best), MIXING) if model.problem.long_run else len(best)
    worst, chains = 0.0, {}
    before = visits
    for period in range(periods):
        now = period % len(best) if cyclic else min(period, len(best) - 1)
        worst = max(worst, float(visits @ edge[now]))
        if now not in chains:
            chains[now] = model.chain(best[now].row, best[now].later, now).transitions
        visits = chains[now].T @ visits
        # once all periods are played, it is enough that they have come back to where they were
        if period >= len(best) and (period + 1) % cycle == 0:
            if np.abs(visits - before).sum() < EDGE_PROBABILITY:
                break
            before = visits
    return worst if model.problem.long_run else max(worst, float(visits @ least.any(0)))
