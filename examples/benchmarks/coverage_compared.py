"""How often other intervals would hold the truth where few series hold most of the money.

The figures of series are drawn from those of independent products: a series has so many of 1,000
windows, all with the figure of one product. That is quick, so that thousands of tables can be
tried; `coverage.py` plays the intervals that are in use on tables that are read.

cd examples && python -m benchmarks.coverage_compared [--tables 3000] [--population "other demand"]
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy import special

from benchmarks.coverage import COMPARED_RULES, DRAWN_WINDOWS, PROBLEM, TABLE_KINDS
from inv_gym import SyntheticProducts, draw_products, rollout
from inv_gym.play.statistics import LEVEL
from inv_gym.products.batch import HISTORY, product_weights

DRAWN_PRODUCTS = 20_000
COMPARED_SERIES = (8, 20, 50)
INTERVALS = (
    "jackknife, Kish's number",
    "CR2, Bell-McCaffrey",
    "CR3, Bell-McCaffrey",
    "jackknife, effective clusters",
    "Hall's transformation, CR2",
)


def figures(population: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Numerators and denominators ``[N]`` of products, whose means' ratio is the truth."""
    mean, economics = TABLE_KINDS[population]
    source = SyntheticProducts(("poisson",), mean, economics=economics)
    products = draw_products(source, PROBLEM, DRAWN_PRODUCTS)
    low, high = (
        rollout(PROBLEM, COMPARED_RULES[name], products).discounted_reward
        / PROBLEM.discounted_periods
        for name in ("low", "high")
    )
    weight, demand = product_weights(products), products.demand[HISTORY:].mean(0)
    return {
        "reward": (high, np.ones(DRAWN_PRODUCTS)),
        "money_gap": (high - low, demand),
        "gap": (high - low, low),
        "product_gap": (weight * (high - low), weight * low),
    }


def held(numerators: np.ndarray, denominators: np.ndarray, truth: float) -> np.ndarray:
    """Share of tables whose interval holds the truth, one of `INTERVALS` each.

    Args:
        numerators: ``[R, S]`` sums over the windows of each series of each table.
        denominators: ``[R, S]``.
        truth: The ratio of their means.
    """
    number = numerators.shape[1]
    whole = denominators.sum(1, keepdims=True)
    ratio = numerators.sum(1, keepdims=True) / whole
    share = np.clip(denominators / whole, 1e-6, 1.0 - 1e-6)
    beyond = (numerators - ratio * denominators) / whole
    error = ratio[:, 0] - truth

    # standard errors
    without = (numerators.sum(1, keepdims=True) - numerators) / (whole - denominators)
    jackknife = np.sqrt((number - 1) / number * ((without - ratio) ** 2).sum(1))
    squares = beyond**2
    second, third = (np.sqrt((squares / (1.0 - share) ** power).sum(1)) for power in (1.0, 2.0))

    # degrees of freedom
    kish = np.maximum(1.0 / (share**2).sum(1), 2.0) - 1.0
    satterthwaite = _satterthwaite(share)
    size = denominators**2
    uneven = (size.std(1) / size.mean(1)) ** 2
    effective = np.maximum(number / (1.0 + uneven) - 1.0, 1.0)

    # Hall's transformation takes the skewness out of Student's ratio
    skew = (beyond**3).sum(1) / squares.sum(1) ** 1.5
    student = error / second
    straight = student + skew * student**2 / 3.0 + skew**2 * student**3 / 27.0 + skew / 6.0

    pairs = (
        (error / jackknife, kish),
        (student, satterthwaite),
        (error / third, satterthwaite),
        (error / jackknife, effective),
        (straight, satterthwaite),
    )
    return np.array(
        [np.mean(abs(value) <= special.stdtrit(freedom, LEVEL)) for value, freedom in pairs]
    )


def _satterthwaite(share: np.ndarray) -> np.ndarray:
    """Degrees of freedom of Bell and McCaffrey for means weighted by shares ``[R, S]``, ``[R]``."""
    residual = np.eye(share.shape[1]) - share[:, None, :]
    root = (share / np.sqrt(1.0 - share))[:, :, None] * residual
    form = root @ root.transpose(0, 2, 1)
    freedom = np.trace(form, axis1=1, axis2=2) ** 2 / (form**2).sum((1, 2))
    return np.maximum(freedom, 1.0)


def main(
    tables: Annotated[int, typer.Option(min=2, help="Tables of each size.")] = 3000,
    population: Annotated[str, typer.Option(help="One of those of coverage.py.")] = (
        "prices of groceries"
    ),
) -> None:
    """Print the coverage of each interval."""
    rng = np.random.default_rng(0)
    shown = Table("figure, series", *INTERVALS, title=f"{population}, {tables} tables: % held")
    for name, (numerators, denominators) in figures(population).items():
        truth = float(numerators.mean() / abs(denominators.mean()))
        for number in COMPARED_SERIES:
            product = rng.integers(DRAWN_PRODUCTS, size=(tables, number))
            windows = rng.multinomial(DRAWN_WINDOWS, np.ones(number) / number, size=tables)
            shares = held(numerators[product] * windows, denominators[product] * windows, truth)
            shown.add_row(f"{name}, {number}", *(f"{100.0 * share:.1f}" for share in shares))
    Console(width=120).print(shown)


if __name__ == "__main__":
    typer.run(main)
