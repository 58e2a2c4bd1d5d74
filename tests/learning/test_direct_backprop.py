"""DirectBackprop: what it learns, what its gradient is, and that it goes on where it stopped."""

import copy
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learning_cases import (
    POISSON,
    POPULATION,
    drawn,
    equal,
    exactly,
    gradients,
    stir,
    tiny,
    weights,
)

import inv_gym
from inv_gym import (
    InstanceProducts,
    LostSales,
    Problem,
    Products,
    draw_products,
    make_source,
    rollout,
)
from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import ROUNDINGS, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import TrainingProgress
from inv_gym.agents.training.rollout_loss import settling
from inv_gym.baselines import BaseStock
from inv_gym.play.episode import Episode
from inv_gym.play.policy import planned
from inv_gym.products.batch import product_weights
from inv_gym.products.broad import BROAD
from inv_gym.util.arrays import flatten, map_columns, unstack

FLOAT32 = torch.empty(0)
THIN = {"price": 6.0, "unit_cost": 4.0, "holding_cost": 2.0, "salvage_value": 4.0}
"""The critical ratio is about a half, so an untrained network orders far too much."""
STORED = InstanceProducts(
    "poisson", 5.0, {"price": 10.0, "holding_cost": 1.0, "shortage_cost": 2.0}
)
"""Ordering is free, so with a lead time an order's worth shows in later periods alone."""


def train(problem: Problem, source: Any = POISSON, **changes: Any) -> DirectBackprop:
    training = DirectBackprop(problem, source, tiny(**changes))
    training.fit()
    return training


def first_step(problem: Problem, **changes: Any) -> DirectBackprop:
    """A training after one step from weights with which history matters as much as stock."""
    training = DirectBackprop(problem, POPULATION, tiny(steps=1, clip=1e9, **changes))
    stir(training)
    training.fit()
    return training


def mean_reward(problem: Problem, policy: Any, products: Products) -> float:
    """Mean discounted reward per period."""
    weight = sum(problem.discount**t for t in range(problem.horizon))
    return float(np.mean(rollout(problem, policy, products).discounted_reward)) / weight


# What it learns


@pytest.mark.parametrize(("distribution", "dispersion"), [("poisson", 0.0), ("gamma", 0.3)])
def test_lost_sales_without_lead_time_end_at_the_level_of_the_critical_ratio(
    distribution: str, dispersion: float
) -> None:
    problem, source = (
        LostSales(lead_time=0, horizon=8),
        InstanceProducts(distribution, 5.0, THIN, dispersion=dispersion),
    )
    changes = {
        "steps": 100,
        "batch": 64,
        "check_every": 20,
        "validation_products": 256,
        "learning_rate": 0.02,
    }
    training = DirectBackprop(problem, source, tiny("distribution", **changes))
    products = draw_products(source, problem, 2048, seed=5)
    assert products.distribution is not None
    optimal = BaseStock.closed_form(problem, products.distribution, products.economics)
    best, level = mean_reward(problem, optimal, products), float(optimal.level[0])
    assert mean_reward(problem, training.agent, products) < 0.7 * best
    policy = training.fit()
    assert mean_reward(problem, policy, products) > 0.99 * best
    ready = planned(policy, problem, products)
    for period in (0, 4, 7):
        for stock in (0.0, 0.4 * level, 0.8 * level):
            episode = Episode(
                problem, products, problem.initial_state(np.full(products.batch, stock))
            )
            reached = stock + ready(episode.observe()._replace(period=period))[:, 0]
            assert np.abs(reached - level).max() < 0.6


@pytest.mark.parametrize("knows", ["history", "distribution"])
@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_a_little_training_improves_on_none(env_id: str, knows: str) -> None:
    problem = inv_gym.make_problem(env_id, horizon=8)
    source = make_source(inv_gym.ENVIRONMENTS[env_id].source)
    changes = {
        "steps": 12,
        "batch": 32,
        "check_every": 12,
        "validation_products": 64,
        "learning_rate": 0.01,
    }
    training = DirectBackprop(problem, source, tiny(knows, **changes))
    test = draw_products(source, problem, 256, seed=8)
    before, after = (
        rollout(problem, agent, test).discounted_reward
        for agent in (training.agent, training.fit())
    )
    weight = product_weights(test)
    assert np.mean(after * weight) > np.mean(before * weight) + 0.02 * np.abs(
        np.mean(before * weight)
    )


