"""What the tests of structure share: exact optima of small problems, and how far they are from
`inv_gym.structure`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from exact_cases import AVERAGE, ENDLESS, State, distribution_of, economics_of
from hypothesis import strategies as st

from inv_gym import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.baselines.exact import Solution, dynamic_program, solve
from inv_gym.baselines.exact.atoms import atoms
from inv_gym.baselines.exact.model import Model
from inv_gym.baselines.exact.states import StateSpace
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.distribution import Distribution
from inv_gym.structure import Inequalities, inequalities, multimodularity_excess, properties

Named = tuple[str, float, float]

FAMILIES: list[Named] = [
    ("poisson", 2.0, 0.0),
    ("geometric", 1.5, 0.0),
    ("discrete_uniform", 2.0, 0.0),
    ("negative_binomial", 1.5, 0.5),
]
WAYS = [
    AVERAGE,
    {**ENDLESS, "discount": 0.95},
    {"horizon": 6, "discount": 0.95, "integer_orders": True},
]

CHANCE = {
    "distribution": st.sampled_from([name for name, _, _ in FAMILIES]),
    "mean": st.sampled_from([0.5, 1.0, 1.5]),
    "dispersion": st.floats(0.1, 1.0),
    "discount": st.sampled_from([0.8, 0.95, 1.0]),
    "holding_cost": st.floats(0.1, 3.0),
    "unit_cost": st.floats(0.0, 5.0),
    "margin": st.floats(1.0, 15.0),
}
"""Any costs and distributions."""


def lost_sales_solution(
    lead_time: int, distribution: Named, options: dict, stock: float = 0.0, **figures: float
) -> Solution:
    name, mean, dispersion = distribution
    problem = LostSales(lead_time=lead_time, **options)
    costs = {"holding_cost": 1.0, "shortage_cost": 4.0, **figures}
    return solve(
        problem,
        distribution_of(name, mean, dispersion=dispersion),
        economics_of(problem, **costs),
        stock,
    )


def perishable_solution(
    shelf_life: int,
    lead_time: int,
    distribution: Named,
    options: dict,
    issuing: str = "oldest_first",
    stock: float = 0.0,
    **figures: float,
) -> Solution:
    name, mean, dispersion = distribution
    problem = Perishable(shelf_life=shelf_life, lead_time=lead_time, issuing=issuing, **options)
    costs = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 0.5, "outdating_cost": 1.0, **figures}
    return solve(
        problem,
        distribution_of(name, mean, dispersion=dispersion),
        economics_of(problem, **costs),
        stock,
    )


def dual_solution(
    lead_times: tuple[int, int],
    distribution: Named,
    backlog: bool,
    options: dict,
    stock: float = 0.0,
    **figures: float,
) -> Solution:
    name, mean, dispersion = distribution
    problem = DualSourcing(
        regular_lead_time=lead_times[0],
        expedited_lead_time=lead_times[1],
        backlog=backlog,
        **options,
    )
    costs = {"regular_cost": 5.0, "expedited_cost": 7.0, "holding_cost": 1.0, "shortage_cost": 12.0}
    costs = {**costs, "price": 0.0 if backlog else 20.0, **figures}
    return solve(
        problem,
        distribution_of(name, mean, dispersion=dispersion),
        economics_of(problem, **costs),
        stock,
    )


def removal_solution(
    distribution: Named, backlog: bool, options: dict, stock: float = 60.0
) -> Solution:
    name, mean, dispersion = distribution
    problem = ProcurementRemoval(backlog=backlog, **options)
    economics = economics_of(
        problem, price=10.0, unit_cost=5.0, holding_cost=0.5, removal_value=2.0, shortage_cost=3.0
    )
    # a season too: the levels move from period to period
    means = (mean,) if problem.long_run else (mean, 2.0 * mean, 0.5 * mean)
    return solve(problem, distribution_of(name, *means, dispersion=dispersion), economics, stock)


def trusted(solution: Solution, least: float | None = None) -> np.ndarray:
    """``[S]`` which states have at least that net inventory.

    Of backlog the deeper half is left out: its orders rest on states in which more of it is cut
    off.
    """
    if not solution.problem.backlog:
        return np.ones(len(solution.states), bool)
    net = solution.states[:, 0]
    return net >= (min(float(net.min()), 0.0) / 2.0 if least is None else least)


def slopes(solution: Solution, period: int, units: int = 1) -> np.ndarray:
    """``[S, K, n]`` change of each order for so many units more in each column, per unit; NaN
    beyond the table.
    """
    states, orders = solution.states, solution.orders[period]
    result = np.full((*orders.shape, states.shape[1]), np.nan)
    for column in range(states.shape[1]):
        there = states.T.copy()
        there[column] += units
        place = solution.model.locate(there)
        result[place >= 0, :, column] = (orders[place] - orders)[place >= 0] / units
    return result


def implied(rules: Inequalities) -> Inequalities:
    """The sums of inequalities that follow one another: they compare columns across one that leads
    off the table.
    """
    spans = [(a, b) for a in range(len(rules.names)) for b in range(a + 1, len(rules.names) + 1)]
    names = tuple(" and ".join(rules.names[a:b]) for a, b in spans)
    sums = (
        np.stack([part[a:b].sum(0) for a, b in spans])
        for part in (rules.weights, rules.most, rules.rounding)
    )
    return Inequalities(names, *sums, np.array([rules.joint[a:b].any() for a, b in spans]))


def broken(
    solution: Solution,
    rules: Inequalities | None = None,
    units: tuple[int, ...] = (1,),
    least: float | None = None,
) -> list[tuple[int, State, str]]:
    """Period, state and inequality, wherever the orders of a period break one.

    Args:
        solution: Whose orders.
        rules: Those of the problem, if None.
        units: Steps of stock.
        least: See `trusted`.
    """
    rules = implied(inequalities(solution.problem) if rules is None else rules)
    kept, found, compared = trusted(solution, least), list[tuple[int, State, str]](), 0
    for period in range(len(solution.orders)):
        for step in units:
            change = slopes(solution, period, step)[kept]
            compared += int(np.isfinite(change[:, 0]).sum()) if step == 1 else 0
            # a unit of rounding is a smaller part of a larger step
            excess = rules.excess(change) - rules.rounding / step
            states = solution.states[kept].astype(int).tolist()
            found += [
                (period, tuple(states[row]), rules.names[which])
                for row, which in np.argwhere(excess > 1e-9)
            ]
    # many states have all neighbours, so the comparison is not void
    assert (
        compared
        >= solution.states.shape[1] * (len(solution.states) - 1) * len(solution.orders) // 8
    )
    return found


def figures_of(solution: Solution) -> Any:
    """The economics of a solution as columns."""
    return economics_of(solution.problem, **solution.model.economics._asdict())


def roomy_solution(
    problem: LostSales, distribution: Distribution, economics: Any, room: float = 3.0
) -> Solution:
    """The optimum over all orders that keep stock within some units above the highest bound.

    `solve` takes for granted that the bounds of lost sales hold, so it cannot show that they do.
    """
    most = (
        float(distribution.quantile(critical_ratio(problem, economics), problem.lead_time + 1)[0])
        + room
    )
    orders, none = np.arange(most + 1.0)[:, None], np.zeros((1, 1))
    now, later = (orders, none) if problem.lead_time == 0 else (none, orders)
    columns = max(problem.lead_time, 1)
    space = StateSpace(
        np.zeros(columns), np.full(columns, most), now, later, lambda states: states.sum(1) <= most
    )
    return dynamic_program._solve(
        Model(
            problem,
            economics,
            space,
            atoms(distribution, 2.0 * most),
            dynamic_program.TRANSITION_LIMIT,
        ),
        dynamic_program.GAIN_TOLERANCE,
    )


def room(
    solution: Solution,
    distribution: Distribution,
    ratios: tuple[float, ...],
    least: float | None = None,
) -> list[float]:
    """For each bound of the problem, how many units more could be ordered, where anything is,
    without passing it.

    It is infinite where a channel is never used.

    Args:
        solution: Whose orders.
        distribution: Of demand.
        ratios: Of which the levels are quantiles, one per order channel.
        least: See `trusted`.
    """
    problem, kept = solution.problem, trusted(solution, least)
    states, found = solution.states[kept], []
    for bound in properties(problem).bounds:
        own, spare = problem.lead_times[bound.channel], []
        faster = [
            channel for channel, lead_time in enumerate(problem.lead_times) if lead_time < own
        ]
        for period, orders in enumerate(solution.orders[:, kept]):
            counted = states[:, bound.columns].sum(1) + orders[:, [*faster, bound.channel]].sum(1)
            level = distribution.at(period).quantile(
                np.array([ratios[bound.channel]]), bound.periods
            )
            spare.append((level - counted)[orders[:, bound.channel] > 0.0])
        found.append(float(np.concatenate(spare).min(initial=np.inf)))
    return found


def not_multimodular(
    solution: Solution, least: float | None = None
) -> list[tuple[int, State, float]]:
    """Period, state and excess, wherever the values of a period are not multimodular."""
    kept, found = trusted(solution, least), list[tuple[int, State, float]]()
    states = solution.states[kept].astype(int)
    for period, values in enumerate(solution.values[:, kept]):
        excess = multimodularity_excess(states, values)
        assert np.isfinite(excess).any(0).all()  # each two directions are compared somewhere
        wrong = np.argwhere(excess > 1e-9 * np.abs(values).max())
        found += [
            (period, tuple(states[row].tolist()), float(excess[row, pair])) for row, pair in wrong
        ]
    return found
