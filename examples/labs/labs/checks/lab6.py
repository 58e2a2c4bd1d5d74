"""The exercises of lab 6: DirectBackprop from scratch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

import inv_gym
from inv_gym import Observation, Products, Task, baselines
from inv_gym.products.batch import product_weights
from labs.answers import chosen, close, expect, number, numbers, value_of
from labs.sizes import sized

FEATURES = 10
COVERED = 4.0
"""Periods of mean demand up to which an untrained network orders."""
RATE = 5e-3
STEPS = 4
PERCENT = 0.1
"""Percentage points that an answer may be off."""


class Recorder:
    """A policy that keeps what it sees, and orders the mean demand."""

    knows = "history"

    def __init__(self) -> None:
        self.observations: list[Observation] = []

    def __call__(self, observation: Observation) -> Tensor:
        self.observations.append(observation)
        return observation.scale[:, None]


class Ordering:
    """A policy from a function of the observation."""

    knows = "history"

    def __init__(self, function: Callable[[Observation], Tensor]) -> None:
        self.function = function

    def __call__(self, observation: Observation) -> Tensor:
        return self.function(observation)


@cache
def small_task() -> Task:
    """A short episode with the lab's lead time."""
    return inv_gym.task("InvLostSalesLeadTime-v0", lead_time=2, horizon=8, products="poisson")


def draw(step: int) -> Products:
    """Products of a step."""
    return small_task().draw(16, seed=step).torch()


@cache
def observed() -> Observation:
    """What is seen of 16 products in their third period."""
    recorder = Recorder()
    inv_gym.rollout(small_task(), recorder, draw(0))
    return recorder.observations[3]


def in_other_units(observation: Observation, units: float, money: float) -> Observation:
    """The same products counted in other units and another currency."""
    state = observation.state
    return observation._replace(
        state=state._replace(
            on_hand=state.on_hand * units, pipeline=tuple(x * units for x in state.pipeline)
        ),
        history=observation.history * units,
        scale=observation.scale * units,
        economics=type(observation.economics)(*(x * money for x in observation.economics)),
    )


def right_features(observation: Observation) -> Tensor:
    """The ten columns of the lab."""
    scale, state, history = observation.scale, observation.state, observation.history
    quantities = (state.on_hand, state.pipeline[0], history.mean(0), history.std(0))
    money = sum(observation.economics)
    columns = [units / scale for units in quantities]
    columns += [scale.log() / 3.0, *(figure / money for figure in observation.economics)]
    return torch.stack(columns, 1)


def position_of(observation: Observation) -> Tensor:
    """``[B]`` the inventory position, periods of mean demand."""
    position: Tensor = observation.state.inventory_position / observation.scale
    return position


def check_6_1(answer: Any) -> str:
    """A base-stock policy with a level that learns."""
    observation, level = observed(), torch.tensor(2.0, requires_grad=True)
    orders = value_of(answer, observation, level)
    given = numbers(orders, (16, 1), "the orders")
    right = (2.0 - position_of(observation)).clamp(min=0) * observation.scale
    expect((given >= 0.0).all(), "some orders are below 0: cut them off with clamp(min=0).")
    expect(
        close(given[:, 0], right.numpy(), 1e-3),
        "order what is missing to level * scale from the inventory position.",
    )
    expect(
        isinstance(orders, Tensor) and orders.requires_grad,
        "the orders are right, but no gradient flows to the level: leave it a tensor, without "
        ".item(), .detach() or NumPy.",
    )
    return "One number, and the simulator tells in which direction it should go."


def check_6_2(answer: Any) -> str:
    """The features."""
    observation = observed()
    given = numbers(value_of(answer, observation), (16, FEATURES), "the features")
    elsewhere = in_other_units(observation, 10.0, 1.0)
    in_tens = numbers(value_of(answer, elsewhere), (16, FEATURES), "the features")
    abroad = in_other_units(observation, 1.0, 10.0)
    in_cents = numbers(value_of(answer, abroad), (16, FEATURES), "the features")
    changed = [column + 1 for column in range(FEATURES) if column != 4]
    by_units = [k for k in changed if not close(given[:, k - 1], in_tens[:, k - 1], 1e-4)]
    expect(not by_units, f"columns {by_units} change if units are counted in tens: use the scale.")
    by_money = [k for k in changed if not close(given[:, k - 1], in_cents[:, k - 1], 1e-4)]
    expect(
        not by_money,
        f"columns {by_money} change with the currency: divide each figure by the sum of the five.",
    )
    right = right_features(observation).numpy()
    wrong = [k + 1 for k in range(FEATURES) if not close(given[:, k], right[:, k], 1e-4)]
    expect(not wrong, f"columns {wrong} are not those of the list above (counted from 1).")
    return "Ten numbers, whatever the product's size and currency."


