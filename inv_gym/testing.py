"""The laws that every problem, policy and environment of this package keeps, as functions for your
own.

>>> from inv_gym import LostSales, make_source
>>> check_problem(LostSales(lead_time=2), make_source("default"))
>>> ", ".join(PROBLEM_LAWS)
'kinds_agree, mass_balance, rows_are_independent, homogeneity, purity, gradients, lead_times'

A law that does not hold raises `LawError`, which says where. `examples/own_problem.py` checks a
sixth problem.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inv_gym.play.episode import Episode, play
from inv_gym.play.orders import taken
from inv_gym.play.policy import NotPlannedError, Observation, Policy, planned
from inv_gym.play.rollout import rollout
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.util.arrays import Array, flatten, is_torch, like, map_columns, to_numpy, unstack
from inv_gym.util.checks import one_of

LAW_PRODUCTS = 24
LAW_PERIODS = 12
"""For which laws are played; longer where orders arrive later than that."""
ORDER_COSTS = ("unit_cost", "regular_cost", "expedited_cost", "fixed_cost")
"""Figures that are paid at once when ordering; the lead-time law sets them to 0."""


class LawError(AssertionError):
    """A law does not hold."""


@dataclass(frozen=True)
class Replay:
    """Plays given orders ``[T, B, K]``, units."""

    orders: Array
    knows = "nothing"

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]`` of the period."""
        return self.orders[observation.period]


def random_orders(problem: Problem, products: Products, seed: int = 0) -> np.ndarray:
    """Orders ``[T, B, K]`` between 0 and twice the mean demand, whole where demand is."""
    shape = (problem.horizon, products.batch, problem.order_dim)
    orders = np.random.default_rng(seed).uniform(0.0, 2.0, shape) * products.scale[:, None]
    whole = (products.demand == np.rint(products.demand)).all(0)[:, None]
    return np.where(whole, np.rint(orders), orders)


def check_problem(
    problem: Problem, source: ProductSource, skip: Collection[str] = (), seed: int = 0
) -> None:
    """Check every law of `PROBLEM_LAWS` on random products and orders.

    Args:
        problem: Any problem; its horizon becomes 12 periods, or as many as its orders need to
            arrive, without end.
        source: Where its products come from.
        skip: Names of laws that do not apply (a fixed ordering cost is not homogeneous, say).
        seed: Of products and orders.

    Raises:
        LawError: A law does not hold.
        ValueError: A name in `skip` is unknown.
    """
    for name in skip:
        one_of("law", name, PROBLEM_LAWS)
    periods = max(LAW_PERIODS, max(problem.lead_times) + 2)
    problem = replace(problem, horizon=periods, long_run=True)
    products = draw_products(source, problem, LAW_PRODUCTS, seed)
    for name, law in PROBLEM_LAWS.items():
        if name not in skip:
            law(problem, products)


def kinds_agree(problem: Problem, products: Products) -> None:
    """Python floats, NumPy and torch play the same, in float64 and float32, and keep the dtype."""
    import torch

    orders = random_orders(problem, products)
    wanted = rollout(problem, Replay(orders), products)
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-4)):
        reference = torch.empty(0, dtype=dtype)
        got = rollout(problem, Replay(like(orders, reference)), products.to(reference))
        _require(got.rewards.dtype == dtype, f"rewards in {dtype} came out as {got.rewards.dtype}")
        _close(got.rewards, wanted.rewards, f"torch {dtype} and NumPy rewards differ", tolerance)
    for row in range(4):
        episode = Episode(problem, products.single(row))
        for period in range(problem.horizon):
            outcome = episode.step(tuple(map(float, orders[period, row])))
            _require(
                type(outcome.reward) is float,
                f"a float reward came out as {type(outcome.reward).__name__}",
            )
            _close(
                outcome.reward, wanted.rewards[period, row], "float and NumPy rewards differ", 1e-12
            )


def mass_balance(problem: Problem, products: Products) -> None:
    """What comes in is what goes out and what stays: position' = position + orders - sales -
    outdated - removed.

    Demand that waits lowers the position too.
    """
    position = products.initial_state.inventory_position
    for step in play(problem, Replay(random_orders(problem, products)), products):
        flows = step.outcome.flows
        _close(
            flows.sales + flows.shortage,
            step.demand,
            "sales and shortage do not add up to demand",
            1e-9,
        )
        ordered = sum(
            q
            for name, q in zip(problem.order_names, step.accepted, strict=True)
            if name != "removal"
        )
        gone = flows.sales + getattr(flows, "outdated", 0.0) + getattr(flows, "removed", 0.0)
        waiting = flows.shortage if problem.backlog else 0.0
        position = position + ordered - gone - waiting
        _close(
            step.outcome.state.inventory_position,
            position,
            f"units appear or vanish in period {step.period}",
            1e-9,
        )


