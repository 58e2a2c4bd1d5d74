"""Gymnasium's contract beyond its own checker: autoreset, seeds, options, errors, rendering."""

import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

import inv_gym
from inv_gym.envs.single import InventoryEnv
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY

ENV_ID = "InvLostSalesLeadTime-v0"


def make(**kwargs: Any) -> InventoryEnv:
    env = gym.make(ENV_ID, **kwargs).unwrapped
    assert isinstance(env, InventoryEnv)
    return env


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            np.array([np.nan], np.float32),
            "got nan, which no clipping mends: find what gave it, such as weights",
        ),
        (np.array([np.inf], np.float32), "got inf: clip it"),
        (np.array([-1.0], np.float32), r"got -1.0: clip it"),
        (
            np.array([1.0, 2.0], np.float32),
            r"numbers of shape \(1,\) \(channels: order\), .*; got shape \(2,\)",
        ),
        (3.0, r"got shape \(\)"),
        (np.array([True]), "got dtype bool"),
        (np.array(["7"]), "got dtype <U1"),
        (np.array([None]), "got dtype object"),
        (np.array([1j]), "got dtype complex128"),
        (np.ma.masked_equal([5.0], 5.0), "got nan"),
        (np.ma.masked_equal([5], 5), "got nan"),
        ([[1.0, 2.0], [1.0]], r"got shape \(2,\)"),
    ],
)
def test_a_bad_action_is_refused_with_its_value_and_the_remedy(action: Any, message: str) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        env.step(action)
    state = env.episode.state
    env.step(np.array([1.0], np.float32))  # what was refused left the episode as it was
    assert env.episode.period == 1
    assert state is not env.episode.state
    vector = gym.make_vec(ENV_ID, num_envs=2)
    vector.reset(seed=0)
    with pytest.raises(ValueError, match="an action must be numbers"):
        vector.step([action, action])


@pytest.mark.parametrize(
    "action",
    [
        [5],
        [5.0],
        np.array([5], np.int64),
        np.array([5.0]),
        np.ma.array([5]),
        torch.tensor([5.0], requires_grad=True),
        torch.tensor([5.0], dtype=torch.bfloat16),
    ],
)
def test_any_real_numbers_are_good_actions(action: Any) -> None:
    env = make()
    env.reset(seed=0)
    _, reward, *_ = env.step(action)
    env.reset(seed=0)
    assert env.step(np.array([5.0], np.float32))[1] == reward


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"lead_time": -1}, ValueError, "lead_time must be at least 0, got -1."),
        ({"lead_time": 1.5}, TypeError, "lead_time must be a whole number, got 1.5."),
        ({"horizon": 0}, ValueError, "horizon must be at least 1, got 0."),
        ({"discount": 0.0}, ValueError, "discount must be above 0 and at most 1, got 0.0."),
        ({"discount": 1.1}, ValueError, "discount must be above 0 and at most 1, got 1.1."),
        ({"discount": float("nan")}, ValueError, "discount must be finite, got nan."),
        ({"order_cap": 0}, ValueError, "order_cap must be above 0, got 0; None means no cap."),
        ({"long_run": "yes"}, TypeError, "long_run must be True or False, got 'yes'."),
        ({"initial_stock": (3, 1)}, ValueError, "initial_stock high must be at least 3, got 1."),
        ({"initial_stock": 3}, TypeError, r"initial_stock must be a pair \(low, high\), got 3."),
        (
            {"shelf_life": 3},
            TypeError,
            "LostSales got an unexpected keyword argument 'shelf_life'; its fields are: horizon, ",
        ),
        (
            {"products": "deflaut"},
            ValueError,
            "unknown products 'deflaut'; known: .* Did you mean 'default'?",
        ),
        (
            {"products": {"populatoin": "poisson"}},
            ValueError,
            "unknown key of products 'populatoin'",
        ),
        ({"products": {"mean": [5, 1]}}, ValueError, "high must be at least 5, got 1."),
        (
            {"products": {"families": ["weibull"]}},
            ValueError,
            "unknown demand family 'weibull'",
        ),
        (
            {"products": {"file": "nowhere.csv"}},
            FileNotFoundError,
            "there is no demand table 'nowhere.csv'",
        ),
    ],
)
def test_a_bad_argument_is_refused_with_its_value(
    kwargs: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        gym.make(ENV_ID, **kwargs)


@pytest.mark.parametrize(
    ("env_id", "kwargs", "message"),
    [
        ("InvPerishable-v0", {"shelf_life": 0}, "shelf_life must be at least 1, got 0."),
        (
            "InvPerishable-v0",
            {"issuing": "fifo"},
            "unknown issuing 'fifo'; known: oldest_first, newest_first.",
        ),
        (
            "InvDualSourcing-v0",
            {"regular_lead_time": 2, "expedited_lead_time": 2},
            "expedited_lead_time must be below regular_lead_time, got 2 and 2; swap them",
        ),
        ("InvDualSourcing-v0", {"censored": True}, "censored must be False with backlog"),
    ],
)
def test_a_bad_structure_is_refused(env_id: str, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gym.make(env_id, **kwargs)


def test_an_unknown_render_mode_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown render_mode 'human'; known: ansi, rgb_array\."):
        InventoryEnv(render_mode="human")


def test_steps_before_reset_and_after_the_end_are_refused() -> None:
    env = make(horizon=1)
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\)"):
        env.step(np.array([1.0]))
    env.reset(seed=0)
    env.step(np.array([1.0]))
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\)"):
        env.step(np.array([1.0]))


