"""A batch of products: everything exogenous about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from inv_gym.demand.distribution import Distribution, join
from inv_gym.problems.lots import Lots
from inv_gym.problems.problem import Problem
from inv_gym.products.earlier import Earlier, nothing_earlier
from inv_gym.util.arrays import Array, apart, flatten, like, map_columns, sealed, unflatten
from inv_gym.util.checks import refuse_rows

HISTORY = 32
"""Most periods of history before the start of an episode, H (the source paper's window)."""

DRAW_BLOCK = 512
"""Products are drawn in blocks of this size, each with a random stream of its own, so that product
i of a seed is the same whatever the number of products asked for or held in memory at once."""


PRODUCT_FACTS = ("distribution", "windows", "structure", "covariate_names")
"""Fields of products that are no columns to be played."""


class Products(NamedTuple):
    """B products: everything exogenous, whether a policy knows it or not. Arrays are NumPy or
    torch.
    """

    economics: Any
    """NamedTuple of ``[B]`` columns, money per unit."""
    demand: Array
    """``[H + T, B]``, units; the first H periods are the history before the episode (sales, if it
    is censored), NaN where it is not known.
    """
    scale: Array
    """``[B]`` mean of the known history, units: the size in which networks see a product."""
    initial_state: Any
    """NamedTuple of ``[B]`` columns, units."""
    covariates: Array | None
    """``[H + T, B, C]`` known in advance: calendar, promotion; NaN where the history is not
    known.
    """
    distribution: Distribution | None
    """The true distribution of demand from the start of the episode, for omniscient policies only;
    None for real demand.
    """
    windows: np.ndarray | None = None
    """``[B, 2]`` of real demand: which series a product is a window of, and the position of the
    first period of its episode. Windows of one series are not independent. None for independent
    products.
    """
    structure: Mapping[str, Any] | None = None
    """The structure of the problem that they were drawn for, see `Problem.structure`; None if it is
    not known.
    """
    known_periods: Array | None = None
    """``[B]`` how many periods before the episode are known, 1 to H; None if all are."""
    lots: Lots | None = None
    """``[B]`` columns: the quantities in which each product can be ordered; None where any."""
    prices: Array | None = None
    """``[T, B]`` money per unit sold in each period of the episode; None where it is that of
    `economics` throughout. A policy sees those of the periods up to today's alone.
    """
    earlier: Earlier | None = None
    """``[B]`` columns: what is known of the demand before the history; None if nothing is."""
    sold_out: Array | None = None
    """1 in periods in which all was sold, so that demand was at least the sales; None where demand
    is seen. ``[H, B]`` of a censored problem, whose later periods are told by its play; of a table
    that tells the closing stock, and whose sales stand for demand, ``[H + T, B]``.
    """
    covariate_names: tuple[str, ...] | None = None
    """Names of the covariates, in order, by which networks find them; None if they have none, as
    in products made by hand: then they are taken in the order of the training.
    """

    @property
    def batch(self) -> int:
        """Number of products, B."""
        return int(self.demand.shape[1])

    @property
    def periods(self) -> int:
        """Number of periods of the episode, T."""
        return int(self.demand.shape[0]) - HISTORY

    def to(self, reference: Array) -> Products:
        """The same products in the kind (NumPy or torch), dtype and device of `reference`."""
        return self._map(lambda column: like(column, reference))

    def sealed(self) -> Products:
        """The same products in memory that nobody can write to (NumPy alone)."""
        distribution = None if self.distribution is None else self.distribution.sealed()
        return self._map(sealed)._replace(distribution=distribution)

    def apart(self) -> Products:
        """The same products in memory of their own, so that nothing written there reaches these."""
        return self._map(apart)._replace(
            distribution=None if self.distribution is None else self.distribution.apart(),
            windows=None if self.windows is None else apart(self.windows),
        )

    def copied(self) -> Products:
        """The same products in fresh NumPy memory."""
        return self._map(np.array)

    def _map(self, function: Callable[[Array], Array]) -> Products:
        """A function of every column that is played."""
        facts = {name: getattr(self, name) for name in PRODUCT_FACTS}
        played = map_columns(function, self._replace(**dict.fromkeys(facts)))
        return played._replace(**facts)

    def torch(self, dtype: Any = None, device: Any = None) -> Products:
        """The same products as torch tensors; float32 on the CPU if nothing else is given."""
        import torch

        return self.to(torch.empty(0, dtype=dtype or torch.float32, device=device))

    def single(self, row: int) -> Products:
        """One product as plain Python floats (``demand`` a list), for the step API."""

        def number(column: Array) -> float:
            return float(column[row])

        return Products(
            map_columns(number, self.economics),
            self.demand[:, row].tolist(),
            number(self.scale),
            map_columns(number, self.initial_state),
            None if self.covariates is None else self.covariates[:, row],
            None if self.distribution is None else self.distribution.rows(slice(row, row + 1)),
            structure=self.structure,
            known_periods=None if self.known_periods is None else number(self.known_periods),
            lots=map_columns(number, self.lots),
            prices=None if self.prices is None else self.prices[:, row].tolist(),
            earlier=map_columns(number, self.earlier),
            sold_out=None if self.sold_out is None else self.sold_out[:, row].tolist(),
            covariate_names=self.covariate_names,
        )

    def rows(self, rows: slice | np.ndarray) -> Products:
        """Some of the products."""
        return Products(
            map_columns(lambda x: x[rows], self.economics),
            self.demand[:, rows],
            self.scale[rows],
            map_columns(lambda x: x[rows], self.initial_state),
            None if self.covariates is None else self.covariates[:, rows],
            None if self.distribution is None else self.distribution.rows(rows),
            None if self.windows is None else self.windows[rows],
            self.structure,
            None if self.known_periods is None else self.known_periods[rows],
            map_columns(lambda x: x[rows], self.lots),
            None if self.prices is None else self.prices[:, rows],
            map_columns(lambda x: x[rows], self.earlier),
            None if self.sold_out is None else self.sold_out[:, rows],
            self.covariate_names,
        )


def money_unit(economics: Any) -> Array:
    """``[B]`` sum of the sizes of all figures: the unit in which networks see money."""
    return sum(abs(column) for column in economics)


def product_weights(products: Products) -> Array:
    """``[B]`` one over the money that a period's mean demand is about worth: rewards times it are
    in units of a product's own scale and money.
    """
    return 1.0 / (products.scale * money_unit(products.economics))


def concatenate(parts: Sequence[Products]) -> Products:
    """Batches of one source as one batch (NumPy)."""
    if len(parts) == 1:
        return parts[0]

    def columns(field: str) -> Any:
        joined = map(
            np.concatenate, zip(*(flatten(getattr(part, field)) for part in parts), strict=True)
        )
        return unflatten(joined, getattr(parts[0], field))

    covariates = [part.covariates for part in parts]
    distributions = [part.distribution for part in parts]
    windows = [part.windows for part in parts]
    known_periods = _filled(parts, "known_periods", lambda part: np.full(part.batch, 1.0 * HISTORY))
    lots = _filled(parts, "lots", lambda part: Lots(*np.zeros((2, part.batch))))
    earlier = _filled(parts, "earlier", lambda part: nothing_earlier(part.batch))
    told = [len(part.sold_out) for part in parts if part.sold_out is not None]
    sold_out = _filled(parts, "sold_out", lambda part: np.zeros((told[0], part.batch)))
    prices = _filled(parts, "prices", lambda part: np.tile(part.economics.price, (part.periods, 1)))
    return Products(
        columns("economics"),
        np.concatenate([part.demand for part in parts], 1),
        np.concatenate([part.scale for part in parts]),
        columns("initial_state"),
        None if covariates[0] is None else np.concatenate(covariates, 1),  # type: ignore[arg-type]
        None if distributions[0] is None else join(distributions),  # type: ignore[arg-type]
        None if windows[0] is None else np.concatenate(windows),  # type: ignore[arg-type]
        parts[0].structure,
        None if known_periods is None else np.concatenate(known_periods),
        None if lots is None else Lots(*map(np.concatenate, zip(*lots, strict=True))),
        None if prices is None else np.concatenate(prices, 1),
        None if earlier is None else Earlier(*map(np.concatenate, zip(*earlier, strict=True))),
        None if sold_out is None else np.concatenate(sold_out, 1),
        parts[0].covariate_names,
    )


def _filled(
    parts: Sequence[Products], field: str, stand_in: Callable[[Products], Any]
) -> list[Any] | None:
    """A field of every batch, with what stands for it in a batch that has none; None if no batch
    has it.
    """
    given = [getattr(part, field) for part in parts]
    if all(value is None for value in given):
        return None
    return [
        stand_in(part) if value is None else value for value, part in zip(given, parts, strict=True)
    ]


def unknown_periods(known_periods: Array) -> np.ndarray:
    """``[H, B]`` where a history is not known, of its numbers of known periods ``[B]``."""
    return np.arange(HISTORY)[:, None] < HISTORY - known_periods


def assemble(
    problem: Problem,
    rng: np.random.Generator,
    figures: Mapping[str, np.ndarray],
    demand: np.ndarray,
    covariates: np.ndarray | None = None,
    distribution: Distribution | None = None,
    known_periods: np.ndarray | None = None,
    covariate_names: tuple[str, ...] | None = None,
) -> Products:
    """Put a batch together: pick the problem's figures, censor the history, draw the starting
    stock.

    In a censored history, sales are demand up to its own 90 % quantile: the stock of a shop that
    runs out in one period of ten. That is our choice.

    Args:
        problem: What the products are for.
        rng: Draws the starting stock.
        figures: Prices and costs by name, ``[B]``, at least those that the problem names.
        demand: ``[H + T, B]``, units; what is not known of the history does not matter.
        covariates: ``[H + T, B, C]`` or None.
        distribution: The true distribution, if there is one.
        known_periods: ``[B]`` known periods of the history, 1 to H; None if all are.
        covariate_names: Names of the covariates, none if there are none; None if they are not
            named.

    Raises:
        ValueError: Demand is negative or not finite, a figure is missing, or the problem refuses
            the economics.
    """
    bad = ~((demand >= 0.0) & (demand < np.inf))
    if known_periods is not None:
        unknown = np.zeros(demand.shape, bool)
        unknown[:HISTORY] = unknown_periods(known_periods)
        bad &= ~unknown
        demand = np.where(unknown, np.nan, demand)
        if covariates is not None:
            covariates = np.where(unknown[..., None], np.nan, covariates)
    first_bad = np.take_along_axis(demand, bad.argmax(0)[None], 0)[0]
    refuse_rows("demand must be finite and at least 0, got {}.", bad.any(0), first_bad)
    missing = [name for name in problem.Economics._fields if name not in figures]
    if missing:
        raise ValueError(
            f"{type(problem).__name__} needs {', '.join(missing)}: give each as a column of "
            "economics or a range "
            "(EconomicsRanges(extra={...}))."
        )
    economics = problem.Economics(*(figures[name] for name in problem.Economics._fields))
    problem.check_economics(economics)
    history = demand[:HISTORY]
    whole = known_periods is None
    sold_out = None
    if problem.censored:
        quantile = np.quantile if whole else np.nanquantile
        stock = quantile(history, 0.9, axis=0)
        sold_out = np.where(history >= stock, 1.0, 0.0)
        history = np.minimum(history, stock)
        demand = np.concatenate([history, demand[HISTORY:]])
    mean = history.mean(0) if whole else np.nanmean(history, 0)
    scale = np.maximum(mean, 1.0 / HISTORY)  # a product without any sale is seen in 1/32 units
    low, high = problem.initial_stock
    stock = scale * (rng.uniform(low, high, len(scale)) if high > low else low)
    stock = np.rint(stock) if problem.integer_orders else stock
    return Products(
        economics,
        demand,
        scale,
        problem.initial_state(stock),
        covariates,
        distribution,
        structure=problem.structure,
        known_periods=known_periods,
        sold_out=sold_out,
        covariate_names=covariate_names,
    )
