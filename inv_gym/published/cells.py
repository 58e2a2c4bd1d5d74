"""The figures of a published table: as printed, ours exactly, and ours by simulation with its
95 % interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from inv_gym import baselines, draw_products, evaluate, instance
from inv_gym.baselines.exact import Optimal, Solution, follow
from inv_gym.baselines.exact.policy import OptimalOrders
from inv_gym.baselines.exact.search import searched
from inv_gym.play.policy import Policy
from inv_gym.problems import ProcurementRemoval
from inv_gym.published.products import AnyProduct, RememberedOrders, known_product, published
from inv_gym.tasks.instances import OVER_OPTIMAL
from inv_gym.tasks.task import Task

PROJECTED_LEVEL = "projected inventory level"
"""How the name of a figure at a given level begins; the level follows, units."""
BEST_PROJECTED_LEVEL = f"best {PROJECTED_LEVEL}"
"""The figure of the level that is searched."""
SIMULATED_PATHS = 1000
"""Demand paths of each simulation."""
OPTIMUM_DIFFERENCE, HEURISTIC_DIFFERENCE = 0.01, 0.02
"""Differences in cost that count as reproduced; what the printed digits leave open comes on top."""
PRINTED_DIGITS = {"zipkin2008": 0.05, "gijsbrechts2022": 0.005}
"""Half the last printed digit of a table's gaps, in %."""
LOOKING_AHEAD_DIFFERENCES = {
    "myopic": 0.01,
    "myopic-2": 0.01,
    BEST_PROJECTED_LEVEL: 0.02,
    PROJECTED_LEVEL: 0.02,
}
"""Differences that count as reproduced, of rules that look ahead: in cost, or in %."""
NOT_RUN_NOTE = "a learned policy of that paper; not run here"


@dataclass(frozen=True)
class TableCell:
    """One figure of a table.

    Attributes:
        instance: Its name.
        figure: What it is.
        published: As printed.
        exact: Ours, by dynamic program or exact chain; None where it is not run.
        within: The difference that counts as reproduced.
        bettered: Whether any lower figure counts too: the published one is that of a search.
        simulated: Ours, by simulation.
        half: Half of its 95 % interval.
        note: Why it is not reproduced.
    """

    instance: str
    figure: str
    published: float
    exact: float | None
    within: float = 0.0
    bettered: bool = False
    simulated: float | None = None
    half: float | None = None
    note: str = ""

    @property
    def difference(self) -> float | None:
        """Ours, exactly, less the published figure."""
        return None if self.exact is None else self.exact - self.published

    @property
    def reproduced(self) -> bool:
        """Whether the difference is within what counts."""
        if self.difference is None:
            return False
        excess = self.difference if self.bettered else abs(self.difference)
        return excess <= self.within

    def to_dict(self) -> dict[str, Any]:
        """Give the cell as plain data."""
        return {**asdict(self), "difference": self.difference, "reproduced": self.reproduced}


PolicyMaker = Callable[[AnyProduct], Policy]
"""Makes a policy for a product."""


def from_distribution(constructor: Callable[..., Policy]) -> PolicyMaker:
    """A policy from a constructor of a heuristic."""
    return lambda product: constructor(*product)


def exactly(kind: Any) -> PolicyMaker:
    """A heuristic with its parameters searched on exact costs."""
    return lambda product: searched(kind, *product)[0]


def remembered(maker: PolicyMaker) -> PolicyMaker:
    """A policy whose orders are worked out once for each state."""
    return lambda product: RememberedOrders(product, maker(product))


PUBLISHED_RULES: Mapping[str, PolicyMaker] = {
    "standard vector base-stock": from_distribution(baselines.VectorBaseStock.closed_form),
    "better vector base-stock": exactly(baselines.VectorBaseStock),
    "best base-stock": exactly(baselines.BaseStock),
    "best capped base-stock": exactly(baselines.CappedBaseStock),
    "best constant order": from_distribution(baselines.ConstantOrder.closed_form),
    BEST_PROJECTED_LEVEL: remembered(exactly(baselines.ProjectedLevel)),
    "myopic": remembered(from_distribution(baselines.Myopic.closed_form)),
    "myopic-2": remembered(from_distribution(baselines.Myopic2.closed_form)),
    "capped dual index": from_distribution(baselines.CappedDualIndex.searched),
    "dual index": from_distribution(baselines.DualIndex.searched),
    "single index": from_distribution(baselines.SingleIndex.searched),
    "tailored base-surge": from_distribution(baselines.TailoredBaseSurge.searched),
}
"""The policies that tables name."""


def optimal_policy(task: Task) -> tuple[OptimalOrders, Solution]:
    """The exact optimum as a policy, and its only solution."""
    product = draw_products(task.source, task.problem, 1)
    orders = Optimal(task.problem).plan(task.problem, product)
    return orders, orders.solutions[0]


def named_rule(figure: str) -> PolicyMaker | None:
    """The policy that a figure is of, from the figure's name; None if it is not run here."""
    name = figure.split(",")[0]
    if not name.startswith(PROJECTED_LEVEL):
        return PUBLISHED_RULES.get(name)
    level = float(name.removeprefix(PROJECTED_LEVEL))

    def at_level(product: AnyProduct) -> Policy:
        problem, distribution, _ = product
        return baselines.ProjectedLevel(problem=problem, level=level, distribution=distribution)

    return remembered(at_level)


