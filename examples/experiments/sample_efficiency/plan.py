"""What PPO is tuned and measured on: the five environments, and single published instances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import inv_gym
from experiments.campaign import Measurement
from experiments.instances import INFORMED_NETWORK
from experiments.seeds import SAMPLE_EFFICIENCY_TRAININGS
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.sb3.config import tuned
from inv_gym.products.sources import ProductSource

COMPARED_AGENTS = PPO, DIRECT_BACKPROP = ("ppo", "direct-backprop")
REFERENCE = "reference"
"""The reference heuristic, which knows the distribution."""
FACTS = "facts.json"
"""The file that is written last of a training."""
EPISODE_HORIZON = 100
"""Periods of an instance's episodes in training, after which they are cut."""
DUAL_SOURCING_INSTANCE = "gijsbrechts2022-l2-c105"
"""The instance on which parameters for all of dual sourcing were tuned."""


@dataclass(frozen=True)
class ModelFreeCase:
    """Something to train for.

    Attributes:
        name: Of an environment or an instance.
        problem: What is trained on.
        source: Where products come from.
        network: What a network is fed.
        instance: The instance, evaluated exactly; None across products.
        tuned_as: The case whose tuned parameters it takes; None: its own.
    """

    name: str
    problem: inv_gym.Problem
    source: ProductSource
    network: NetworkConfig
    instance: inv_gym.Task | None = None
    tuned_as: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Tuned fields of `ModelFreeConfig`."""
        return tuned(self.tuned_as or self.name)


def across_products(env_id: str) -> ModelFreeCase:
    """The products of a registered environment."""
    source = inv_gym.make_source(inv_gym.ENVIRONMENTS[env_id].source)
    return ModelFreeCase(env_id, inv_gym.make_problem(env_id), source, NetworkConfig())


def single(name: str, instance: inv_gym.Task) -> ModelFreeCase:
    """One published instance, whose distribution is known."""
    problem = replace(instance.problem, horizon=EPISODE_HORIZON)
    tuned_as = DUAL_SOURCING_INSTANCE if isinstance(problem, inv_gym.DualSourcing) else None
    return ModelFreeCase(name, problem, instance.source, INFORMED_NETWORK, instance, tuned_as)


def without_lead_time(name: str) -> inv_gym.Task:
    """A published instance of lost sales with orders that come at once."""
    task = inv_gym.INSTANCES[name]
    assert isinstance(task.problem, inv_gym.LostSales)
    problem = replace(task.problem, lead_time=0)
    return replace(task, environment="InvLostSales-v0", problem=problem, known={})


SINGLE_INSTANCES = (
    "zipkin2008-poisson5-p4-L4",
    DUAL_SOURCING_INSTANCE,
    "gijsbrechts2022-l2-c110",
    "gijsbrechts2022-l3-c105",
)


def model_free_cases() -> dict[str, ModelFreeCase]:
    """All, by name: the environments first."""
    instances = {"poisson5-p4-L0": without_lead_time("zipkin2008-poisson5-p4-L1")}
    instances |= {name: inv_gym.INSTANCES[name] for name in SINGLE_INSTANCES}
    return {env_id: across_products(env_id) for env_id in inv_gym.ENVIRONMENTS} | {
        name: single(name, instance) for name, instance in instances.items()
    }


def agents_of(case: ModelFreeCase) -> tuple[str, ...]:
    """Who plays a case."""
    return COMPARED_AGENTS if case.instance is None else (PPO,)


def plan(seeds: int = SAMPLE_EFFICIENCY_TRAININGS) -> list[Measurement]:
    """Every seed of all, then the reference heuristics."""
    cases = model_free_cases()
    trainings = [
        Measurement.trained(name, agent, seed, FACTS)
        for seed in range(seeds)
        for name, case in cases.items()
        for agent in agents_of(case)
    ]
    return trainings + [
        Measurement(name, (name, REFERENCE, 0), REFERENCE, f"{name}/{REFERENCE}.json")
        for name, case in cases.items()
        if case.instance is None
    ]
