"""The generalists: one network per problem for all its structures, trained on the broad
population.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem

GENERALIST = "DirectBackprop, generalist"
"""What they are called in tables."""
GENERALIST_NETWORK = NetworkConfig(hidden=(128, 128), magnified=(1e2, 1e4), whole_counts=True)
STEPS_OF_A_STRUCTURE = 500
VALIDATION_PRODUCTS = 192
"""Of each structure, for each time that it stands in a round of training."""

# What follows is our choice: structures in the order in which training plays them, those that are
# met more often more often, and the longest ones for what lies between them.
LEARNED_LEAD_TIMES = (5, 0, 1, 14, 0, 2, 7, 20, 0, 3, 10, 1, 0, 4, 5, 30, 0, 2, 6, 12, 0, 8, 16, 25)
LEARNED_PERISHABLES = (
    (3, 0),
    (7, 0),
    (2, 0),
    (5, 0),
    (1, 0),
    (14, 0),
    (3, 1),
    (4, 0),
    (2, 2),
    (10, 0),
    (7, 2),
    (3, 0),
    (30, 0),
    (2, 0),
    (5, 2),
    (6, 0),
    (1, 1),
    (8, 1),
    (14, 5),
    (2, 0),
    (20, 14),
    (7, 7),
    (30, 30),
    (12, 3),
)
"""Shelf lives and lead times."""
LEARNED_ISSUING = ("oldest_first", "oldest_first", "newest_first")
LEARNED_LEAD_TIME_PAIRS = (
    (5, 0),
    (2, 0),
    (1, 0),
    (14, 0),
    (3, 1),
    (2, 0),
    (7, 0),
    (5, 2),
    (10, 3),
    (2, 1),
    (20, 5),
    (4, 0),
    (30, 0),
    (3, 0),
    (14, 7),
    (5, 1),
)
"""Of the regular and of the expedited source."""
REMOVAL_STRUCTURES = 8
"""There is one alone; it counts as so many, for the steps that it needs."""
ENDS = (28, 14, 45, None)
"""Periods of episodes, beside those of the lead time; None is an episode without an end."""
ENDLESS_PERIODS = 28
"""Of episodes without an end, before they are cut."""


@singledispatch
def structures(problem: Problem) -> list[Problem]:
    """The problems of a class that its generalist learns from; `problem` is any of the class.

    Raises:
        ValueError: There is no generalist for the class.
    """
    raise ValueError(
        f"there is no generalist for {type(problem).__name__}: train direct-backprop, or register "
        "its structures (structures.register)."
    )


@structures.register
def _lost_sales(problem: LostSales) -> list[Problem]:
    return _played(LostSales(lead_time=lead_time) for lead_time in LEARNED_LEAD_TIMES)


@structures.register
def _perishable(problem: Perishable) -> list[Problem]:
    return _played(
        Perishable(
            shelf_life=life, lead_time=lead_time, issuing=LEARNED_ISSUING[n % len(LEARNED_ISSUING)]
        )
        for n, (life, lead_time) in enumerate(LEARNED_PERISHABLES)
    )


@structures.register
def _dual_sourcing(problem: DualSourcing) -> list[Problem]:
    return _played(
        DualSourcing(regular_lead_time=regular, expedited_lead_time=expedited)
        for regular, expedited in LEARNED_LEAD_TIME_PAIRS
    )


@structures.register
def _removal(problem: ProcurementRemoval) -> list[Problem]:
    return _played(ProcurementRemoval() for _ in range(REMOVAL_STRUCTURES))


def _played(problems: Iterable[Problem]) -> list[Problem]:
    """The problems with each of `ENDS`, in turn: what is ordered today is ordered without an end in
    sight.
    """
    every = list(problems)
    return [
        _ending(problem, ENDS[(shift + number) % len(ENDS)])
        for shift in range(len(ENDS))
        for number, problem in enumerate(every)
    ]


def _ending(problem: Problem, periods: int | None) -> Problem:
    """The problem with an end so many periods after the lead time; None: without one."""
    horizon = (periods or ENDLESS_PERIODS) + max(problem.lead_times)
    return replace(problem, horizon=horizon, long_run=periods is None)


def generalist_training(problem: Problem) -> TrainingConfig:
    """How the generalist of a class of problems is trained; `problem` is any of the class. The
    validation products are those of each structure.

    Raises:
        ValueError: There is no generalist for the class.
    """
    every = structures(problem)
    # few structures need more products each: of slow movers a single unit changes the score
    repeated = len(every) // len(set(every))
    return TrainingConfig(
        steps=STEPS_OF_A_STRUCTURE * len(every) // len(ENDS),
        optimiser="muon",
        check_every=1000,
        validation_products=VALIDATION_PRODUCTS * repeated,
        network=GENERALIST_NETWORK,
    )


def fine_tuning(seed: int = 0) -> TrainingConfig:
    """How a generalist is fitted to a table: in small steps, for as long as validation gains, and
    then half-way back.
    """
    return TrainingConfig(
        steps=600,
        learning_rate=1e-3,
        warm_up=20,
        check_every=50,
        patience=5,
        start_share=0.5,
        seed=seed,
        network=GENERALIST_NETWORK,
    )
