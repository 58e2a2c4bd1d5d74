"""What users pass in is checked where it is given, and the message names it with its value."""

from __future__ import annotations

import re
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

import inv_gym
import inv_gym.testing
from inv_gym import (
    EconomicsRanges,
    LogNormalRange,
    LogUniform,
    LostSales,
    ProcurementRemoval,
    Task,
    Uniform,
    baselines,
    evaluate,
    make_source,
    task,
)
from inv_gym.demand.processes import (
    AutocorrelatedLevel,
    DemandShock,
    RegimeChange,
    Trend,
    WeeklySeason,
    YearlySeason,
)

NAN = float("nan")
PAIR = "must be a number or a pair (low, high), got"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EconomicsRanges(price="high"), f"price {PAIR} 'high'."),
        (lambda: EconomicsRanges(price=-1.0), "price must be at least 0, got -1.0."),
        (lambda: EconomicsRanges(price=NAN), "price must be finite, got nan."),
        (lambda: EconomicsRanges(price=("a", 2.0)), "price low must be a number, got 'a'."),
        (lambda: EconomicsRanges(price=None), f"price {PAIR} None."),
        (
            lambda: EconomicsRanges(margin=Uniform(0.5, 1.5)),
            "margin must be between 0 and 1, got 1.5.",
        ),
        (
            lambda: EconomicsRanges(margin=LogNormalRange(0.5, 1.0)),
            "margin must be at most 1, got LogNormalRange(median=0.5, sigma=1.0), which has no "
            "upper end: give a number or a pair (low, high).",
        ),
        (
            lambda: EconomicsRanges(holding_rate=(-0.1, 0.1)),
            "holding_rate must be at least 0, got -0.1.",
        ),
        (lambda: EconomicsRanges(shortage_rate=-1), "shortage_rate must be at least 0, got -1.0."),
        (
            lambda: EconomicsRanges(outdating_rate=-1),
            "outdating_rate must be at least 0, got -1.0.",
        ),
        (
            lambda: EconomicsRanges(expediting_rate=-1),
            "expediting_rate must be at least 0, got -1.0.",
        ),
        (lambda: EconomicsRanges(removal_rate=True), "removal_rate must be a number, got True."),
        (lambda: EconomicsRanges(salvage_rate=np.inf), "salvage_rate must be finite, got inf."),
        (
            lambda: EconomicsRanges(extra=[1]),
            "extra must be a mapping from names to ranges, got [1].",
        ),
        (lambda: EconomicsRanges(extra={"rent": NAN}), "extra rent must be finite, got nan."),
        (lambda: WeeklySeason(spread=-0.1), "spread must be at least 0, got -0.1."),
        (lambda: WeeklySeason(spread="wide"), f"spread {PAIR} 'wide'."),
        (lambda: YearlySeason(amplitude="big"), f"amplitude {PAIR} 'big'."),
        (
            lambda: YearlySeason(amplitude=LogNormalRange(0.5, 1.0)),
            "amplitude must be at most 1, got LogNormalRange(median=0.5, sigma=1.0), which has no "
            "upper end: give a number or a pair (low, high).",
        ),
        (lambda: Trend(rate=NAN), "rate must be finite, got nan."),
        (lambda: AutocorrelatedLevel(spread=-1.0), "spread must be at least 0, got -1.0."),
        (lambda: RegimeChange(factor=[1.0]), f"factor {PAIR} [1.0]."),
        (lambda: DemandShock(begin=-1), "begin must be at least 0, got -1."),
        (lambda: DemandShock(begin=1.5), "begin must be a whole number, got 1.5."),
        (lambda: LogNormalRange(1.0, 500.0), "sigma must be at most 10, got 500.0."),
    ],
)
def test_ranges_are_checked_where_they_are_given(make, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}$"):
        make()


