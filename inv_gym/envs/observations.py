"""The flat float32 vector in which environments show an observation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise, takewhile
from typing import Any

import numpy as np

from inv_gym.demand.processes import beyond_calendar
from inv_gym.play.episode import Episode
from inv_gym.play.policy import Observation
from inv_gym.problems.lots import Lots
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, money_unit, unknown_periods
from inv_gym.products.earlier import Earlier
from inv_gym.products.sources import NO_EXTRAS, Extras
from inv_gym.util.arrays import flatten, flatten_names, to_numpy, unflatten

EXTRA_NAMES = (
    ("known_periods",),
    ("earlier_periods", "earlier_demand", "earlier_squares"),
    tuple(f"sold_out_{k}_ago" for k in range(HISTORY, 0, -1)),
    ("order_multiple", "minimum_order"),
    ("price_today",),
)
"""What the entries of each of `Extras` are called: the number of known periods, `Earlier`, whether
each period of the history sold out, `Lots`, and today's price.
"""


def extra_names(extras: Extras) -> tuple[str, ...]:
    """The names of the entries that show what products may have."""
    shown = (names for names, has in zip(EXTRA_NAMES, extras, strict=True) if has)
    return tuple(name for names in shown for name in names)


class FlatObservations:
    """Writes the observations of an episode as vectors ``[n]`` (one product, floats) or ``[B, n]``.

    The entries, in order: the state, the history (oldest first), the economics, the scale, the
    covariates of the current period, those beside the calendar of the history's periods (oldest
    first), the number of known periods, what is known of earlier ones, which periods sold out
    (oldest first), the lots and today's price if the source or the problem may have any, and the
    share of the horizon that is left (1 throughout in a long-run problem). What is not known of a
    history is 0.

    Args:
        problem: Whose observations.
        covariate_names: Of its products.
        extras: What its products may have.
        scale_free: Whether every entry is over its divisor; see `divisors`.
    """

    def __init__(
        self,
        problem: Problem,
        covariate_names: tuple[str, ...],
        extras: Extras = NO_EXTRAS,
        scale_free: bool = False,
    ) -> None:
        self._problem, self.covariate_names = problem, covariate_names
        self._scale_free = scale_free
        self.past_names = beyond_calendar(covariate_names)
        state = flatten_names(problem.initial_state(0.0))
        history = [f"demand_{k}_ago" for k in range(HISTORY, 0, -1)]
        self.names = [
            *state,
            *history,
            *problem.Economics._fields,
            "scale",
            *covariate_names,
            *(f"{name}_{k}_ago" for k in range(HISTORY, 0, -1) for name in self.past_names),
            *extra_names(extras),
            "horizon_left",
        ]
        self.extras, self._short_histories = extras, extras.short_histories
        self.state = slice(0, len(state))
        self.history = slice(len(state), len(state) + HISTORY)
        self.scale = self.history.stop + len(problem.Economics._fields)
        self.economics = slice(self.history.stop, self.scale)
        self.covariates = slice(self.scale + 1, self.scale + 1 + len(covariate_names))
        self._past_places = [covariate_names.index(name) for name in self.past_names]
        end = self.covariates.stop + HISTORY * len(self.past_names)
        self.past_covariates = slice(self.covariates.stop, end)
        ends = accumulate(
            (len(names) * shown for names, shown in zip(EXTRA_NAMES, extras, strict=True)),
            initial=self.past_covariates.stop,
        )
        self.known_periods, self.earlier, self.sold_out, self.lots, self.price = map(
            slice, *zip(*pairwise(ends), strict=True)
        )

    @classmethod
    def of_names(cls, problem: Problem, names: Sequence[str]) -> FlatObservations:
        """The layout of a problem's observations that have the covariates and extras among these
        names of entries.
        """
        extras = Extras(*(not set(names).isdisjoint(shown) for shown in EXTRA_NAMES))
        begin = len(cls(problem, ()).names) - 1
        every = [name for name in names[begin:-1] if name not in extra_names(extras)]
        covariates = takewhile(lambda name: not name.endswith(f"_{HISTORY}_ago"), every)
        return cls(problem, tuple(covariates), extras)

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
        if self._short_histories:
            period = 1.0 / HISTORY if self._scale_free else 1.0
            low[self.known_periods], high[self.known_periods] = period, HISTORY * period
        low[self.earlier] = 0.0
        low[self.sold_out], high[self.sold_out] = 0.0, 1.0
        low[-1], high[-1] = 0.0, 1.0  # the share of the horizon that is left
        return low, high

    def by_period(self, rows: Any) -> Any:
        """``[H, B, C]`` the entries ``[H * C, B]`` of the history's covariates."""
        return rows.reshape(HISTORY, len(self.past_names), -1).swapaxes(1, 2)

    def start(self, products: Products, single: bool) -> None:
        """Begin an episode of NumPy products: fill in what does not change. `single` shows the
        first one alone.
        """
        template = np.zeros((len(self.names), products.batch), np.float32)
        template[self.economics] = products.economics
        template[self.scale] = products.scale
        template[-1] = 1.0
        if products.lots is not None:
            template[self.lots] = products.lots
        demand = products.demand.astype(np.float32)
        if products.known_periods is not None:
            demand = np.nan_to_num(demand)
        if self._scale_free:
            divisors = self.divisors(products.scale, products.economics)
            self._divisors = divisors[:, 0] if single else divisors
        self._single = single
        self._template = template[:, 0] if single else template
        self._demand = demand[:, 0] if single else demand
        self._prices: np.ndarray | None = None
        if products.prices is not None:
            self._prices = products.prices[:, 0] if single else products.prices
        self._calendar: np.ndarray | None = None
        if products.covariates is not None:
            calendar = np.nan_to_num(products.covariates).astype(np.float32).swapaxes(1, 2)
            self._calendar = calendar[..., 0] if single else calendar

    def write(self, episode: Episode) -> np.ndarray:
        """The current observation, in fresh memory."""
        # Entries first, so that each lies in one piece of memory: written the other way round, a
        # batch would take several times as long.
        rows = self._template.copy()
        for index, column in enumerate(flatten(episode.state)):
            rows[index] = column
        t = episode.period
        if self._problem.censored:  # what was sold depends on the orders: the episode keeps it
            rows[self.history] = episode.recent_sales
            if self._short_histories:
                np.nan_to_num(rows[self.history], copy=False)
        else:
            rows[self.history] = self._demand[t : t + HISTORY]
        if self._calendar is not None:
            past = self._calendar[t : t + HISTORY, self._past_places]
            rows[self.past_covariates] = past.reshape(-1, *past.shape[2:])
            if t < self._problem.horizon:
                rows[self.covariates] = self._calendar[HISTORY + t]
        if self._prices is not None:  # after the last period, that of the last one
            rows[self.price] = self._prices[min(t, len(self._prices) - 1)]
        if self._short_histories:
            rows[self.known_periods] = episode.known_periods
        if self.extras.earlier and episode.earlier is not None:
            for index, column in enumerate(episode.earlier, self.earlier.start):
                rows[index] = column
        if self.extras.sold_out and (sold_out := episode.recent_sold_out) is not None:
            rows[self.sold_out] = sold_out
        if not self._problem.long_run:
            rows[-1] = 1.0 - t / self._problem.horizon
        if self._scale_free:
            rows /= self._divisors
        return rows if self._single else rows.T

    def divisors(self, scale: Any, economics: Any) -> np.ndarray:
        """``[n, B]`` what makes each entry scale-free, float32: the scale for what is in pieces,
        the money unit for what is in money per piece, `HISTORY` for what is in periods.

        Args:
            scale: ``[B]``, pieces.
            economics: NamedTuple of ``[B]`` columns, money per piece.
        """
        scale = to_numpy(scale)
        money = to_numpy(money_unit(economics))
        divisors = np.ones((len(self.names), len(scale)), np.float32)
        for pieces in (self.state, self.history, self.lots, self.scale):
            divisors[pieces] = scale
        for price in (self.economics, self.price):
            divisors[price] = money
        divisors[self.known_periods] = HISTORY
        if self.extras.earlier:
            divisors[self.earlier] = np.stack([0.0 * scale + HISTORY, scale, scale**2])
        return divisors

    def read(self, vectors: np.ndarray) -> Observation:
        """What vectors ``[B, n]`` show, as policies take it; what they do not show of past
        covariates, the calendar, is 0.

        Raises:
            ValueError: They have another number of entries.
        """
        if vectors.shape[1] != len(self.names):
            raise ValueError(
                f"an observation has {len(self.names)} entries here, got {vectors.shape[1]}."
            )
        rows = vectors.T
        covariates = None
        if self.covariate_names:
            covariates = np.zeros((HISTORY + 1, *rows[self.covariates].T.shape), rows.dtype)
            covariates[-1] = rows[self.covariates].T
        if covariates is not None and self.past_names:
            covariates[:-1, :, self._past_places] = self.by_period(rows[self.past_covariates])
        left = float(rows[-1, 0])
        period = 0 if self._problem.long_run else round((1.0 - left) * self._problem.horizon)
        state = unflatten(rows[self.state], self._problem.initial_state(0.0))
        history, known_periods = rows[self.history], float(HISTORY)
        if self._short_histories:
            (known_periods,) = rows[self.known_periods]
            history = np.where(unknown_periods(known_periods), np.nan, history)
        return Observation(
            state,
            history,
            self._problem.Economics(*rows[self.economics]),
            rows[self.scale],
            covariates,
            period,
            known_periods,
            Lots(*rows[self.lots]) if self.extras.lots else None,
            rows[self.price.start] if self.extras.prices else None,
            Earlier(*rows[self.earlier]) if self.extras.earlier else None,
            rows[self.sold_out] if self.extras.sold_out else None,
            covariate_names=self.covariate_names,
        )


