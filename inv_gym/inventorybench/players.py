"""Policies that play the benchmark: every rule that applies, knowing the history, and networks."""

from __future__ import annotations

from inv_gym import agents, baselines
from inv_gym.agents.forecasting import EmpiricalQuantiles, Forecaster, SmoothedMoments
from inv_gym.agents.unsteady import shipped
from inv_gym.baselines.forecast import ForecastBaseStock, ForecastProjectedLevel
from inv_gym.inventorybench.instances import BENCH_SETTINGS, RANDOM, Instance
from inv_gym.inventorybench.learned import LearnedOrders
from inv_gym.inventorybench.playing import problem_of
from inv_gym.play.policy import Policy
from inv_gym.problems.lost_sales import LostSales
from inv_gym.util.checks import one_of

BENCH_POLICY = "network for unsteady demand"
"""The strongest; each setting has a network of its own."""


def players(instances: list[Instance]) -> dict[str, dict[str, Policy]]:
    """Policies by name, each with one by setting; a name is missing where it does not apply."""
    by_name: dict[str, dict[str, Policy]] = {}
    for setting in BENCH_SETTINGS:
        mine = [instance for instance in instances if instance.setting == setting]
        if not mine:
            continue
        problem = problem_of(mine)
        policies = baselines.policies(problem, distribution=False) | _forecasting(problem)
        policies |= agents.policies(problem, for_tables=True)
        lead_time = None if setting == RANDOM else problem.lead_time
        policies[BENCH_POLICY] = LearnedOrders(shipped(lead_time))
        for name, policy in policies.items():
            by_name.setdefault(name, {})[setting] = policy
    return by_name


def _forecasting(problem: LostSales) -> dict[str, Policy]:
    """Rules whose levels are quantiles of a forecast; without lead time a projected level is that
    of base-stock.
    """
    forecasters: dict[str, Forecaster] = {
        "smoothed": SmoothedMoments(),
        "empirical": EmpiricalQuantiles(season=1),
    }
    policies: dict[str, Policy] = {}
    for name, forecaster in forecasters.items():
        base = ForecastBaseStock(problem, forecaster)
        has_lead_time = problem.lead_time > 0
        projected = ForecastProjectedLevel(problem, forecaster) if has_lead_time else base
        policies |= {f"{name}, base-stock": base, f"{name}, projected level": projected}
    return policies


def named(name: str, instances: list[Instance]) -> dict[str, Policy]:
    """The policies of a name by setting.

    Raises:
        ValueError: The name is unknown.
    """
    by_name = players(instances)
    return by_name[one_of("policy", name, by_name)]