def test_a_range_may_be_a_number_of_numpy_or_a_pair():
    ranges = EconomicsRanges(price=np.float32(2.0), margin=(0.2, 0.3), extra={"rent": [1, 2]})
    assert (ranges.price, ranges.margin) == (2.0, Uniform(0.2, 0.3))
    assert ranges.extra == {"rent": Uniform(1.0, 2.0)}
    assert Trend(rate=(0.0, 0.1)).rate == Uniform(0.0, 0.1)
    assert RegimeChange(LogUniform(0.5, 2.0)).factor == LogUniform(0.5, 2.0)


# ---------------------------------------------------------------- tasks and registration


@pytest.fixture
def long_task():
    return Task(LostSales(horizon=200), "poisson", "long-v0", warm_up=100)


def test_a_warm_up_is_not_shortened_without_a_word(long_task):
    message = (
        "the task's warm-up of 100 periods leaves nothing of the horizon 50 to count: give "
        "warm_up= too (0 counts every period), or a longer horizon."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        long_task.changed(horizon=50)
    with pytest.raises(ValueError, match=re.escape(message)):
        task(long_task, problem=LostSales(horizon=50))
    assert long_task.changed(horizon=50, warm_up=10).warm_up == 10
    assert long_task.changed(horizon=150).warm_up == 100
    assert task(long_task, warm_up=0).warm_up == 0
    assert task(problem=LostSales(), products="poisson", warm_up=7).warm_up == 7
    with pytest.raises(ValueError, match="warm_up must be below the horizon 50, got 60"):
        long_task.changed(horizon=50, warm_up=60)


def test_an_environment_plays_a_horizon_below_the_warm_up(long_task):
    assert gym.make("InvLostSales-v0", task=long_task, horizon=50).unwrapped.problem.horizon == 50


def test_an_id_of_another_package_in_gymnasium_is_refused():
    before = gym.registry["CartPole-v1"]
    message = "'CartPole-v1' is an environment of another package in Gymnasium (gymnasium.envs"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        inv_gym.register(Task(LostSales(), "poisson", name="CartPole-v1"))
    assert gym.registry["CartPole-v1"] is before
    assert "CartPole-v1" not in inv_gym.ENVIRONMENTS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: inv_gym.register("MyProblem-v0"), "task must be a Task, got 'MyProblem-v0'"),
        (lambda: Task(LostSales(), "poisson", name=5), "name must be text, got 5."),
        (lambda: Task(LostSales(), "poisson", reference=5), "reference must be the name of a"),
        (lambda: task("InvLostSales-v0", problem=5), "problem must be a Problem, got 5."),
        (lambda: make_source({"families": 5}), "families must be names of demand families, got 5."),
        (lambda: make_source({"economics": 5}), "economics must be a mapping from names to"),
        (lambda: gym.make("InvLostSales-v0", products=5), "products must be a name, a dict or"),
        (lambda: gym.make_vec("InvLostSales-v0", max_episode_steps=-1), "max_episode_steps must"),
    ],
)
def test_what_is_played_is_checked_where_it_is_given(make, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        make()


def test_one_family_may_be_named_alone():
    assert make_source({"families": "poisson"}).families == ("poisson",)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LostSales(horizon=10**9), "horizon must be at most 1,000,000, got 1000000000."),
        (lambda: LostSales(lead_time=10**6), "lead_time must be at most 1,000, got 1000000."),
        (lambda: gym.make_vec("InvLostSales-v0", num_envs=10**9), "num_envs must be at most 1,000"),
        (lambda: make_source({"mean": 1e10}), "mean must be at most 1e+09, got 10000000000.0."),
        (
            lambda: inv_gym.InstanceProducts("poisson", 1e10, {}),
            "mean must be at most 1e+09, got 10000000000.0.",
        ),
        (
            lambda: replace(make_source("poisson"), processes=(Trend(1.0),)).sample(
                np.random.default_rng(0), 2, LostSales()
            ),
            "the mean demand of every period must be at most 1e+09, got ",
        ),
    ],
)
def test_what_would_fill_the_memory_or_overflow_is_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: inv_gym.SyntheticProducts(processes=("trend",)),
            "processes must hold processes such as Trend(), got 'trend'; see",
        ),
        (
            lambda: inv_gym.SyntheticProducts(economics={"price": 3.0}),
            "economics must be EconomicsRanges, got {'price': 3.0}.",
        ),
        (
            lambda: inv_gym.InstanceProducts("poisson", 2.0, {"price": "high"}),
            "economics price must be a number, got 'high'.",
        ),
        (
            lambda: inv_gym.InstanceProducts("poisson", 2.0, 5),
            "economics must be a mapping from names to figures, got 5.",
        ),
        (
            lambda: inv_gym.rollout(LostSales(), 5, "poisson", number=2),
            "a policy must be an object that takes an observation, got 5; see inv_gym.Policy.",
        ),
        (
            lambda: gym.make_vec("InvLostSales-v0", autoreset_mode="never"),
            "unknown autoreset_mode 'never'; known: NextStep, SameStep, Disabled.",
        ),
        (lambda: task(5), "a task is given by its name or as a Task, got 5."),
        (lambda: task("InvLostSales-v0", warm_up=False), "warm_up must be a whole number, got Fa"),
        (
            lambda: LostSales(initial_stock=b"12"),
            "initial_stock must be a pair (low, high), got b'12'.",
        ),
    ],
)
def test_what_fuzzing_found_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        make()


