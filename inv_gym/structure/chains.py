"""What is known of optimal orders and of their worth, as data: one row per property, each with its
source.

Marks: *published*, or *derived* (from theory, and checked by exact dynamic programs in
tests/exact).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, flatten_names


@dataclass(frozen=True)
class Chain:
    """A quantity falls with stock, by at most a unit per unit:
    ``-1 <= d/dx_a <= d/dx_b <= ... <= 0``.

    Attributes:
        quantity: Its name.
        weights: What it sums, a weight per order channel.
        columns: Columns of the state (as `flatten` numbers them), the steepest slope first; columns
            in one group are interchangeable, so their slopes are equal.
        source: Where it is from.
        ordered: Whether slopes are ordered from group to group, and not only between -1 and 0.
        rounding: Units by which the quantity may fall further where orders are whole, each rounded
            by itself; not for the first group.
    """

    quantity: str
    weights: tuple[float, ...]
    columns: tuple[tuple[int, ...], ...]
    source: str
    ordered: bool = True
    rounding: float = 0.0

    @property
    def joint(self) -> bool:
        """Whether it is about several channels together."""
        return sum(weight != 0.0 for weight in self.weights) > 1


@dataclass(frozen=True)
class Bound:
    """Where a channel orders, what it orders and all stock and orders that count beside it stay
    below a level.

    The level is a quantile of the demand of so many periods.

    Attributes:
        channel: Which orders.
        columns: Columns of the state that count; so do the orders of faster channels.
        periods: Whose demand the level is a quantile of.
        source: Where it is from.
    """

    channel: int
    columns: tuple[int, ...]
    periods: int
    source: str


class Properties(NamedTuple):
    """What is known of a problem's optimal policy."""

    chains: tuple[Chain, ...]
    bounds: tuple[Bound, ...]
    multimodular: str
    """Why the optimal reward to go is multimodular in the state's columns (see `directions`):
    concave in each, and the less an additional unit is worth the more units there are in columns
    near by. Empty where nothing is known."""


@singledispatch
def properties(problem: Problem) -> Properties:
    """What is known of a problem's optimal policy; nothing for a problem that is not registered.

    Register your own: ``@properties.register def _(problem: MyProblem) -> Properties``.
    """
    return Properties((), (), "")


ZIPKIN = "published: Zipkin (2008b), Operations Research 56, L-natural-convexity"
MORTON = "published: Morton (1969), Zipkin (2008b)"


@properties.register
def _(problem: LostSales) -> Properties:
    columns = _columns(problem)
    if problem.lead_time == 0:
        source = "published: Karlin (1960), Veinott (1966), base-stock"
        return Properties((_along(columns, source),), (Bound(0, (0,), 1, source),), source)
    bounds = [
        Bound(0, columns[first:], problem.lead_time - first + 1, MORTON)
        for first in (*columns, len(columns))
    ]
    return Properties((_along(columns[::-1], ZIPKIN),), tuple(bounds), ZIPKIN)


@properties.register
def _(problem: Perishable) -> Properties:
    columns = _columns(problem)
    source = (
        "derived, after Fries (1975) and Nahmias (1975), where holding_cost <= (1 - discount) * "
        "outdating_cost"
    )
    usable = tuple(
        c for c in columns if c >= problem.lead_time
    )  # the others outdate before an order arrives
    bound = Bound(
        0,
        usable,
        problem.lead_time + 1,
        f"{source}: fresher units are worth no less than older ones then",
    )
    if not columns or (problem.issuing == "newest_first" and problem.shelf_life > 1):
        return Properties(
            (), (bound,), ""
        )  # issued newest first the value is not even concave, see tests/exact
    chain = _along(
        columns[::-1], f"{source}; elsewhere it holds but for rare states, see tests/exact"
    )
    return Properties((chain,), (bound,), source)


@properties.register
def _(problem: DualSourcing) -> Properties:
    source = "derived, after Li & Yu (2014) and Hua et al. (2015)"
    columns, fast = _columns(problem), problem.expedited_lead_time
    if fast and not problem.backlog:
        return Properties((), (), "")  # lost sales with two positive lead times: nothing is known
    groups = (columns[: fast + 1], *((c,) for c in columns[fast + 1 :]))
    chains = (
        Chain("expedited", (0.0, 1.0), groups, source),
        Chain("regular", (1.0, 0.0), groups[::-1], source),
        Chain("regular + expedited", (1.0, 1.0), groups, source, ordered=False, rounding=1.0),
    )
    bounds = (
        Bound(
            1,
            columns[: fast + 1],
            fast + 1,
            "derived: no unit is expedited that would not be bought anyway",
        ),
        # backlog that is left at an end is served at the expedited cost, against which more may be
        # ordered just before
        Bound(
            0,
            columns,
            problem.regular_lead_time + 1,
            "derived, as Morton (1969); where there is no end near",
        ),
    )
    return Properties(chains, bounds, source)


