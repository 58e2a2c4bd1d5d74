"""Pictures of orders: the optimal order over the state beside each heuristic's, one picture per
problem.

python examples/experiments/order_pictures.py
python examples/experiments/order_pictures.py --only dual-sourcing --out pictures
"""

from __future__ import annotations

import io
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, CenteredNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from inv_gym import (
    InstanceProducts,
    LostSales,
    Observation,
    Policy,
    Problem,
    ProcurementRemoval,
    baselines,
    draw_products,
    instance,
)
from inv_gym.baselines.exact import Solution, follow, solve
from inv_gym.baselines.exact.atoms import atoms
from inv_gym.baselines.exact.chain import transition_matrix
from inv_gym.baselines.exact.policy import OptimalOrders
from inv_gym.baselines.exact.search import searched
from inv_gym.demand.distribution import Distribution
from inv_gym.util.arrays import flatten, unflatten, unstack
from inv_gym.util.checks import one_of
from inv_gym.util.files import write_atomically

MOSTLY = 0.95
"""The outlined states hold so much of the time."""
SETTLED = 500
"""Periods after which the distribution of states counts as stationary."""
WIDTH = 13.0
"""Characters of a caption per inch."""
OVERSTOCKED = 50.0
"""Units on hand at the start of the seasonal picture."""
OUTLINED = (
    "Numbers: the optimal order; beside it, how many units a heuristic orders more or less (blank: "
    "the same). "
    "White outline: the states in which the optimal policy spends 95 % of its time."
)


class Case(NamedTuple):
    """One product."""

    problem: Problem
    distribution: Distribution
    economics: Any


class Axis(NamedTuple):
    """A column of the state along a side of a picture."""

    column: int
    label: str
    low: int
    high: int


class Panel(NamedTuple):
    """The actions of one policy."""

    title: str
    actions: np.ndarray
    """``[Y, X]`` units."""
    optimal: np.ndarray
    often: np.ndarray
    """``[Y, X]`` whether the optimal policy spends most of its time there."""


def published(name: str) -> Case:
    """The product of a published instance."""
    found = instance(name)
    return drawn(found.problem, found.source)


def drawn(problem: Problem, source: InstanceProducts) -> Case:
    """The one product of a source."""
    one = draw_products(source, problem, 1)
    assert one.distribution is not None
    return Case(problem, one.distribution, one.economics)


def actions(case: Case, rule: Policy, states: np.ndarray, period: int = 0) -> np.ndarray:
    """What a rule orders ``[N, K]`` in states ``[C, N]``: each is a row of one batch."""
    number = states.shape[1]
    state = unflatten(states, case.problem.initial_state(np.zeros(1)))
    order = rule(
        Observation(state, np.zeros((0, number)), case.economics, np.ones(number), None, period)
    )
    return np.stack(
        case.problem.admissible(unstack(np.broadcast_to(order, (number, case.problem.order_dim)))),
        1,
    )


def mesh(across: Axis, up: Axis) -> np.ndarray:
    """The states ``[2, Y * X]`` of a picture, row by row."""
    sides = np.meshgrid(
        np.arange(up.low, up.high + 1.0), np.arange(across.low, across.high + 1.0), indexing="ij"
    )
    return np.stack(
        [side.ravel() for _, side in sorted(zip((up.column, across.column), sides, strict=True))]
    )


def visits(solution: Solution, stock: float, periods: int) -> np.ndarray:
    """Probabilities ``[periods, S]`` of the states under the optimal policy, from a
    stock on hand.
    """
    model, number = solution.model, len(solution.states)
    demand, rows = model.demand.demand, np.repeat(np.arange(number), len(model.demand.demand))
    shares = np.zeros((periods, number))
    start = np.array(flatten(solution.problem.initial_state(np.array([stock])))).reshape(-1, 1)
    shares[0, solution.place(start)] = 1.0
    for period in range(periods - 1):
        if period < max(len(solution.orders), len(model.demand.probability)):
            order = solution.orders[min(period, len(solution.orders) - 1)][rows]
            state = model.state(solution.states.T[:, rows])
            onward = solution.problem.transition(
                state, tuple(order.T), np.tile(demand, number), model.economics
            ).state
            place = solution.place(np.array(flatten(onward)).reshape(len(solution.states.T), -1))
            matrix = transition_matrix(place.reshape(number, -1), model.demand.at(period), number)
        shares[period + 1] = matrix.T @ shares[period]
    return shares