def test_the_best_weights_are_returned_and_their_score_is_the_curves_best() -> None:
    problem = LostSales(horizon=6)
    training = DirectBackprop(
        problem, POPULATION, tiny(steps=8, learning_rate=0.2)
    )  # so high that it gets worse
    seen = []
    agent = training.fit(lambda row: seen.append((row, weights(training))))
    assert [row for row, _ in seen] == training.curve
    assert [row.step for row in training.curve] == [2, 4, 6, 8]
    ((_, products),) = training.validation
    weight = sum(problem.discount**t for t in range(problem.horizon))
    scores = []
    for row, now in seen:
        training.network.load_state_dict(now)
        reward = rollout(problem, training.agent, products).discounted_reward / weight
        assert row.reward == pytest.approx(np.mean(reward), rel=1e-5)
        scores.append(float(np.mean(reward * product_weights(products))))
        assert row.best == pytest.approx(max(scores), rel=1e-5)
    best = int(np.argmax(scores))
    assert best < 3, "the last weights should be bad ones, or this shows nothing"
    assert equal(
        {name: value.float() for name, value in agent.network.state_dict().items()},
        seen[best][1],
    )


# What its gradient is


def reward_of(
    network: Any, problem: Problem, products: Products, cut: bool, last: int | None = None
) -> torch.Tensor:
    """Discounted reward ``[B]`` as an agent of the network plays; with `cut`, what it sees carries
    no gradient.
    """
    frozen = copy.deepcopy(network).requires_grad_(False)
    episode, total = Episode(problem, products), torch.zeros_like(products.scale)
    while not episode.done:
        t, seen = episode.period, episode.observe()
        agent = InventoryAgent(problem, network if last is None or t < last else frozen)
        if cut:
            episode.state = map_columns(torch.Tensor.detach, episode.state)
            seen = map_columns(
                lambda x: x.detach() if isinstance(x, torch.Tensor) else x, episode.observe()
            )
        total = total + problem.discount**t * episode.step(unstack(agent(seen))).reward
    return total


def loss_of(total: torch.Tensor, problem: Problem, products: Products) -> torch.Tensor:
    weight = sum(problem.discount**t for t in range(problem.horizon))
    return -(total * torch.as_tensor(product_weights(products))).mean() / weight