# ---------------------------------------------------------------- resets


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"demand": []}, "got shape (0,)."),
        ({"demand": "much"}, "got 'much'."),
        ({"demand": None}, "got None."),
        ({"demand": [[1.0], [2.0, 3.0]]}, "got [[1.0], [2.0, 3.0]]."),
        ({"demand": np.ones((5, 3))}, "got shape (5, 3)."),
        ({"demand": np.ones((1, 1, 1))}, "got shape (1, 1, 1)."),
        ({"demand": [1.0, np.nan, 1.0, 1.0, 1.0]}, "got nan at (1, 0)."),
        ({"demand": [1.0, 1.0, -2.0, 1.0, 1.0]}, "got -2.0 at (2, 0)."),
        ([], "options must be a dict such as {'demand': trace}, got []."),
        (5, "options must be a dict such as {'demand': trace}, got 5."),
        ({"demands": 3}, "unknown reset option 'demands'; known: demand"),
    ],
)
def test_reset_options_are_checked(options, message):
    single = gym.make("InvLostSales-v0", horizon=5).unwrapped
    vector = gym.make_vec("InvLostSales-v0", num_envs=2, horizon=5).unwrapped
    for env in (single, vector):
        with pytest.raises((ValueError, TypeError), match=re.escape(message)):
            env.reset(options=options)


def test_a_loop_without_autoreset_resets_all_rows_by_their_mask():
    env = gym.make_vec(
        "InvLostSales-v0", num_envs=2, horizon=3, autoreset_mode=AutoresetMode.DISABLED
    )
    env.reset(seed=1)
    for _ in range(3):
        _, _, terminated, truncated, _ = env.step(np.zeros((2, 1), np.float32))
    mask = terminated | truncated
    observation, _ = env.reset(options={"reset_mask": mask})
    assert env.unwrapped.episode.period == 0
    assert observation.shape == (2, len(env.unwrapped.observation_names))
    trace = [1.0, 2.0, 3.0]
    env.reset(options={"reset_mask": mask, "demand": trace})
    np.testing.assert_array_equal(env.unwrapped.products.demand[-3:, 1], trace)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.array([True, False]), "reset_mask must be True for every row, got False for row 1: "),
        (np.array([1, 1]), "reset_mask must be an array of booleans in shape (2,), got "),
        (np.array([True]), "reset_mask must be an array of booleans in shape (2,), got "),
        (None, "reset_mask must be an array of booleans in shape (2,), got None."),
    ],
)
def test_a_mask_that_leaves_out_a_row_is_refused(mask, message):
    env = gym.make_vec("InvLostSales-v0", num_envs=2).unwrapped
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        env.reset(options={"reset_mask": mask})


# ---------------------------------------------------------------- evaluations and measurements

