"""The thresholds of a learned procurement and removal policy, beside the optimal ones."""

from __future__ import annotations

import numpy as np

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.baselines import SeasonalIntervalStock
from inv_gym.baselines.fitting.fitting import known_distribution
from inv_gym.problems import ProcurementRemoval
from inv_gym.products.batch import Products
from inv_gym.structure.violations import observation_of

COMPARED_PERIOD = 10
"""Period whose thresholds are compared; the end is far."""
STOCK_GRID = np.linspace(0.0, 30.0, 3001)
"""Stock on which orders are looked at, in units of a product's mean demand."""
OVERSTOCK_RATIO = 15.0
"""Stock at the start where removal matters, in the same units."""


def net_actions(
    problem: ProcurementRemoval, agent: InventoryAgent, products: Products
) -> np.ndarray:
    """``[G, B]`` order less removal at every stock of the grid."""
    planned = agent.plan(problem, products)
    orders = np.stack(
        [
            planned(observation_of(problem, products, stock[:, None], COMPARED_PERIOD))
            for stock in STOCK_GRID[:, None] * products.scale
        ]
    )
    return orders[..., 0] - orders[..., 1]


def thresholds(
    problem: ProcurementRemoval, agent: InventoryAgent, products: Products
) -> tuple[np.ndarray, np.ndarray]:
    """``[B]`` the stock at which ordering ends and that at which removal begins (infinite if it
    never does).
    """
    actions = net_actions(problem, agent, products)
    ordered, kept, last = (actions > 0).sum(0), (actions >= 0).sum(0), len(STOCK_GRID) - 1
    lower = STOCK_GRID[ordered.clip(max=last)] * products.scale
    upper = np.where(kept <= last, STOCK_GRID[kept.clip(max=last)] * products.scale, np.inf)
    return lower, upper


def removal_facts(
    problem: ProcurementRemoval, agents: dict[str, InventoryAgent], products: Products
) -> dict[str, dict[str, float]]:
    """For each agent: shares of products whose thresholds are near the optimal ones, and the gap
    when overstocked.
    """
    distribution = known_distribution("distribution", products)
    optimal = SeasonalIntervalStock.optimal(problem, distribution, products.economics)
    bounds = {"lower": optimal.lower[COMPARED_PERIOD], "upper": optimal.upper[COMPARED_PERIOD]}
    stocked = products._replace(
        initial_state=problem.initial_state(OVERSTOCK_RATIO * products.scale)
    )
    best = inv_gym.rollout(problem, optimal, stocked).discounted_reward
    facts: dict[str, dict[str, float]] = {}
    for name, agent in agents.items():
        learned = dict(zip(bounds, thresholds(problem, agent, products), strict=True))
        row: dict[str, float] = {}
        for side, wanted in bounds.items():
            reached = np.isfinite(wanted) & (wanted < STOCK_GRID[-1] * products.scale)
            error = np.abs(learned[side] - wanted)[reached]
            near = error <= np.maximum(1.0, 0.03 * wanted[reached])
            row[f"{side} near, %"] = 100.0 * float(near.mean())
            relative = error / wanted[reached].clip(min=1.0)
            row[f"{side} median error, %"] = 100.0 * float(np.median(relative))
        played = inv_gym.rollout(problem, agent, stocked)
        row["orders and removes at once, %"] = 100.0 * float((played.orders.min(-1) > 0).mean())
        gap = 100.0 * (played.discounted_reward - best).mean() / abs(best.mean())
        row["gap when overstocked, %"] = float(gap)
        facts[name] = row
    return facts