def expected(
    problem: Problem, cut: bool, last: int | None = None
) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradient of the first step with fractional orders, by a plain loop over
    observations.
    """
    training = DirectBackprop(problem, POPULATION, tiny(steps=1))
    stir(training)
    products = drawn(training, 0).to(FLOAT32)
    problem = replace(problem, integer_orders=False)
    loss = loss_of(reward_of(training.network, problem, products, cut, last), problem, products)
    loss.backward()
    return float(loss.detach()), gradients(training)


def vector(slopes: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([slope.ravel() for slope in slopes.values()])


def agree(got: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> bool:
    """Whether two gradients are the same but for rounding errors of float32."""
    left, right = vector(got), vector(wanted)
    assert right.abs().max() > 1e-4, "a gradient of nothing shows nothing"
    return float((left - right).abs().max()) < 3e-6 * float(right.abs().max())


PLAYED = [
    LostSales(horizon=6),
    LostSales(horizon=6, lead_time=2),
    LostSales(horizon=6, censored=True),
    inv_gym.make_problem("InvPerishable-v0", horizon=6, censored=True, lead_time=1),
    inv_gym.make_problem("InvDualSourcing-v0", horizon=6),
    inv_gym.make_problem("InvProcurementRemoval-v0", horizon=6),
]


def name_of(problem: Any) -> str:
    return (
        f"{type(problem).__name__}{'-censored' if problem.censored else ''}"
        if isinstance(problem, Problem)
        else ""
    )


@pytest.mark.parametrize("problem", PLAYED, ids=name_of)
def test_the_gradient_is_that_of_the_reward_of_the_policy(problem: Problem) -> None:
    training = first_step(problem)
    loss, wanted = expected(problem, cut=False)
    assert training.curve[0].loss == pytest.approx(loss, rel=1e-5)
    assert agree(gradients(training), wanted)


@pytest.mark.parametrize("problem", PLAYED, ids=name_of)
def test_truncated_every_period_it_is_that_of_each_order_within_its_period(
    problem: Problem,
) -> None:
    training = first_step(problem, truncate=1)
    loss, wanted = expected(problem, cut=True)
    assert training.curve[0].loss == pytest.approx(loss, rel=1e-5)
    assert agree(gradients(training), wanted)
    assert not agree(gradients(training), expected(problem, cut=False)[1])


def test_a_reward_gives_no_gradient_to_orders_before_the_cut() -> None:
    problem = LostSales(lead_time=1, horizon=8)  # free orders show their worth one period later
    whole, two, one, long = (
        train(problem, STORED, steps=1, clip=1e9, truncate=k) for k in (None, 2, 1, 8)
    )
    assert whole.curve[0].loss == two.curve[0].loss == one.curve[0].loss
    assert equal(gradients(whole), gradients(long))
    assert not any(slope.any() for slope in gradients(one).values())
    assert any(slope.any() for slope in gradients(two).values())
    assert not agree(gradients(two), gradients(whole))


@pytest.mark.parametrize(
    ("problem", "periods"),
    [
        (LostSales(horizon=40), 0),
        (LostSales(horizon=40, long_run=True), 10),
        (LostSales(horizon=40, long_run=True, lead_time=3), 13),
        (inv_gym.make_problem("InvPerishable-v0", long_run=True, shelf_life=3, lead_time=2), 15),
        (inv_gym.make_problem("InvDualSourcing-v0", long_run=True), 12),
        (LostSales(horizon=7, long_run=True), 6),
        (LostSales(horizon=1, long_run=True), 0),
    ],
)
def test_orders_settle_after_lead_time_shelf_life_and_ten_periods(
    problem: Problem, periods: int
) -> None:
    assert settling(problem) == periods


@pytest.mark.parametrize("censored", [False, True])
def test_the_last_orders_of_a_long_run_problem_teach_nothing(censored: bool) -> None:
    problem = LostSales(horizon=14, long_run=True, censored=censored)
    training = first_step(problem)
    loss, wanted = expected(problem, cut=False, last=4)
    assert training.curve[0].loss == pytest.approx(loss, rel=1e-5)
    assert agree(gradients(training), wanted)
    assert not agree(gradients(training), expected(problem, cut=False)[1])


@pytest.mark.filterwarnings("ignore::inv_gym.agents.training.progress.TrainingWarning")
@pytest.mark.parametrize(
    "problems",
    [[LostSales(horizon=8, long_run=True)], [LostSales(horizon=4, lead_time=n) for n in (0, 3)]],
)
def test_a_loss_is_that_of_the_weights_before_the_step_on_the_steps_problem(
    problems: list[Problem],
) -> None:
    training = DirectBackprop(problems, POPULATION, tiny(steps=3, check_every=1, learning_rate=0.1))
    losses = []

    def expect() -> None:
        problem, products = problems[training.step % len(problems)], drawn(training, training.step)
        reward = rollout(
            problem, InventoryAgent(problem, training.agent.network), products
        ).discounted_reward
        losses.append(float(loss_of(torch.as_tensor(reward), problem, products)))

    expect()
    training.fit(lambda row: expect() if row.step < 3 else None)
    assert [row.loss for row in training.curve] == pytest.approx(losses, rel=1e-4)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_whole_orders_leave_about_the_gradient_of_fractional_ones(rounding: str) -> None:
    problem = LostSales(horizon=6, lead_time=1, integer_orders=True)
    got = gradients(first_step(problem, rounding=rounding))
    _, wanted = expected(problem, cut=False)
    assert torch.cosine_similarity(vector(got), vector(wanted), 0) > 0.9
    assert agree(got, wanted) is (rounding == "none")


def test_straight_through_plays_whole_orders_and_none_plays_fractions() -> None:
    problem = LostSales(horizon=6, lead_time=1, integer_orders=True)
    first = DirectBackprop(problem, POPULATION, tiny())
    rounded, free = (
        expected_loss(first, p) for p in (problem, replace(problem, integer_orders=False))
    )
    assert abs(rounded - free) > 1e-4
    losses = {
        r: train(problem, POPULATION, steps=1, rounding=r).curve[0].loss
        for r in ("straight_through", "none")
    }
    assert losses == {
        "straight_through": pytest.approx(rounded, rel=1e-5),
        "none": pytest.approx(free, rel=1e-5),
    }


def test_dithered_orders_are_right_on_average_at_first_and_rounded_in_the_end() -> None:
    problem = LostSales(horizon=6, lead_time=1, integer_orders=True)
    training = DirectBackprop(problem, POPULATION, tiny(steps=100, batch=512, rounding="dithered"))
    first, late, last = (training.batch(step).dither for step in (0, 25, 99))
    assert first.shape == (6, 512, 1)
    assert not last.any()
    for dither, reach in ((first, 0.5), (late, 0.25)):
        assert 0.98 * reach < np.abs(dither).max() <= reach
        assert abs(dither.mean()) < 0.05 * reach
    orders = np.array([0.0, 0.3, 2.5, 4.7])[:, None]
    assert np.rint(orders + first.ravel()).mean(1) == pytest.approx(orders[:, 0], abs=0.03)
    assert (
        not DirectBackprop(problem, POPULATION, tiny(rounding="straight_through"))
        .batch(0)
        .dither.any()
    )
    assert DirectBackprop(problem, POPULATION, tiny(rounding="none")).batch(0).dither is None
    assert DirectBackprop(LostSales(), POPULATION, tiny()).batch(0).dither is None


def expected_loss(training: DirectBackprop, problem: Problem) -> float:
    products = drawn(training, 0)
    agent = InventoryAgent(problem, training.agent.network)
    return float(
        loss_of(
            torch.as_tensor(rollout(problem, agent, products).discounted_reward), problem, products
        )
    )


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_an_agent_orders_whole_units_however_it_was_trained(rounding: str) -> None:
    problem = LostSales(horizon=6, lead_time=1, integer_orders=True)
    training = train(problem, POPULATION, rounding=rounding)
    played, products = training.validation[0]
    orders = rollout(played, training.agent, products).orders
    assert np.array_equal(orders, np.rint(orders))
    assert orders.max() > 1.0


def test_weighting_counts_products_alike_or_money_alike() -> None:
    problem = LostSales(horizon=6)
    first = DirectBackprop(problem, POPULATION, tiny())
    products = drawn(first, 0)
    reward = rollout(problem, first.agent, products).discounted_reward / sum(
        problem.discount**t for t in range(6)
    )
    for weighting, weight in {"money": 1.0, "product": product_weights(products)}.items():
        training = train(problem, POPULATION, weighting=weighting, steps=1)
        assert training.curve[0].loss == pytest.approx(-np.mean(reward * weight), rel=1e-4)
        ((_, seen),) = training.validation
        score = rollout(problem, training.agent, seen).discounted_reward / sum(
            problem.discount**t for t in range(6)
        )
        counted = 1.0 if weighting == "money" else product_weights(seen)
        assert training.curve[0].best == pytest.approx(np.mean(score * counted), rel=1e-4)
        assert training.curve[0].reward == pytest.approx(np.mean(score), rel=1e-4)


def test_a_products_weight_undoes_its_size_and_its_currency() -> None:
    products = draw_products(POPULATION, LostSales(), 8)
    dearer = products._replace(economics=map_columns(lambda x: 4.0 * x, products.economics))
    larger = products._replace(scale=8.0 * products.scale)
    weight = product_weights(products)
    assert np.allclose(weight * products.scale * sum(map(abs, products.economics)), 1.0)
    assert np.allclose(product_weights(dearer), weight / 4.0)
    assert np.allclose(product_weights(larger), weight / 8.0)


def test_gradients_are_clipped() -> None:
    problem = LostSales(horizon=6)
    free, clipped = (
        gradients(train(problem, POPULATION, steps=1, clip=clip)) for clip in (1e9, 1e-3)
    )
    norms = [
        math.sqrt(sum(float(slope.square().sum()) for slope in g.values())) for g in (free, clipped)
    ]
    assert norms[0] > 0.01
    assert norms[1] == pytest.approx(1e-3, rel=1e-3)


def test_the_learning_rate_warms_up_and_falls() -> None:
    config = TrainingConfig(steps=1000, warm_up=100, learning_rate=0.1)
    rates = [config.rate(step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.001, rel=1e-3)
    assert np.argmax(rates) in range(95, 105)
    assert max(rates) == pytest.approx(0.1, rel=0.05)
    assert rates[500] == pytest.approx(0.1 * (0.01 + 0.99 * 0.5))
    assert rates[-1] == pytest.approx(0.001, rel=0.01)
    assert TrainingConfig(warm_up=0, learning_rate=0.1).rate(0) == pytest.approx(0.1)


# Products


def test_fresh_products_differ_from_step_to_step_and_follow_from_the_seed() -> None:
    training, again = (DirectBackprop(LostSales(horizon=6), POPULATION, tiny()) for _ in range(2))
    other = DirectBackprop(LostSales(horizon=6), POPULATION, tiny(seed=1))
    demands = [drawn(t, step).demand for t in (training, other) for step in (0, 1, 2)]
    assert all(not np.array_equal(a, b) for i, a in enumerate(demands) for b in demands[:i])
    assert np.array_equal(drawn(again, 1).demand, demands[1])
    assert not any(np.array_equal(training.validation[0][1].demand[:, :16], d) for d in demands)


def test_fixed_products_are_drawn_once() -> None:
    training, other = (
        DirectBackprop(
            LostSales(horizon=6, lead_time=2), POPULATION, tiny(fixed_products=5, seed=seed)
        )
        for seed in (0, 1)
    )
    batches = [drawn(training, step) for step in range(8)]
    seen = [tuple(column) for batch in batches for column in batch.demand.T]
    assert len(seen) == 8 * 16
    assert len(set(seen)) == 5
    assert set(seen).isdisjoint(map(tuple, drawn(other, 0).demand.T))
    assert set(seen).isdisjoint(map(tuple, training.validation[0][1].demand.T))
    starts = {tuple(row) for batch in batches for row in np.stack(flatten(batch.initial_state), -1)}
    assert len(starts) > 20  # each with many starts
    assert not np.array_equal(batches[0].demand, batches[1].demand)


def test_fixed_products_of_several_problems_are_refused() -> None:
    with pytest.raises(ValueError, match="fixed_products needs one problem"):
        DirectBackprop([LostSales(), LostSales(lead_time=1)], POPULATION, tiny(fixed_products=5))


@pytest.mark.parametrize("wide", [True, False])
def test_starts_are_wide_only_if_asked_for(wide: bool) -> None:
    training = DirectBackprop(LostSales(horizon=6, lead_time=2), POPULATION, tiny(wide=wide))
    stock = np.stack(flatten(drawn(training, 0).initial_state))
    assert bool(stock.any()) is wide
    assert not np.stack(flatten(training.validation[0][1].initial_state)).any()


@pytest.mark.parametrize("fixed", [None, 700])
@pytest.mark.parametrize(
    ("batch", "processes"), [(32, 2), (1024, 2), (1536, 3), (1000, 2), (1000, 1), (1100, 4)]
)
def test_processes_share_the_batch_that_one_process_has(
    batch: int, processes: int, fixed: int | None
) -> None:
    problem = LostSales(horizon=2, lead_time=2)
    training = DirectBackprop(problem, POPULATION, tiny(batch=batch, fixed_products=fixed))
    alone = drawn(training, 3)
    assert alone.batch == batch
    shares = []
    for rank in range(processes):
        training.processes, training.rank = processes, rank
        shares.append(drawn(training, 3))
    assert [share.batch for share in shares] == [batch // processes] * processes
    assert np.array_equal(np.concatenate([share.demand for share in shares], 1), alone.demand)
    states = [np.stack(flatten(products.initial_state)) for products in (*shares, alone)]
    assert np.array_equal(np.concatenate(states[:-1], 1), states[-1])


def test_a_batch_that_processes_cannot_share_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"is_initialized": True, "get_world_size": 3, "get_rank": 1}.items():
        monkeypatch.setattr(f"torch.distributed.{name}", lambda value=value: value)
    with pytest.raises(
        ValueError, match=exactly("batch must be a multiple of the 3 processes, got 16.")
    ):
        DirectBackprop(LostSales(), POPULATION, tiny(batch=16))


def test_a_seed_repeats_a_training_and_another_one_does_not() -> None:
    begun = [
        weights(DirectBackprop(LostSales(), POPULATION, tiny(seed=seed))) for seed in (3, 3, 4)
    ]
    assert equal(begun[0], begun[1])
    assert not torch.equal(begun[0]["head.state.weight"], begun[2]["head.state.weight"])
    first, again, other = (train(LostSales(horizon=6), POPULATION, seed=seed) for seed in (3, 3, 4))
    assert equal(weights(first), weights(again))
    assert not equal(weights(first), weights(other))
    assert [row.loss for row in first.curve] == [row.loss for row in again.curve]


def test_the_users_own_random_numbers_stay_as_they_are() -> None:
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    train(LostSales(horizon=4), POPULATION)
    assert torch.equal(torch.rand(3), wanted)


def test_several_problems_take_turns() -> None:
    problems = [LostSales(horizon=4, lead_time=n) for n in (0, 3)]
    training = DirectBackprop(problems, POPULATION, tiny())
    sizes = [len(flatten(drawn(training, step).initial_state)) for step in range(4)]
    assert sizes == [1, 3, 1, 3]
    training.fit()
    agents = [InventoryAgent(problem, training.agent.network) for problem in problems]
    rewards = [
        mean_reward(problem, agent, products)
        for agent, (problem, products) in zip(agents, training.validation, strict=True)
    ]
    best = max(training.curve, key=lambda row: row.best)
    assert best.reward == pytest.approx(np.mean(rewards), rel=1e-5)


# Stopping and going on


class SwitchedOffError(Exception):
    """The machine was switched off."""


def stop_at(step: int) -> Any:
    def progress(row: TrainingProgress) -> None:
        if row.step == step:
            raise SwitchedOffError

    return progress


RESUMED: dict[str, tuple[Any, dict[str, Any]]] = {
    "lost sales": (LostSales(horizon=6), {}),
    "fixed products": (
        LostSales(horizon=6, lead_time=2),
        {"fixed_products": 20, "weighting": "money"},
    ),
    "whole orders": (LostSales(horizon=14, integer_orders=True, long_run=True), {"truncate": 3}),
    "dual sourcing": (
        inv_gym.make_problem("InvDualSourcing-v0", horizon=6),
        {"knows": "distribution"},
    ),
    "several": (
        [LostSales(horizon=4, lead_time=n) for n in (0, 2)],
        {"patience": 1, "learning_rate": 1e-4},
    ),
    "muon": (LostSales(horizon=6, lead_time=2), {"optimiser": "muon"}),
}


@pytest.mark.parametrize(("problem", "changes"), RESUMED.values(), ids=RESUMED)
def test_a_training_that_was_interrupted_ends_as_one_that_was_not(
    problem: Any, changes: dict[str, Any], tmp_path: Path
) -> None:
    changes = {"steps": 6, "batch": 24, **changes}
    knows = changes.pop("knows", "history")
    through = DirectBackprop(problem, POPULATION, tiny(knows, **changes))
    end = tmp_path / "end.safetensors"
    wanted = through.fit(checkpoint=end)
    checkpoint = tmp_path / "new" / "checkpoint.safetensors"
    interrupted = DirectBackprop(problem, POPULATION, tiny(knows, **changes))
    with pytest.raises(SwitchedOffError):
        interrupted.fit(stop_at(4), checkpoint)
    torch.manual_seed(123)  # nothing hangs on what else was drawn
    resumed = DirectBackprop(problem, POPULATION, tiny(knows, **changes))
    resumed.resume(checkpoint)
    assert resumed.step == 4
    got = resumed.fit(checkpoint=checkpoint)
    assert equal(got.network.state_dict(), wanted.network.state_dict())
    assert [row[:4] for row in resumed.curve] == [row[:4] for row in through.curve]
    assert [row.step for row in resumed.curve] == [2, 4, 6]
    assert all(
        a.seconds < b.seconds for a, b in zip(resumed.curve, resumed.curve[1:], strict=False)
    )
    # the last weights, which may not be the best ones, and the optimiser's moments are in the file
    # too
    (left, _), (right, _) = read_tensors(checkpoint), read_tensors(end)
    assert equal(left, right)
    assert any(name.startswith("adam/") for name in left)


def test_patience_counts_on_after_an_interruption(tmp_path: Path) -> None:
    problem, config = LostSales(lead_time=1, horizon=8), tiny(steps=50, truncate=1, patience=3)
    with pytest.raises(SwitchedOffError):
        DirectBackprop(problem, STORED, config).fit(stop_at(6), tmp_path / "file")
    resumed = DirectBackprop(problem, STORED, config)
    resumed.resume(tmp_path / "file")
    resumed.fit()
    assert [row.step for row in resumed.curve] == [2, 4, 6, 8]


def test_a_finished_training_resumes_as_finished(tmp_path: Path) -> None:
    first = DirectBackprop(LostSales(horizon=4), POPULATION, tiny())
    agent = first.fit(checkpoint=tmp_path / "file")
    again = DirectBackprop(LostSales(horizon=4), POPULATION, tiny())
    again.resume(tmp_path / "file")
    assert again.finished
    assert equal(again.fit().network.state_dict(), agent.network.state_dict())
    assert again.curve == first.curve


OTHER_TRAININGS: dict[str, dict[str, Any]] = {
    "config seed 0, this one has 1": {"seed": 1},
    "config steps 4, this one has 5": {"steps": 5},
    "config optimiser adam, this one has muon": {"optimiser": "muon"},
    "config network channels 4, this one has 5": {
        "network": NetworkConfig(channels=5, hidden=(8, 8))
    },
}


@pytest.mark.parametrize("difference", OTHER_TRAININGS)
def test_another_training_is_not_resumed(difference: str, tmp_path: Path) -> None:
    path = DirectBackprop(LostSales(horizon=4), POPULATION, tiny()).save(tmp_path / "file")
    other = DirectBackprop(LostSales(horizon=4), POPULATION, tiny(**OTHER_TRAININGS[difference]))
    with pytest.raises(ValueError, match=f"is of a training with {difference}: go on as it was"):
        other.resume(path)


def test_a_training_of_another_problem_is_not_resumed(tmp_path: Path) -> None:
    path = DirectBackprop(LostSales(horizon=4), POPULATION, tiny()).save(tmp_path / "file")
    for problem, difference in (
        (LostSales(horizon=5), "problems 0 horizon 4, this one has 5"),
        (
            inv_gym.make_problem("InvDualSourcing-v0", horizon=4),
            "problems 0 problem LostSales, this one has DualSourcing",
        ),
    ):
        with pytest.raises(ValueError, match=f"is of a training with {difference}"):
            DirectBackprop(problem, POPULATION, tiny()).resume(path)


def test_a_training_on_other_products_is_not_resumed(tmp_path: Path) -> None:
    path = DirectBackprop(LostSales(horizon=4), BROAD, tiny()).save(tmp_path / "file")
    first, (weight, second), *others = BROAD.parts
    other = replace(BROAD, parts=(first, (weight, replace(second, mean=7.0)), *others))
    # the message shows the place that differs, not the whole population twice
    message = r"with products \.\.\. .* this one has \.\.\. .*mean=7\.0.* \.\.\.: go on as it was"
    with pytest.raises(ValueError, match=message) as refusal:
        DirectBackprop(LostSales(horizon=4), other, tiny()).resume(path)
    assert len(str(refusal.value)) < len(str(path)) + 450
    with pytest.raises(ValueError, match="this one has InstanceProducts"):
        DirectBackprop(LostSales(horizon=4), POISSON, tiny()).resume(path)


def test_weights_are_not_taken_for_a_checkpoint(tmp_path: Path) -> None:
    training = DirectBackprop(LostSales(horizon=4), POPULATION, tiny())
    training.agent.save(tmp_path)
    with pytest.raises(ValueError, match="weights.safetensors"):
        training.resume(tmp_path / "weights.safetensors")


def test_a_checkpoint_that_is_damaged_or_missing_is_refused_and_changes_nothing(
    tmp_path: Path,
) -> None:
    training = DirectBackprop(LostSales(horizon=4), POPULATION, tiny())
    before = weights(training)
    path = train(LostSales(horizon=4), POPULATION).save(tmp_path / "file")
    content = bytearray(path.read_bytes())
    content[-9] ^= 16
    path.write_bytes(content)
    with pytest.raises(ValueError, match="was changed after it was written"):
        training.resume(path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        training.resume(tmp_path / "nothing")
    assert equal(weights(training), before)
    assert training.step == 0


def test_patience_stops_a_training_that_does_not_improve() -> None:
    problem, changes = (
        LostSales(lead_time=1, horizon=8),
        {"steps": 50, "check_every": 2, "truncate": 1},
    )
    without_gradient = train(problem, STORED, patience=3, **changes)
    assert [row.step for row in without_gradient.curve] == [2, 4, 6, 8]
    assert without_gradient.finished
    assert len({row.reward for row in without_gradient.curve}) == 1
    assert train(problem, STORED, **{**changes, "steps": 12}).step == 12


def test_the_last_steps_are_validated_too() -> None:
    assert [row.step for row in train(LostSales(horizon=4), POPULATION, steps=5).curve] == [2, 4, 5]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"steps": 0}, ValueError, "steps must be at least 1, got 0."),
        ({"steps": 10.0}, TypeError, "steps must be a whole number, got 10.0."),
        ({"batch": 0}, ValueError, "batch must be at least 1, got 0."),
        ({"validation_products": 0}, ValueError, "validation_products must be at least 1, got 0."),
        ({"check_every": 0}, ValueError, "check_every must be at least 1, got 0."),
        ({"fixed_products": 0}, ValueError, "fixed_products must be at least 1, got 0."),
        ({"truncate": 0}, ValueError, "truncate must be at least 1, got 0."),
        ({"patience": 0}, ValueError, "patience must be at least 1, got 0."),
        ({"patience": "3"}, TypeError, "patience must be a whole number, got '3'."),
        ({"warm_up": -1}, ValueError, "warm_up must be at least 0, got -1."),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1."),
        (
            {"learning_rate": 0.0, "clip": 1.0},
            ValueError,
            "learning_rate and clip must be above 0, got 0.0 and 1.0.",
        ),
        (
            {"learning_rate": 0.1, "clip": -1.0},
            ValueError,
            "learning_rate and clip must be above 0, got 0.1 and -1.0.",
        ),
        ({"learning_rate": math.nan}, ValueError, "learning_rate must be finite, got nan."),
        ({"learning_rate": 1e39}, ValueError, "learning_rate must be at most 1e+30, got 1e+39."),
        ({"clip": "1"}, TypeError, "clip must be a number, got '1'."),
        ({"weighting": "units"}, ValueError, "unknown weighting 'units'; known: product, money."),
        (
            {"rounding": "hard"},
            ValueError,
            "unknown rounding 'hard'; known: dithered, straight_through, none.",
        ),
    ],
)
def test_a_bad_configuration_is_refused(fields: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=exactly(message)):
        TrainingConfig(**fields)


def test_long_run_problems_are_validated_on_many_periods() -> None:
    config = TrainingConfig(steps=1, batch=8, validation_products=100)
    problem = LostSales(long_run=True, horizon=20)
    played, products = DirectBackprop(problem, POPULATION, config).validation[0]
    assert (played.horizon, products.batch, products.periods) == (400, 10, 400)
    assert (
        DirectBackprop(replace(problem, long_run=False), POPULATION, config)
        .validation[0][0]
        .horizon
        == 20
    )


def test_a_network_takes_problems_that_it_serves_without_training_on_them(tmp_path: Path) -> None:
    near, far = LostSales(lead_time=1, horizon=6), LostSales(lead_time=3, horizon=6)
    training = DirectBackprop(near, POPULATION, tiny(), serves=[far])
    training.fit()
    orders = rollout(
        far, InventoryAgent(far, training.agent.network), draw_products(POPULATION, far, 8)
    ).orders
    assert orders.shape == (6, 8, 1)
    assert (
        gradients(training)["head.state.weight"][:, 1:].abs().max() == 0.0
    )  # the columns of the longer pipeline
    path = training.save(tmp_path / "one.safetensors")
    with pytest.raises(ValueError, match="is of a training with serves"):
        DirectBackprop(near, POPULATION, tiny(), serves=[LostSales(lead_time=2, horizon=6)]).resume(
            path
        )
