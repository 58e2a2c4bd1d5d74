"""The pictures of optimal orders beside each heuristic's, one for each problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from inv_gym import (
    DualSourcing,
    InstanceProducts,
    LostSales,
    Perishable,
    Policy,
    ProcurementRemoval,
    baselines,
)
from inv_gym.baselines.exact import solve
from inv_gym.baselines.exact.policy import OptimalOrders
from inv_gym.baselines.exact.search import searched
from inv_gym.pictures.exact_orders import (
    SETTLING_PERIODS,
    OrderPanel,
    average_cost,
    constant_order,
    gap,
    mostly,
    panels,
    visits,
    worth,
)
from inv_gym.pictures.figures import Side, finish
from inv_gym.pictures.order_grid import draw, grid_picture
from inv_gym.published.products import KnownProduct, actions, known_product, published

OVERSTOCK_UNITS = 50.0
"""Units on hand at the start of the seasonal picture."""
GRID_NOTE = (
    "Numbers: the optimal order; beside it, how many units a heuristic orders more or less (blank: "
    "the same). White outline: the states in which the optimal policy spends 95 % of its time."
)


def lost_sales() -> Figure:
    """Without lead time the state is the stock: lines."""
    figure = Figure((11.0, 4.0), layout="constrained")
    for axes, shortage in zip(figure.subplots(1, 3, sharey=True), (4.0, 9.0, 49.0), strict=True):
        figures = {"holding_cost": 1.0, "shortage_cost": shortage}
        problem = LostSales(lead_time=0, discount=1.0, long_run=True, integer_orders=True)
        draw_lines(axes, known_product(problem, InstanceProducts("poisson", 5.0, figures)))
        axes.set_title(f"shortage cost {shortage:.0f}", fontsize=10)
    caption = (
        "Lost sales without lead time, Poisson(5) demand, holding cost 1. The base-stock policy at "
        "the critical ratio is optimal: one unit less is ordered for each unit on hand. Grey bars: "
        "how often the optimal policy finds so much stock at a decision."
    )
    return finish(figure, "stock on hand at the decision, units", "order, units", caption)


def draw_lines(axes: Axes, product: KnownProduct[LostSales]) -> None:
    """The orders of the optimal policy and of two rules over stock, and how often it is met."""
    stock = np.arange(16.0)
    solution = solve(*product, stock.max())
    rules: dict[str, Policy] = {
        "optimal": OptimalOrders((solution,), np.zeros(1, int)),
        "base-stock at the critical ratio": baselines.BaseStock.closed_form(*product),
        "constant order": constant_order(product),
    }
    looks: tuple[dict[str, Any], ...] = (
        {"color": "black", "marker": "o", "ls": "", "ms": 8, "mfc": "none"},
        {"color": "#0072B2", "ls": "-"},
        {"color": "#D55E00", "ls": "--"},
    )
    for (name, rule), look in zip(rules.items(), looks, strict=True):
        label = f"{name}: {average_cost(product, rule):.3f}"
        axes.plot(stock, actions(product, rule, stock[None])[:, 0], label=label, **look)
    share = visits(solution, 0.0, SETTLING_PERIODS)[-1, solution.place(stock[None])]
    label = "share of time there (1 unit: 10 %)"
    axes.bar(stock, 10.0 * share, color="0.8", zorder=0, label=label)
    axes.legend(fontsize=7.5, title="policy: average cost", title_fontsize=7.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def lost_sales_lead_time(name: str = "zipkin2008-poisson5-p4-L2") -> Figure:
    """Two columns of state: stock and the order that arrives next."""
    product = published(name, LostSales)
    rules = {
        "standard vector base-stock": baselines.VectorBaseStock.closed_form(*product),
        "better vector base-stock": searched(baselines.VectorBaseStock, *product)[0],
        "best base-stock": searched(baselines.BaseStock, *product)[0],
        "best capped base-stock": searched(baselines.CappedBaseStock, *product)[0],
        "myopic": baselines.Myopic.closed_form(*product),
        "myopic-2": baselines.Myopic2.closed_form(*product),
        "projected inventory level": searched(baselines.ProjectedLevel, *product)[0],
        "dual-balancing": baselines.DualBalancing.closed_form(*product),
        "constant order": constant_order(product),
    }
    across = Side(0, "stock on hand after today's arrival, units", 0, 18)
    up = Side(1, "arrives in one period, units", 0, 7)
    shown = list(panels(product, rules, across, up))
    caption = (
        f"Lost sales, lead time 2, Poisson(5) demand, holding cost 1, shortage cost 4 ({name}); "
        f"cost per period. {GRID_NOTE}"
    )
    rows = [shown[row : row + 2] for row in range(0, len(shown), 2)]
    return grid_picture(rows, across, up, 0.24, caption)


def perishable() -> Figure:
    """Two ages; a row for each way of issuing."""
    across, up = (
        Side(0, "units in their last period", 0, 9),
        Side(1, "fresh units (one more period to go)", 0, 9),
    )
    rows = []
    for issuing in ("oldest-first", "newest-first"):
        product = published(f"demoor2022-{issuing}", Perishable)
        rules = {
            "naive base-stock": baselines.BaseStock.closed_form(*product),
            "best base-stock": searched(baselines.BaseStock, *product)[0],
            "waste-aware": searched(baselines.WasteAwareBaseStock, *product)[0],
            "low-waste": searched(baselines.LowWasteBaseStock, *product)[0],
        }
        shown = panels(product, rules, across, up)
        title = issuing.replace("-", " ")
        rows.append([panel._replace(title=f"{title}: {panel.title}") for panel in shown])
    caption = (
        "Perishable stock, shelf life 2, lead time 1, rounded gamma demand of mean 4 "
        "(demoor2022-oldest-first, -newest-first). Optimal for the instance's discount of .99; "
        f"cost per period, on average. Waste-aware and low-waste: searched. {GRID_NOTE}"
    )
    return grid_picture(rows, across, up, 0.24, caption)


def dual_sourcing(name: str = "gijsbrechts2022-l2-c110") -> Figure:
    """Two orders: a row for each."""
    product = published(name, DualSourcing)
    rules: dict[str, Policy] = {
        "capped dual index": baselines.CappedDualIndex.searched(*product),
        "dual index": baselines.DualIndex.searched(*product),
        "single index": baselines.SingleIndex.searched(*product),
        "tailored base-surge": baselines.TailoredBaseSurge.searched(*product),
        "projected expedited position": baselines.ProjectedExpeditedPosition.searched(*product),
    }
    across = Side(1, "regular order that arrives in one period, units", 0, 4)
    up = Side(0, "net inventory at the decision, units", -4, 9)
    rows = []
    for source, channel in (("expedited", 1), ("regular", 0)):
        shown = panels(product, rules, across, up, channel)
        rows.append([panel._replace(title=f"{source} order\n{panel.title}") for panel in shown])
    caption = (
        "Dual sourcing with backlog, lead times 2 and 0, demand uniform on 0..4, costs per unit "
        f"100 and 110, holding 5, backlog 495 ({name}); cost per period. {GRID_NOTE}"
    )
    return grid_picture(rows, across, up, 0.27, caption)


def season() -> KnownProduct[ProcurementRemoval]:
    """Thirty periods that begin as demand falls to its low season; what is left after them is
    removed.
    """
    mean = 5.0 * (1.0 + 0.8 * np.cos(2.0 * np.pi * (np.arange(30) + 5.0) / 20.0))
    problem = ProcurementRemoval(horizon=len(mean), discount=0.99, integer_orders=True)
    figures = {"price": 10.0, "unit_cost": 5.0, "removal_value": 2.0, "holding_cost": 0.3}
    product = known_product(problem, InstanceProducts("poisson", 5.0, figures))
    return product._replace(distribution=replace(product.distribution, mean=mean[:, None]))


def procurement_removal() -> Figure:
    """One column of state, and time."""
    product = season()
    across = Side(0, "period", 0, product.problem.horizon - 1)
    up = Side(0, "stock on hand at the decision, units", 0, 60)
    shown = seasonal_panels(product, across, up)
    optimal = shown[0].optimal
    levels = ((optimal > 0).sum(0), up.high + 1 - (optimal < 0).sum(0))
    figure = Figure((11.0, 8.0), layout="constrained")
    for axes, panel in zip(
        figure.subplots(2, 2, sharex=True, sharey=True).flat, shown, strict=True
    ):
        image = draw(axes, panel, across, up, CenteredNorm(0.0, 25.0), colormaps["PuOr"])
        axes.set_aspect("auto")
        for level in levels:
            ends = np.arange(across.high + 2) - 0.5
            axes.stairs(level - 0.5, ends, baseline=None, color="black", lw=1.2, ls=":")
    label = "net action, units: order (above 0), removal (below 0)"
    figure.colorbar(image, ax=figure.axes, label=label, aspect=30, extend="min")
    caption = (
        "Procurement and removal over 30 periods of seasonal Poisson demand (mean from 9 to 1, low "
        "in period 5, high in 15, low in 25), price 10, unit cost 5, removal value 2, holding cost "
        f".3, discount .99; expected discounted profit from {OVERSTOCK_UNITS:.0f} units. Dotted: "
        "where the optimal policy stops ordering and starts to remove. White outline: its stock in "
        "each period with 95 % probability."
    )
    return finish(figure, across.label, up.label, caption)


def seasonal_panels(
    product: KnownProduct[ProcurementRemoval], across: Side, up: Side
) -> list[OrderPanel]:
    """The net actions of the optimal policy and of the rules over time, with their profits."""
    solution = solve(*product, float(up.high))
    seasonal = baselines.SeasonalIntervalStock.optimal(*product)
    endless = tuple(level + np.inf for level in seasonal.upper)
    rules: dict[str, Policy] = {
        "optimal (dynamic program)": OptimalOrders((solution,), np.zeros(1, int)),
        "interval-stock by period": seasonal,
        "one interval-stock for all periods": baselines.IntervalStock.optimal(*product),
        "interval by period, never remove": replace(seasonal, upper=endless),
    }
    shares = visits(solution, OVERSTOCK_UNITS, across.high + 1)
    often = np.stack([mostly(share) for share in shares], 1)
    stock, periods = np.arange(up.high + 1.0)[None], range(product.problem.horizon)
    tables = [
        np.stack([actions(product, rule, stock, t) for t in periods]) for rule in rules.values()
    ]
    profits = [float(worth(product, table)[int(OVERSTOCK_UNITS)]) for table in tables]
    compared = ["", *(gap(profit, profits[0]) for profit in profits[1:])]
    net = [(table[..., 0] - table[..., 1]).T for table in tables]
    return [
        OrderPanel(f"{name}\nprofit {profit:.2f} {difference}", shown, net[0], often)
        for name, profit, difference, shown in zip(rules, profits, compared, net, strict=True)
    ]


ORDER_PICTURES: dict[str, Callable[[], Figure]] = {
    "lost-sales": lost_sales,
    "lost-sales-lead-time": lost_sales_lead_time,
    "perishable": perishable,
    "dual-sourcing": dual_sourcing,
    "procurement-removal": procurement_removal,
}
