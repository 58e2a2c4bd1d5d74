"""Which trainings are run: perishables issued newest first, where ordering pays least surely, and
the five environments.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import inv_gym
from experiments.campaign import Measurement
from experiments.instances import INFORMED_NETWORK
from experiments.seeds import SHORT_TRAININGS
from inv_gym import InstanceProducts, Perishable, Task
from inv_gym.agents.training.config import TrainingConfig

NEWEST_FIRST_SEEDS = 5
SHELF_LIVES, LEAD_TIMES = (2, 3, 4), (0, 1)
STUDIED_COSTS = {"shortage 5, outdating 7": (5.0, 7.0), "shortage 20, outdating 2": (20.0, 2.0)}
"""Money per unit beside a unit cost of 3 and a holding cost of 1, after De Moor et al. (2022)."""
SHORT_TRAINING = TrainingConfig(
    steps=200,
    batch=128,
    learning_rate=1e-2,
    warm_up=20,
    check_every=25,
    validation_products=256,
)


def newest_first() -> dict[str, Task]:
    """Perishable products, issued newest first, by name."""
    tasks = {}
    for shelf_life, lead_time, costs in product(SHELF_LIVES, LEAD_TIMES, STUDIED_COSTS):
        shortage, outdating = STUDIED_COSTS[costs]
        economics = {"shortage_cost": shortage, "outdating_cost": outdating}
        problem = Perishable(
            shelf_life=shelf_life,
            lead_time=lead_time,
            issuing="newest_first",
            horizon=40,
            long_run=True,
            discount=1.0,
            integer_orders=True,
        )
        source = InstanceProducts(
            "negative_binomial",
            4.0,
            {**economics, "unit_cost": 3.0, "holding_cost": 1.0},
            dispersion=0.25,
        )
        name = f"newest first, shelf life {shelf_life}, lead time {lead_time}, {costs}"
        tasks[name] = Task(problem, source)
    return tasks


def tasks() -> dict[str, tuple[Task, int]]:
    """All that is trained, with the number of seeds, by name."""
    perishables = {name: (task, NEWEST_FIRST_SEEDS) for name, task in newest_first().items()}
    environments = {name: (task, SHORT_TRAININGS) for name, task in inv_gym.ENVIRONMENTS.items()}
    return perishables | environments


def config(name: str, seed: int) -> TrainingConfig:
    """How one of them is trained: for one product its distribution is known."""
    if name in newest_first():
        return replace(SHORT_TRAINING, seed=seed, network=INFORMED_NETWORK)
    return replace(SHORT_TRAINING, seed=seed)


def plan() -> list[Measurement]:
    """A training at a time, all names of a seed before the next seed."""
    return [
        Measurement(name, (name, seed), f"seed {seed}", f"{name}/{seed}.json")
        for seed in range(SHORT_TRAININGS)
        for name, (_, seeds) in tasks().items()
        if seed < seeds
    ]