ORDER = {"order": baselines.ConstantOrder(problem=LostSales(), quantity=4.0)}


@pytest.mark.parametrize(
    ("policies", "keywords", "message"),
    [
        (ORDER, {"like": 5}, "like must be an array of floats, such as torch.zeros(0) or np.zer"),
        (ORDER, {"like": "torch"}, "like must be an array of floats, such as torch.zeros(0) or"),
        (ORDER, {"like": np.zeros(0, int)}, "like must be an array of floats, such as torch.ze"),
        (ORDER, {"like": torch.zeros(0, dtype=torch.int64)}, "like must be an array of floats"),
        (
            ORDER,
            {"like": torch.zeros(0, device="meta")},
            "like must be an array with memory, got a",
        ),
        ({5: ORDER["order"]}, {}, "the name of a policy must be text, got 5."),
        ({None: ORDER["order"]}, {}, "the name of a policy must be text, got None."),
        ([ORDER["order"]], {}, "policies must be a dict from names to policies, got ["),
        ({"a": 3}, {}, "policy a must be an object that takes an observation, got 3."),
        ({"a": baselines.ConstantOrder}, {}, "policy a must be an object that takes an obser"),
        ({}, {}, "policies must name at least one policy, got none."),
    ],
)
def test_an_evaluation_checks_who_plays_and_in_what(policies, keywords, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        evaluate(LostSales(horizon=3), policies, "poisson", number=2, **keywords)


class Nothing:
    """Orders NaN."""

    knows = "history"

    def __call__(self, observation):
        return np.full((len(observation.scale), 1), np.nan)

    def unclipped(self, observation):
        return observation.state.on_hand[:, None] * float("nan")


@pytest.mark.parametrize("given", [False, True])
def test_orders_that_are_no_numbers_are_not_without_violations(given):
    from inv_gym.structure.violations import violations

    problem = LostSales(lead_time=1)
    products = inv_gym.draw_products(make_source("poisson"), problem, 3)
    with pytest.raises(ValueError, match="policy Nothing must (give|return) finite orders"):
        violations(problem, Nothing(), products, np.ones((3, 1)), given=given)


@pytest.mark.parametrize(
    ("states", "period", "message"),
    [
        (np.ones((3, 2)), 0, "states must be finite numbers in shape (3, 1) (products, columns"),
        (np.full((3, 1), np.nan), 0, "states must be finite numbers in shape (3, 1) (products"),
        ([[1.0]], 0, "states must be finite numbers in shape (3, 1) (products, columns of the"),
        (np.ones((3, 1)), 50, "period must be below the horizon 50, got 50."),
        (np.ones((3, 1)), -1, "period must be at least 0, got -1."),
    ],
)
def test_states_of_a_measurement_are_checked(states, period, message):
    from inv_gym.structure.violations import violations

    problem = LostSales(lead_time=1)
    products = inv_gym.draw_products(make_source("poisson"), problem, 3)
    policy = baselines.ConstantOrder(problem=problem, quantity=4.0)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        violations(problem, policy, products, states, period)


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        ((5.0, 5.0), (8.0, 3.0), "upper must be at least lower, got 3.0 and 5.0."),
        ((5.0,), (8.0, 9.0), "lower and upper must have one level per period each, got 1 and 2 "),
        ((), (), "lower and upper must have one level per period each, got 0 and 0 periods."),
    ],
)
def test_levels_of_an_interval_do_not_cross(lower, upper, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        baselines.SeasonalIntervalStock(problem=ProcurementRemoval(), lower=lower, upper=upper)


@pytest.mark.parametrize("lead_time", [12, 15])
def test_the_laws_hold_for_long_lead_times(lead_time):
    inv_gym.testing.check_problem(LostSales(lead_time=lead_time), make_source("poisson"))


@pytest.mark.parametrize("given", [1e300, (1.0, 1e200), LogNormalRange(1e16, 1.0)])
def test_a_range_of_figures_that_cannot_be_summed_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r"^price must be at most 1e\+15, got 1"):
        EconomicsRanges(price=given)
