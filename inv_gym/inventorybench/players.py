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
from inv_gym.util.checks import one_of

BENCH_POLICY = "smoothed, projected level"
"""The strongest rule; without lead time it is base-stock."""

LEARNED = "network for unsteady demand"


def players(instances: list[Instance]) -> dict[str, dict[str, Policy]]:
    """Policies by name, each with one by setting; a name is missing where it does not apply."""
    by_name: dict[str, dict[str, Policy]] = {}
    for setting in BENCH_SETTINGS:
        mine = [instance for instance in instances if instance.setting == setting]
        if not mine:
            continue
        problem = problem_of(mine)
        rules = baselines.policies(problem, distribution=False)
        forecasters: dict[str, Forecaster] = {
            "smoothed": SmoothedMoments(),
            "empirical": EmpiricalQuantiles(season=1),
        }
        for name, forecaster in forecasters.items():
            base = ForecastBaseStock(problem, forecaster)
            rules[f"{name}, base-stock"] = base
            has_lead_time = problem.lead_time > 0
            projected = ForecastProjectedLevel(problem, forecaster) if has_lead_time else base
            rules[f"{name}, projected level"] = projected
        rules |= agents.policies(problem, for_tables=True)
        rules[LEARNED] = LearnedOrders(shipped(None if setting == RANDOM else problem.lead_time))
        for name, policy in rules.items():
            by_name.setdefault(name, {})[setting] = policy
    return by_name


def named(name: str, instances: list[Instance]) -> dict[str, Policy]:
    """The policies of a name by setting.

    Raises:
        ValueError: The name is unknown.
    """
    by_name = players(instances)
    return by_name[one_of("policy", name, by_name)]