def rows_are_independent(problem: Problem, products: Products) -> None:
    """A product plays the same alone and in a batch."""
    orders = random_orders(problem, products)
    together = rollout(problem, Replay(orders), products).rewards
    alone = rollout(problem, Replay(orders[:, 3:4]), products.rows(slice(3, 4))).rewards
    _require(
        np.array_equal(together[:, 3:4], alone), "a product's rewards depend on the batch it is in"
    )


def homogeneity(problem: Problem, products: Products) -> None:
    """Demand, stock and orders times k make the reward times k."""
    orders = random_orders(problem, products)
    larger = products._replace(
        demand=4.0 * products.demand,
        initial_state=map_columns(lambda x: 4.0 * x, products.initial_state),
    )
    free = replace(problem, order_cap=None)
    plain = rollout(free, Replay(orders), products)
    fourfold = rollout(free, Replay(4.0 * orders), larger)
    _close(
        fourfold.rewards,
        4.0 * plain.rewards,
        "four times the units do not earn four times the reward",
        1e-9,
    )


def purity(problem: Problem, products: Products) -> None:
    """A transition changes none of its arguments and gives the same twice."""
    state, demand = products.initial_state, products.demand[HISTORY]
    order = unstack(random_orders(problem, products)[0])
    arguments = (state, order, demand, products.economics)
    before = [column.copy() for column in flatten(arguments)]
    first, second = problem.transition(*arguments), problem.transition(*arguments)
    changed = any(not np.array_equal(a, b) for a, b in zip(before, flatten(arguments), strict=True))
    _require(not changed, "transition changes its arguments")
    _require(
        np.array_equal(first.reward, second.reward),
        "transition gives different rewards for the same arguments",
    )