def flat(problem: Problem, observation: Observation, short_histories: bool = False) -> np.ndarray:
    """The vectors ``[B, n]`` in which an environment shows what a policy sees, float32.

    With `short_histories` they have the number of known periods, and 0 where a history is not
    known; without, it is filled with the scale.
    """
    left = 1.0 if problem.long_run else 1.0 - observation.period / problem.horizon
    calendar: Sequence[np.ndarray] = ()
    if observation.covariates is not None:
        names = observation.covariate_names or ()
        places = [names.index(name) for name in beyond_calendar(names)]
        *past, today = np.nan_to_num(to_numpy(observation.covariates)).swapaxes(1, 2)
        calendar = [*today, *(period[place] for period in past for place in places)]
    history = to_numpy(observation.history)
    filling = 0.0 if short_histories else to_numpy(observation.scale)
    every = np.ones(len(observation.scale))
    columns = [
        *flatten(observation.state),
        *np.where(np.isnan(history), filling, history),
        *observation.economics,
        observation.scale,
        *calendar,
        *((every * to_numpy(observation.known_periods),) if short_histories else ()),
        *(observation.earlier or ()),
        *(() if observation.sold_out is None else observation.sold_out),
        *(observation.lots or ()),
        *(() if observation.price is None else (observation.price,)),
        every * left,
    ]
    return np.stack([to_numpy(column) for column in columns], -1).astype(np.float32)
