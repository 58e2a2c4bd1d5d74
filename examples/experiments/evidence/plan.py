"""The experiments of the evidence: each trains networks with several seeds and compares them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import product
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
from inv_gym.products.sources import ProductSource
from inv_gym.products.synthetic import SyntheticProducts

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
INFORMED_LEAD_TIMES = (1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 6, 8, 1, 2, 3, 4, 10)
"""Of the generalist for lost sales with a known law: those of the instances more often."""
SHORT_HORIZON = 40
"""Periods on which networks for a single instance train; wide starts make up for the shortness."""


@dataclass(frozen=True)
class Experiment:
    """Networks against heuristics on products of a population, or exactly on published instances.

    Attributes:
        name: Of its files.
        problems: What one network trains on and plays.
        source: Where products come from, for training and test.
        config: How to train; the seed is filled in.
        instances: Published instances that it is tried on; none if it is tried on products.
        roundings: How orders are made whole in training, if not as in `config`; of several
            trainings the best in validation stays.
        extra: Policies beside the heuristics, by name.
        bounded: Whether an upper bound stands in for the optimum, where no dynamic program reaches.
    """

    name: str
    problems: tuple[inv_gym.Problem, ...]
    source: ProductSource
    config: TrainingConfig = field(default_factory=TrainingConfig)
    instances: tuple[str, ...] = ()
    roundings: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    bounded: bool = False

    @property
    def result(self) -> str:
        """The file that is written last."""
        return f"{self.name}/{'gaps.json' if self.instances else 'rewards.npz'}"

    def configs(self, seed: int) -> list[TrainingConfig]:
        """Of the trainings of a seed, one for each rounding."""
        roundings = self.roundings or (self.config.rounding,)
        return [replace(self.config, seed=seed, rounding=rounding) for rounding in roundings]

    def heuristics(self) -> dict[str, inv_gym.Policy]:
        """Everyone to compare with."""
        (problem,) = self.problems
        heuristics = baselines.policies(problem)
        omitted = {*UNCOMPARED_HEURISTICS}
        if max(problem.lead_times) not in DUAL_BALANCING_LEAD_TIMES:
            omitted.add("dual-balancing")
        return {n: policy for n, policy in heuristics.items() if n not in omitted} | self.extra


def on_instance(name: str, roundings: tuple[str, ...] = ("dithered", "none")) -> Experiment:
    """A network that knows the distribution of one published instance."""
    task = inv_gym.instance(name)
    title = f"instance-{name}" if len(roundings) > 1 else f"instance-{name}-{roundings[0]}"
    problem = replace(task.problem, horizon=SHORT_HORIZON)
    config = TrainingConfig(steps=600, learning_rate=1e-2, check_every=50, network=INFORMED_NETWORK)
    return Experiment(title, (problem,), task.source, config, (name,), roundings)


def across(name: str, problem: inv_gym.Problem, source: ProductSource) -> Experiment:
    """Across the products of a source; past the reach of dynamic programs with an upper bound."""
    length = getattr(problem, "shelf_life", max(problem.lead_times))
    return Experiment(name, (problem,), source, bounded=length >= PROGRAM_REACH)


def informed(experiment: Experiment) -> Experiment:
    """The same with networks that know the distribution."""
    config = TrainingConfig(network=INFORMED_NETWORK)
    return replace(experiment, name=f"{experiment.name}-known-distribution", config=config)


def beside_bayes(name: str, population: str) -> Experiment:
    """Without lead time, beside the policy that knows the population."""
    problem, source = LostSales(), inv_gym.make_source(population)
    assert isinstance(source, SyntheticProducts)
    bayes = BayesBaseStock(problem, source)
    return replace(across(name, problem, source), extra={"Bayes": bayes})


def experiments() -> list[Experiment]:
    """All, the most important ones first."""
    default, high = inv_gym.make_source("default"), inv_gym.make_source("high_variance")

    def lead_time(n: int) -> Experiment:
        return across(f"lead-time-{n}", LostSales(lead_time=n), default)

    def shelf_life(m: int) -> Experiment:
        return across(f"shelf-life-{m}", Perishable(shelf_life=m), high)

    def dual_sourcing(n: int) -> Experiment:
        return across(f"dual-sourcing-{n}", DualSourcing(regular_lead_time=n), default)

    def changing(name: str, source: str, lead_time: int = 2) -> Experiment:
        return across(name, LostSales(lead_time=lead_time), inv_gym.make_source(source))

    removal = across("removal", ProcurementRemoval(), default)
    return [
        beside_bayes("no-lead-time-poisson", "poisson"),
        beside_bayes("no-lead-time-default", "default"),
        *map(on_instance, inv_gym.INSTANCES),
        *map(lead_time, (1, 2, 5, 10)),
        informed(lead_time(5)),
        changing("lead-time-5-poisson", "poisson", 5),
        *map(shelf_life, (1, 2, 3, 5)),
        *map(dual_sourcing, (2, 3)),
        removal,
        informed(removal),
        on_instance("demoor2022-newest-first", ("straight_through",)),
        on_instance("zipkin2008-poisson5-p4-L4", ("straight_through",)),
        changing("season", "seasonal"),
        changing("regime-change", "regime_change"),
        changing("shock", "shock"),
        *generalists(),
        *map(lead_time, (3, 4, 7, 20)),
        *map(shelf_life, (4, 8, 10)),
        *map(dual_sourcing, (4, 10)),
        across("censored", LostSales(lead_time=0, censored=True), default),
        *map(lead_time, (6, 8, 9)),
        *map(shelf_life, (6, 7)),
        dual_sourcing(1),
    ]


def generalists() -> list[Experiment]:
    """Networks for many structures and costs of a problem, that have not seen the published
    instances: costs in the form of those instances, in ranges around them.
    """
    counts = replace(
        DEFAULT,
        families=("poisson", "negative_binomial", "rounded_gamma", "discrete_uniform"),
        dispersion=Uniform(0.05, 0.5),
    )
    network = replace(INFORMED_NETWORK, hidden=(64, 64))
    config = TrainingConfig(steps=4000, check_every=500, network=network)
    long = TrainingConfig(steps=10000, network=network)
    whole: dict[str, Any] = {"long_run": True, "integer_orders": True, "horizon": SHORT_HORIZON}

    def generalist(
        name: str,
        prefix: str,
        problems: Iterable[inv_gym.Problem],
        mean: LogUniform = LogUniform(1.5, 10.0),
        config: TrainingConfig = config,
        **costs: Any,
    ) -> Experiment:
        nothing = {"price": 0.0, "unit_cost": 0.0, "salvage_value": 0.0}
        source = replace(counts, mean=mean, economics=EconomicsRanges(extra={**nothing, **costs}))
        instances = tuple(n for n in inv_gym.INSTANCES if n.startswith(prefix))
        return Experiment(f"generalist-{name}", tuple(problems), source, config, instances)

    structures = product((1, 2, 3, 4, 5), (0, 1), ("oldest_first", "newest_first"))
    perishable = Perishable(order_cap=10.0, discount=0.99, **whole)
    return [
        generalist(
            "lost-sales",
            "zipkin",
            (LostSales(lead_time=n, discount=1.0, **whole) for n in INFORMED_LEAD_TIMES),
            config=long,
            holding_cost=1.0,
            shortage_cost=LogUniform(1.0, 60.0),
        ),
        generalist(
            "perishable",
            "demoor",
            (
                replace(perishable, shelf_life=m, lead_time=n, issuing=issuing)
                for m, n, issuing in structures
            ),
            LogUniform(2.0, 6.0),
            unit_cost=Uniform(1.0, 4.0),
            holding_cost=1.0,
            shortage_cost=LogUniform(4.5, 20.0),
            outdating_cost=LogUniform(2.0, 15.0),
        ),
        generalist(
            "dual-sourcing",
            "gijsbrechts",
            (DualSourcing(regular_lead_time=n, discount=1.0, **whole) for n in (1, 2, 3, 4)),
            regular_cost=100.0,
            expedited_cost=Uniform(102.0, 120.0),
            holding_cost=5.0,
            shortage_cost=LogUniform(100.0, 800.0),
        ),
        generalist(
            "removal",
            "removal-cost",
            (ProcurementRemoval(discount=0.95, **whole),),
            unit_cost=Uniform(5.0, 15.0),
            removal_value=Uniform(-1.0, 4.9),
            holding_cost=1.0,
            shortage_cost=LogUniform(16.0, 60.0),
        ),
    ]


def plan(seeds: int = EVIDENCE_TRAININGS) -> list[Measurement]:
    """An experiment with all its seeds is measured as a whole."""
    return [Measurement(e.name, (e.name, seeds), file=e.result) for e in experiments()]
