"""Heads whose orders have the structure of optimal ones for every input, by construction.

All rest on one kind of function of coordinates ``w``, `Monotone`::

    f(w) = min over groups of the max over a group's terms of (level_i + sum_l weight_il w_l),
           and over l of (bound_l + w_l)

with ``weight_il >= 0`` and ``sum_l weight_il <= 1``; levels, weights and bounds depend on the
exogenous features, minima and maxima are smooth (log-sum-exp). The gradient of a smooth minimum or
maximum is a mean of the gradients of what it is taken over, with weights that depend on ``w``. So
``f`` has ``df/dw_l >= 0`` and ``sum_l df/dw_l <= 1`` everywhere, like each of the affine functions
and each ``bound_l + w_l``. Conversely minima of maxima of such affine functions come as close as
one likes to any function with that property.

With ``w_l = -(x_l + ... + x_n)``, minus the partial sums of stock,
``df/dx_j = -sum_{l <= j} df/dw_l``: slopes between -1 and 0 that fall from column to column, the
chain of lost sales and of perishable stock. The heads for two channels say how they follow from it.
The bounds hold the theory's other half: however far out, nothing is ordered where a partial sum of
stock has passed its bound (Morton 1969).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS, TERMS = 4, 4
"""Groups of a function, and terms in each."""
SHARPNESS = 2.0
"""One over the width, in periods' mean demand, over which minima and maxima are smooth at the
start.
"""
LEVEL_SPREAD = 0.5
"""Standard deviation of the levels at the start, in periods' mean demand."""
BOUND_EXCESS = 3.0
"""Periods' mean demand by which bounds exceed the levels at the start."""
FIRST_ADVANTAGE = 1.0
"""Advantage of the first coordinate over the others at the start, on the scale of logits."""
REMOVAL_GAP = 5.0
"""Periods' mean demand between ordering and removing at the start, in the plain head too."""
ORDERING_REACH = 1.5
"""Periods' demand beyond the lead time up to which orders begin, in the plain head too."""


def first_layer(layer: nn.Linear, parts: Sequence[Tensor]) -> Tensor:
    """A linear layer of features in parts ``[T | 1, B | 1, F_i]``, none of which is expanded."""
    weights = layer.weight.split([part.shape[-1] for part in parts], -1)
    products = [
        functional.linear(part, weight) for part, weight in zip(parts, weights, strict=True)
    ]
    return sum(products[1:], products[0] + layer.bias)


class Monotone(nn.Module):
    """A function with ``df/dw_l >= 0`` and ``sum_l df/dw_l <= 1`` (see above).

    Args:
        coordinates: n.
    """

    def __init__(self, coordinates: int) -> None:
        super().__init__()
        terms = GROUPS * TERMS
        self.sizes = (terms * (coordinates + 1), terms, coordinates)
        self.features = sum(self.sizes)
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS).log())

    def first(self, level: float) -> Tensor:
        """``[features]`` with which an order begins about as one up to this inventory position."""
        logits, levels, bounds = (torch.zeros(size) for size in self.sizes)
        logits.normal_()[: len(levels)] += FIRST_ADVANTAGE
        return torch.cat(
            [logits, level + levels.normal_(std=LEVEL_SPREAD), level + BOUND_EXCESS + bounds]
        )

    def forward(self, features: Tensor, coordinates: Tensor) -> Tensor:
        """``[B]`` from the features ``[B, features]`` (logits of the weights, levels, bounds) and
        ``[B, n]``.
        """
        logits, levels, bounds = features.split(self.sizes, -1)
        weights = functional.softmax(logits.unflatten(-1, (-1, GROUPS * TERMS)), -2)
        # one weight of each term is left out, so that the others sum to less than 1
        terms = levels + (weights[:, :-1] * coordinates[..., None]).sum(-2)
        sharpness = self.sharpness.exp()
        most = torch.logsumexp(sharpness * terms.unflatten(-1, (GROUPS, TERMS)), -1)
        least = torch.cat([most, sharpness * (bounds + coordinates)], -1)
        return -torch.logsumexp(-least, -1) / sharpness


class ConstructedHead(nn.Module):
    """An MLP from the exogenous features to those of functions, for all periods at once; little
    depends on the state.

    Beside it, as in the plain head, there is a linear path: one number per function that is added
    to all its levels and bounds.

    Args:
        exogenous: Number of features.
        hidden: Units of the MLP's layers.
        functions: Whose features the MLP gives, in this order.
        levels: Inventory position up to which each one orders at the start.
        others: Further outputs, and what they begin with.
    """

    def __init__(
        self,
        exogenous: int,
        hidden: tuple[int, ...],
        functions: Sequence[Monotone],
        levels: Sequence[float],
        others: Sequence[float] = (),
    ) -> None:
        super().__init__()
        first = [
            *(function.first(level) for function, level in zip(functions, levels, strict=True)),
            torch.tensor(others),
        ]
        self.exogenous = nn.Linear(exogenous, hidden[0] + len(functions))
        inner = [nn.Linear(a, b) for a, b in pairwise(hidden)]
        last = nn.Linear(hidden[-1] + len(functions), sum(map(len, first)))
        self.layers = nn.ModuleList([*inner, last])
        self.paths = len(functions)
        start = 0
        with torch.no_grad():
            self.exogenous.weight[-self.paths :] = 0.0
            self.exogenous.bias[-self.paths :] = 0.0
            last.weight.mul_(0.1)
            last.weight[:, -self.paths :] = 0.0
            for path, function in enumerate(functions):
                last.weight[
                    start + function.sizes[0] : start + function.features, path - self.paths
                ] = 1.0
                start += function.features
            last.bias.copy_(torch.cat(first))

    def prepare(self, parts: Sequence[Tensor]) -> Tensor:
        """The features of the functions in all periods, ``[T, B, outputs]``."""
        mixed = first_layer(self.exogenous, parts)
        x, path = mixed.split([mixed.shape[-1] - self.paths, self.paths], -1)
        *inner, last = self.layers
        for layer in inner:
            x = layer(functional.elu(x))
        return last(torch.cat([functional.elu(x), path], -1))


