"""A single product in a line: what the exact solvers take, without drawing products first."""

from __future__ import annotations

from typing import Any, NamedTuple

from inv_gym.baselines.exact.chain import follow
from inv_gym.baselines.exact.dynamic_program import solve
from inv_gym.baselines.exact.followed_chain import FollowedChain
from inv_gym.baselines.exact.search import TunableRule, searched
from inv_gym.baselines.exact.solution import Solution
from inv_gym.demand.distribution import Distribution
from inv_gym.demand.families import Family
from inv_gym.play.policy import Policy
from inv_gym.problems.problem import Problem
from inv_gym.products.synthetic import InstanceProducts
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of


class Case(NamedTuple):
    """A problem and one product of it; ``solve(*case[:3])`` and the methods below say the same."""

    problem: Problem
    distribution: Distribution
    """Of one product."""
    economics: Any
    """NamedTuple of ``[1]`` columns, money per unit."""
    task: Task
    """The same, for `inv_gym.evaluate`, `inv_gym.rollout` and trainings."""

    def solve(self, **options: Any) -> Solution:
        """The optimal policy; the options and the errors are those of `solve`."""
        return solve(*self[:3], **options)

    def follow(self, policy: Policy, **options: Any) -> FollowedChain:
        """The exact value of a policy; the options and the errors are those of `follow`."""
        return follow(self.problem, policy, self.distribution, self.economics, **options)

    def rule(self, constructor: Any, **options: Any) -> Any:
        """A heuristic for the product, by a constructor such as ``BaseStock.closed_form``."""
        return constructor(*self[:3], **options)

    def searched(self, kind: type[TunableRule]) -> tuple[TunableRule, float]:
        """The rule of a kind with the best average reward, and that reward; see `searched`."""
        return searched(kind, *self[:3])


def case(
    problem: Problem,
    family: str | Family = "poisson",
    mean: float = 5.0,
    dispersion: float = 0.0,
    **economics: float,
) -> Case:
    """One product of a problem, whose demand has the same distribution in every period.

    >>> from inv_gym import LostSales
    >>> problem = LostSales(lead_time=2, long_run=True, discount=1.0, integer_orders=True)
    >>> zipkin = case(problem, "poisson", mean=5, holding_cost=1, shortage_cost=4)
    >>> round(-zipkin.solve().gain, 2)  # the optimal average cost
    4.4

    Args:
        problem: Its fields say what is solved: with ``long_run`` and discount 1 the average reward.
        family: The demand family, by name or as a `Family`.
        mean: Mean demand per period, units.
        dispersion: For families that leave it free.
        **economics: Prices and costs by name, money per unit; those not given are 0.

    Raises:
        TypeError: The problem is none, or a figure is not a number.
        ValueError: A name of a price, cost or family is unknown, or a figure is out of bounds.
    """
    if not isinstance(problem, Problem):
        raise TypeError(
            f"problem must be a Problem such as LostSales(lead_time=2), got {problem!r}."
        )
    for name in economics:
        one_of(f"price or cost of {type(problem).__name__}", name, problem.Economics._fields)
    task = Task(problem, InstanceProducts(family, mean, economics, dispersion))
    product = task.draw(1)
    problem.check_economics(product.economics)
    assert product.distribution is not None  # single instances have one
    return Case(problem, product.distribution, product.economics, task)
