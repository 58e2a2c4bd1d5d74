"""The networks for unsteady demand as players of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from inv_gym.agents.unsteady import PlannedOrders, UnsteadyAgent
from inv_gym.agents.unsteady.game import COST_RATIOS
from inv_gym.inventorybench.arrivals import Transit
from inv_gym.play.policy import NotPlannedError, Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.unsteady import KNOWN_DEMANDS


@dataclass(frozen=True)
class LearnedOrders:
    """Orders of an agent, whole.

    The last five demands before the start are known to it; where there are fewer, the mean of those
    that are stands for the others.

    Attributes:
        agent: Whose orders.
    """

    agent: UnsteadyAgent

    knows: ClassVar[str] = "history"

    def plan(self, problem: Problem, products: Products) -> PlannedLearnedOrders:
        """What each network makes of the demand, for all periods."""
        demand = np.array(products.demand, float)
        known = demand[HISTORY - KNOWN_DEMANDS : HISTORY]
        known[:] = np.where(np.isnan(known), np.nanmean(known, 0), known)
        economics = products.economics
        price = np.asarray(economics.price)
        # ratios beyond those that were learned count as the highest of them
        ratio = price / np.maximum(economics.holding_cost, price / COST_RATIOS[1])
        return PlannedLearnedOrders(self.agent.plan(demand[HISTORY - KNOWN_DEMANDS :], ratio))

    def __call__(self, observation: Observation) -> np.ndarray:
        """Refuse to order before planning.

        Raises:
            NotPlannedError: Always; the policy that `plan` gives orders.
        """
        raise NotPlannedError("it plans at the start: call plan(problem, products) first.")


@dataclass(frozen=True)
class PlannedLearnedOrders:
    """Orders of an agent in one game.

    Attributes:
        planned: The agent, having seen the demand.
        transit: What is known of single orders; None where lead times are fixed.
    """

    planned: PlannedOrders
    transit: Transit | None = None

    knows: ClassVar[str] = "history"

    def seeing(self, transit: Transit) -> PlannedLearnedOrders:
        """The policy that knows of single orders."""
        return replace(self, transit=transit)

    def __call__(self, observation: Observation) -> np.ndarray:
        """Orders ``[B, 1]``, whole units."""
        order = self.planned.order(observation.period, self._stock(observation.state))
        return np.rint(order)[:, None]

    def _stock(self, state: Any) -> np.ndarray:
        """``[B, S]`` see `inv_gym.agents.unsteady.UnsteadyNetwork.order`."""
        if self.transit is None:
            return np.stack([state.on_hand, *state.pipeline], 1)
        seen = self.transit
        return np.stack([seen.on_hand, *seen.outstanding, *seen.arrived, seen.lost], 1)