def partial_sums(columns: int) -> Tensor:
    """``[columns, columns]``: the state times it is minus the sums of the columns from
    each one on.
    """
    return -torch.ones(columns, columns).tril()


class OneOrder(ConstructedHead):
    """One order: the chain of lost sales and of perishable stock."""

    sums: Tensor

    def __init__(
        self, exogenous: int, hidden: tuple[int, ...], columns: int, lead_time: int
    ) -> None:
        order = Monotone(columns)
        super().__init__(exogenous, hidden, [order], [lead_time + ORDERING_REACH])
        self.order = order
        self.register_buffer("sums", partial_sums(columns), persistent=False)

    def forward(self, prepared: Tensor, state: Tensor) -> Tensor:
        """``[B, 1]`` the order before it is cut off at 0."""
        return self.order(prepared, state @ self.sums)[:, None]


class OrderOrRemoval(ConstructedHead):
    """Order and removal from a net action, with a gap between them that stock does not change.

    Both slopes are those of the net action or 0, and since the gap is positive the two never occur
    together.
    """

    def __init__(self, exogenous: int, hidden: tuple[int, ...]) -> None:
        action = Monotone(1)
        super().__init__(exogenous, hidden, [action], [ORDERING_REACH], [REMOVAL_GAP])
        self.action = action

    def forward(self, prepared: Tensor, state: Tensor) -> Tensor:
        """``[B, 2]`` order and removal before they are cut off at 0."""
        action = self.action(prepared[:, :-1], -state)
        return torch.stack([action, -action - functional.softplus(prepared[:, -1])], -1)


class TwoSources(ConstructedHead):
    """A regular order and an expedited one.

    Let ``x_0`` be the expedited position, ``x_1 .. x_K`` what arrives later, ``0 < s < 1``
    exogenous. The expedited order ``q`` is a `Monotone` of ``-(x_0 + s (x_1 + ... + x_l))`` for l =
    0..K, cut off at 0, so ``e_j = -dq/dx_j`` falls with j, lies between 0 and 1, and is at most
    ``s`` for j > 0. The regular order ``r`` is one of ``-(x_0 + q + x_1 + ... + x_K)``, with
    partial derivative ``a``, and of ``-(1 - s)(x_l + ... + x_K)`` for l = 1..K, whose partial
    derivatives up to the l-th sum to ``A_l``, where ``a + A_K <= 1``. Then ``-dr/dx_j`` is
    ``a (1 - e_j) + (1 - s) A_j`` (``A_0 = 0``), which rises with j and lies between 0 and 1: the
    chain of the regular order. Both together fall by ``e_j + a (1 - e_j) + (1 - s) A_j``, for j = 0
    at most ``e_0 + 1 - e_0 = 1``, for j > 0 at most
    ``a + e_j (1 - a) + (1 - s)(1 - a) <= a + (1 - a)(s + 1 - s) = 1``. Where an order is cut off at
    0 its slopes are 0 and all of this holds too.
    """

    matrix: Tensor

    def __init__(
        self, exogenous: int, hidden: tuple[int, ...], columns: int, lead_times: tuple[int, ...]
    ) -> None:
        regular, expedited = lead_times
        later = columns - expedited - 1
        fast, slow = Monotone(later + 1), Monotone(later + 1)
        super().__init__(
            exogenous,
            hidden,
            [fast, slow],
            [expedited + ORDERING_REACH, regular + ORDERING_REACH],
            [0.0],
        )
        self.fast, self.slow = fast, slow
        self.sizes = (fast.features, slow.features, 1)
        # the state times it is minus: the expedited position, what arrives later up to each column,
        # the inventory position, what arrives later from each column on
        self.parts = (1, later, 1, later)
        later_on = (0, 0, expedited + 1, 0)
        sums = [
            functional.pad(torch.ones(expedited + 1, 1), (0, 0, 0, later)),
            functional.pad(torch.ones(later, later).triu(), later_on),
            torch.ones(columns, 1),
            functional.pad(torch.ones(later, later).tril(), later_on),
        ]
        self.register_buffer("matrix", -torch.cat(sums, 1), persistent=False)

    def forward(self, prepared: Tensor, state: Tensor) -> Tensor:
        """``[B, 2]`` regular and expedited order before they are cut off at 0."""
        fast, slow, share = prepared.split(self.sizes, -1)
        share = share.sigmoid()
        now, up_to, position, up_from = (state @ self.matrix).split(self.parts, -1)
        expedited = self.fast(fast, torch.cat([now, now + share * up_to], -1))[:, None]
        left = position - expedited.clamp(min=0.0)
        regular = self.slow(slow, torch.cat([left, (1.0 - share) * up_from], -1))
        return torch.cat([regular[:, None], expedited], -1)