@pytest.mark.parametrize("long_run", [False, True])
def test_a_true_end_terminates_and_a_cut_truncates(long_run: bool) -> None:
    env = make(horizon=3, long_run=long_run)
    env.reset(seed=0)
    ends = [env.step(np.array([1.0]))[2:4] for _ in range(3)]
    assert ends == [(False, False), (False, False), (not long_run, long_run)]


def test_each_episode_has_a_product_of_its_own_and_a_seed_repeats_them() -> None:
    env = make()
    first = [env.reset(seed=3)[0], *(env.reset()[0] for _ in range(70))]
    again = [env.reset(seed=3)[0], *(env.reset()[0] for _ in range(70))]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert len({tuple(observation) for observation in first}) == 71


def test_a_given_demand_is_played_and_a_bad_one_refused() -> None:
    env = make(horizon=3)
    env.reset(seed=0, options={"demand": [4.0, 0.0, 2.5]})
    assert [env.step(np.array([1.0]))[4]["demand"] for _ in range(3)] == [4.0, 0.0, 2.5]
    with pytest.raises(ValueError, match=r"in shape \(3, 1\) .*; got shape \(2,\)"):
        env.reset(options={"demand": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"got -1.0 at \(1, 0\)"):
        env.reset(options={"demand": [1.0, -1.0, 2.0]})
    with pytest.raises(ValueError, match="unknown reset option 'demnad'; .* Did you mean 'demand'"):
        env.reset(options={"demnad": [1.0, 1.0, 2.0]})


def test_observation_entries_are_what_their_names_say() -> None:
    env = make(lead_time=3, products="seasonal", horizon=10)
    env.reset(seed=1)
    for quantity in (4.0, 6.0):
        observation = env.step(np.array([quantity]))[0]
    shown = dict(zip(env.observation_names, observation.tolist(), strict=True))
    demand, economics = env.products.demand[:, 0], env.products.economics
    assert (shown["on_hand"], shown["pipeline_1"], shown["pipeline_2"]) == (0.0, 4.0, 6.0)
    assert shown["demand_1_ago"] == pytest.approx(demand[HISTORY + 1])
    assert shown["demand_32_ago"] == pytest.approx(demand[2])
    assert shown["price"] == pytest.approx(economics.price[0])
    assert shown["scale"] == pytest.approx(demand[:HISTORY].mean())
    assert shown["weekday_sin"] == pytest.approx(
        env.products.covariates[HISTORY + 2, 0, 0], abs=1e-6
    )
    assert shown["horizon_left"] == pytest.approx(0.8)


def test_a_censored_environment_shows_sales_in_place_of_demand() -> None:
    env = make(lead_time=0, censored=True)
    env.reset(seed=0)
    demand = env.products.demand[HISTORY, 0]
    observation, _, _, _, info = env.step(np.array([0.25 * demand]))
    last = env.observation_names.index("demand_1_ago")
    assert observation[last] == np.float32(0.25 * demand) == np.float32(info["sales"])


@pytest.mark.parametrize("long_run", [False, True])
def test_next_step_autoreset_starts_anew_in_the_step_after_the_end(long_run: bool) -> None:
    env = gym.make_vec(ENV_ID, num_envs=3, horizon=2, long_run=long_run)
    env.reset(seed=0)
    actions = np.ones((3, 1), np.float32)
    env.step(actions)
    _, _, terminated, truncated, _ = env.step(actions)
    assert terminated.all() == (not long_run)
    assert truncated.all() == long_run
    observation, reward, terminated, truncated, _ = env.step(actions)
    assert not (reward.any() or terminated.any() or truncated.any())
    assert (observation[:, -1] == 1.0).all()
    assert env.unwrapped.episode.period == 0


def test_same_step_autoreset_gives_the_final_observation_and_info() -> None:
    env = gym.make_vec(ENV_ID, num_envs=3, horizon=2, autoreset_mode="SameStep")
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    env.reset(seed=0)
    env.step(np.ones((3, 1)))
    observation, _, terminated, _, info = env.step(np.ones((3, 1)))
    assert terminated.all()
    assert info["_final_obs"].all()
    assert info["_final_info"].all()
    assert (np.stack(info["final_obs"])[:, -1] == 0.0).all()
    assert info["final_info"]["sales"].shape == (3,)
    assert (observation[:, -1] == 1.0).all()


def test_the_class_keeps_its_default_autoreset_mode() -> None:
    gym.make_vec(ENV_ID, num_envs=1, autoreset_mode="SameStep")
    assert gym.make_vec(ENV_ID, num_envs=1).metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_an_earlier_cut_truncates_the_vector_environment() -> None:
    env = gym.make_vec(ENV_ID, num_envs=2, max_episode_steps=3)
    env.reset(seed=0)
    ends = [env.step(np.ones((2, 1)))[3].all() for _ in range(3)]
    assert ends == [False, False, True]


def test_vector_infos_are_arrays_with_masks_and_fresh_each_step() -> None:
    env = gym.make_vec("InvPerishable-v0", num_envs=4)
    first, _ = env.reset(seed=0)
    kept = first.copy()
    _, reward, terminated, _, info = env.step(np.full((4, 1), 3.0))
    assert set(info) == {
        f"{mask}{key}"
        for mask in ("", "_")
        for key in ("sales", "shortage", "on_hand", "outdated", "demand")
    }
    assert all(info[key].shape == (4,) for key in info)
    assert reward.dtype == np.float64
    assert terminated.dtype == np.bool_
    assert np.array_equal(first, kept)


def test_a_text_shows_the_state_and_the_last_periods() -> None:
    env = make(render_mode="ansi", horizon=4)
    env.reset(seed=0, options={"demand": [1.0, 2.0, 3.0, 4.0]})
    assert (
        env.render() == "LostSales, period 0 of 4: on_hand 0.0, pipeline_1 0.0, pipeline_2 0.0, "
        "pipeline_3 0.0, pipeline_4 0.0"
    )
    env.step(np.array([7.0]))
    lines = env.render().split("\n")
    assert lines[0].startswith("LostSales, period 1 of 4")
    assert lines[1].split() == [
        "period",
        "order",
        "sales",
        "shortage",
        "on_hand",
        "demand",
        "reward",
    ]
    assert lines[2].split()[:6] == ["0", "7.0", "0.0", "1.0", "0.0", "1.0"]


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_a_picture_changes_as_the_episode_goes_on(env_id: str) -> None:
    env = gym.make(env_id, render_mode="rgb_array")
    env.reset(seed=0)
    pictures = []
    for _ in range(2):
        env.step(np.full(env.action_space.shape, 5.0, np.float32))
        pictures.append(env.render())
    assert all(p.shape == (400, 560, 3) and p.dtype == np.uint8 for p in pictures)
    assert (pictures[0] != pictures[1]).any()


def test_a_problem_of_your_own_plays_in_the_environment() -> None:
    class Generous(inv_gym.LostSales):
        def salvage(self, state: Any, economics: Any) -> Any:
            return 1e6 + 0.0 * state.on_hand

    mine: Problem = Generous(horizon=1, discount=1.0)
    env = InventoryEnv(problem=mine)
    env.reset(seed=0)
    assert env.step(np.array([0.0]))[1] > 9e5


def test_the_environment_gives_a_differentiable_rollout() -> None:
    factor = torch.ones((), requires_grad=True)

    class Policy:
        knows = "history"

        def __call__(self, seen: inv_gym.Observation) -> torch.Tensor:
            return factor * seen.scale[:, None]

    played = make().rollout(Policy(), batch=16)
    assert played.rewards.shape == (50, 16)
    assert played.rewards.dtype == torch.float32
    played.discounted_reward.mean().backward()
    assert factor.grad is not None
    assert factor.grad.abs() > 0


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda env: gym.wrappers.RescaleObservation(env, np.float32(-1.0), np.float32(1.0)),
        lambda env: gym.wrappers.DiscretizeObservation(env, 10, multidiscrete=True),
    ],
    ids=["rescale", "discretize"],
)
def test_wrappers_that_need_bounds_refuse_entries_that_have_none(wrap: Any, env_id: str) -> None:
    with pytest.raises(ValueError, match="unbounded components|to be finite"):
        wrap(gym.make(env_id))


