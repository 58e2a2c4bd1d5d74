"""How far searched rules are from the best of their kind, by trying every rule.

python examples/benchmarks/searched_rules.py

Lost sales on whole units, lead times 1 to 3, demand of mean 5, holding cost 1. Every rule of a kind
is simulated on the same long path. The exact costs of all that come close to the best there are
then worked out, and the least of them is compared with the exact cost of the rule that is searched.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from inv_gym import InstanceProducts, LostSales
from inv_gym.baselines import BaseStock, CappedBaseStock, ConstantOrder, VectorBaseStock
from inv_gym.baselines.exact import follow
from inv_gym.baselines.exact.limits import GrowingStockError
from inv_gym.baselines.fitting.heuristic import join
from inv_gym.baselines.fitting.simulation import mean_reward, paths, simulate
from inv_gym.published.products import AnyProduct, known_product

DEMAND_FAMILIES = ("poisson", "geometric")
BENCHMARK_LEAD_TIMES = (1, 2, 3)
SHORTAGE_COSTS = (4.0, 9.0, 19.0, 39.0)
MEAN_DEMAND = 5.0
LEVEL_PROBABILITY = 0.9999
"""Probability that the highest level tried covers the demand of L + 1 periods."""
CAP_PROBABILITY = 0.99
"""Probability that the highest cap tried covers the demand of a period."""
LEVEL_PROBABILITIES = 4001
"""Common probabilities of vector base-stock levels that are tried."""
SCREENING_PERIODS = 24_000
"""Periods of the path on which all rules are simulated."""
SCREENING_SHARE = 0.01
"""Rules that cost at most so much more than the best one on that path are evaluated exactly."""
RULES_AT_ONCE = 256
"""Rules that are simulated together."""


class Comparison(NamedTuple):
    """A searched rule beside the best of its kind."""

    excess: float
    """Cost over that of the best, %."""
    tried: int
    """How many rules were simulated."""
    evaluated: int
    """How many of them were evaluated exactly."""


def single_product(family: str, lead_time: int, shortage_cost: float) -> AnyProduct:
    """The product of an instance, in the long run and on average."""
    problem = LostSales(
        lead_time=lead_time, horizon=1, discount=1.0, long_run=True, integer_orders=True
    )
    costs = {"holding_cost": 1.0, "shortage_cost": shortage_cost}
    return known_product(problem, InstanceProducts(family, MEAN_DEMAND, costs))


def quantile(product: AnyProduct, probability: float, periods: int) -> float:
    """The units that the demand of some periods does not exceed with a probability."""
    return float(product.distribution.quantile(np.array([probability]), periods)[0])


def base_stocks(product: AnyProduct) -> Iterator[BaseStock]:
    """All levels."""
    most = quantile(product, LEVEL_PROBABILITY, product.problem.lead_time + 1)
    for level in np.arange(most + 1.0):
        yield BaseStock(problem=product.problem, level=np.array([level]))


def vector_base_stocks(product: AnyProduct) -> Iterator[VectorBaseStock]:
    """All levels with a common probability, each once."""
    levels_tried = set()
    for score in np.linspace(-1.5, 4.0, LEVEL_PROBABILITIES):
        rule = VectorBaseStock.at(*product, np.array([[score]]))
        levels = tuple(float(level[0]) for level in rule.levels)
        if levels not in levels_tried:
            levels_tried.add(levels)
            yield rule


def capped_base_stocks(product: AnyProduct) -> Iterator[CappedBaseStock]:
    """All pairs of a level and a cap."""
    levels = np.arange(quantile(product, LEVEL_PROBABILITY, product.problem.lead_time + 1) + 1.0)
    caps = np.arange(1.0, quantile(product, CAP_PROBABILITY, 1) + 1.0)
    for level, cap in itertools.product(levels, caps):
        yield CappedBaseStock(problem=product.problem, level=np.array([level]), cap=np.array([cap]))


def constant_orders(product: AnyProduct) -> Iterator[ConstantOrder]:
    """All whole orders below the mean demand."""
    for units in np.arange(MEAN_DEMAND):
        yield ConstantOrder(problem=product.problem, quantity=np.array([units]))


RULES_TRIED: dict[type, Callable[[AnyProduct], Iterator[Any]]] = {
    BaseStock: base_stocks,
    VectorBaseStock: vector_base_stocks,
    CappedBaseStock: capped_base_stocks,
    ConstantOrder: constant_orders,
}
"""All rules of a kind."""


def simulated_costs(product: AnyProduct, rules: list[Any]) -> np.ndarray:
    """The mean cost of each rule on a path that all share."""
    demand = paths(product.distribution, SCREENING_PERIODS)
    parts = []
    for first in range(0, len(rules), RULES_AT_ONCE):
        part = rules[first : first + RULES_AT_ONCE]
        played = simulate(product.problem, join(part), demand, product.economics, len(part))
        parts.append(-mean_reward(played, len(part))[:, 0])
    return np.concatenate(parts)


def exact_cost(product: AnyProduct, rule: Any) -> float:
    """The average cost of a rule; infinite if its stock grows without end."""
    try:
        return -follow(product.problem, rule, product.distribution, product.economics).average()
    except GrowingStockError:
        return np.inf


def compare(product: AnyProduct, kind: Any) -> Comparison:
    """The searched rule of a kind beside the best of all."""
    rules = list(RULES_TRIED[kind](product))
    simulated = simulated_costs(product, rules)
    close = np.flatnonzero(simulated <= (1.0 + SCREENING_SHARE) * simulated.min())
    least = min(exact_cost(product, rules[number]) for number in close)
    searched = exact_cost(product, kind.searched(*product))
    return Comparison(100.0 * (searched / least - 1.0), len(rules), len(close))


def main(
    family: Annotated[list[str] | None, typer.Option(help="Of demand; all if not given.")] = None,
    lead_time: Annotated[list[int] | None, typer.Option(help="All if not given.")] = None,
) -> None:
    """Compare the searched rules of all instances with the best of their kinds."""
    titles = [kind.__name__ for kind in RULES_TRIED]
    print("cost over the best rule of the kind, % (rules tried, evaluated exactly)")
    print(f"{'instance':24}", *(f"{title:>26}" for title in titles), flush=True)
    largest = 0.0
    for name, periods, shortage_cost in itertools.product(
        family or DEMAND_FAMILIES, lead_time or BENCHMARK_LEAD_TIMES, SHORTAGE_COSTS
    ):
        given = single_product(name, periods, shortage_cost)
        compared = [compare(given, kind) for kind in RULES_TRIED]
        largest = max(largest, *(comparison.excess for comparison in compared))
        shown = [f"{c.excess:.4f} ({c.tried}, {c.evaluated})" for c in compared]
        title = f"{name} L={periods} p={shortage_cost:.0f}"
        print(f"{title:24}", *(f"{figure:>26}" for figure in shown), flush=True)
    print(f"largest: {largest:.4f} %")


if __name__ == "__main__":
    typer.run(main)
