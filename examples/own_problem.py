"""A sixth problem that keeps all laws: a fixed cost per order. python examples/own_problem.py"""

from dataclasses import dataclass
from typing import NamedTuple

import inv_gym
from inv_gym import EconomicsRanges, Observation, Outcome, Problem, SyntheticProducts, Uniform
from inv_gym.problems.costs import check_costs
from inv_gym.testing import check_policy, check_problem
from inv_gym.util.arrays import Array, Columns, indicator, minimum, positive_part

Costs = NamedTuple(
    "Costs", [("holding_cost", Array), ("shortage_cost", Array), ("fixed_cost", Array)]
)
Flows = NamedTuple(
    "Flows", [("sales", Array), ("shortage", Array), ("on_hand", Array), ("setups", Array)]
)


class State(NamedTuple):
    inventory_position: Array  # on hand less backlog: nothing is on order at a decision


@dataclass(frozen=True, kw_only=True)
class FixedOrderingCost(Problem):
    """Orders arrive at once; each costs K, whatever its size; demand that is not met waits."""

    Economics = Costs
    backlog = True
    lead_times = (0,)

    def initial_state(self, stock: Array) -> State:
        return State(stock)

    def transition(self, state: State, order: Columns, demand: Array, economics: Costs) -> Outcome:
        available = state.inventory_position + order[0]
        sales = minimum(positive_part(available), demand)
        net = available - demand
        on_hand = positive_part(net)
        setups = indicator(order[0] > 0, like=net)
        cost = economics.holding_cost * on_hand + economics.shortage_cost * (on_hand - net)
        reward = -cost - economics.fixed_cost * setups
        return Outcome(State(net), reward, Flows(sales, demand - sales, on_hand, setups))

    def salvage(self, state: State, economics: Costs) -> Array:
        return state.inventory_position * 0.0

    def check_economics(self, economics: Costs) -> None:
        check_costs(economics, holding_cost=0.0, shortage_cost=0.0, fixed_cost=0.0)


@dataclass(frozen=True)
class OrderUpTo:
    """The (s, S) policy: below s periods' demand, order up to S periods' demand."""

    low: float
    high: float
    knows = "history"

    def __call__(self, observation: Observation) -> Array:
        position, scale = observation.state.inventory_position, observation.scale
        low = indicator(position < self.low * scale, like=scale)
        return (low * positive_part(self.high * scale - position))[:, None]


if __name__ == "__main__":
    problem = FixedOrderingCost(horizon=100)
    fixed_costs = EconomicsRanges(extra={"fixed_cost": Uniform(20.0, 200.0)})
    products = SyntheticProducts(economics=fixed_costs)
    check_problem(problem, products, skip=["homogeneity"])  # a fixed cost does not grow with units
    task = inv_gym.Task(problem, products, "FixedCost-v0", reference="s = 2, S = 4")
    inv_gym.register(task)  # for gym.make
    levels = ((2, 2), (2, 4), (2, 8), (4, 8))
    policies = {f"s = {low}, S = {high}": OrderUpTo(low, high) for low, high in levels}
    for policy in policies.values():
        check_policy(policy, problem, products)
    result = inv_gym.evaluate(task, policies, number=1000).frame
    columns = ["policy", "reward", "gap", "fill_rate", "on_hand", "setups"]
    print(result[columns].to_string(float_format="%.2f"))