def test_the_vector_wrapper_that_needs_bounds_refuses_too() -> None:
    with pytest.raises(ValueError, match="unbounded components"):
        gym.wrappers.vector.RescaleObservation(
            gym.make_vec(ENV_ID, num_envs=2), np.float32(-1.0), np.float32(1.0)
        )


def test_the_wrapper_that_needs_no_bounds_keeps_observations_apart() -> None:
    env = gym.wrappers.NormalizeObservation(gym.make(ENV_ID, horizon=12))
    shown = [env.reset(seed=0)[0]]
    shown += [env.step(np.array([3.0], np.float32))[0] for _ in range(12)]
    assert len({row.tobytes() for row in shown}) == len(shown)


@pytest.mark.parametrize("backlog", [False, True])
def test_bounds_are_those_that_are_known(backlog: bool) -> None:
    env = gym.make("InvDualSourcing-v0", backlog=backlog)
    names, space = env.unwrapped.observation_names, env.observation_space
    bounds = dict(zip(names, zip(space.low, space.high, strict=True), strict=True))
    assert bounds["on_hand" if "on_hand" in names else names[0]][0] == (-np.inf if backlog else 0.0)
    assert bounds["demand_1_ago"] == (0.0, np.inf)
    assert bounds["scale"] == (0.0, np.inf)
    assert bounds["horizon_left"] == (0.0, 1.0)


@pytest.mark.parametrize("demand", [1e30, 1e300])
def test_a_demand_too_large_to_be_summed_is_refused(demand: float) -> None:
    with pytest.raises(ValueError, match=r"at least 0 in shape .*, and below 1e\+30; got 1e\+30"):
        make(horizon=2).reset(options={"demand": [1.0, demand]})


def test_spaces_say_what_their_entries_are() -> None:
    env, other = make(lead_time=2), InventoryEnv("perishable", shelf_life=2)
    seen, orders = env.observation_space, env.action_space
    assert seen.names == tuple(env.observation_names)
    assert orders.names == ("order",)
    assert seen == make(lead_time=2).observation_space == pickle.loads(pickle.dumps(seen))
    assert seen.shape == other.observation_space.shape
    assert seen != other.observation_space
    plain = gym.spaces.Box(orders.low, orders.high, dtype=np.float32)
    assert orders != plain
    assert plain != orders
    assert repr(orders) == "NamedBox(units='pieces': order)"
