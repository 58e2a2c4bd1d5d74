"""The thresholds of a learned procurement and removal policy, beside those of the
dynamic program.
"""

from __future__ import annotations

import numpy as np

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.baselines import SeasonalIntervalStock
from inv_gym.play.policy import Observation
from inv_gym.problems import ProcurementRemoval
from inv_gym.products.batch import HISTORY, Products

PERIOD = 10
"""Period whose thresholds are compared; the end is far."""
GRID = np.linspace(0.0, 30.0, 3001)
"""Stock on which orders are looked at, in units of a product's mean demand."""
OVERSTOCK = 15.0
"""Stock at the start where removal matters, in the same units."""


def net_actions(
    problem: ProcurementRemoval, agent: InventoryAgent, products: Products
) -> np.ndarray:
    """``[G, B]`` order less removal at every stock of the grid."""
    planned = agent.plan(problem, products)
    actions = []
    for stock in GRID[:, None] * products.scale:
        seen = Observation(
            problem.initial_state(stock),
            products.demand[PERIOD : PERIOD + HISTORY],
            products.economics,
            products.scale,
            None,
            PERIOD,
        )
        orders = planned(seen)
        actions.append(orders[:, 0] - orders[:, 1])
    return np.stack(actions)


def thresholds(
    problem: ProcurementRemoval, agent: InventoryAgent, products: Products
) -> tuple[np.ndarray, np.ndarray]:
    """``[B]`` the stock at which ordering ends and that at which removal begins (infinite if it
    never does).
    """
    actions = net_actions(problem, agent, products)
    lower = GRID[(actions > 0).sum(0).clip(max=len(GRID) - 1)] * products.scale
    kept = (actions >= 0).sum(0)
    upper = np.where(kept < len(GRID), GRID[kept.clip(max=len(GRID) - 1)] * products.scale, np.inf)
    return lower, upper


def removal_facts(
    problem: ProcurementRemoval, agents: dict[str, InventoryAgent], products: Products
) -> dict[str, dict[str, float]]:
    """For each agent: shares of products whose thresholds are near the optimal ones, and the gap
    when overstocked.
    """
    optimal = SeasonalIntervalStock.optimal(problem, products.distribution, products.economics)
    bounds = {"lower": optimal.lower[PERIOD], "upper": optimal.upper[PERIOD]}
    stocked = products._replace(initial_state=problem.initial_state(OVERSTOCK * products.scale))
    best = inv_gym.rollout(problem, optimal, stocked).discounted_reward
    facts: dict[str, dict[str, float]] = {}
    for name, agent in agents.items():
        found = dict(zip(bounds, thresholds(problem, agent, products), strict=True))
        row: dict[str, float] = {}
        for side, wanted in bounds.items():
            reached = np.isfinite(wanted) & (wanted < GRID[-1] * products.scale)
            error = np.abs(found[side] - wanted)[reached]
            row[f"{side} near, %"] = 100.0 * float(
                (error <= np.maximum(1.0, 0.03 * wanted[reached])).mean()
            )
            row[f"{side} median error, %"] = 100.0 * float(
                np.median(error / wanted[reached].clip(min=1.0))
            )
        played = inv_gym.rollout(problem, agent, stocked)
        orders = played.orders
        row["orders and removes at once, %"] = 100.0 * float((orders.min(-1) > 0).mean())
        row["gap when overstocked, %"] = float(
            100.0 * (played.discounted_reward - best).mean() / abs(best.mean())
        )
        facts[name] = row
    return facts
