"""Bad inputs of every public call: each is refused, by a message of this package that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from bad_inputs import (
    NOT_FINITE,
    Bad,
    Thing,
    answered,
    arrays_with,
    flags,
    fuzz,
    is_pair,
    named,
    names,
    ranges,
    real,
    refused,
    things,
    whole,
)
from hypothesis import given
from hypothesis import strategies as st

import inv_gym
from inv_gym import EconomicsRanges, InstanceProducts, LostSales, SyntheticProducts, baselines
from inv_gym.baselines import exact
from inv_gym.demand.families import FAMILIES
from inv_gym.demand.processes import (
    AutocorrelatedLevel,
    DemandShock,
    RegimeChange,
    Trend,
    WeeklySeason,
    YearlySeason,
)
from inv_gym.tasks.registry import PROBLEMS

ENV = "InvLostSales-v0"
HORIZON = 3
PROBLEM = LostSales(horizon=HORIZON)


@dataclass(frozen=True)
class Calls:
    """A call with keywords, each of which can be bad.

    Attributes:
        call: Takes keywords.
        bad: What is bad for each keyword.
        good: Keywords beside it.
    """

    call: Callable[..., Any]
    bad: Mapping[str, st.SearchStrategy[Bad]]
    good: Mapping[str, Any]


def drawn(data: st.DataObject, calls: Calls, what: str) -> None:
    """Draw a keyword and a bad value for it, and see the call refuse it."""
    name = data.draw(st.sampled_from(sorted(calls.bad)))
    bad = data.draw(calls.bad[name])
    arguments = {**calls.good, name: bad.value}
    refused(lambda: calls.call(**arguments), bad.words, f"{what}({name}={bad.value!r})")


FIELDS = {
    "horizon": whole(1, 1_000_000),
    "discount": real(0.0, 1.0, above=True),
    "lead_time": whole(0, 1000),
    "order_cap": real(0.0, above=True, none=False),
    "integer_orders": flags(),
    "long_run": flags(),
    "censored": flags(),
    "initial_stock": real().filter(lambda bad: not is_pair(bad.value)),
}
KNOWN_SOURCES = (*inv_gym.POPULATIONS, *inv_gym.INSTANCES)
KNOWN_TASKS = ("", *inv_gym.ENVIRONMENTS, *inv_gym.INSTANCES)
SOURCES = st.one_of(things(KNOWN_SOURCES), st.lists(st.integers(), max_size=2).map(named))
NAMES = things(KNOWN_TASKS)
PLAYED = {**FIELDS, "products": SOURCES, "problem": things(PROBLEMS), "task": NAMES}


def build(kind: Callable[..., Any], good: Mapping[str, Any], bad: Mapping[str, Any]) -> Calls:
    return Calls(kind, bad, good)


def reset(options: Any) -> Any:
    return environment().reset(options=options)


def reset_vector(options: Any) -> Any:
    return vector().reset(options=options)


@cache
def environment() -> Any:
    """An environment that has begun."""
    env = gym.make(ENV, horizon=HORIZON).unwrapped
    env.reset(seed=1)
    return env


@cache
def vector() -> Any:
    """A vector environment that has begun."""
    env = gym.make_vec(ENV, num_envs=2, horizon=HORIZON).unwrapped
    env.reset(seed=1)
    return env


def traces() -> st.SearchStrategy[Bad]:
    """Demands that cannot be played."""
    wrong = st.sampled_from([(), (0,), (2,), (4,), (3, 3), (3, 1, 1)]).map(
        lambda shape: Bad(np.ones(shape), (f"shape {shape}",))
    )
    values = st.one_of(
        arrays_with(np.nan, (3,)), arrays_with(-1.0, (3,)), arrays_with(np.inf, (3,))
    )
    texts = st.sampled_from(["much", b"x", Thing(), [[1.0], [2.0, 3.0]], {"a": 1}, ["a", "b", "c"]])
    return st.one_of(wrong, values, texts.map(named))


def options() -> st.SearchStrategy[Bad]:
    """Options of a reset that are none."""
    unknown = names(["demand", "reset_mask"]).filter(lambda bad: bad.value == bad.value)
    return st.one_of(
        traces().map(lambda bad: Bad({"demand": bad.value}, bad.words)),
        unknown.map(lambda bad: Bad({bad.value: 1}, bad.words)),
        things(),
        st.lists(st.integers(), max_size=2).map(named),
    )


def masks() -> st.SearchStrategy[Bad]:
    """Masks that do not reset every row of two."""
    partial = st.sampled_from([[True, False], [False, True], [False, False]])
    wrong = st.sampled_from([np.array([1, 1]), np.array([True]), "all", 5, Thing()])
    return st.one_of(
        partial.map(lambda rows: Bad({"reset_mask": np.array(rows)}, ("False for row",))),
        wrong.map(lambda mask: Bad({"reset_mask": mask}, (repr(mask),))),
    )


def actions(shape: tuple[int, ...]) -> st.SearchStrategy[Bad]:
    """Actions that are no orders."""
    wrong = st.sampled_from([(), (0,), (2, 2), (1, 1, 1), (3,)]).map(
        lambda other: Bad(np.ones(other), (f"shape {other}",))
    )
    values = st.sampled_from([np.nan, -1.0, np.inf, -np.inf, -1e-9, 3.5e38])
    kinds = st.sampled_from([complex, bool, object, "U3"]).map(
        lambda kind: Bad(np.ones(shape).astype(kind), ("dtype",))
    )
    return st.one_of(wrong, values.flatmap(lambda value: arrays_with(value, shape)), kinds)


def step(action: Any) -> Any:
    return environment().step(action)


def step_vector(action: Any) -> Any:
    return vector().step(action)


RANGES = {
    "price": ranges(0.0),
    "margin": ranges(0.0, 1.0),
    "holding_rate": ranges(0.0),
    "shortage_rate": ranges(0.0),
    "outdating_rate": ranges(0.0),
    "expediting_rate": ranges(0.0),
    "removal_rate": ranges(),
    "salvage_rate": ranges(),
}


def products_of(**keys: Any) -> Any:
    return inv_gym.make_source(keys)


def economics_of(**figures: Any) -> Any:
    return inv_gym.make_source({"economics": figures})


COSTS = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 1.0}
POPULATION = inv_gym.make_source("poisson")
ORDER = baselines.ConstantOrder(problem=PROBLEM, quantity=4.0)
DRAWN = inv_gym.draw_products(InstanceProducts("poisson", 2.0, COSTS), PROBLEM, 1)
BATCH = inv_gym.draw_products(POPULATION, PROBLEM, 4)


@dataclass(frozen=True)
class Given:
    """Orders what it was given."""

    orders: Any
    knows = "nothing"

    def __call__(self, observation: Any) -> Any:
        return self.orders


def bad_orders() -> st.SearchStrategy[Bad]:
    """Policies whose orders cannot be taken, for a batch of four."""
    wrong = st.sampled_from([(4,), (1, 4), (5, 1), (4, 2), (0, 1), ()]).map(
        lambda shape: Bad(Given(np.ones(shape)), (str(shape),))
    )
    values = st.sampled_from([np.nan, -1.0, np.inf, -np.inf, 1e200]).flatmap(
        lambda value: arrays_with(value, (4, 1))
    )
    kinds = st.sampled_from([None, "much", Thing(), np.ones((4, 1), complex), ["a"] * 4]).map(
        lambda orders: Bad(Given(orders), ("policy Given must return",))
    )
    return st.one_of(wrong, values.map(lambda bad: Bad(Given(bad.value), bad.words)), kinds)


def play(policy: Any) -> Any:
    return inv_gym.rollout(PROBLEM, policy, BATCH)


def evaluate_one(policy: Any) -> Any:
    return inv_gym.evaluate(PROBLEM, {"bad": policy}, BATCH)


EVALUATE = {
    "number": whole(1),
    "seed": whole(0),
    "warm_up": whole(0).filter(lambda bad: bad.value is not None),
    "chunk_size": whole(1),
    "reference": names(["order"]),
    "like": things(),
    "per_product": things(),
    "executor": things(),
    "policies": st.one_of(
        things(),
        things().map(lambda bad: Bad({"order": bad.value}, bad.words)),
        st.integers().map(lambda name: Bad({name: ORDER}, (repr(name),))),
    ),
    "products": SOURCES,
}


def bad_economics() -> st.SearchStrategy[Bad]:
    """Costs of one product without an optimum."""
    figures = st.sampled_from(["unit_cost", "holding_cost", "price"])
    values = st.one_of(NOT_FINITE, st.floats(-1e6, -1e-3))
    return st.builds(
        lambda name, value: Bad(
            DRAWN.economics._replace(**{name: np.array([value])}), (str(value), f"{value:g}")
        ),
        figures.filter(lambda name: name != "price"),
        values,
    )


EXACT: dict[str, st.SearchStrategy[Bad]] = {
    "stock": real(0.0),
    "limit": whole(1),
    "economics": bad_economics(),
}
TARGETS: dict[str, Calls] = {
    "gym.make": build(lambda **k: gym.make(ENV, **k), {}, PLAYED),
    "gym.make_vec": build(
        lambda **k: gym.make_vec(ENV, **{"num_envs": 2, **k}),
        {},
        {
            **PLAYED,
            "num_envs": whole(1, 1_000_000),
            "autoreset_mode": names(["NextStep", "SameStep", "Disabled"]),
            "max_episode_steps": whole(1).filter(lambda bad: bad.value is not None),
        },
    ),
    "inv_gym.task": build(
        lambda name=ENV, **k: inv_gym.task(name, **k),
        {},
        {
            **{k: v for k, v in PLAYED.items() if k != "task"},
            "name": NAMES.filter(lambda bad: bad.value != 0),
            "warm_up": whole(0).filter(lambda bad: bad.value is not None),
        },
    ),
    "LostSales": build(LostSales, {}, FIELDS),
    "make_source of keys": build(
        products_of,
        {},
        {
            "population": names(inv_gym.POPULATIONS),
            "families": st.one_of(
                names(FAMILIES).map(lambda bad: Bad([bad.value], bad.words)),
                st.integers().map(named),
            ),
            "mean": ranges(0.0),
            "dispersion": ranges(0.0),
            "economics": things(),
        },
    ),
    "make_source": build(lambda products: inv_gym.make_source(products), {}, {"products": SOURCES}),
    "make_source of economics": build(economics_of, {}, RANGES),
    "EconomicsRanges": build(EconomicsRanges, {}, {**RANGES, "extra": things()}),
    "SyntheticProducts": build(
        SyntheticProducts,
        {},
        {
            "mean": ranges(0.0),
            "dispersion": ranges(0.0),
            "families": names(FAMILIES).map(lambda bad: Bad((bad.value,), bad.words)),
            "processes": things().map(lambda bad: Bad((bad.value,), bad.words)),
            "economics": things(),
        },
    ),
    "InstanceProducts": build(
        lambda **k: InstanceProducts(**k),
        {"family": "gamma", "mean": 3.0, "economics": COSTS, "dispersion": 0.5},
        {
            "family": names(FAMILIES),
            "mean": real(0.0, 1e9, above=True),
            "dispersion": real(0.0, above=True),
            "stock": real(0.0, none=False),
            "economics": st.one_of(
                things(), real().map(lambda bad: Bad({"price": bad.value}, bad.words))
            ),
        },
    ),
    "WeeklySeason": build(WeeklySeason, {}, {"spread": ranges(0.0)}),
    "YearlySeason": build(YearlySeason, {}, {"amplitude": ranges(0.0, 1.0)}),
    "Trend": build(Trend, {}, {"rate": ranges(-0.5, 1.0)}),
    "AutocorrelatedLevel": build(
        AutocorrelatedLevel, {}, {"correlation": ranges(-1.0, 1.0), "spread": ranges(0.0)}
    ),
    "RegimeChange": build(RegimeChange, {}, {"factor": ranges(0.0)}),
    "DemandShock": build(
        DemandShock,
        {},
        {
            "factor": ranges(0.0),
            "length": whole(1),
            "begin": whole(0).filter(lambda bad: bad.value is not None),
        },
    ),
    "reset": build(reset, {}, {"options": options()}),
    "reset of a vector": build(reset_vector, {}, {"options": st.one_of(options(), masks())}),
    "step": build(step, {}, {"action": actions((1,))}),
    "step of a vector": build(step_vector, {}, {"action": actions((2, 1))}),
    "rollout": build(
        lambda **k: inv_gym.rollout(PROBLEM, k.pop("policy", ORDER), **k),
        {"products": "poisson"},
        {"number": whole(1), "seed": whole(0), "products": SOURCES, "policy": things()},
    ),
    "rollout of orders": build(play, {}, {"policy": bad_orders()}),
    "evaluate": build(
        lambda **k: inv_gym.evaluate(PROBLEM, k.pop("policies", {"order": ORDER}), **k),
        {"products": "poisson", "number": 2},
        EVALUATE,
    ),
    "evaluate of orders": build(evaluate_one, {}, {"policy": bad_orders()}),
    "exact.solve": build(
        lambda **k: exact.solve(PROBLEM, **k),
        {"distribution": DRAWN.distribution, "economics": DRAWN.economics},
        {**EXACT, "tolerance": real(0.0, 1.0, above=True)},
    ),
    "exact.upper_bound": build(
        lambda **k: exact.upper_bound(PROBLEM, **k),
        {"distribution": DRAWN.distribution, "economics": DRAWN.economics},
        EXACT,
    ),
    "exact.follow": build(
        lambda **k: exact.follow(
            replace(PROBLEM, integer_orders=True), k.pop("policy", ORDER), **k
        ),
        {"distribution": DRAWN.distribution, "economics": DRAWN.economics},
        {"economics": bad_economics(), "stock": real(0.0)},
    ),
}


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
@fuzz
def test_a_bad_input_is_refused(target: str, data: st.DataObject) -> None:
    drawn(data, TARGETS[target], target)


# ---------------------------------------------------------------- extremes that may be right


def between(least: float, most: float) -> st.SearchStrategy[tuple[float, float]]:
    """Pairs (low, high) of a range."""
    number = st.floats(least, most)
    return st.tuples(number, number).map(lambda pair: (min(pair), max(pair)))


PROCESSES = st.one_of(
    between(0.0, 1e3).map(WeeklySeason),
    between(0.0, 1.0).map(YearlySeason),
    between(-0.5, 1.0).map(Trend),
    st.builds(AutocorrelatedLevel, between(-1.0, 1.0), between(0.0, 1e3)),
    between(0.0, 1e15).map(RegimeChange),
    st.builds(DemandShock, between(0.0, 1e15), st.integers(1, 10**12), st.integers(0, 10**12)),
)


@given(
    family=st.sampled_from(sorted(FAMILIES)),
    mean=between(1e-12, 1e9),
    dispersion=between(1e-12, 1e12),
    processes=st.lists(PROCESSES, max_size=2),
    horizon=st.integers(1, 400),
)
@fuzz
def test_an_extreme_population_is_drawn_or_refused(
    family: str,
    mean: tuple[float, float],
    dispersion: tuple[float, float],
    processes: list[Any],
    horizon: int,
) -> None:
    def draw() -> inv_gym.Products:
        source = SyntheticProducts((family,), mean, dispersion, tuple(processes))
        rng = np.random.default_rng(0)
        return source.sample(rng, 4, LostSales(horizon=horizon))

    drawn = answered(draw, f"a population of {family}, {mean}, {dispersion}, {processes}")
    if drawn is not None:
        assert np.isfinite(drawn.demand).all()
        assert (drawn.demand >= 0.0).all()