def check_6_3(answer: Any) -> str:
    """The order of a network."""
    observation = observed()
    zero = nn.Linear(FEATURES, 1)
    nn.init.zeros_(zero.weight)
    for correction in (0.0, 1.0, -3.9):
        nn.init.constant_(zero.bias, correction)
        orders = value_of(answer, zero, observation)
        given = numbers(orders, (16, 1), "the orders")
        right = (COVERED + correction - position_of(observation)).clamp(min=0) * observation.scale
        expect((given >= 0.0).all(), "some orders are below 0: cut off after adding the network.")
        expect(
            close(given[:, 0], right.detach().numpy(), 1e-3),
            f"where the network gives {correction}, the order must be scale * "
            f"{COVERED + correction:.1f} less the inventory position; for the first product "
            f"{right[0]:.2f} units, yours is {given[0, 0]:.2f}.",
        )
        expect(
            isinstance(orders, Tensor) and orders.requires_grad,
            "no gradient flows to the network: leave out .item(), .detach() and NumPy.",
        )
    return "Before any training this is a base-stock policy."


def trained_losses(
    network: nn.Module,
    order: Callable[[nn.Module, Observation], Tensor],
    weighted: bool = True,
    cleared: bool = True,
    fresh: bool = True,
) -> list[float]:
    """The losses of the lab's loop, or of one with a usual mistake."""
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    losses = []
    for step in range(STEPS):
        products = draw(step if fresh else 0)
        played = inv_gym.rollout(
            small_task(), Ordering(lambda seen: order(network, seen)), products
        )
        weights = product_weights(products) if weighted else 1.0
        loss = -(weights * played.discounted_reward).mean()
        if cleared:
            optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def check_6_4(answer: Any) -> str:
    """The training loop."""
    expect(
        isinstance(answer, tuple) and len(answer) == 2,
        "give the loop and your order, as the cell does.",
    )
    train, order = answer
    torch.manual_seed(1)
    start = nn.Sequential(nn.Linear(FEATURES, 8), nn.ELU(), nn.Linear(8, 1))
    network = copy.deepcopy(start)
    losses = value_of(train, network, small_task(), draw, STEPS)
    expect(
        isinstance(losses, list) and len(losses) == STEPS,
        f"return one loss for each step: for {STEPS} steps you return "
        f"{len(losses) if isinstance(losses, list) else type(losses).__name__}. If the loop still "
        "has its `...`, fill it.",
    )
    given = numbers(losses, STEPS, "the losses")
    mistakes = {
        "the sign is turned: the loss is minus the reward, or the network learns to lose money.": [
            -loss for loss in trained_losses(copy.deepcopy(start), order)
        ][:1],
        "count each product in its own money: multiply with product_weights(products).": (
            trained_losses(copy.deepcopy(start), order, weighted=False)
        ),
        "gradients pile up from step to step: call optimiser.zero_grad() before backward().": (
            trained_losses(copy.deepcopy(start), order, cleared=False)
        ),
        "you use the same products in each step: call draw(step).": (
            trained_losses(copy.deepcopy(start), order, fresh=False)
        ),
    }
    for hint, mistaken in mistakes.items():
        expect(not close(given[: len(mistaken)], mistaken, 1e-5), hint)
    unchanged = all(
        torch.equal(before, after)
        for before, after in zip(start.parameters(), network.parameters(), strict=True)
    )
    expect(not unchanged, "the network has not changed: call backward(), then optimiser.step().")
    expect(
        close(given, trained_losses(copy.deepcopy(start), order), 1e-4),
        "the losses are not those of the five steps above. Is it the mean over products of weight "
        "times discounted reward?",
    )
    return "That is all of DirectBackprop."


@cache
def _held_out() -> tuple[Task, Products, float]:
    """The lab's test products, and what the base-stock policy earns on them."""
    task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=2, horizon=40, products="poisson")
    test = task.draw(sized(1000, 100), seed=7).torch()
    rule = baselines.policies(task.problem)["base-stock"]
    return task, test, float(inv_gym.rollout(task, rule, test).discounted_reward.mean())


def check_6_5(answer: Any) -> str:
    """What the network earns."""
    expect(
        isinstance(answer, tuple) and len(answer) == 2,
        "give the percentage and the policy, as the cell does.",
    )
    gain = number(answer[0], "the percentage")
    task, test, base = _held_out()
    with torch.no_grad():
        played = value_of(inv_gym.rollout, task, answer[1], test)
    reward = float(played.discounted_reward.mean())
    right = 100.0 * (reward / base - 1.0)
    expect(not close(gain, right / 100.0, PERCENT / 100.0) or abs(right) < 0.2, "it is in percent.")
    expect(
        close(gain, right, PERCENT),
        "divide the reward of your network by that of the policy called base-stock, less 1, times "
        "100.",
    )
    wanted = sized(1, -5)
    expect(
        right > wanted,
        f"the number is right, but a network that is trained well earns {wanted} % more at least: "
        "did all steps run?",
    )
    return "And it has never seen the distribution of any product."


def check_6_6(answer: Any) -> str:
    """Training on the same products."""
    hints = {
        "a": "the network has over 1,000 weights. Can it remember 256 paths of demand?",
        "c": "the reward on the 256 products can go on rising for long. Is that good?",
    }
    chosen(answer, "b", hints)
    return "Fresh demand costs a few milliseconds, and there is no end of it."
