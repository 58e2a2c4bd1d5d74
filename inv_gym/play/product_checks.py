"""What products must be to be played."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.play.orders import LARGEST_ORDER
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, unknown_periods
from inv_gym.util.arrays import (
    Array,
    flatten,
    flatten_names,
    is_torch,
    to_numpy,
)

SMALLEST_SCALE = float(np.finfo(np.float32).tiny)


def check_products(problem: Problem, products: Products, state: Any = None) -> None:
    """Refuse products, or a state to start in, that were made for another structure or are not
    numbers that can be played.

    Raises:
        ValueError: It names the columns, or the periods, of both; or the first bad figure.
    """
    if products.periods < problem.horizon:
        raise ValueError(
            f"the products have demand for {products.periods} periods, the horizon is "
            f"{problem.horizon}: draw the products for this problem."
        )
    wanted = flatten_names(problem.initial_state(0.0))
    for name, start in (("products", products.initial_state), ("state", state)):
        given = wanted if start is None else flatten_names(start)
        if given != wanted:
            raise ValueError(
                f"the {name} are for stock in the columns {', '.join(given)}, "
                f"{type(problem).__name__} has {', '.join(wanted)}: draw the products for this "
                "problem."
            )
    if products.economics._fields != problem.Economics._fields:
        raise ValueError(
            f"the products have the figures {', '.join(products.economics._fields)}, "
            f"{type(problem).__name__} needs {', '.join(problem.Economics._fields)}: draw the "
            "products for this problem."
        )

    drawn_for = products.structure
    if drawn_for is not None and not drawn_for.items() <= problem.structure.items():
        raise ValueError(
            f"the products were drawn for {drawn_for}, {type(problem).__name__} has "
            f"{problem.structure}: draw the products for this problem."
        )

    _refuse_other_names(products)
    start = products.initial_state if state is None else state
    _refuse_mixture(products, start)
    _refuse_values("demand of the products", _known_demand(products), least=0.0)
    if products.prices is not None:
        _refuse_prices(problem, products, products.prices)
    if products.lots is not None:
        for name, column in products.lots._asdict().items():
            _refuse_values(f"{name} of the lots", column, least=0.0)
    if products.earlier is not None:
        for name, column in products.earlier._asdict().items():
            _refuse_values(f"{name} of the earlier periods", column, least=0.0)
    _refuse_values("scale of the products", products.scale, least=SMALLEST_SCALE)
    for name, column in zip(wanted, flatten(start), strict=True):
        _refuse_values(f"column {name} of the state", column, least=-LARGEST_ORDER)


def _known_demand(products: Products) -> np.ndarray:
    """The demand, with 0 where the history is not known.

    Raises:
        ValueError: The numbers of known periods are not whole, not between 1 and H, or the demand
            of an unknown period is there.
    """
    demand = to_numpy(products.demand)
    if products.known_periods is None:
        return demand
    known_periods = to_numpy(products.known_periods)
    right = (known_periods >= 1) & (known_periods <= HISTORY)
    right &= known_periods == np.rint(known_periods)
    if np.shape(known_periods) != (products.batch,) or not right.all():
        raise ValueError(
            f"known_periods must be a whole number from 1 to {HISTORY} for each of the "
            f"{products.batch} products, got {known_periods}."
        )
    unknown = unknown_periods(known_periods)
    if not np.isnan(demand[:HISTORY][unknown]).all():
        raise ValueError(
            "the products have demand in periods that known_periods says are not known: put NaN "
            "there."
        )
    demand = demand.copy()
    demand[:HISTORY][unknown] = 0.0
    return demand


def _refuse_other_names(products: Products) -> None:
    """Refuse names of covariates that are not one for each column.

    Raises:
        ValueError: It names them and the number of columns.
    """
    names, covariates = products.covariate_names, products.covariates
    if names is None or covariates is None:
        return
    if len(set(names)) != len(names) or len(names) != covariates.shape[-1]:
        raise ValueError(
            f"the products have {covariates.shape[-1]} columns of covariates under the names "
            f"{names}: give each column a name of its own, or None for products without names."
        )


def _refuse_mixture(products: Products, start: Any) -> None:
    """Refuse products of NumPy and torch arrays together, and windows that are none.

    Raises:
        ValueError: It names the columns that are not as the demand is, or shows the windows.
    """
    columns = {"scale": products.scale, "state": start, "economics": products.economics}
    kind = is_torch(products.demand)
    others = [name for name, tree in columns.items() for x in flatten(tree) if is_torch(x) != kind]
    if others:
        raise ValueError(
            f"the demand of the products is {'torch' if kind else 'NumPy'}, but not their "
            f"{others[0]}: convert all of them with products.to(array) or products.torch()."
        )
    windows = products.windows
    if windows is not None and (np.shape(windows) != (products.batch, 2) or np.min(windows) < 0):
        raise ValueError(
            f"windows must be the series and the first period of each of the {products.batch} "
            f"products, whole numbers from 0 on, got {windows!r}."
        )


def _refuse_prices(problem: Problem, products: Products, prices: Array) -> None:
    """Refuse prices over time that cannot be played.

    Raises:
        ValueError: The problem has no price, or they are too few, below 0 or not finite.
    """
    if "price" not in problem.Economics._fields:
        raise ValueError(
            f"{type(problem).__name__} has no price, the products have prices over time: leave "
            "them out (products._replace(prices=None))."
        )
    shape = (products.periods, products.batch)
    if tuple(prices.shape) != shape:
        raise ValueError(
            f"prices must have the shape {shape} (periods, products), got {tuple(prices.shape)}."
        )
    _refuse_values("prices of the products", prices, least=0.0)


def _refuse_values(name: str, column: Array, least: float) -> None:
    """Refuse an array with a value that is not finite, too large to be summed, or below the least.

    Raises:
        ValueError: It has the first such value.
    """
    values, limit = to_numpy(column), LARGEST_ORDER
    if float(values.min(initial=limit)) >= least and float(values.max(initial=0.0)) < limit:
        return
    bad = values[~((values >= least) & (values < limit))]
    at_least = "finite" if least < 0.0 else f"finite and at least {least:g}"
    raise ValueError(f"the {name} must be {at_least}, and below {limit:g}, got {bad[0]}.")
