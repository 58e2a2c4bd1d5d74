"""Published single instances by name, each with its source and the figures known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.products.synthetic import InstanceProducts
from inv_gym.tasks.naming import NAMED
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of

_AVERAGE_COST: dict[str, Any] = {
    "horizon": 1100,
    "discount": 1.0,
    "long_run": True,
    "integer_orders": True,
}

OVER_OPTIMAL = "% over optimal"
_COST = "optimal average cost"
_ZIPKIN_FIGURES = (
    _COST,
    f"standard vector base-stock, {OVER_OPTIMAL}",
    f"better vector base-stock, {OVER_OPTIMAL}",
    f"best base-stock, {OVER_OPTIMAL}",
    "best capped base-stock, average cost",
    "best constant order, average cost",
)
_ZIPKIN: dict[int, tuple[tuple[float, ...], ...]] = {
    4: (
        (4.04, 6.6, 0.6, 3.0, 4.065, 5.27),
        (4.40, 9.3, 1.2, 5.5, 4.406, 5.27),
        (4.60, 19.9, 0.7, 8.2, 4.631, 5.27),
        (4.73, 23.4, 1.5, 9.9, 4.798, 5.27),
    ),
    9: (
        (5.44, 1.4, 0.8, 2.0),
        (6.09, 5.9, 1.3, 3.7),
        (6.53, 12.0, 1.7, 5.1),
        (6.84, 19.3, 1.7, 6.4),
    ),
}
_LOOKING_AHEAD_FIGURES = (
    "myopic, average cost",
    "myopic-2, average cost",
    f"best projected inventory level, {OVER_OPTIMAL}",
)
_LOOKING_AHEAD: dict[int, tuple[tuple[float, ...], ...]] = {
    4: (
        (4.1113, 4.0407, 0.04),
        (4.5581, 4.4059, 0.40),
        (4.8435, 4.6357, 0.47),
        (5.0628, 4.8171, 0.37),
    ),
    9: (
        (5.4472, 5.4384, 0.36),
        (6.2231, 6.1037, 0.57),
        (6.7983, 6.5718, 0.74),
        (7.1991, 6.9196, 0.96),
    ),
}
PROJECTED_LEVELS: dict[int, tuple[float, ...]] = {
    4: (6.8, 6.85, 6.85, 6.6),
    9: (8.7, 8.7, 8.95, 8.95),
}
"""Projected inventory levels that cost as much as those called the best, by shortage cost, for
L = 1 .. 4; some levels near them cost less.
"""
_GIJSBRECHTS_FIGURES = (
    _COST,
    f"capped dual index, {OVER_OPTIMAL}",
    f"dual index, {OVER_OPTIMAL}",
    f"single index, {OVER_OPTIMAL}",
    f"tailored base-surge, {OVER_OPTIMAL}",
    f"A3C, {OVER_OPTIMAL}",
)
_GIJSBRECHTS = {
    (2, 105): (216.76980, 0.00, 0.11, 0.56, 0.06, 0.52),
    (2, 110): (219.73333, 0.03, 0.18, 1.03, 0.99, 0.80),
    (3, 105): (216.87672, 0.00, 0.27, 0.98, 0.01, 0.82),
}
_DE_MOOR = {"oldest_first": (1510.470, 1457.0, 1475.0), "newest_first": (1603.597, 1553.0, 1565.0)}


def _zipkin(shortage: int, lead_time: int, figures: tuple[float, ...]) -> Task:
    ahead = _LOOKING_AHEAD[shortage][lead_time - 1]
    level = PROJECTED_LEVELS[shortage][lead_time - 1]
    known = {
        **dict(zip(_ZIPKIN_FIGURES, figures, strict=False)),
        **dict(zip(_LOOKING_AHEAD_FIGURES, ahead, strict=True)),
        f"projected inventory level {level}, {OVER_OPTIMAL}": ahead[-1],
    }
    return Task(
        LostSales(lead_time=lead_time, **_AVERAGE_COST),
        InstanceProducts("poisson", 5.0, {"holding_cost": 1.0, "shortage_cost": float(shortage)}),
        environment="InvLostSalesLeadTime-v0",
        citation=(
            "Zipkin (2008), Operations Research 56; capped base-stock, constant order and "
            "projected inventory level by exact evaluation"
        ),
        warm_up=100,
        known=known,
    )


def _gijsbrechts(lead_time: int, expedited_cost: int, figures: tuple[float, ...]) -> Task:
    costs = {
        "regular_cost": 100.0,
        "expedited_cost": float(expedited_cost),
        "holding_cost": 5.0,
        "shortage_cost": 495.0,
    }
    return Task(
        DualSourcing(regular_lead_time=lead_time, expedited_lead_time=0, **_AVERAGE_COST),
        InstanceProducts("discrete_uniform", 2.0, costs),
        environment="InvDualSourcing-v0",
        citation=(
            "Gijsbrechts, Boute, Van Mieghem & Zhang (2022), M&SOM 24; optimum by exact dynamic "
            "programming"
        ),
        warm_up=100,
        known=dict(zip(_GIJSBRECHTS_FIGURES, figures, strict=True)),
    )


def _de_moor(issuing: str, from_empty: float, optimal: float, base_stock: float) -> Task:
    costs = {"unit_cost": 3.0, "holding_cost": 1.0, "shortage_cost": 5.0, "outdating_cost": 7.0}
    problem = Perishable(
        shelf_life=2,
        lead_time=1,
        issuing=issuing,
        horizon=465,
        discount=0.99,
        long_run=True,
        integer_orders=True,
        order_cap=10.0,
    )
    return Task(
        problem,
        InstanceProducts("rounded_gamma", 4.0, costs, dispersion=0.25),
        environment="InvPerishable-v0",
        citation="De Moor, Gijsbrechts & Boute (2022), EJOR 301",
        warm_up=100,
        known={
            "optimal discounted cost from empty, without end": from_empty,
            "optimal discounted cost of 365 periods after warm-up": optimal,
            "best base-stock, same": base_stock,
        },
    )


def _removal(costs: dict[str, float], stock: float | None, known: dict[str, float]) -> Task:
    return Task(
        ProcurementRemoval(horizon=400, discount=0.95, long_run=True, integer_orders=True),
        InstanceProducts("poisson", 5.0, costs, stock=stock),
        environment="InvProcurementRemoval-v0",
        citation=(
            "Maggiar & Sadighian (2017) for the structure; figures by exact dynamic programming"
        ),
        known=known,
    )


_TASKS: dict[str, Task] = {
    **{
        f"zipkin2008-poisson5-p{shortage}-L{lead_time}": _zipkin(shortage, lead_time, figures)
        for shortage, by_lead_time in _ZIPKIN.items()
        for lead_time, figures in enumerate(by_lead_time, 1)
    },
    **{
        f"gijsbrechts2022-l{lead_time}-c{expedited}": _gijsbrechts(lead_time, expedited, figures)
        for (lead_time, expedited), figures in _GIJSBRECHTS.items()
    },
    **{
        f"demoor2022-{issuing.replace('_', '-')}": _de_moor(issuing, *known)
        for issuing, known in _DE_MOOR.items()
    },
    "removal-cost-form": _removal(
        {"unit_cost": 10.0, "removal_value": 6.0, "holding_cost": 1.0, "shortage_cost": 20.0},
        80.0,
        {"order up to": 8, "remove down to": 20, "optimal discounted cost from stock 80": 586.428},
    ),
    "removal-profit-form": _removal(
        {"price": 10.0, "unit_cost": 5.0, "removal_value": 2.0, "holding_cost": 0.3},
        None,
        {"order up to": 8, "remove down to": 37},
    ),
}

INSTANCES = {name: replace(task, name=name, title=name) for name, task in _TASKS.items()}
"""The published instances by name."""
NAMED.update({name: task.source for name, task in INSTANCES.items()})


def instance(name: str) -> Task:
    """The published instance of that name.

    Raises:
        ValueError: The name is unknown.
    """
    return INSTANCES[one_of("instance", name, INSTANCES)]