def mostly(shares: np.ndarray) -> np.ndarray:
    """Which states make the smallest set that holds most of the probability."""
    order = np.argsort(-shares, kind="stable")
    before = np.cumsum(shares[order]) - shares[order]
    return (before < MOSTLY)[np.argsort(order)]


def panels(
    case: Case, rules: Mapping[str, Policy], across: Axis, up: Axis, channel: int = 0
) -> Iterator[Panel]:
    """The orders of the optimal policy and of the rules, with their exact average costs."""
    states, shape = mesh(across, up), (up.high - up.low + 1, -1)
    solution = solve(case.problem, case.distribution, case.economics, states.sum(0).max())
    place = solution.place(states)
    optimal = solution.orders[0, place, channel].reshape(shape)
    often = mostly(visits(solution, 0.0, SETTLED)[-1])[place].reshape(shape)
    least = average_cost(case, OptimalOrders((solution,), np.zeros(1, int)))
    yield Panel(f"optimal\ncost {least:.3f}", optimal, optimal, often)
    for name, rule in rules.items():
        cost = average_cost(case, rule)
        ordered = actions(case, rule, states)[:, channel].reshape(shape)
        yield Panel(f"{name}\ncost {cost:.3f} {gap(cost, least)}", ordered, optimal, often)


def average_cost(case: Case, rule: Policy) -> float:
    """Cost per period in the long run, exactly."""
    return -follow(case.problem, rule, case.distribution, case.economics).average()


def gap(figure: float, best: float) -> str:
    """The difference to the optimum, in %."""
    return f"({round(100.0 * (figure / best - 1.0), 2) + 0.0:+.2f} %)"  # + 0.0: never -0.00


def constant_order(case: Case) -> Policy:
    """The whole constant order next below that of heavy traffic."""
    order = baselines.ConstantOrder.closed_form(*case)
    return replace(order, quantity=np.floor(order.quantity))


def grid_picture(
    rows: Sequence[Sequence[Panel]], across: Axis, up: Axis, cell: float, caption: str
) -> Figure:
    """Panels in rows on one colour scale, with the optimal orders and the differences to them in
    the cells.
    """
    most = max(panel.actions.max() for row in rows for panel in row)
    norm = BoundaryNorm(np.arange(most + 2.0) - 0.5, int(most) + 1)
    height, width = rows[0][0].actions.shape
    size = (len(rows[0]) * (cell * width + 0.4) + 1.0, len(rows) * (cell * height + 0.75))
    figure = Figure(size, layout="constrained")
    subplots = figure.subplots(len(rows), len(rows[0]), sharex=True, sharey=True, squeeze=False)
    for row, line in zip(subplots, rows, strict=True):
        for axes, panel in zip(row, line, strict=True):
            image = draw(axes, panel, across, up, norm, colormaps["viridis"].resampled(norm.Ncmap))
            write_numbers(axes, panel, across, up, most)
    bar = figure.colorbar(
        image,
        ax=figure.axes,
        label="order, units",
        ticks=np.arange(most + 1.0),
        shrink=0.7,
        aspect=30,
    )
    bar.ax.minorticks_off()
    return finish(figure, across.label, up.label, caption)


