"""What the evidence measures: each experiment trains a network with several seeds and
compares it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import inv_gym
from experiments.campaign import Measurement
from experiments.instances import INFORMED_NETWORK
from experiments.seeds import EVIDENCE_TRAININGS
from inv_gym import baselines
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.baselines.bayes import BayesBaseStock
from inv_gym.demand.ranges import LogUniform, Uniform
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.products.economics import EconomicsRanges
from inv_gym.products.populations import DEFAULT
from inv_gym.products.sources import ProductSource, SyntheticProducts

UNCOMPARED_HEURISTICS = (
    "random orders",
    "dual-balancing (knows distribution)",
    "myopic (knows distribution)",
    "waste-aware base-stock (knows distribution)",
    "low-waste base-stock (knows distribution)",
    "searched constant order",
    "searched constant order (knows distribution)",
    "capped base-stock (knows distribution)",
    "constant order (knows distribution)",
)
"""Left out of the comparison across products: no claim is about them, and some take minutes."""
DUAL_BALANCING_LEAD_TIMES = (1, 5, 10)
"""Lead times at which dual-balancing plays: it takes minutes."""
PROGRAM_REACH = 10
"""Lead time or shelf life that is past the reach of dynamic programs."""
SHORT_HORIZON = 40
"""Periods on which networks for a single instance train; wide starts make up for the shortness."""


@dataclass(frozen=True)
class Experiment:
    """Networks for a population of products, against heuristics on the same products.

    Attributes:
        name: Of its files.
        problem: What is played.
        source: Where products come from, for training and test.
        config: How to train; the seed is filled in.
        extra: Policies beside the heuristics, by name.
        bounded: Whether an upper bound stands in for the optimum, where no dynamic program reaches.
    """

    name: str
    problem: inv_gym.Problem
    source: ProductSource
    config: TrainingConfig = field(default_factory=TrainingConfig)
    extra: dict[str, Any] = field(default_factory=dict)
    bounded: bool = False

    def heuristics(self) -> dict[str, inv_gym.Policy]:
        """Everyone to compare with."""
        heuristics = baselines.policies(self.problem)
        omitted = {*UNCOMPARED_HEURISTICS}
        if max(self.problem.lead_times) not in DUAL_BALANCING_LEAD_TIMES:
            omitted.add("dual-balancing")
        return {n: policy for n, policy in heuristics.items() if n not in omitted} | self.extra


@dataclass(frozen=True)
class InstanceExperiment:
    """Networks that know the distribution of one published instance, evaluated exactly.

    Attributes:
        instance: Its name.
        roundings: How orders are made whole in training; of several trainings the best in
            validation stays.
    """

    instance: str
    roundings: tuple[str, ...] = ("dithered", "none")

    @property
    def instances(self) -> tuple[str, ...]:
        """What it is tried on."""
        return (self.instance,)

    @property
    def name(self) -> str:
        """Of its files."""
        return f"instance-{self.instance}" + (
            "" if len(self.roundings) > 1 else f"-{self.roundings[0]}"
        )

    @property
    def problem(self) -> inv_gym.Problem:
        """What is trained on."""
        return replace(inv_gym.INSTANCES[self.instance].problem, horizon=SHORT_HORIZON)

    @property
    def source(self) -> ProductSource:
        """One product."""
        return inv_gym.INSTANCES[self.instance].source

    @property
    def config(self) -> TrainingConfig:
        """How to train."""
        return TrainingConfig(
            steps=600, learning_rate=1e-2, check_every=50, network=INFORMED_NETWORK
        )


@dataclass(frozen=True)
class Generalist:
    """One network for many structures and costs of a problem, that has not seen the published
    instances.

    Attributes:
        name: Of its files.
        problems: What it trains on.
        source: Where products come from.
        config: How to train.
        instances: What it is tried on.
    """

    name: str
    problems: tuple[inv_gym.Problem, ...]
    source: ProductSource
    instances: tuple[str, ...]
    config: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            steps=4000, batch=512, network=replace(INFORMED_NETWORK, hidden=(64, 64))
        )
    )


AnyExperiment = Experiment | InstanceExperiment | Generalist


def lost_sales(name: str, source: ProductSource, lead_time: int = 0, **fields: Any) -> Experiment:
    """Across the products of a source."""
    problem = LostSales(lead_time=lead_time, **fields)
    return Experiment(name, problem, source, bounded=lead_time >= PROGRAM_REACH)


def beside_bayes(experiment: Experiment) -> Experiment:
    """With the policy that knows the population, beside the heuristics."""
    problem, source = experiment.problem, experiment.source
    assert isinstance(problem, LostSales)
    assert isinstance(source, SyntheticProducts)
    bayes = BayesBaseStock(problem, source)
    return replace(experiment, extra={"Bayes": bayes})


def experiments() -> list[AnyExperiment]:
    """All, the most important ones first."""
    default, poisson, high = (
        inv_gym.make_source(name) for name in ("default", "poisson", "high_variance")
    )

    def lead_time(n: int) -> Experiment:
        return lost_sales(f"lead-time-{n}", default, n)

    def shelf_life(m: int) -> Experiment:
        return Experiment(
            f"shelf-life-{m}", Perishable(shelf_life=m), high, bounded=m >= PROGRAM_REACH
        )

    def dual_sourcing(n: int) -> Experiment:
        return Experiment(
            f"dual-sourcing-{n}",
            DualSourcing(regular_lead_time=n),
            default,
            bounded=n >= PROGRAM_REACH,
        )

    return [
        beside_bayes(lost_sales("no-lead-time-poisson", poisson)),
        beside_bayes(lost_sales("no-lead-time-default", default)),
        *(InstanceExperiment(name) for name in inv_gym.INSTANCES),
        *map(lead_time, (1, 2, 5, 10)),
        replace(
            lead_time(5),
            name="lead-time-5-known-distribution",
            config=TrainingConfig(network=INFORMED_NETWORK),
        ),
        lost_sales("lead-time-5-poisson", poisson, 5),
        *map(shelf_life, (1, 2, 3, 5)),
        *map(dual_sourcing, (2, 3)),
        Experiment("removal", ProcurementRemoval(), default),
        Experiment(
            "removal-known-distribution",
            ProcurementRemoval(),
            default,
            TrainingConfig(network=INFORMED_NETWORK),
        ),
        InstanceExperiment("demoor2022-newest-first", ("straight_through",)),
        InstanceExperiment("zipkin2008-poisson5-p4-L4", ("straight_through",)),
        lost_sales("season", inv_gym.make_source("seasonal"), 2),
        lost_sales("regime-change", inv_gym.make_source("regime_change"), 2),
        lost_sales("shock", inv_gym.make_source("shock"), 2),
        *generalists(),
        *map(lead_time, (3, 4, 7, 20)),
        *map(shelf_life, (4, 8, 10)),
        *map(dual_sourcing, (4, 10)),
        lost_sales("censored", default, 0, censored=True),
        *map(lead_time, (6, 8, 9)),
        *map(shelf_life, (6, 7)),
        dual_sourcing(1),
    ]


def generalists() -> list[Generalist]:
    """One per problem; costs in the form of the published instances, in ranges around them."""
    whole: dict[str, Any] = {
        "long_run": True,
        "discount": 1.0,
        "integer_orders": True,
        "horizon": SHORT_HORIZON,
    }
    counts = replace(
        DEFAULT,
        families=("poisson", "negative_binomial", "rounded_gamma", "discrete_uniform"),
        mean=LogUniform(1.5, 10.0),
        dispersion=Uniform(0.05, 0.5),
    )

    def costs(**figures: Any) -> SyntheticProducts:
        nothing = {"price": 0.0, "unit_cost": 0.0, "salvage_value": 0.0}
        return replace(counts, economics=EconomicsRanges(extra={**nothing, **figures}))

    def published(prefix: str) -> tuple[str, ...]:
        return tuple(name for name in inv_gym.INSTANCES if name.startswith(prefix))

    return [
        Generalist(
            "generalist-lost-sales",
            tuple(LostSales(lead_time=n, **whole) for n in range(11)),
            costs(holding_cost=1.0, shortage_cost=LogUniform(2.0, 20.0)),
            published("zipkin"),
        ),
        Generalist(
            "generalist-perishable",
            tuple(
                Perishable(
                    shelf_life=m,
                    lead_time=n,
                    issuing=issuing,
                    order_cap=10.0,
                    **{**whole, "discount": 0.99},
                )
                for m in (1, 2, 3, 4, 5)
                for n in (0, 1)
                for issuing in ("oldest_first", "newest_first")
            ),
            replace(
                costs(
                    unit_cost=Uniform(1.0, 4.0),
                    holding_cost=1.0,
                    shortage_cost=LogUniform(4.5, 20.0),
                    outdating_cost=LogUniform(2.0, 15.0),
                ),
                mean=LogUniform(2.0, 6.0),
            ),
            published("demoor"),
        ),
        Generalist(
            "generalist-dual-sourcing",
            tuple(DualSourcing(regular_lead_time=n, **whole) for n in (1, 2, 3, 4)),
            costs(
                regular_cost=100.0,
                expedited_cost=Uniform(102.0, 120.0),
                holding_cost=5.0,
                shortage_cost=LogUniform(100.0, 800.0),
            ),
            published("gijsbrechts"),
        ),
        Generalist(
            "generalist-removal",
            (ProcurementRemoval(**{**whole, "discount": 0.95}),),
            costs(
                unit_cost=Uniform(5.0, 15.0),
                removal_value=Uniform(-1.0, 4.9),
                holding_cost=1.0,
                shortage_cost=LogUniform(16.0, 60.0),
            ),
            published("removal-cost"),
        ),
    ]


def plan(seeds: int = EVIDENCE_TRAININGS) -> list[Measurement]:
    """An experiment with all its seeds is measured as a whole."""
    return [Measurement(e.name, (e.name, seeds), file=result_of(e)) for e in experiments()]


def result_of(experiment: AnyExperiment) -> str:
    """The file that is written last."""
    file = "rewards.npz" if isinstance(experiment, Experiment) else "gaps.json"
    return f"{experiment.name}/{file}"
