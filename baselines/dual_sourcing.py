"""Heuristics for two sources: dual index, and the two base-stocks of consecutive lead times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines.heuristic import FittedHeuristic, Heuristic, Rule
from baselines.search import CANDIDATES, by_blocks, mean_reward, simulate, zoom, zoom_pairs
from inv_gym.arrays import Array, like, positive_part, stack
from inv_gym.distribution import CELLS, Distribution
from inv_gym.policy import Observation
from inv_gym.problems import DualSourcing
from inv_gym.products import BLOCK


def dual_index_rule(problem: DualSourcing, expedited_level: np.ndarray, regular_level: np.ndarray) -> Rule:
    """``q_e = (S_e - expedited position)^+``, then ``q_r = (S_r - inventory position - q_e)^+``.

    Args:
        problem: Gives the positions.
        expedited_level: ``S_e [B]``, units.
        regular_level: ``S_r [B]``, units.
    """

    def order(observation: Observation) -> Array:
        state = observation.state
        position = problem.expedited_position(state)
        expedited = positive_part(like(expedited_level, position) - position)
        regular = positive_part(like(regular_level, position) - state.inventory_position - expedited)
        return stack([regular, expedited])

    return order


@dataclass(frozen=True, kw_only=True)
class DualIndex(FittedHeuristic):
    """The dual-index policy (Veeraraghavan & Scheller-Wolf 2008), with the best levels for the law.

    With backlog, the stock relative to S_e depends on the difference S_r - S_e alone, so for each difference one
    simulation from S_e = 0 gives the law of net inventory less S_e, the best S_e is a quantile of it, and only the
    difference is searched. With lost sales the two are searched together.
    """

    problem: DualSourcing

    def rule(self, law: Distribution, economics: Any) -> Rule:
        expedited, difference = self.levels(law, economics)
        return dual_index_rule(self.problem, expedited, expedited + difference)

    def levels(self, law: Distribution, economics: Any) -> np.ndarray:
        """``S_e`` and ``S_r - S_e``, ``[2, B]``, units."""
        if self.problem.backlog:
            return by_blocks(self._with_backlog, law, economics)
        return by_blocks(self._with_lost_sales, law, economics, size=BLOCK // CANDIDATES)

    def _range(self, law: Distribution) -> np.ndarray:
        """The largest difference worth trying: generous demand of the periods between the two lead times."""
        periods = self.problem.regular_lead_time - self.problem.expedited_lead_time + 1
        return law.quantile(np.full(len(law.dispersion), 0.999), periods)

    def _whole(self, law: Distribution, levels: np.ndarray) -> np.ndarray:
        return np.where(law.integer, np.rint(levels), levels)

    def _with_backlog(self, law: Distribution, economics: Any) -> np.ndarray:
        ratio = economics.shortage_cost / (economics.shortage_cost + economics.holding_cost)

        def relative(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            """Best S_e and its mean cost, ``[C, B]``, for each difference."""
            count = len(differences)
            flat = differences.reshape(-1)
            steps = simulate(self.problem, dual_index_rule(self.problem, flat * 0.0, flat), law, economics, count)
            flows = [step.outcome.flows for step in steps]
            net = np.stack([f.on_hand - f.backlogged for f in flows]).reshape(len(steps), count, -1)
            level = -_quantile(net, 1.0 - ratio)
            held = np.maximum(net + level, 0.0).mean(0)
            short = held - (net + level).mean(0)
            orders = np.mean([step.order for step in steps], 0).reshape(count, -1, 2)
            cost = economics.holding_cost * held + economics.shortage_cost * short
            cost += economics.regular_cost * orders[..., 0] + economics.expedited_cost * orders[..., 1]
            return level, cost

        most = self._range(law)
        best = zoom(lambda grid: -relative(self._whole(law, grid))[1], most * 0.0, most)
        difference = self._whole(law, best)
        return np.stack([relative(difference[None])[0][0], difference])

    def _with_lost_sales(self, law: Distribution, economics: Any) -> np.ndarray:
        def reward(pairs: np.ndarray) -> np.ndarray:
            expedited, difference = (self._whole(law, pairs[:, k]).reshape(-1) for k in range(2))
            rule = dual_index_rule(self.problem, expedited, expedited + difference)
            return mean_reward(simulate(self.problem, rule, law, economics, len(pairs)), len(pairs))

        most = np.stack([self._range(law)] * 2)
        return self._whole(law, zoom_pairs(reward, most * 0.0, most))


def _quantile(values: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The lower empirical quantile over the first axis: ``[N, C, B]`` and ``[B]`` give ``[C, B]``."""
    rank = np.floor(probability * (len(values) - 1)).astype(int)
    ordered = np.sort(values, axis=0)
    index = np.broadcast_to(rank, values.shape[1:])[None]
    return np.take_along_axis(ordered, index, axis=0)[0]


@dataclass(frozen=True, kw_only=True)
class ConsecutiveBaseStocks(Heuristic):
    """Two base-stock levels on the expedited position, optimal with backlog and lead times 0 and 1.

    ``q_e = (S_e - I)^+``, ``q_r = (S_r - I - q_e)^+`` (Fukuda 1964, Whittemore & Saunders 1977), with

        S_e = min{y: F(y) >= (b - d) / (b + h)},   d = c_e - c_r
        S_r = min{y: E[min(d, b - (b + h) F(y - D))] <= (1 - g) c_r / g}

    Raises:
        ValueError: The lead times are not 0 and 1, or demand is lost.
    """

    problem: DualSourcing

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.problem.lead_times != (1, 0) or not self.problem.backlog:
            raise ValueError(
                "ConsecutiveBaseStocks needs backlog and lead times 1 and 0, got "
                f"{self.problem.lead_times} and backlog={self.problem.backlog}; use DualIndex."
            )

    def rule(self, law: Distribution, economics: Any) -> Rule:
        return dual_index_rule(self.problem, *self.levels(law, economics))

    def levels(self, law: Distribution, economics: Any) -> tuple[np.ndarray, np.ndarray]:
        """``S_e`` and ``S_r``, each ``[B]``, units."""
        holding, shortage = economics.holding_cost, economics.shortage_cost
        premium = economics.expedited_cost - economics.regular_cost
        ratio = np.clip((shortage - premium) / (shortage + holding), 1e-9, 1.0 - 1e-9)
        discount = self.problem.discount
        bound = (1.0 - discount) * economics.regular_cost / discount
        step, cumulative = law.lattice()
        # b - (b + h) F(y - D), capped at the premium; F is 0 below 0, where the cap applies if b > d.
        marginal = np.minimum(premium[:, None], shortage[:, None] - (shortage + holding)[:, None] * cumulative)
        below = np.minimum(premium, shortage)
        value = _expected(marginal, below, cumulative)
        reached = value <= bound[:, None] + 1e-9
        return law.quantile(ratio), reached.argmax(1) * step


def _expected(function: np.ndarray, below: np.ndarray, cumulative: np.ndarray) -> np.ndarray:
    """``E[f(y - D)]`` at every lattice point y, ``[B, N]``, for f on the lattice, constant below 0."""
    mass = np.diff(cumulative, axis=1, prepend=0.0)
    pad = 2 * CELLS
    inside = np.fft.irfft(np.fft.rfft(function, pad) * np.fft.rfft(mass, pad), pad)[:, :CELLS]
    return inside + below[:, None] * (1.0 - cumulative)