def draw(axes: Axes, panel: Panel, across: Axis, up: Axis, norm: Normalize, colours: Any) -> Any:
    """One panel: actions as colours, often visited states outlined."""
    extent = (across.low - 0.5, across.high + 0.5, up.low - 0.5, up.high + 0.5)
    image = axes.imshow(panel.actions, colours, norm, origin="lower", extent=extent)
    fine = np.pad(np.kron(panel.often, np.ones((20, 20))), 1)
    x, y = (
        np.linspace(*ends, size)
        for ends, size in zip((extent[:2], extent[2:]), fine.shape[::-1], strict=True)
    )
    axes.contour(x, y, fine, levels=[0.5], colors="black", linewidths=2.6)
    axes.contour(x, y, fine, levels=[0.5], colors="white", linewidths=1.4)
    axes.set_title(panel.title, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    return image


def write_numbers(axes: Axes, panel: Panel, across: Axis, up: Axis, most: float) -> None:
    """The optimal orders, or what a heuristic orders more or less."""
    difference = panel.actions - panel.optimal
    for (y, x), action in np.ndenumerate(panel.actions):
        shown = f"{action:.0f}" if panel.actions is panel.optimal else f"{difference[y, x]:+.0f}"
        if shown not in ("+0", "-0"):
            colour = "black" if action > 0.6 * most else "white"
            axes.text(
                x + across.low,
                y + up.low,
                shown,
                color=colour,
                fontsize=7,
                ha="center",
                va="center",
            )


def finish(figure: Figure, across: str, up: str, caption: str) -> Figure:
    """Labels of the shared axes, and the caption below."""
    figure.supxlabel(across, fontsize=10)
    figure.supylabel(up, fontsize=10)
    width = int(WIDTH * figure.get_figwidth())
    figure.text(0.02, -0.02, textwrap.fill(caption, width), fontsize=9, va="top")
    return figure


def lost_sales() -> Figure:
    """Without lead time the state is the stock: lines."""
    problem = LostSales(lead_time=0, discount=1.0, long_run=True, integer_orders=True)
    stock = np.arange(16.0)
    figure = Figure((11.0, 4.0), layout="constrained")
    for axes, shortage in zip(figure.subplots(1, 3, sharey=True), (4.0, 9.0, 49.0), strict=True):
        case = drawn(
            problem,
            InstanceProducts("poisson", 5.0, {"holding_cost": 1.0, "shortage_cost": shortage}),
        )
        solution = solve(*case, stock.max())
        rules = {
            "optimal": OptimalOrders((solution,), np.zeros(1, int)),
            "base-stock at the critical ratio": baselines.BaseStock.closed_form(*case),
            "constant order": constant_order(case),
        }
        looks = ({"marker": "o", "ls": "", "ms": 8, "mfc": "none"}, {"ls": "-"}, {"ls": "--"})
        for (name, rule), colour, look in zip(
            rules.items(), ("black", "#0072B2", "#D55E00"), looks, strict=True
        ):
            label = f"{name}: {average_cost(case, rule):.3f}"
            axes.plot(
                stock, actions(case, rule, stock[None])[:, 0], color=colour, label=label, **look
            )
        share = visits(solution, 0.0, SETTLED)[-1, solution.place(stock[None])]
        axes.bar(
            stock, 10.0 * share, color="0.8", zorder=0, label="share of time there (1 unit: 10 %)"
        )
        axes.set_title(f"shortage cost {shortage:.0f}", fontsize=10)
        axes.legend(fontsize=7.5, title="policy: average cost", title_fontsize=7.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    caption = (
        "Lost sales without lead time, Poisson(5) demand, holding cost 1. The base-stock policy at "
        "the critical ratio "
        "is optimal: one unit less is ordered for each unit on hand. Grey bars: how often the "
        "optimal policy finds so "
        "much stock at a decision."
    )
    return finish(figure, "stock on hand at the decision, units", "order, units", caption)


def lost_sales_lead_time(name: str = "zipkin2008-poisson5-p4-L2") -> Figure:
    """Two columns of state: stock and the order that arrives next."""
    case = published(name)
    rules = {
        "standard vector base-stock": baselines.VectorBaseStock.closed_form(*case),
        "better vector base-stock": searched(baselines.VectorBaseStock, *case)[0],
        "best base-stock": searched(baselines.BaseStock, *case)[0],
        "best capped base-stock": searched(baselines.CappedBaseStock, *case)[0],
        "myopic": baselines.Myopic.closed_form(*case),
        "dual-balancing": baselines.DualBalancing.closed_form(*case),
        "constant order": constant_order(case),
    }
    across = Axis(0, "stock on hand after today's arrival, units", 0, 18)
    up = Axis(1, "arrives in one period, units", 0, 7)
    shown = list(panels(case, rules, across, up))
    caption = (
        f"Lost sales, lead time 2, Poisson(5) demand, holding cost 1, shortage cost 4 ({name}); "
        "cost per period. "
        f"{OUTLINED}"
    )
    return grid_picture([shown[row : row + 2] for row in (0, 2, 4, 6)], across, up, 0.24, caption)


def perishable() -> Figure:
    """Two ages; a row for each way of issuing."""
    across, up = (
        Axis(0, "units in their last period", 0, 9),
        Axis(1, "fresh units (one more period to go)", 0, 9),
    )
    rows = []
    for issuing in ("oldest-first", "newest-first"):
        case = published(f"demoor2022-{issuing}")
        rules = {
            "naive base-stock": baselines.BaseStock.closed_form(*case),
            "best base-stock": searched(baselines.BaseStock, *case)[0],
            "waste-aware": searched(baselines.WasteAwareBaseStock, *case)[0],
            "low-waste": searched(baselines.LowWasteBaseStock, *case)[0],
        }
        shown = panels(case, rules, across, up)
        rows.append(
            [one._replace(title=f"{issuing.replace('-', ' ')}: {one.title}") for one in shown]
        )
    caption = (
        "Perishable stock, shelf life 2, lead time 1, rounded gamma demand of mean 4 "
        "(demoor2022-oldest-first, "
        "-newest-first). Optimal for the instance's discount of .99; cost per period, on average. "
        "Waste-aware and low-waste: searched. " + OUTLINED
    )
    return grid_picture(rows, across, up, 0.24, caption)


def dual_sourcing(name: str = "gijsbrechts2022-l2-c110") -> Figure:
    """Two orders: a row for each."""
    case = published(name)
    kinds = ("CappedDualIndex", "DualIndex", "SingleIndex", "TailoredBaseSurge")
    names = ("capped dual index", "dual index", "single index", "tailored base-surge")
    rules = {
        title: getattr(baselines, kind).searched(*case)
        for title, kind in zip(names, kinds, strict=True)
    }
    across = Axis(1, "regular order that arrives in one period, units", 0, 4)
    up = Axis(0, "net inventory at the decision, units", -4, 9)
    rows = []
    for source, channel in (("expedited", 1), ("regular", 0)):
        shown = panels(case, rules, across, up, channel)
        rows.append([one._replace(title=f"{source} order\n{one.title}") for one in shown])
    caption = (
        "Dual sourcing with backlog, lead times 2 and 0, demand uniform on 0..4, costs per unit "
        "100 and 110, holding "
        f"5, backlog 495 ({name}); cost per period. {OUTLINED}"
    )
    return grid_picture(rows, across, up, 0.27, caption)


def season() -> Case:
    """Thirty periods that begin as demand falls to its low season; what is left after them is
    removed.
    """
    mean = 5.0 * (1.0 + 0.8 * np.cos(2.0 * np.pi * (np.arange(30) + 5.0) / 20.0))
    problem = ProcurementRemoval(horizon=len(mean), discount=0.99, integer_orders=True)
    figures = {"price": 10.0, "unit_cost": 5.0, "removal_value": 2.0, "holding_cost": 0.3}
    case = drawn(problem, InstanceProducts("poisson", 5.0, figures))
    return case._replace(distribution=replace(case.distribution, mean=mean[:, None]))


def worth(case: Case, by_period: np.ndarray) -> np.ndarray:
    """Expected discounted profit from each stock at the start, under actions ``[T, stock, K]``."""
    demand, stock = atoms(case.distribution), np.arange(by_period.shape[1])[:, None] * 1.0
    value = case.problem.salvage(case.problem.initial_state(stock[:, 0]), case.economics)
    for order, probability in zip(by_period[::-1], demand.probability[::-1], strict=True):
        columns = tuple(column[:, None] for column in order.T)
        state = case.problem.initial_state(stock)
        outcome = case.problem.transition(state, columns, demand.demand[None], case.economics)
        onward = value[outcome.state.net_inventory.astype(int)]
        value = (outcome.reward + case.problem.discount * onward) @ probability
    return value


def procurement_removal() -> Figure:
    """One column of state, and time."""
    case = season()
    across = Axis(0, "period", 0, case.problem.horizon - 1)
    up = Axis(0, "stock on hand at the decision, units", 0, 60)
    solution = solve(*case, float(up.high))
    seasonal = baselines.SeasonalIntervalStock.optimal(*case)
    rules = {
        "optimal (dynamic program)": OptimalOrders((solution,), np.zeros(1, int)),
        "interval-stock by period": seasonal,
        "one interval-stock for all periods": baselines.IntervalStock.optimal(*case),
        "interval by period, never remove": replace(
            seasonal, upper=tuple(one + np.inf for one in seasonal.upper)
        ),
    }
    stock = np.arange(up.high + 1.0)
    often = np.stack([mostly(one) for one in visits(solution, OVERSTOCKED, across.high + 1)], 1)
    periods = range(case.problem.horizon)
    table = {
        name: np.stack([actions(case, rule, stock[None], t) for t in periods])
        for name, rule in rules.items()
    }
    profit = {name: float(worth(case, one)[int(OVERSTOCKED)]) for name, one in table.items()}
    net = {name: (one[..., 0] - one[..., 1]).T for name, one in table.items()}
    optimal, *_ = net.values()
    best, *_ = profit.values()
    figure = Figure((11.0, 8.0), layout="constrained")
    for axes, name in zip(figure.subplots(2, 2, sharex=True, sharey=True).flat, net, strict=True):
        compared = "" if name.startswith("optimal") else gap(profit[name], best)
        panel = Panel(f"{name}\nprofit {profit[name]:.2f} {compared}", net[name], optimal, often)
        image = draw(axes, panel, across, up, CenteredNorm(0.0, 25.0), "PuOr")
        axes.set_aspect("auto")
        for bound in ((optimal > 0).sum(0), up.high + 1 - (optimal < 0).sum(0)):
            axes.stairs(
                bound - 0.5,
                np.arange(across.high + 2) - 0.5,
                baseline=None,
                color="black",
                lw=1.2,
                ls=":",
            )
    label = "net action, units: order (above 0), removal (below 0)"
    figure.colorbar(image, ax=figure.axes, label=label, aspect=30, extend="min")
    caption = (
        "Procurement and removal over 30 periods of seasonal Poisson demand (mean from 9 to 1, low "
        "in period 5, high "
        "in 15, low in 25), price 10, unit cost 5, removal value 2, holding cost .3, discount .99; "
        "expected discounted "
        f"profit from {OVERSTOCKED:.0f} units. Dotted: where the optimal policy stops ordering and "
        "starts to remove. "
        "White outline: its stock in each period with 95 % probability."
    )
    return finish(figure, across.label, up.label, caption)


PICTURES: dict[str, Callable[[], Figure]] = {
    "lost-sales": lost_sales,
    "lost-sales-lead-time": lost_sales_lead_time,
    "perishable": perishable,
    "dual-sourcing": dual_sourcing,
    "procurement-removal": procurement_removal,
}


def save(figure: Figure, path: Path) -> None:
    """Write a picture whole or not at all."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], bbox_inches="tight", dpi=150)
    write_atomically(path, buffer.getvalue())


def main(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("results/pictures"),
    only: Annotated[list[str] | None, typer.Option(help="Problems, all if not given.")] = None,
) -> None:
    """Draw the pictures."""
    for name in [one_of("picture", name, PICTURES) for name in only or PICTURES]:
        began = time.perf_counter()
        figure = PICTURES[name]()
        for kind in ("png", "svg"):
            save(figure, out / f"{name}.{kind}")
        print(f"{out / name}.png, .svg ({time.perf_counter() - began:.1f} s)", flush=True)


if __name__ == "__main__":
    typer.run(main)
