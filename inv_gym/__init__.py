"""Inventory control as Gymnasium environments and differentiable batch rollouts.

Importing registers the environments: ``gym.make("InvLostSales-v0")``.
"""

import gymnasium as _gymnasium

from inv_gym.evaluation import Evaluation, evaluate
from inv_gym.instances import INSTANCES, Instance, instance
from inv_gym.policy import Observation, Policy
from inv_gym.problem import Outcome, Problem
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.products import (
    POPULATIONS,
    InstanceProducts,
    Products,
    ProductSource,
    SyntheticProducts,
    draw_products,
)
from inv_gym.registry import ENVIRONMENTS, make_problem, make_source
from inv_gym.rollout import Rollout, rollout

__version__ = "0.1.0"

for _id, _environment in ENVIRONMENTS.items():
    if _id not in _gymnasium.registry:
        _gymnasium.register(
            _id,
            entry_point="inv_gym.envs:InventoryEnv",
            vector_entry_point="inv_gym.envs:InventoryVectorEnv",
            kwargs={
                "problem": _environment.problem,
                "products": _environment.products,
                **_environment.fields,
            },
        )

__all__ = [
    "ENVIRONMENTS",
    "INSTANCES",
    "POPULATIONS",
    "DualSourcing",
    "Evaluation",
    "Instance",
    "InstanceProducts",
    "LostSales",
    "Observation",
    "Outcome",
    "Perishable",
    "Policy",
    "Problem",
    "ProcurementRemoval",
    "ProductSource",
    "Products",
    "Rollout",
    "SyntheticProducts",
    "draw_products",
    "evaluate",
    "instance",
    "make_problem",
    "make_source",
    "rollout",
]