def gradients(problem: Problem, products: Products) -> None:
    """Derivatives by torch equal finite differences in float64, on real-valued orders away from
    kinks.
    """
    import torch

    free = replace(problem, integer_orders=False, order_cap=None)
    few = products.rows(slice(0, 4)).to(torch.empty(0, dtype=torch.float64))
    shift = torch.rand(
        few.demand.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    few = few._replace(demand=few.demand + shift)  # no ties, and so no kinks but by accident
    orders = torch.as_tensor(random_orders(free, products)[:, :4] + 0.123).requires_grad_()
    rewards = lambda orders: rollout(free, Replay(orders), few).rewards  # noqa: E731 - what gradcheck takes
    try:
        torch.autograd.gradcheck(rewards, (orders,), eps=1e-7, atol=1e-4)
    except RuntimeError as error:  # gradcheck raises a kind of it
        raise LawError(
            f"{type(problem).__name__}: gradients differ from finite differences: {error}"
        ) from error


def lead_times(problem: Problem, products: Products) -> None:
    """With free orders, the last order of a channel that reward[t] depends on is order[t - L]."""
    import torch

    free = replace(problem, integer_orders=False, order_cap=None)
    products = products.to(torch.empty(0, dtype=torch.float64))
    costs = {
        name: getattr(products.economics, name) * 0.0
        for name in ORDER_COSTS
        if hasattr(products.economics, name)
    }
    named = {name: cost for name, cost in costs.items() if name in products.economics._fields}
    products = products._replace(economics=products.economics._replace(**named))
    orders = (
        torch.as_tensor(random_orders(free, products.to(np.empty(0)))).add(0.25).requires_grad_()
    )
    rewards = rollout(free, Replay(orders), products).rewards
    t = free.horizon - 1
    (slopes,) = torch.autograd.grad(rewards[t].sum(), orders)
    for name, lead_time, channel in zip(
        free.order_names, free.lead_times, slopes.unbind(-1), strict=True
    ):
        used = channel.abs().sum(1).nonzero().flatten().tolist()
        last = used[-1] if used else None
        _require(
            last == t - lead_time,
            f"reward[{t}] should last depend on {name}[{t - lead_time}] (lead time {lead_time}), "
            f"but the last with a gradient is {last}",
        )


PROBLEM_LAWS: dict[str, Callable[[Problem, Products], None]] = {
    law.__name__: law
    for law in (
        kinds_agree,
        mass_balance,
        rows_are_independent,
        homogeneity,
        purity,
        gradients,
        lead_times,
    )
}


def check_policy(policy: Policy, problem: Problem, source: ProductSource, seed: int = 0) -> None:
    """Check every law of `POLICY_LAWS` on random products.

    Args:
        policy: Any policy for the problem.
        problem: Its horizon is shortened to 12 periods.
        source: Where products come from.
        seed: Of the products.

    Raises:
        LawError: A law does not hold.
        ValueError: The policy's orders are not valid.
    """
    problem = replace(problem, horizon=LAW_PERIODS)
    products = draw_products(source, problem, LAW_PRODUCTS, seed)
    for law in POLICY_LAWS.values():
        law(policy, problem, products)


def causality(policy: Policy, problem: Problem, products: Products) -> None:
    """Orders up to and including period t do not depend on demand from period t on (unless by
    hindsight), for every t.
    """
    if policy.knows == "hindsight":
        return
    periods, rows = np.arange(problem.horizon), np.arange(products.batch)
    # The demand of product b changes from period ``b mod T`` on, so every t has its products.
    changes = rows % problem.horizon
    later = periods[:, None] >= changes
    demand = to_numpy(products.demand).copy()
    demand[HISTORY:] = np.where(later, 3.0 * demand[HISTORY:] + 7.0, demand[HISTORY:])
    orders, others = (
        rollout(problem, policy, batch).orders
        for batch in (products, products._replace(demand=demand))
    )
    # Beyond rounding, which may depend on the other products of a batch.
    differs = ~np.isclose(orders, others, rtol=1e-6, atol=1e-6).all(-1)
    differs &= periods[:, None] <= changes
    if differs.any():
        first = int(changes[differs.any(0)].min())
        raise LawError(
            f"orders up to period {first} change with the demand from period {first} on."
        )


def leaves_the_game_alone(policy: Policy, problem: Problem, products: Products) -> None:
    """A policy writes neither into the products that it plans for nor into what it observes."""
    shown = products.copied()
    stepwise = planned(policy, problem, shown)
    _require(_equal(shown, products), "plan writes into the products")
    episode = Episode(problem, products)
    while not episode.done:
        observation = episode.observe()
        writable = map_columns(np.array, observation)._replace(period=observation.period)
        order = taken(
            stepwise(writable), (products.batch, problem.order_dim), products.demand, policy
        )
        _require(_equal(writable, observation), "the policy writes into its observation")
        episode.step(unstack(order))


def _equal(tree: Any, other: Any) -> bool:
    """Whether two named tuples hold the same numbers."""
    pairs = zip(flatten(tree), flatten(other), strict=True)
    return all(a is b or np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def batch_independence(policy: Policy, problem: Problem, products: Products) -> None:
    """A product gets the same orders alone and in a batch."""
    together = rollout(problem, policy, products).orders
    alone = rollout(problem, policy, products.rows(slice(3, 5))).orders
    _close(alone, together[:, 3:5], "a product's orders depend on the batch it is in", 1e-6)


def planning_changes_nothing(policy: Policy, problem: Problem, products: Products) -> None:
    """Called step by step, on what an environment shows, a policy orders what it orders when it
    plans ahead.
    """
    at_once = rollout(problem, policy, products).orders
    episode = Episode(problem, products)
    stepwise = _stepwise(policy, problem, products)
    for period in range(problem.horizon):
        order = stepwise(episode.observe())
        _close(
            order,
            at_once[period],
            f"step by step and planned orders differ in period {period}",
            1e-6,
        )
        episode.step(unstack(order))


def kinds_of_orders_agree(policy: Policy, problem: Problem, products: Products) -> None:
    """On torch products a policy orders what it orders on NumPy products, as torch tensors."""
    import torch

    wanted = rollout(problem, policy, products).orders
    products = products.to(torch.empty(0, dtype=torch.float64))
    first = planned(policy, problem, products)(Episode(problem, products).observe())
    _require(is_torch(first), "a policy called with torch tensors must give torch tensors")
    orders = rollout(problem, policy, products).orders
    _close(orders, wanted, "orders on torch and NumPy products differ", 1e-5)


POLICY_LAWS: dict[str, Callable[[Policy, Problem, Products], None]] = {
    law.__name__: law
    for law in (
        leaves_the_game_alone,
        causality,
        batch_independence,
        planning_changes_nothing,
        kinds_of_orders_agree,
    )
}


ADVICE = (
    ".*we recommend using a symmetric and normalized space.*",
    ".*A Box observation space (minimum|maximum) value is -?infinity.*",
)
"""Beginnings of what Gymnasium's checker warns of without there being a fault."""


def check_environment(env_id: str, **kwargs: Any) -> None:
    """Check that an environment keeps Gymnasium's contract and is a view of its problem.

    Two pieces of Gymnasium's advice are not heeded: to normalise actions (orders are in units;
    rescale them with its RescaleAction), and to bound observations (demand has no largest value).

    Raises:
        LawError: A law does not hold.
        AssertionError: Gymnasium's own checker found a fault.
    """
    import gymnasium as gym
    from gymnasium.utils.env_checker import check_env

    env = gym.make(env_id, **kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for advice in ADVICE:
            warnings.filterwarnings("ignore", message=advice)
        check_env(gym.make(env_id, **kwargs).unwrapped)
    spec = copy.deepcopy(gym.spec(env_id))
    spec.kwargs = {**spec.kwargs, **kwargs}
    again = gym.make(gym.envs.registration.EnvSpec.from_json(spec.to_json()))
    copied = pickle.loads(pickle.dumps(env.unwrapped))
    runs = [_trace(copy_of_it, 5) for copy_of_it in (env, again, copied)]
    _require(
        all(np.array_equal(runs[0], run) for run in runs[1:]),
        "a copy by spec or by pickle plays differently",
    )
    _replay_equals_rollout(env.unwrapped)
    _vector_equals_single(env_id, kwargs)
    _what_is_handed_out_is_no_part_of_the_game(env_id, kwargs)


def _trace(env: Any, seed: int) -> np.ndarray:
    """Observations of an episode under a fixed order, one after another."""
    env.reset(seed=seed)
    order = np.asarray(env.unwrapped.action_space.high) / 100.0
    return np.stack([env.step(order)[0] for _ in range(env.unwrapped.problem.horizon)])


def _replay_equals_rollout(env: Any) -> None:
    """Stepping the environment earns what the rollout of the same product and orders earns."""
    env.reset(seed=1)
    orders = random_orders(env.problem, env.products)
    wanted = rollout(env.problem, Replay(orders), env.products).rewards[:, 0]
    got = np.array([env.step(orders[t, 0])[1] for t in range(env.problem.horizon)])
    _close(got, wanted, "stepped and rolled-out rewards differ", 1e-12)


def _vector_equals_single(env_id: str, kwargs: Any) -> None:
    """One row of the native vector environment plays what `gym.make` plays, on the
    same products.
    """
    import gymnasium as gym

    single: Any = gym.make(env_id, **kwargs).unwrapped
    vector = gym.make_vec(env_id, num_envs=1, **kwargs)
    observations = [single.reset(seed=2)[0], vector.reset(seed=2)[0][0]]
    orders = random_orders(single.problem, single.products)[:, 0]
    for order in orders:
        _require(np.array_equal(*observations), "single and vector observations differ")
        alone, batch = single.step(order), vector.step(order[None])
        _close(batch[1][0], alone[1], "single and vector rewards differ", 1e-12)
        _require(
            alone[2] == batch[2][0] and alone[3] == batch[3][0], "single and vector ends differ"
        )
        observations = [alone[0], batch[0][0]]


def _what_is_handed_out_is_no_part_of_the_game(env_id: str, kwargs: Any) -> None:
    """Writing into observations, rewards and infos of the vector environment changes no later
    reward.
    """
    import gymnasium as gym

    envs: list[Any] = [gym.make_vec(env_id, num_envs=2, **kwargs) for _ in range(2)]
    rewards: list[list[np.ndarray]] = [[], []]
    for env, earned in zip(envs, rewards, strict=True):
        env.reset(seed=3)
        order = np.asarray(env.action_space.high) / 100.0
        for _ in range(min(env.unwrapped.problem.horizon, LAW_PERIODS)):
            observation, reward, *_, info = env.step(order)
            earned.append(reward.copy())
            if env is envs[1]:
                for array in (observation, reward, *info.values()):
                    array[:] = 1
    _require(
        np.array_equal(rewards[0], rewards[1]),
        "what a step returns is a part of the environment's state",
    )


def _stepwise(policy: Policy, problem: Problem, products: Products) -> Policy:
    """The policy as an environment's loop would call it: as it is, or planned where it must be."""
    try:
        policy(Episode(problem, products).observe())
    except NotPlannedError:
        return planned(policy, problem, products)
    return policy


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise LawError(f"{message}.")


def _close(got: Array, wanted: Array, message: str, tolerance: float) -> None:
    got, wanted = to_numpy(got), to_numpy(wanted)
    bad = ~(np.abs(got - wanted) <= tolerance * (1.0 + np.abs(wanted)))
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0]) if got.ndim else ()
        raise LawError(f"{message}: {got[where]} and {wanted[where]} at {where}.")