@properties.register
def _(problem: ProcurementRemoval) -> Properties:
    source = "published: Maggiar & Sadighian (2017), interval-stock"
    columns = _columns(problem)
    quantities = {"order": (1.0, 0.0), "-removal": (0.0, -1.0), "order - removal": (1.0, -1.0)}
    chains = tuple(Chain(name, weights, ((0,),), source) for name, weights in quantities.items())
    return Properties(chains, (Bound(0, columns, 1, source),), source)


def _columns(problem: Problem) -> tuple[int, ...]:
    return tuple(range(len(flatten(problem.initial_state(0.0)))))


def _along(columns: Sequence[int], source: str) -> Chain:
    return Chain("order", (1.0,), tuple((column,) for column in columns), source)


class Inequalities(NamedTuple):
    """``sum_kj weights[i, k, j] * d order_k / d x_j <= most[i]``, for orders ``k`` and columns
    ``j`` of the state.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    """``[I, K, n]``."""
    most: np.ndarray
    """``[I]``."""
    rounding: np.ndarray
    """``[I]`` units that whole orders may be further off."""
    joint: np.ndarray
    """``[I]`` whether one is about several channels."""

    def excess(self, slopes: np.ndarray) -> np.ndarray:
        """``[N, I]`` by how much slopes ``[N, K, n]`` break each one; 0 where they keep it, NaN
        where one is NaN.
        """
        weights = self.weights.reshape(len(self.most), -1)
        flat = slopes.reshape(len(slopes), 1, -1)
        used = np.where(
            weights == 0.0, 0.0, flat
        )  # a slope that is not known spoils those that use it alone
        return np.maximum((used * weights).sum(-1) - self.most, 0.0)


def inequalities(problem: Problem) -> Inequalities:
    """All chains of a problem as inequalities on the slopes of its orders.

    Raises:
        ValueError: Nothing is known of the problem's slopes.
    """
    chains = properties(problem).chains
    if not chains:
        raise ValueError(
            f"no structure is known of {problem}: register one with "
            "inv_gym.structure.properties.register, or do "
            "without."
        )
    names = flatten_names(problem.initial_state(0.0))
    rows = [row for chain in chains for row in _rows(chain, names)]
    weights = np.zeros((len(rows), problem.order_dim, len(names)))
    for weight, row in zip(weights, rows, strict=True):
        for column, sign in row.terms:
            weight[:, column] += sign * np.array(row.chain.weights)
    return Inequalities(
        tuple(row.name for row in rows),
        weights,
        np.array([row.most for row in rows]),
        np.array([row.rounding for row in rows]),
        np.array([row.chain.joint for row in rows]),
    )


class _Row(NamedTuple):
    name: str
    terms: list[tuple[int, float]]
    chain: Chain
    most: float = 0.0
    rounding: float = 0.0


def _rows(chain: Chain, names: Sequence[str]) -> Iterator[_Row]:
    """Each inequality of a chain, with its columns and their signs."""
    first = [group[0] for group in chain.columns]

    def slope(column: int) -> str:
        return f"d {chain.quantity} / d {names[column]}"

    for column in first[:1] if chain.ordered else first:
        yield _Row(
            f"{slope(column)} >= -1",
            [(column, -1.0)],
            chain,
            1.0,
            chain.rounding * (column != first[0]),
        )
    for steep, flat in pairwise(first) if chain.ordered else ():
        yield _Row(f"{slope(steep)} <= {slope(flat)}", [(steep, 1.0), (flat, -1.0)], chain)
    for column in first[-1:] if chain.ordered else first:
        yield _Row(f"{slope(column)} <= 0", [(column, 1.0)], chain)
    for column, *others in chain.columns:
        for other in others:
            for a, b in ((column, other), (other, column)):
                yield _Row(f"{slope(a)} <= {slope(b)}", [(a, 1.0), (b, -1.0)], chain)


def directions(columns: int) -> np.ndarray:
    """``[n + 1, n]`` the steps of multimodularity: ``e_1, e_2 - e_1, ..., -e_n``.

    A function ``f`` is multimodular (in the sense of a reward) if
    ``f(x + a) + f(x + b) <= f(x) + f(x + a + b)`` for each two of them (Hajek 1985); it is
    L-natural-concave in partial sums of the columns then.
    """
    unit = np.eye(columns, dtype=int)
    return np.concatenate([unit, np.zeros((1, columns), int)]) - np.concatenate(
        [np.zeros((1, columns), int), unit]
    )
