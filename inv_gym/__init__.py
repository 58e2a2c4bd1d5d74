"""Inventory control as Gymnasium environments and differentiable batch rollouts.

Importing registers the environments: ``gym.make("InvLostSales-v0")``.
"""

# first, so that the command can be interrupted from here on
import inv_gym.util.interrupts  # noqa: F401

# isort: split
from inv_gym.advice.advising import advise
from inv_gym.demand.families import Empirical, Family
from inv_gym.demand.ranges import LogNormalRange, LogUniform, Uniform
from inv_gym.play.evaluation import Evaluation, evaluate
from inv_gym.play.policy import Observation, Policy
from inv_gym.play.rollout import Rollout, rollout
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Outcome, Problem
from inv_gym.products.augmented import augmented_table
from inv_gym.products.batch import Products
from inv_gym.products.economics import EconomicsRanges
from inv_gym.products.likeness import population_like
from inv_gym.products.populations import POPULATIONS
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.products.synthetic import InstanceProducts, SyntheticProducts
from inv_gym.tasks.instances import INSTANCES, instance
from inv_gym.tasks.naming import make_source
from inv_gym.tasks.registry import ENVIRONMENTS, make_problem, register, task
from inv_gym.tasks.tables import table_task, table_tasks
from inv_gym.tasks.task import Task

__version__ = "0.1.0"

__all__ = [
    "ENVIRONMENTS",
    "INSTANCES",
    "POPULATIONS",
    "DualSourcing",
    "EconomicsRanges",
    "Empirical",
    "Evaluation",
    "Family",
    "InstanceProducts",
    "LogNormalRange",
    "LogUniform",
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
    "Task",
    "Uniform",
    "advise",
    "augmented_table",
    "draw_products",
    "evaluate",
    "instance",
    "make_problem",
    "make_source",
    "population_like",
    "register",
    "rollout",
    "table_task",
    "table_tasks",
    "task",
]
