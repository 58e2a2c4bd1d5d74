"""The one evaluation of every policy: the same products, the same demand paths, paired gaps with
their intervals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inv_gym.play.match import Match, PlayedBlock, blame_of
from inv_gym.play.per_product import ProductRows
from inv_gym.play.policy import KNOWLEDGE, Policy
from inv_gym.play.provenance import facts_of
from inv_gym.play.tally import Tally
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import DRAW_BLOCK, Products, concatenate
from inv_gym.products.sources import ProductSource, blocks
from inv_gym.tasks.task import Task, check_warm_up, problem_and_products
from inv_gym.util.arrays import Array, is_torch
from inv_gym.util.checks import flag, one_of, whole
from inv_gym.util.dispatch import Dispatch
from inv_gym.util.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str, int, int], None]
"""Called with the policy's name, the products done and the products in all."""


@dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`.

    Attributes:
        frame: One row per policy, best reward first. Rewards are money per period and product
            (discounted mean), with their standard error. The paired difference to the reference
            comes in three ways, each with its 95 % interval: ``gap`` in % of the reference's
            absolute reward; ``product_gap`` the same with every product in units of its own scale
            and money, so that all count alike; ``money_gap`` in money per unit of demand. Each is
            a ratio of two means, and its interval counts the errors of both (see
            `inv_gym.play.statistics`). On a real table the series are the independent ones, also
            where they share calendar days. The
            percents are NaN where the reference's reward is within two standard errors of 0. Stock
            and flows are units per period and product.
        facts: What the figures rest on: problem, products, seed, warm-up, reference, versions,
            command; of a real table also how many series and different windows were played.
        products: With `per_product`, a row per product and policy, see `ProductRows.frame`.
        dates: With `per_product` and real demand, a row per policy and date, see
            `inv_gym.play.per_date.by_date`.
    """

    frame: pd.DataFrame
    facts: dict[str, Any]
    products: pd.DataFrame | None = None
    dates: pd.DataFrame | None = None

    def to_csv(self, path: str | Path) -> Path:
        """Write the table, with the facts as comment lines above it."""
        lines = [f"# {name}: {json.dumps(value)}" for name, value in self.facts.items()]
        return write_atomically(path, "\n".join([*lines, self.frame.to_csv(index=False)]))

    def to_json(self, path: str | Path) -> Path:
        """Write the facts and the table's rows."""
        return write_atomically(path, json.dumps(self.to_dict(), indent=1))

    def to_dict(self) -> dict[str, Any]:
        """The facts and the rows as plain data; what a policy has no figure for is None."""
        rows = [
            {
                key: None if isinstance(value, float) and not np.isfinite(value) else value
                for key, value in row.items()
            }
            for row in self.frame.to_dict("records")
        ]
        return {**self.facts, "rows": rows}


def evaluate(
    task: Task | Problem,
    policies: Mapping[str, Policy],
    products: ProductSource | Products | Mapping[str, Any] | str | None = None,
    *,
    number: int = 1000,
    seed: int = 0,
    reference: str | None = None,
    warm_up: int | None = None,
    chunk_size: int | None = None,
    like: Array | None = None,
    per_product: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Play every policy over the same products and demand paths.

    Products are drawn, played and summed in blocks of `DRAW_BLOCK`. So the figures are equal to the
    last bit for any number of workers, and here without workers. (With a larger `chunk_size`, the
    last bits of rules that work with Fourier transforms may differ.)

    Args:
        task: What to play; a problem alone needs `products` too.
        policies: By name.
        products: A batch, or what `make_source` understands; those of the task if None.
        number: Of products drawn; a batch is taken whole.
        seed: Of the products.
        reference: Name of the policy that gaps are to. If None, it is that of the task, or the
            only policy. A problem alone has none, so several policies need a name here.
        warm_up: Periods at the start that do not count; discounting starts after them. The
            task's own if None.
        chunk_size: Most products that play at once, at least a block, without an executor. If
            None, products of a source play block by block and a batch plays whole, so that a rule
            may have a parameter for each of its products.
        like: An array whose kind, dtype and device to play in; NumPy float64 if None.
        per_product: Whether to keep figures of every product too, 60 bytes for each policy.
        executor: Who plays the blocks: anything with the interface of
            `concurrent.futures.Executor`, such as `inv_gym.util.executors.Processes`. Blocks of a
            worker that died are played again. None: they are played here.
        progress: Called after every policy of every chunk, in order.

    Raises:
        TypeError: The policies are no mapping from text to policies, `like` is no array, the
            executor is none, or a policy cannot be sent to workers.
        ValueError: A name or number is out of bounds, or a policy's orders are not valid.
        WorkerError: A block ended its worker three times; it is named.
    """
    problem, products = problem_and_products(task, products)
    _check_policies(policies)
    if like is not None:
        _check_like(like)
    reference = _reference(task, policies) if reference is None else reference
    one_of("reference", reference, policies)
    if warm_up is None:
        warm_up = task.warm_up if isinstance(task, Task) else 0
    check_warm_up(warm_up, problem)
    number = products.batch if isinstance(products, Products) else whole("number", number, least=1)
    size = DRAW_BLOCK if executor is not None else _chunk_size(chunk_size, products)
    chunks = _chunks(products, problem, number, seed, max(size // DRAW_BLOCK, 1))

    # the reference plays first: gaps are to it
    players = {reference: policies[reference], **policies}
    match = Match(problem, players, warm_up, like, flag("per_product", per_product))

    tally = {name: Tally() for name in policies}
    windows = _Windows()
    rows = ProductRows(list(policies), reference) if per_product else None
    done = 0
    for played in _played(match, chunks, executor, number):
        base = played.figures[reference]["reward"]
        windows.add(played.windows)
        for name in players:
            figures = played.figures[name]
            tally[name].seconds += played.seconds[name]
            tally[name].add(figures, base, played.weights, windows.series(played.windows))
            if progress is not None:
                progress(name, done + len(base), number)
        if rows is not None:
            rows.add(played)
        done += len(base)
    table = [tally[name].row(name, policies[name].knows) for name in policies]
    counted = windows.counted | _effective_series(tally[reference])
    facts = facts_of(problem, products, number, seed, reference, warm_up, counted)
    if rows is None:
        return Evaluation(_frame(table), facts)
    return Evaluation(_frame(table), facts, rows.frame(products), rows.dates(products))


def _played(
    match: Match, chunks: Iterator[Products], executor: Executor | None, number: int
) -> Iterator[PlayedBlock]:
    """The chunks in their order, played here or by the workers of an executor."""
    if executor is None:
        return map(match.play, chunks)
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise TypeError(
            "executor must have submit as of concurrent.futures.Executor, such as "
            f"inv_gym.util.executors.Processes(2), got {executor!r}."
        )

    def describe(block: int) -> str:
        first = block * DRAW_BLOCK
        return f"block {block} (products {first} to {min(first + DRAW_BLOCK, number) - 1})"

    def is_meant(error: BaseException) -> bool:
        return blame_of(error) is not None

    return Dispatch(executor, match.packed().play, is_meant, describe).results(chunks)


def _check_policies(policies: Mapping[str, Policy]) -> None:
    """Refuse what is no mapping from names to policies.

    Raises:
        TypeError: It is something else, a name is no text, or a policy cannot be called.
        ValueError: It is empty, or a policy does not say what it knows.
    """
    if not isinstance(policies, Mapping):
        raise TypeError(f"policies must be a dict from names to policies, got {policies!r}.")
    if not policies:
        raise ValueError("policies must name at least one policy, got none.")
    for name, policy in policies.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a policy must be text, got {name!r}.")
        if isinstance(policy, type) or not callable(policy):
            raise TypeError(
                f"policy {name} must be an object that takes an observation, got {policy!r}."
            )
        one_of(f"knowledge of policy {name}:", getattr(policy, "knows", None), KNOWLEDGE)


def _check_like(like: Any) -> None:
    """Refuse what is no array of floats to play in.

    Raises:
        TypeError: It is something else; the message shows how to write one.
        ValueError: It is a tensor that holds no numbers.
    """
    floats = like.is_floating_point() if is_torch(like) else isinstance(like, np.ndarray)
    if not floats or (isinstance(like, np.ndarray) and like.dtype.kind != "f"):
        raise TypeError(
            f"like must be an array of floats, such as torch.zeros(0) or np.zeros(0), got {like!r}."
        )
    if is_torch(like) and like.is_meta:
        raise ValueError(
            "like must be an array with memory, got a torch tensor on the device meta, which holds "
            "no numbers: give one such as torch.zeros(0)."
        )


def _reference(task: Task | Problem, policies: Mapping[str, Policy]) -> str:
    """The only policy, or the task's reference policy.

    Raises:
        ValueError: There are several policies, and the task's reference policy does not play or
            there is none.
    """
    if len(policies) == 1:
        return next(iter(policies))
    wanted = task.reference if isinstance(task, Task) else None
    if wanted is None:
        what = "the task" if isinstance(task, Task) else "a problem alone"
        raise ValueError(
            f"{what} has no reference policy that gaps are to: name one of {', '.join(policies)} "
            "with reference=, or play a Task that has one."
        )
    if wanted in policies:
        return wanted
    raise ValueError(
        f"the reference policy of the task, {wanted!r}, is not among the policies "
        f"({', '.join(policies)}): add it, or name another one with reference=."
    )


def _chunk_size(chunk_size: int | None, products: ProductSource | Products) -> int:
    """How many products play at once without an executor."""
    if chunk_size is not None:
        return whole("chunk_size", chunk_size, 1)
    return products.batch + DRAW_BLOCK if isinstance(products, Products) else DRAW_BLOCK


def _chunks(
    products: ProductSource | Products,
    problem: Problem,
    number: int,
    seed: int,
    blocks_per_chunk: int,
) -> Iterator[Products]:
    """The products in chunks of whole blocks."""
    if isinstance(products, Products):
        size = blocks_per_chunk * DRAW_BLOCK
        yield from (products.rows(slice(first, first + size)) for first in range(0, number, size))
        return
    pending: list[Products] = []
    for block in blocks(products, problem, number, whole("seed", seed, least=0)):
        pending.append(block)
        if len(pending) == blocks_per_chunk:
            yield concatenate(pending)
            pending = []
    if pending:
        yield concatenate(pending)


class _Windows:
    """Counts the series of real demand, and the windows of them, that were played."""

    def __init__(self) -> None:
        self._played: set[tuple[int, int]] = set()

    @staticmethod
    def series(windows: np.ndarray | None) -> np.ndarray | None:
        """``[B]`` the series of each product; None for independent ones."""
        return None if windows is None else windows[:, 0]

    def add(self, windows: np.ndarray | None) -> None:
        """Count those of a chunk."""
        if windows is not None:
            self._played.update(map(tuple, windows.tolist()))

    @property
    def counted(self) -> dict[str, int]:
        """How many of each; nothing for independent products."""
        if not self._played:
            return {}
        return {
            "series": len({series for series, _ in self._played}),
            "windows": len(self._played),
        }


def _effective_series(reference: Tally) -> dict[str, float]:
    """As over how many equal series the money of the reference is spread; nothing for independent
    products.
    """
    money = reference.gaps["gap"]
    if not money.denominator.has_series or not money.denominator.differs:
        return {}
    return {"effective_series": round(money.effective_clusters, 1)}


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows).sort_values(
        "reward", ascending=False, kind="stable", ignore_index=True
    )
    return frame[[*(column for column in frame.columns if column != "seconds"), "seconds"]]
