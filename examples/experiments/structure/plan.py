"""What is trained to see what structure brings, and on what it is tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

import inv_gym
from experiments.campaign import Measurement
from experiments.seeds import STRUCTURE_TRAININGS
from inv_gym.agents.training.config import STRUCTURE_KINDS, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.demand.processes import DemandShock, Process, Trend, WeeklySeason, YearlySeason
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.synthetic import SyntheticProducts
from inv_gym.util.arrays import flatten, unflatten

SHOCK_BEGIN = HISTORY + 15
"""Period, counted from the start of the history, in which shocks begin."""
ENDLESS_LENGTH = 1000
"""Periods of a shock that lasts to the end."""
PRODUCT_NUMBERS = (100, 1000, 10_000)
LEAD_TIME_ENV = "InvLostSalesLeadTime-v0"
FAR_LEAD_TIMES = (6, 7, 8)


@dataclass(frozen=True)
class Setting:
    """What the networks of all kinds and seeds are trained on.

    Attributes:
        name: Of its files.
        env: The environment whose problem and products it has.
        fixed_products: Products with one demand path each; None draws fresh ones in each step.
        wide: Whether training starts from widely drawn stock.
        lead_times: One network for all of these; it is tested on them and on `FAR_LEAD_TIMES`.
    """

    name: str
    env: str
    fixed_products: int | None = None
    wide: bool = True
    lead_times: tuple[int, ...] = ()

    @property
    def problem(self) -> inv_gym.Problem:
        """What is trained on, or the first of it."""
        if self.lead_times:
            return self.with_lead_time(self.lead_times[0])
        return inv_gym.make_problem(self.env)

    def with_lead_time(self, lead_time: int) -> inv_gym.Problem:
        """The environment's problem with another lead time."""
        return inv_gym.make_problem(self.env, lead_time=lead_time)

    @property
    def unseen_lead_times(self) -> tuple[int, ...]:
        """Those that one network for several is tested on without training."""
        return FAR_LEAD_TIMES if self.lead_times else ()

    def training(self, kind: str, seed: int) -> DirectBackprop:
        """The training of a kind of network."""
        problems = [self.with_lead_time(n) for n in self.lead_times]
        further = [self.with_lead_time(n) for n in self.unseen_lead_times]
        config = self.config(kind, seed)
        return DirectBackprop(problems or self.problem, self.source, config, serves=further)

    def tests(self, number: int, seed: int) -> Iterator[tuple[str, inv_gym.Problem, Products]]:
        """Name, problem and products of every test."""
        for n in (*self.lead_times, *self.unseen_lead_times):
            problem = self.with_lead_time(n)
            products = inv_gym.draw_products(self.source, problem, number, seed)
            yield f"lead time {n}", problem, products
        for test in () if self.lead_times else UNSEEN_TESTS:
            yield test.name, self.problem, test.products(self, number, seed)

    @property
    def source(self) -> SyntheticProducts:
        """Stationary demand."""
        source = inv_gym.ENVIRONMENTS[self.env].source
        assert isinstance(source, SyntheticProducts)
        return source

    def config(self, kind: str, seed: int) -> TrainingConfig:
        """How to train."""
        steps = TrainingConfig.steps * (2 if self.lead_times else 1)
        config = TrainingConfig(
            steps=steps, seed=seed, fixed_products=self.fixed_products, wide=self.wide
        )
        return config.of_kind(kind)


@dataclass(frozen=True)
class UnseenTest:
    """Demand or starting stock that no training has seen.

    Attributes:
        group: ``shock``, ``drift`` or ``start``; ``same`` as in training.
        name: As shown.
        processes: What multiplies the mean demand.
        start: Periods' mean demand in each of the state's columns given by `columns` at the start.
        columns: How many columns, from the first; None: all.
    """

    group: str
    name: str
    processes: tuple[Process, ...] = ()
    start: float = 0.0
    columns: int | None = 1

    def products(self, setting: Setting, number: int, seed: int) -> Products:
        """The same products in every test, as far as their demand allows."""
        source = replace(setting.source, processes=self.processes)
        products = inv_gym.draw_products(source, setting.problem, number, seed)
        if not self.start:
            return products
        columns = list(flatten(products.initial_state))
        filled = columns[: self.columns]
        columns[: self.columns] = [np.rint(self.start * products.scale)] * len(filled)
        return products._replace(initial_state=unflatten(columns, products.initial_state))


def shock(factor: float, length: int = ENDLESS_LENGTH) -> tuple[Process, ...]:
    """The mean is multiplied for so many periods."""
    return (DemandShock(factor=factor, length=length, begin=SHOCK_BEGIN),)


UNSEEN_TESTS = (
    UnseenTest("same", "as in training"),
    *(
        UnseenTest("shock", f"× {factor} for {length} periods", shock(factor, length))
        for factor, length in product((2.0, 3.0), (1, 5, 10))
    ),
    *(UnseenTest("shock", f"× {factor} from then on", shock(factor)) for factor in (0.6, 0.3)),
    UnseenTest("drift", "seasons of week and year", (WeeklySeason(), YearlySeason())),
    UnseenTest("drift", "growth of 2 % per period", (Trend(0.02),)),
    UnseenTest("drift", "decline of 2 % per period", (Trend(-0.02),)),
    UnseenTest("start", "20 periods' demand on hand", start=20.0),
    UnseenTest("start", "100 periods' demand on hand", start=100.0),
    UnseenTest("start", "5 periods' demand in every column", start=5.0, columns=None),
)
"""All our choice. A shock begins in period 15 of the episode."""


ENV_SETTINGS = tuple(
    Setting(env, env) for env in sorted(inv_gym.ENVIRONMENTS, key=lambda env: env != LEAD_TIME_ENV)
)
EMPTY_START_SETTING = Setting(f"{LEAD_TIME_ENV}-from-empty", LEAD_TIME_ENV, wide=False)
LEAD_TIMES_SETTING = Setting(
    "InvLostSales-many-lead-times", LEAD_TIME_ENV, lead_times=(1, 2, 3, 4, 5)
)
PRODUCTS_SETTINGS = tuple(
    Setting(f"{LEAD_TIME_ENV}-{n}-products", LEAD_TIME_ENV, n) for n in PRODUCT_NUMBERS
)


def settings() -> list[Setting]:
    """All, the most important ones first."""
    return [*ENV_SETTINGS, EMPTY_START_SETTING, *PRODUCTS_SETTINGS, LEAD_TIMES_SETTING]


def plan(seeds: int = STRUCTURE_TRAININGS) -> list[Measurement]:
    """Every kind and seed of every setting, so ordered that an interrupted run has whole seeds."""
    return [
        Measurement.trained(setting.name, kind, seed, "rewards.npz")
        for setting in settings()
        for seed in range(seeds)
        for kind in STRUCTURE_KINDS
    ]
