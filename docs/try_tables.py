"""Computes the tables of docs/_static/try.html: python docs/try_tables.py (some minutes).

Lost sales with Poisson(5) demand and holding cost 1, for four shortage costs and five lead times:
the exact cost of every base-stock level, and the orders of the optimum and of a shipped network in
every state. The network sees a history of 32 demands that is as Poisson(5) demand is. Run it again
after a shipped network for lost sales was trained anew.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from inv_gym import LostSales, agents
from inv_gym.baselines import BaseStock, exact
from inv_gym.play.policy import Observation
from inv_gym.products.batch import HISTORY

HERE = Path(__file__).parent
TEMPLATE, PAGE = HERE / "try_template.html", HERE / "_static" / "try.html"
MEAN = 5.0
SHORTAGE_COSTS = (4, 9, 19, 39)
LEAD_TIMES = (0, 1, 2, 3, 4)
MOST_ON_HAND, MOST_ON_ORDER = 36, 12
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
NETWORKS = ("DirectBackprop", "DirectBackprop, generalist")
"""Of these the first that is for a lead time plays: the one that was trained for it, or the one for
all lead times.
"""
NEVER = -1
"""Stands for the order in a state that is never reached."""
AVERAGE: dict[str, Any] = {"long_run": True, "discount": 1.0, "integer_orders": True}
UNIT_COST = 10.0
"""Of the network's product: with discount 0.99 its capital costs 0.1 per period, so that holding at
0.9 costs 1 in all, and the price above it stands for the shortage cost."""


class InTable:
    """Orders what a table says for a state."""

    knows = "nothing"

    def __init__(self, orders: np.ndarray) -> None:
        self._orders = orders

    def __call__(self, observation: Observation) -> np.ndarray:
        """Orders ``[B, 1]``, pieces; states beyond the table count as its edge."""
        columns = (observation.state.on_hand, *observation.state.pipeline)
        most = [size - 1 for size in self._orders.shape]
        places = [np.clip(c, 0, m).astype(int) for c, m in zip(columns, most, strict=True)]
        return self._orders[tuple(places)].astype(float)[:, None]


def states(lead_time: int) -> np.ndarray:
    """``[N, C]`` every state of the tables."""
    on_order = [range(MOST_ON_ORDER + 1)] * max(lead_time - 1, 0)
    return np.array(list(itertools.product(range(MOST_ON_HAND + 1), *on_order)), float)


def shaped(orders: np.ndarray, lead_time: int) -> np.ndarray:
    """Orders ``[N]`` of all states as a table."""
    sizes = (MOST_ON_HAND + 1, *[MOST_ON_ORDER + 1] * max(lead_time - 1, 0))
    return orders.astype(int).reshape(sizes)


def optimal_orders(solution: exact.Solution, lead_time: int) -> np.ndarray:
    """The optimum in every state; `NEVER` where it never comes."""
    known = dict(zip(map(tuple, solution.states), solution.orders[0, :, 0], strict=True))
    orders = [known.get(tuple(state), NEVER) for state in states(lead_time)]
    return shaped(np.array(orders), lead_time)


def network_orders(shortage_cost: int, lead_time: int) -> np.ndarray:
    """What a shipped network orders in every state, whole."""
    problem = LostSales(lead_time=lead_time, long_run=True)
    shipped = agents.policies(problem)
    network = next(shipped[name] for name in NETWORKS if name in shipped)
    columns = states(lead_time).T
    number = columns.shape[1]
    demand = stats.poisson.ppf((np.arange(HISTORY) + 0.5) / HISTORY, MEAN)
    demand = np.random.default_rng(0).permutation(demand) * MEAN / demand.mean()
    pipeline = tuple(columns[1:])
    observation = Observation(
        type(problem.initial_state(np.zeros(1)))(columns[0], pipeline),
        np.repeat(demand[:, None], number, 1),
        problem.Economics(
            *np.full(
                (5, number), [[UNIT_COST + shortage_cost], [UNIT_COST], [0.9], [0.0], [UNIT_COST]]
            )
        ),
        np.full(number, MEAN),
        None,
        0,
    )
    return shaped(np.rint(network(observation)[:, 0]), lead_time)


def tables() -> dict[str, Any]:
    """All that the page looks up."""
    found: dict[str, Any] = {}
    for lead_time in LEAD_TIMES:
        problem = LostSales(lead_time=lead_time, **AVERAGE)
        levels = range(int(MEAN) * (lead_time + 1) + 16)
        for cost in SHORTAGE_COSTS:
            case = exact.case(problem, "poisson", MEAN, holding_cost=1, shortage_cost=cost)
            solution = case.solve()
            assert solution.gain is not None
            learned = network_orders(cost, lead_time)
            found[f"{lead_time} {cost}"] = {
                "curve": [
                    round(_cost(case, BaseStock(problem=problem, level=s)), 4) for s in levels
                ],
                "optimum": round(-solution.gain, 4),
                "optimalOrders": digits(optimal_orders(solution, lead_time)),
                "network": round(_cost(case, InTable(learned)), 4),
                "networkOrders": digits(learned),
            }
            print(lead_time, cost, found[f"{lead_time} {cost}"]["optimum"], flush=True)
    return found


def _cost(case: exact.Case, policy: Any) -> float:
    return -case.follow(policy).average()


def digits(orders: np.ndarray) -> str:
    """A digit to base 36 for each order; a dot where a state never comes."""
    return "".join("." if n == NEVER else DIGITS[min(n, len(DIGITS) - 1)] for n in orders.ravel())


def main() -> None:
    """Write the page."""
    page = TEMPLATE.read_text(encoding="utf-8").replace("TABLES", json.dumps(tables()))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    print(f"Wrote {PAGE}, {PAGE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
