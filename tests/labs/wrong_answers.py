"""Wrong answers to every exercise, with a word of the hint that each must get."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import inv_gym
from inv_gym import Observation, Products
from inv_gym.products.batch import product_weights
from labs.checks import lab7
from labs.checks.lab6 import Ordering, right_features, trained_losses
from labs.checks.lab9 import right_advantages

MEAN_DEMAND = Ordering(lambda observation: observation.scale[:, None])


def network_order(network: nn.Module, observation: Observation) -> Tensor:
    """An order that a network decides."""
    return observation.scale[:, None] * network(right_features(observation)).exp()


class Leaf:
    """Makes a tensor that gradients are taken to, and keeps it."""

    def __call__(self, states: Tensor) -> Tensor:
        self.last = states.detach().requires_grad_()
        return self.last


leaf = Leaf()


def order_penalty(slopes: Tensor) -> Tensor:
    """What neighbours in the wrong order cost."""
    return ((slopes[:, 1:] - slopes[:, :-1]).relu() ** 2).sum(1).mean()


class Corrected:
    """A policy of the form of lab 7."""

    knows = "history"

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.network = nn.Sequential(nn.Linear(10, 8), nn.ELU(), nn.Linear(8, 1))

    def unclipped(self, observation: Observation) -> Tensor:
        position = observation.state.inventory_position / observation.scale
        correction = self.network(right_features(observation))
        return observation.scale[:, None] * (4.0 - position[:, None] + correction)

    def __call__(self, observation: Observation) -> Tensor:
        return self.unclipped(observation).clamp(min=0)


def reward_of(policy: Corrected, products: Products) -> Tensor:
    """The weighted reward of lab 7."""
    played = inv_gym.rollout(lab7.task().problem, policy, products)
    return (product_weights(products) * played.discounted_reward).mean()


NO_ANSWERS: tuple[Any, ...] = (
    ...,
    None,
    "about four",
    True,
    float("nan"),
    [],
    {"a": 1},
    object(),
    lambda *_: ...,
    lambda *_: None,
    lambda: 1.0,
    lambda *_: "text",
)
"""Refused by every exercise."""

WRONG: dict[str, list[tuple[Any, str]]] = {
    "1.1": [(0.2, "probability of a shortage"), (4.0, "b over b + h")],
    "1.2": [
        (3, "upside down"),
        (5, "mean"),
        (6, "F(6) is 0.762"),
        (7.4, "whole"),
        (8.0, "smallest"),
    ],
    "1.3": [
        (lambda level: max(level - 5.0, 0.0) + 4.0 * max(5.0 - level, 0.0), "Weigh"),
        (lambda level: 5.0 if level == 0.0 else 0.0, "swapped"),
        (lambda level: np.arange(60.0), "one number"),
    ],
    "1.4": [
        (lambda on_hand, level: level - on_hand, "cut orders off at 0"),
        (lambda on_hand, level: np.maximum(on_hand - level, 0.0), "missing to the level"),
        (lambda on_hand, level: 7.0, "shape"),
    ],
    "1.5": [
        (lambda p, c, h, b, g: (p + b - c) / (p + b + h), "worthless tomorrow"),
        (lambda p, c, h, b, g: b / (b + h), "the ratio is"),
    ],
    "1.6": [(-0.13, "turn the sign"), (40.0, "column gap")],
    "1.7": [("a", "quantile"), ("B", "ratio")],
    "2.1": [
        (lambda x, z, q, d: x - d + z[0], "two things"),
        (lambda x, z, q, d: (x - d + z[0], (z[1], q)), "do not wait"),
        (lambda x, z, q, d: (max(x - d, 0.0), (z[1], q)), "x_1"),
        (lambda x, z, q, d: (max(x - d, 0.0) + z[0], (q, z[1])), "moves on"),
    ],
    "2.2": [
        ((7, 13, 18), "reversed"),
        ((12, 7, 3), "p / (p + h)"),
        ((15, 10, 5), "0.8 quantiles"),
        ((18, 12), "shape"),
    ],
    "2.3": [
        (lambda x, z, s: s[0] - x - z, "room"),
        (lambda x, z, s: min(s[0] - x - z, s[1] - z, s[2]), "cut it off"),
        (lambda x, z, s: 0.0, "the order is 7"),
    ],
    "2.4": [
        (lambda x, z: max(max(x - 5.0, 0.0) + z - 5.0, 0.0), "always 5"),
        (lambda x, z: x + z, "weigh each pair"),
    ],
    "2.5": [("a", "along a row"), ("c", "left picture"), ("d", "one of the letters")],
    "2.6": [(0.234, "percent"), (5.834, "this is the cost"), (-223.0, "sign")],
    "2.7": [("a", "23 %"), ("c", "worse with L")],
    "3.1": [
        (lambda old, fresh, d: (old - d, fresh), "less than nothing"),
        (lambda old, fresh, d: (old - max(d - fresh, 0.0), max(fresh - d, 0.0)), "fresh units"),
        (lambda old, fresh, d: (0.0, 0.0), "are left"),
    ],
    "3.2": [
        (lambda old, fresh, d: (max(old - d, 0.0), fresh - max(d - old, 0.0)), "old units first"),
        (lambda old, fresh, d: (old, fresh, d), "shape"),
    ],
    "3.3": [
        ((17, 17), "shelf life 1"),
        ((5, 17), "0.5"),
        ((3, 3), "lasting goods"),
        (3, "two levels"),
    ],
    "3.4": [(20, "lowest profit"), (9, "another level")],
    "3.5": [(0.972, "percent"), (2.78, "keeps"), (50, "divide")],
    "3.6": [("a", "row"), ("c", "compare")],
    "3.7": [(0.101, "percent"), (-10.1, "positive"), (11.24, "compare"), (3.0, "profits")],
    "4.1": [
        (lambda i, z, fast: (i, i), "add everything"),
        (lambda i, z, fast: (i + z[0], i + sum(z)), "only what arrives"),
    ],
    "4.2": [(8, "without a premium"), (5, "quantile")],
    "4.3": [
        (lambda y: 4.0, "yours is 4"),
        (lambda y: [1.0, 2.0], "one number"),
    ],
    "4.4": [
        (lambda d, p, e, r: (r - p, e - d), "less than nothing"),
        (lambda d, p, e, r: (max(r - p, 0.0), max(e - d, 0.0)), "on order too"),
        (lambda d, p, e, r: (max(e - d, 0.0), max(r - p - max(e - d, 0.0), 0.0)), "swapped"),
        (lambda d, p, e, r: (0.0, 0.0), "the orders are"),
    ],
    "4.5": [(5, "costs most"), (7, "another level")],
    "4.6": [((1, 1.0), "another cap"), ((2, 219.8), "by how many"), (2, "as the cell does")],
    "4.7": [("a", "kink"), ("c", "premium 80")],
    "5.1": [(5, "tomorrow"), (3, "quantile")],
    "5.2": [
        (lambda x, low, high: (low - x, 0.0), "less than nothing"),
        (lambda x, low, high: (max(x - high, 0.0), max(low - x, 0.0)), "swapped"),
        (lambda x, low, high: (max(low - x, 0.0), max(x - low, 0.0)), "yours is"),
    ],
    "5.3": [(8, "lower level"), (21, "one less"), (30, "last one")],
    "5.4": [(586.43, "one of the two costs"), (100.0, "never to remove costs")],
    "5.5": [("b", "range"), ("c", "upper level")],
    "5.6": [(0.0, "second number")],
    "6.1": [
        (lambda o, s: s * o.scale[:, None] - o.state.inventory_position[:, None], "clamp"),
        (
            lambda o, s: (s.item() * o.scale - o.state.inventory_position).clamp(min=0)[:, None],
            "no gradient",
        ),
        (lambda o, s: (s * o.scale - o.state.on_hand).clamp(min=0)[:, None], "missing to level"),
        (lambda o, s: s * o.scale, "shape"),
    ],
    "6.2": [
        (lambda o: torch.stack([o.state.on_hand] * 10, 1), "counted in tens"),
        (lambda o: torch.stack([*o.economics, *o.economics], 1), "currency"),
        (lambda o: right_features(o).flip(1), "counted in tens"),
        (lambda o: right_features(o)[:, [1, 0, *range(2, 10)]], "columns [1, 2]"),
        (lambda o: right_features(o)[:, :8], "shape"),
    ],
    "6.3": [
        (lambda n, o: o.scale[:, None] * n(right_features(o)), "first product"),
        (lambda n, o: n(right_features(o)) - 9.0, "below 0"),
        (lambda n, o: torch.zeros(16, 1), "first product"),
    ],
    "6.4": [
        ((lambda n, t, d, s: [], network_order), "one loss for each step"),
        ((lambda n, t, d, s: [0.0] * s, network_order), "has not changed"),
        (
            (lambda n, t, d, s: trained_losses(n, network_order, weighted=False), network_order),
            "product_weights",
        ),
        (
            (lambda n, t, d, s: trained_losses(n, network_order, cleared=False), network_order),
            "zero_grad",
        ),
        (
            (lambda n, t, d, s: trained_losses(n, network_order, fresh=False), network_order),
            "draw(step)",
        ),
        (
            (lambda n, t, d, s: [-x for x in trained_losses(n, network_order)], network_order),
            "sign",
        ),
    ],
    "6.5": [
        ((30.0, MEAN_DEMAND), "divide the reward"),
        ((1.0, None), "stops with"),
        (5.0, "as the cell does"),
    ],
    "6.6": [("a", "1,000 weights"), ("c", "rising")],
    "7.1": [
        (lambda f, x: torch.autograd.grad(f(leaf(x)).mean(), leaf.last)[0], "yours are"),
        (lambda f, x: torch.autograd.grad(f(leaf(x)).sum(), leaf.last)[0], "create_graph"),
        (lambda f, x: f(x), "shape"),
    ],
    "7.2": [
        (lambda g: (g**2).sum(), "keep the chain"),
        (lambda g: (g.relu() ** 2).sum(1).mean(), "wrong order"),
        (lambda g: (g[:, 0].relu() ** 2).mean() + order_penalty(g), "last slope"),
        (lambda g: 0.0, "positive slope"),
    ],
    "7.3": [
        (lambda z: z, "above 0"),
        (lambda z: -z.exp(), "below -1"),
        (lambda z: -torch.cumprod(torch.sigmoid(z), 1), "rises"),
        (lambda z: 0.0 * z - 0.5, "hardly changes"),
    ],
    "7.4": [(0.672, "percent"), (32.8, "holds"), (12.0, "violations")],
    "7.5": [("a", "gap"), ("c", "gap")],
    "7.6": [
        ((lambda p, products, w, weight: reward_of(p, products), Corrected), "other sign"),
        ((lambda p, products, w, weight: -reward_of(p, products), Corrected), "with weight 2"),
        ((lambda p, products, w, weight: torch.zeros(()), Corrected), "with weight 0"),
        (3.0, "as the cell does"),
    ],
    "8.1": [
        (lambda n: ((0, 300), (300, 400), (400, n - 1)), "two parts"),
        (lambda n: ((1, 300), (301, 400), (401, n - 1)), "position 0"),
        (lambda n: ((0, n // 2), (n // 2 + 1, n - 2), (n - 1, n - 1)), "60, 20 and 20"),
        (lambda n: ((0, 5), (7, 9), (10, n - 1)), "no part has the day"),
        (lambda n: ((0, 5), (6, 9), (10, n)), "ends at"),
        (lambda n: (0.6, 0.8), "shape"),
    ],
    "8.2": [
        (lambda u, w: np.array([u[w == d].mean() for d in range(7)]), "divide by the mean"),
        (lambda u, w: np.array([u[w == d].mean() for d in range(7)])[::-1] / u.mean(), "order"),
        (lambda u, w: np.ones(7), "Mondays"),
    ],
    "8.3": [
        (lambda h, w, t, r, f: np.quantile(h, r), "same on all weekdays"),
        (lambda h, w, t, r, f: np.quantile(h / f[w], r), "put the week back"),
        (lambda h, w, t, r, f: np.quantile(h, r) * f[t], "its own weekday"),
        (lambda h, w, t, r, f: 0.0, "the forecast is"),
    ],
    "8.4": [
        (lambda d, f, u: np.maximum(d - f, 0.0).mean(), "the loss is"),
        (
            lambda d, f, u: (u * np.maximum(f - d, 0) + (1 - u) * np.maximum(d - f, 0)).mean(),
            "swapped",
        ),
        (
            lambda d, f, u: (u * np.maximum(d - f, 0) + (1 - u) * np.maximum(f - d, 0)).sum(),
            "not the sum",
        ),
    ],
    "8.5": [("b", "perfect forecast"), ("c", "optimum")],
    "8.6": [((20, 24), "swapped"), ((15, 20), "three times"), ((24, 24), "mean 15")],
    "9.1": [
        (lambda r, v, last, g, lam: right_advantages(r, v, last, g, 0.0), "one-step"),
        (lambda r, v, last, g, lam: right_advantages(r, v, 0.0, g, lam), "last_value"),
        (lambda r, v, last, g, lam: r, "go back"),
        (lambda r, v, last, g, lam: r.sum(), "shape"),
    ],
    "9.2": [
        (lambda a, s, reach: a * reach * s[:, None], "for less"),
        (lambda a, s, reach: (a + 1.0) / 2.0 * reach * s[:, None], "cut off at 1"),
        (lambda a, s, reach: 0.0 * a, "yours are"),
    ],
    "9.3": [
        (lambda o: o, "nothing is scaled"),
        (lambda o: o / o[:, 38:39], "in money"),
        (lambda o: np.concatenate([o[:, :33], o[:, 33:] * 0.0], 1), "in units"),
        (
            lambda o: np.concatenate(
                [o[:, :33] / o[:, 38:39], o[:, 33:38] / o[:, 33:38].sum(1)[:, None], o[:, 38:]], 1
            ),
            "the scale over itself",
        ),
        (lambda o: np.multiply(o, 0.5, out=o), "the copy"),
    ],
    "9.4": [("b", "large"), ("c", "gamma")],
    "9.5": [
        (lambda r, g: (g ** np.arange(len(r)) * r).sum(), "divide by the sum"),
        (lambda r, g: (g ** np.arange(len(r)) * r).mean(), "not by the number"),
        (lambda r, g: 0.0, "it is"),
    ],
    "9.6": [(5120, "HORIZON"), (2400, "BATCH"), (80, "multiply")],
    "9.7": [("a", "history"), ("b", "size")],
}
