"""The flat float32 vector in which environments show an observation."""

from __future__ import annotations

import numpy as np

from inv_gym.play.episode import Episode
from inv_gym.play.policy import Observation
from inv_gym.problems.lots import Lots
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import flatten, flatten_names, to_numpy, unflatten

LOT_NAMES = ("order_multiple", "minimum_order")
"""What the entries of `Lots` are called."""
PRICE_NAMES = ("price_today",)
"""What the entry of today's price is called, where prices change over time."""


class FlatObservations:
    """Writes the observations of an episode as vectors ``[n]`` (one product, floats) or ``[B, n]``.

    The entries, in order: the state, the history (oldest first), the economics, the scale, the
    covariates of the current period, the lots and today's price if the source may have any,
    and the share of the horizon that is left (1 throughout in a long-run problem).

    Args:
        problem: What is played.
        covariate_names: Of the source.
        lots: Whether the source's products may have `Lots`.
        prices: Whether their prices may change over time.
    """

    def __init__(
        self,
        problem: Problem,
        covariate_names: tuple[str, ...],
        lots: bool = False,
        prices: bool = False,
    ) -> None:
        self._problem = problem
        state = flatten_names(problem.initial_state(0.0))
        history = [f"demand_{k}_ago" for k in range(HISTORY, 0, -1)]
        self.names = [
            *state,
            *history,
            *problem.Economics._fields,
            "scale",
            *covariate_names,
            *(LOT_NAMES if lots else ()),
            *(PRICE_NAMES if prices else ()),
            "horizon_left",
        ]
        self.state = slice(0, len(state))
        self.history = slice(len(state), len(state) + HISTORY)
        self.scale = self.history.stop + len(problem.Economics._fields)
        self.economics = slice(self.history.stop, self.scale)
        self.covariates = slice(self.scale + 1, self.scale + 1 + len(covariate_names))
        self.lots = slice(self.covariates.stop, self.covariates.stop + len(LOT_NAMES) * lots)
        self.price = slice(self.lots.stop, len(self.names) - 1)

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Low and high ``[n]`` of the entries, float32; infinite where nothing is known.

        Demand has no largest value, so neither have stock and history: a bound that stands for
        none, such as the largest float32, would let Gymnasium's wrappers rescale or discretise
        every observation to the same one. They refuse an infinite bound.
        """
        low = np.full(len(self.names), -np.inf, np.float32)
        high = np.full(len(self.names), np.inf, np.float32)
        low[self.history] = 0.0
        if not self._problem.backlog:
            low[self.state] = 0.0
        low[self.scale] = 0.0
        low[-1], high[-1] = 0.0, 1.0  # the share of the horizon that is left
        return low, high

    def start(self, products: Products, single: bool) -> None:
        """Begin an episode of NumPy products: fill in what does not change. `single` shows the
        first one alone.
        """
        template: np.ndarray = np.zeros((products.batch, len(self.names)), np.float32)
        template[:, self.economics] = np.stack(products.economics, -1)
        template[:, self.scale] = products.scale
        template[:, -1] = 1.0
        if products.lots is not None:
            template[:, self.lots] = np.stack(products.lots, -1)
        demand = products.demand.T.astype(np.float32, order="C")
        calendar = None if products.covariates is None else products.covariates.astype(np.float32)
        self._template: np.ndarray = template[0] if single else template
        self._demand: np.ndarray = demand[0] if single else demand
        prices = None if products.prices is None else products.prices[..., None]
        self._prices = prices[:, 0] if single and prices is not None else prices
        self._calendar = calendar[:, 0] if single and calendar is not None else calendar

    def write(self, episode: Episode) -> np.ndarray:
        """The current observation, in fresh memory."""
        vector = self._template.copy()
        rows = (
            vector if vector.ndim == 1 else vector.T
        )  # entries first; writing through a view costs nothing
        for index, column in enumerate(flatten(episode.state)):
            rows[index] = column
        t = episode.period
        if self._problem.censored:  # what was sold depends on the orders: the episode keeps it
            rows[self.history] = episode.recent_sales
        else:
            vector[..., self.history] = self._demand[..., t : t + HISTORY]
        if self._calendar is not None and t < self._problem.horizon:
            vector[..., self.covariates] = self._calendar[HISTORY + t]
        if self._prices is not None:  # after the last period, that of the last one
            vector[..., self.price] = self._prices[min(t, len(self._prices) - 1)]
        if not self._problem.long_run:
            rows[-1] = 1.0 - t / self._problem.horizon
        return vector

    def read(self, vectors: np.ndarray) -> Observation:
        """What vectors ``[B, n]`` show, as policies take it; of the covariates they show the
        current period's alone.

        Raises:
            ValueError: They have another number of entries.
        """
        if vectors.shape[1] != len(self.names):
            raise ValueError(
                f"an observation has {len(self.names)} entries here, got {vectors.shape[1]}."
            )
        rows = vectors.T
        covariates = (
            vectors[None, :, self.covariates]
            if self.covariates.stop > self.covariates.start
            else None
        )
        left = float(rows[-1, 0])
        period = 0 if self._problem.long_run else round((1.0 - left) * self._problem.horizon)
        state = unflatten(rows[self.state], self._problem.initial_state(0.0))
        return Observation(
            state,
            rows[self.history],
            self._problem.Economics(*rows[self.economics]),
            rows[self.scale],
            covariates,
            period,
            Lots(*rows[self.lots]) if self.lots.stop > self.lots.start else None,
            rows[self.price.start] if self.price.stop > self.price.start else None,
        )


def flat(problem: Problem, observation: Observation) -> np.ndarray:
    """The vectors ``[B, n]`` in which an environment shows what a policy sees, float32."""
    left = 1.0 if problem.long_run else 1.0 - observation.period / problem.horizon
    calendar = () if observation.covariates is None else to_numpy(observation.covariates[-1]).T
    columns = [
        *flatten(observation.state),
        *observation.history,
        *observation.economics,
        observation.scale,
        *calendar,
        *(observation.lots or ()),
        *(() if observation.price is None else (observation.price,)),
    ]
    columns.append(np.full(len(observation.scale), left))
    return np.stack([to_numpy(column) for column in columns], -1).astype(np.float32)
