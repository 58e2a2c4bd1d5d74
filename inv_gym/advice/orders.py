"""Orders of some series that share a problem: who orders, what, and how far it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from inv_gym.advice.choice import choose
from inv_gym.advice.compared import PolicyFunction, policies_for
from inv_gym.advice.coverage import Coverage, coverage
from inv_gym.advice.learned import is_beyond_learned
from inv_gym.advice.limits import bringing, placed
from inv_gym.advice.past import PERIODS, PastWindows
from inv_gym.advice.stock import Remarks, Stock, stock_of
from inv_gym.advice.stock_file import StockFile
from inv_gym.advice.today import Today
from inv_gym.agents.training.generalists import GENERALIST
from inv_gym.backtest.verdicts import Rewards
from inv_gym.play.episode import play
from inv_gym.play.evaluation import Progress, evaluate
from inv_gym.play.match import blame_of, blaming
from inv_gym.play.policy import Policy
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.util.arrays import Columns, map_columns, unstack
from inv_gym.util.executors import threads_of_process

ORDERED_AT_ONCE = 8192
"""Products that a policy orders for at once, so that memory does not grow with their number."""


@dataclass(frozen=True)
class Inquiry:
    """What all series are answered with.

    Attributes:
        today: The table.
        file: The stock file.
        wanted: Policies, see `policies_for`.
        executor: Who plays the comparison; None for the threads of this process.
        progress: Is told what is done.
    """

    today: Today
    file: StockFile
    wanted: Sequence[str | Mapping[str, PolicyFunction]]
    executor: Executor | None
    progress: Progress


@dataclass(frozen=True)
class Group:
    """Series that share a problem.

    Attributes:
        problem: What is ordered for.
        series: ``[B]`` numbers of the series in the table.
        rows: ``[B]`` numbers of the same series in the stock file.
    """

    problem: Problem
    series: np.ndarray
    rows: np.ndarray

    def some(self, kept: np.ndarray) -> Group:
        """Those of these numbers, or of a mask."""
        return Group(self.problem, self.series[kept], self.rows[kept])


@dataclass(frozen=True)
class Answers:
    """What is said of the B series of a group.

    Attributes:
        group: The series that are answered.
        stock: What they have.
        order: ``[B]`` units per channel.
        policy: ``[B]`` names of the policies.
        reach: How far stock and orders reach.
        remarks: Why an order is 0, capped or otherwise not what was wanted.
    """

    group: Group
    stock: Stock
    order: Columns
    policy: np.ndarray
    reach: Coverage
    remarks: Remarks


def answer(group: Group, inquiry: Inquiry) -> tuple[Answers | None, dict[int, str], list[str]]:
    """The orders of a group; None if none of its series can be answered.

    Gives with them why the other series cannot be answered, by their numbers in the table, and
    notes on policies.

    Raises:
        ValueError: A policy failed; it is named.
    """
    now = replace(group.problem, horizon=1, long_run=True)
    policies, notes = policies_for(now, inquiry.wanted, inquiry.today.source)
    if len(policies) > 1:
        notes.append(f"compared policies: {', '.join(policies)}")
    refusals = Remarks()
    if not policies:
        for row in range(len(group.series)):
            refusals.add(row, notes[0])
    _refuse_economics(now, group, inquiry.today, refusals)
    stock = stock_of(now, inquiry.file, group.rows, inquiry.today.calendar)
    for row in stock.refusals.texts:
        refusals.add(row, stock.refusals.of(row))
    refused = {int(group.series[row]): refusals.of(row) for row in refusals.texts}
    kept = np.setdiff1d(np.arange(len(group.series)), list(refusals.texts)).astype(int)
    if not len(kept):
        return None, refused, notes

    group = group.some(kept)
    stock = stock_of(now, inquiry.file, group.rows, inquiry.today.calendar)
    products = inquiry.today.products(now, group.series)._replace(initial_state=stock.state)
    with _failures_named():
        chosen = _chosen(group, inquiry, list(policies))
        beyond = _beyond_learned(group, inquiry.today, list(policies), chosen)
        chosen[beyond] = 1
        wanted, accepted = _asked(now, policies, chosen, products, inquiry.progress)
    remarks = Remarks({row: list(texts) for row, texts in stock.remarks.texts.items()})
    order = placed(now, wanted, accepted, remarks)
    named = np.array(list(policies), object)[chosen]
    for place in np.flatnonzero(beyond):
        remarks.add(place, f"{GENERALIST} did not learn from such prices and costs")
    _remark_nothing(now, order, named, stock, remarks)
    reach = coverage(now, products, order)
    return Answers(group, stock, order, named, reach, remarks), refused, notes


def _refuse_economics(problem: Problem, group: Group, today: Today, refusals: Remarks) -> None:
    """Refuse the series whose prices and costs the problem refuses."""
    figures = today.figures(group.series)
    economics = problem.Economics(*(figures[name] for name in problem.Economics._fields))
    try:
        problem.check_economics(economics)
    except ValueError:
        for row in range(len(group.series)):
            _check_one(problem, map_columns(lambda x, row=row: x[row], economics), row, refusals)


def _check_one(problem: Problem, economics: object, row: int, refusals: Remarks) -> None:
    """Refuse one series if the problem refuses its prices and costs."""
    try:
        problem.check_economics(economics)
    except ValueError as error:
        refusals.add(row, str(error).rstrip("."))


def _chosen(group: Group, inquiry: Inquiry, names: list[str]) -> np.ndarray:
    """``[B]`` numbers of the policies that order: the first one, or what earned more in the past;
    see `inv_gym.advice.choice`.
    """
    chosen = np.zeros(len(group.series), int)
    if len(names) == 1:
        return chosen
    past = replace(group.problem, horizon=PERIODS + max(group.problem.lead_times))
    windows = PastWindows.of(inquiry.today, past, group.series)
    if windows is None:
        return chosen
    policies, _ = policies_for(past, inquiry.wanted, inquiry.today.source)
    choice = choose(_earned(past, policies, windows, inquiry))
    number = {name: place for place, name in enumerate(inquiry.today.panel.series)}
    places = np.array([number[name] for name in choice.series])
    by_series = dict(zip(places.tolist(), choice.policy.tolist(), strict=True))
    return np.array([by_series.get(int(place), 0) for place in group.series])


def _beyond_learned(group: Group, today: Today, names: list[str], chosen: np.ndarray) -> np.ndarray:
    """``[B]`` whether the generalist is chosen, and the next policy takes its place."""
    if len(names) == 1 or names[0] != GENERALIST:
        return np.zeros(len(chosen), bool)
    return (chosen == 0) & is_beyond_learned(today.figures(group.series))


def _earned(
    problem: Problem, policies: Mapping[str, Policy], windows: PastWindows, inquiry: Inquiry
) -> Rewards:
    """What the policies earned in each window."""
    with _executor(inquiry) as executor:
        played = evaluate(
            problem,
            policies,
            windows,
            number=len(windows),
            reference=next(iter(policies)),
            per_product=True,
            executor=executor,
            progress=inquiry.progress,
        )
    assert played.products is not None
    return Rewards.of(played.products)


@contextmanager
def _executor(inquiry: Inquiry) -> Iterator[Executor | None]:
    """Who plays the comparison: threads if nobody is given, but for policies of the user's, which
    may not bear to be copied.
    """
    if inquiry.executor is not None or any(isinstance(x, Mapping) for x in inquiry.wanted):
        yield inquiry.executor
        return
    with ThreadPoolExecutor(threads_of_process()) as threads:
        yield threads


@contextmanager
def _failures_named() -> Iterator[None]:
    """Name the policy whose fault an error is.

    Raises:
        ValueError: A policy failed.
    """
    try:
        yield
    except Exception as error:
        blame = blame_of(error)
        if blame is None:
            raise
        raise ValueError(f"policy {blame.policy} failed: {blame.reason}.") from error


def _asked(
    problem: Problem,
    policies: Mapping[str, Policy],
    chosen: np.ndarray,
    products: Products,
    progress: Progress,
) -> tuple[Columns, Columns]:
    """Orders ``[B]`` per channel, as the policies gave them and as they are accepted; what is
    taken away is what is there.
    """
    wanted, accepted = (np.zeros((problem.order_dim, products.batch)) for _ in range(2))
    done = 0
    for place, (name, policy) in enumerate(policies.items()):
        rows = np.flatnonzero(chosen == place)
        for first in range(0, len(rows), ORDERED_AT_ONCE):
            block = rows[first : first + ORDERED_AT_ONCE]
            with blaming(name):
                step = next(iter(play(problem, policy, products.rows(block))))
            wanted[:, block], accepted[:, block] = unstack(step.order), step.accepted
            for channel in set(range(problem.order_dim)) - set(bringing(problem)):
                accepted[channel, block] = step.outcome.flows.removed
            done += len(block)
            progress("orders", done, products.batch)
    return tuple(wanted), tuple(accepted)


def _remark_nothing(
    problem: Problem, order: Columns, policy: np.ndarray, stock: Stock, remarks: Remarks
) -> None:
    """Say why nothing is ordered, where nothing else says it."""
    total = sum(order[channel] for channel in bringing(problem))
    for row in np.flatnonzero(total == 0.0):
        if row not in remarks.texts:
            remarks.add(
                row,
                f"{stock.on_hand[row]:g} on hand and {stock.on_order[row]:g} on order are enough "
                f"for {policy[row]}",
            )
