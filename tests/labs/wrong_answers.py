"""Wrong answers to every exercise, with a word of the hint that each must get."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        (lambda i, z, l: (i, i), "add everything"),
        (lambda i, z, l: (i + z[0], i + sum(z)), "only what arrives"),
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
}