def allowed_difference(name: str, figure: str, optimum: float) -> float:
    """The difference of a heuristic's figure that counts as reproduced: in cost, or in %."""
    rule = figure.split(",")[0]
    for beginning, difference in LOOKING_AHEAD_DIFFERENCES.items():
        if rule.startswith(beginning):
            return difference
    if not figure.endswith(OVER_OPTIMAL):
        return HEURISTIC_DIFFERENCE
    return 100.0 * HEURISTIC_DIFFERENCE / optimum + PRINTED_DIGITS[name.split("-")[0]]


def average_costs(name: str, task: Task) -> Iterator[TableCell]:
    """Average costs, and gaps over the optimum in %."""
    best, solution = optimal_policy(task)
    product = known_product(task.problem, task.source)
    rules = {figure: named_rule(figure) for figure in task.known}
    policies = {figure: rule(product) for figure, rule in rules.items() if rule is not None}
    everyone = {"optimal": best, **policies}
    played = evaluate(task, everyone, number=SIMULATED_PATHS, reference="optimal")
    rows = played.frame.set_index("policy").to_dict("index")
    assert solution.gain is not None
    optimum = -solution.gain
    for figure, known in task.known.items():
        if figure in policies:
            exact = -follow(task.problem, policies[figure], *product[1:]).average()
            row, within = rows[figure], allowed_difference(name, figure, optimum)
        elif figure == "optimal average cost":
            exact, row, within = optimum, rows["optimal"], OPTIMUM_DIFFERENCE
        else:
            yield TableCell(name, figure, known, None, note=NOT_RUN_NOTE)
            continue
        bettered = figure.startswith(BEST_PROJECTED_LEVEL)
        if figure.endswith(OVER_OPTIMAL):
            half = (row["gap_high"] - row["gap_low"]) / 2.0
            over = 100.0 * (exact / optimum - 1.0)
            yield TableCell(name, figure, known, over, within, bettered, -row["gap"], half)
        else:
            half = 1.96 * row["standard_error"]
            yield TableCell(name, figure, known, exact, within, bettered, -row["reward"], half)


def simulated_sum(
    task: Task, policy: Policy, horizon: int, warm_up: int = 0, number: int = SIMULATED_PATHS
) -> tuple[float, float]:
    """The discounted cost of the periods after a warm-up, and half its 95 % interval."""
    problem = replace(task.problem, horizon=horizon)
    played = evaluate(problem, {"policy": policy}, task.source, number=number, warm_up=warm_up)
    (row,) = played.frame.to_dict("records")
    weight = (1.0 - problem.discount ** (horizon - warm_up)) / (1.0 - problem.discount)
    return -weight * row["reward"], 1.96 * weight * row["standard_error"]


def discounted_costs(name: str, task: Task) -> Iterator[TableCell]:
    """The table of De Moor et al.: discounted costs without end, and of 365 periods after a warm-up
    of 100.
    """
    best, solution = optimal_policy(task)
    product = known_product(task.problem, task.source)
    base_stock, _ = searched(baselines.BaseStock, *product)
    horizon, warm_up = task.problem.horizon, task.warm_up
    endless, window, rule = task.known
    cost, simulated = -solution.value(), simulated_sum(task, best, 1500)
    yield TableCell(name, endless, task.known[endless], cost, 0.001, False, *simulated)
    for figure, policy in ((window, best), (rule, base_stock)):
        chain = follow(task.problem, policy, *product[1:])
        cost = -chain.discounted(task.problem.discount, horizon - warm_up, warm_up)
        simulated = simulated_sum(task, policy, horizon, warm_up)
        yield TableCell(name, figure, task.known[figure], cost, 0.5, False, *simulated)


def removal(name: str, task: Task) -> Iterator[TableCell]:
    """The interval of the optimal policy, from its table and by the heuristic's own program, and
    the cost.
    """
    best, solution = optimal_policy(task)
    rule = baselines.IntervalStock.optimal(*published(name, ProcurementRemoval))
    net = (solution.states + solution.orders[0] @ np.array([[1.0], [-1.0]]))[:, 0]
    ordered, removed = (solution.orders[0][:, channel] > 0.0 for channel in range(2))
    levels = {
        "order up to": (net[ordered], rule.lower),
        "remove down to": (net[removed], rule.upper),
    }
    for figure, known in task.known.items():
        if figure in levels:
            exact, heuristic = (float(level[0]) for level in levels[figure])
            yield TableCell(name, figure, known, exact, 0.0, False, heuristic, 0.0)
        else:
            start = draw_products(task.source, task.problem, 1).initial_state
            cost, paths = -solution.value(start.net_inventory[0]), 8 * SIMULATED_PATHS
            simulated = simulated_sum(task, best, task.problem.horizon, number=paths)
            yield TableCell(name, figure, known, cost, 0.001, False, *simulated)


PUBLISHED_TABLES = {
    "zipkin": average_costs,
    "gijsbrechts": average_costs,
    "demoor": discounted_costs,
    "removal": removal,
}
"""How the figures of a paper are made, by how the names of its instances begin."""


def cells_of(name: str) -> list[TableCell]:
    """All figures of an instance."""
    table = next(t for prefix, t in PUBLISHED_TABLES.items() if name.startswith(prefix))
    return list(table(name, instance(name)))


def lead_time(name: str) -> int:
    """The digit that a name of an instance ends in; 0 if there is none."""
    return int(name[-1]) if name[-1].isdigit() else 0


def slowest_first(names: Iterable[str]) -> list[str]:
    """Names of instances, those that take the longest first, so that processes end together."""
    return sorted(names, key=lambda name: (not name.startswith("zipkin"), -lead_time(name)))
