"""What is trained to see what structure brings, and on what it is tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

import inv_gym
from inv_gym.agents.training.config import STRUCTURE_KINDS, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.demand.processes import DemandShock, Process, Trend, WeeklySeason, YearlySeason
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.sources import SyntheticProducts
from inv_gym.util.arrays import flatten, unflatten

FIRST = HISTORY + 15
"""Period, counted from the start of the history, in which shocks begin."""
LASTING = 1000
SMALL = (100, 1000, 10_000)
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
        return inv_gym.make_problem(
            self.env, **({"lead_time": self.lead_times[0]} if self.lead_times else {})
        )

    def training(self, kind: str, seed: int) -> DirectBackprop:
        """The training of a kind of network."""
        problems, further = (
            [replace(self.problem, lead_time=n) for n in some]  # type: ignore[call-arg]
            for some in (self.lead_times, FAR_LEAD_TIMES if self.lead_times else ())
        )
        return DirectBackprop(
            problems or self.problem, self.source, self.config(kind, seed), serves=further
        )

    def tests(self, number: int, seed: int) -> Iterator[tuple[str, inv_gym.Problem, Products]]:
        """Name, problem and products of every test."""
        for n in (*self.lead_times, *FAR_LEAD_TIMES) if self.lead_times else ():
            problem = replace(self.problem, lead_time=n)  # type: ignore[call-arg]
            yield (
                f"lead time {n}",
                problem,
                inv_gym.draw_products(self.source, problem, number, seed),
            )
        for test in () if self.lead_times else TESTS:
            yield test.name, self.problem, test.products(self, number, seed)

    @property
    def source(self) -> SyntheticProducts:
        """Stationary demand."""
        return inv_gym.ENVIRONMENTS[self.env].source

    def config(self, kind: str, seed: int) -> TrainingConfig:
        """How to train."""
        steps = TrainingConfig.steps * (2 if self.lead_times else 1)
        config = TrainingConfig(
            steps=steps, seed=seed, fixed_products=self.fixed_products, wide=self.wide
        )
        return config.of_kind(kind)


@dataclass(frozen=True)
class Test:
    """Demand or starting stock that no training has seen.

    Attributes:
        group: ``shock``, ``drift`` or ``start``; ``same`` as in training.
        name: As shown.
        processes: What multiplies the mean demand.
        start: Periods' mean demand in each of the state's columns given by `columns` at the start.
        columns: How many columns, from the first.
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
        columns = flatten(products.initial_state)
        amounts = [
            np.rint(self.start * products.scale)
            if index < (self.columns or len(columns))
            else column
            for index, column in enumerate(columns)
        ]
        return products._replace(initial_state=unflatten(amounts, products.initial_state))


def shock(factor: float, length: int = LASTING) -> tuple[Process, ...]:
    """The mean is multiplied for so many periods."""
    return (DemandShock(factor=factor, length=length, begin=FIRST),)


TESTS = (
    Test("same", "as in training"),
    *(
        Test("shock", f"× {factor} for {length} periods", shock(factor, length))
        for factor in (2.0, 3.0)
        for length in (1, 5, 10)
    ),
    *(Test("shock", f"× {factor} from then on", shock(factor)) for factor in (0.6, 0.3)),
    Test("drift", "seasons of week and year", (WeeklySeason(), YearlySeason())),
    Test("drift", "growth of 2 % per period", (Trend(0.02),)),
    Test("drift", "decline of 2 % per period", (Trend(-0.02),)),
    Test("start", "20 periods' demand on hand", start=20.0),
    Test("start", "100 periods' demand on hand", start=100.0),
    Test("start", "5 periods' demand in every column", start=5.0, columns=None),
)
"""All our choice. A shock begins in period 15 of the episode."""


REGISTERED = tuple(
    Setting(env, env) for env in sorted(inv_gym.ENVIRONMENTS, key=lambda env: env != LEAD_TIME_ENV)
)
FROM_EMPTY = Setting(f"{LEAD_TIME_ENV}-from-empty", LEAD_TIME_ENV, wide=False)
MANY_LEAD_TIMES = Setting("InvLostSales-many-lead-times", LEAD_TIME_ENV, lead_times=(1, 2, 3, 4, 5))
FEW_PRODUCTS = tuple(Setting(f"{LEAD_TIME_ENV}-{n}-products", LEAD_TIME_ENV, n) for n in SMALL)


def settings() -> list[Setting]:
    """All, the most important ones first."""
    return [*REGISTERED, FROM_EMPTY, *FEW_PRODUCTS, MANY_LEAD_TIMES]


def trainings(seeds: int) -> Iterator[tuple[Setting, str, int]]:
    """Setting, kind and seed, so ordered that an interrupted measurement has whole seeds."""
    for setting in settings():
        for seed in range(seeds):
            for kind in STRUCTURE_KINDS:
                yield setting, kind, seed
