"""What the model-free algorithms are tuned and measured on: the five environments, and published
single instances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import inv_gym
from inv_gym.agents.network.policy_network import NetworkConfig
from inv_gym.agents.sb3.config import tuned
from inv_gym.products.sources import ProductSource

INSTANCE_HORIZON = 100
"""Periods of an instance's episodes in training, after which they are cut."""
LAW = NetworkConfig(knows="distribution")
DUAL_SOURCING = "gijsbrechts2022-l2-c105"
"""The instance on which parameters for all of dual sourcing were tuned."""


@dataclass(frozen=True)
class Case:
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


def across_products(env_id: str) -> Case:
    """The products of a registered environment."""
    source = inv_gym.make_source(inv_gym.ENVIRONMENTS[env_id].source)
    return Case(env_id, inv_gym.make_problem(env_id), source, NetworkConfig())


def single(name: str, instance: inv_gym.Task) -> Case:
    """One published instance, whose distribution is known."""
    problem = replace(instance.problem, horizon=INSTANCE_HORIZON)
    tuned_as = DUAL_SOURCING if isinstance(problem, inv_gym.DualSourcing) else None
    return Case(name, problem, instance.source, LAW, instance, tuned_as)


def without_lead_time(name: str) -> inv_gym.Task:
    """A published instance of lost sales with orders that come at once."""
    one: Any = inv_gym.INSTANCES[name]
    return replace(
        one, environment="InvLostSales-v0", problem=replace(one.problem, lead_time=0), known={}
    )


INSTANCES = {
    "poisson5-p4-L0": without_lead_time("zipkin2008-poisson5-p4-L1"),
    **{
        name: inv_gym.INSTANCES[name]
        for name in (
            "zipkin2008-poisson5-p4-L4",
            DUAL_SOURCING,
            "gijsbrechts2022-l2-c110",
            "gijsbrechts2022-l3-c105",
        )
    },
}
CASES = {env_id: across_products(env_id) for env_id in inv_gym.ENVIRONMENTS} | {
    name: single(name, instance) for name, instance in INSTANCES.items()
}
