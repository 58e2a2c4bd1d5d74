"""The one evaluation of every policy: the same products, the same demand paths, paired gaps with
their intervals.
"""

from __future__ import annotations

import json
import platform
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inv_gym.play.episode import Step, play
from inv_gym.play.policy import KNOWLEDGE, Policy
from inv_gym.play.statistics import half_width
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import DRAW_BLOCK, Products, concatenate
from inv_gym.products.sources import ProductSource, blocks
from inv_gym.tasks.task import Task, check_warm_up, problem_and_products
from inv_gym.util.arrays import Array, to_numpy
from inv_gym.util.checks import one_of, whole
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
            (discounted mean), with their standard error; ``gap`` is the paired difference to the
            reference in % of its absolute reward, with its 95 % interval; stock and flows are units
            per period and product.
        facts: What the figures rest on: problem, products, seed, warm-up, reference, versions,
            command.
    """

    frame: pd.DataFrame
    facts: dict[str, Any]

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
                key: None if isinstance(value, float) and np.isnan(value) else value
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
    chunk_size: int = 4 * DRAW_BLOCK,
    like: Array | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Play every policy over the same products and demand paths.

    The figures do not depend on `chunk_size`: products are drawn and summed in blocks of
    `DRAW_BLOCK`, and a chunk is a number of whole blocks.

    Args:
        task: What to play; a problem alone needs `products` too.
        policies: By name.
        products: A batch, or what `make_source` understands; those of the task if None.
        number: Of products drawn; a batch is taken whole.
        seed: Of the products.
        reference: Name of the policy that gaps are to; that of the task if None. A problem alone
            has none: then it is the first policy.
        warm_up: Periods at the start that do not count; discounting starts after them. The
            task's own if None.
        chunk_size: Most products in memory at once (at least a block).
        like: An array whose kind, dtype and device to play in; NumPy float64 if None.
        progress: Called after every policy of every chunk.

    Raises:
        ValueError: A name or number is out of bounds, or a policy's orders are not valid.
    """
    if not policies:
        raise ValueError("policies must name at least one policy, got none.")
    problem, products = problem_and_products(task, products)
    reference = _reference(task, policies) if reference is None else reference
    one_of("reference", reference, policies)
    if warm_up is None:
        warm_up = task.warm_up if isinstance(task, Task) else 0
    check_warm_up(warm_up, problem)
    for name, policy in policies.items():
        one_of(f"knowledge of policy {name}:", getattr(policy, "knows", None), KNOWLEDGE)
    number = products.batch if isinstance(products, Products) else whole("number", number, least=1)
    tally = {name: _Tally() for name in policies}
    done = 0
    for chunk in _chunks(
        products, problem, number, seed, max(whole("chunk_size", chunk_size, 1) // DRAW_BLOCK, 1)
    ):
        if like is not None:
            chunk = chunk.to(like)
        base: np.ndarray | None = None
        for name in sorted(policies, key=lambda name: name != reference):
            begin = time.perf_counter()
            figures = _play(problem, policies[name], chunk, warm_up)
            tally[name].seconds += time.perf_counter() - begin
            base = figures["reward"] if base is None else base
            tally[name].add(figures, base)
            if progress is not None:
                progress(name, min(done + chunk.batch, number), number)
        done += chunk.batch
    rows = [
        tally[name].row(name, policies[name].knows, number, tally[reference]) for name in policies
    ]
    return Evaluation(_frame(rows), _facts(problem, products, number, seed, reference, warm_up))


def _reference(task: Task | Problem, policies: Mapping[str, Policy]) -> str:
    """The task's reference policy, or the first policy if there is a problem alone.

    Raises:
        ValueError: The task's reference policy does not play.
    """
    if isinstance(task, Problem) or len(policies) == 1:
        return next(iter(policies))
    if task.reference in policies:
        return str(task.reference)
    raise ValueError(
        f"the reference policy of the task, {task.reference!r}, is not among the policies "
        f"({', '.join(policies)}): add it, or name another one with reference=."
    )


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


def _play(
    problem: Problem, policy: Policy, products: Products, warm_up: int
) -> dict[str, np.ndarray]:
    """Figures of each product, ``[B]``: discounted mean reward, and means per period
    of what moved.
    """
    sums: dict[str, Any] = defaultdict(float)
    weight = 0.0
    for step in play(problem, policy, products):
        if step.period < warm_up:
            continue
        discount = problem.discount ** (step.period - warm_up)
        weight += discount
        sums["reward"] = sums["reward"] + discount * step.outcome.reward
        for name, column in _moved(problem, step).items():
            sums[name] = sums[name] + column
    periods = problem.horizon - warm_up
    means = {
        name: np.asarray(to_numpy(value), np.float64) / periods for name, value in sums.items()
    }
    return means | {"reward": means["reward"] * (periods / weight)}


def _moved(problem: Problem, step: Step) -> dict[str, Array]:
    """What a period adds to the sums."""
    flows = step.outcome.flows
    return {
        "demand": step.demand,
        "periods_without_shortage": 1.0 * (flows.shortage <= 0),
        **flows._asdict(),
        **{
            f"order_{name}": column
            for name, column in zip(problem.order_names, step.accepted, strict=True)
        },
    }


class _Tally:
    """Sums over products, kept by block so that chunks do not matter."""

    def __init__(self) -> None:
        self.blocks: dict[str, list[float]] = defaultdict(list)
        self.seconds = 0.0

    def add(self, figures: Mapping[str, np.ndarray], reference: np.ndarray) -> None:
        """Add a chunk of products."""
        reward, gap = figures["reward"], figures["reward"] - reference
        columns = {**figures, "reward_squared": reward**2, "gap": gap, "gap_squared": gap**2}
        for first in range(0, len(reward), DRAW_BLOCK):
            for name, column in columns.items():
                self.blocks[name].append(float(column[first : first + DRAW_BLOCK].sum()))

    def sum(self, name: str) -> float:
        """Over all products."""
        return float(np.sum(self.blocks[name]))

    def mean_and_error(self, name: str, number: int) -> tuple[float, float]:
        """Mean over products, and its standard error (NaN for one product)."""
        mean = self.sum(name) / number
        variance = max(self.sum(f"{name}_squared") / number - mean**2, 0.0)
        return mean, float(np.sqrt(variance / (number - 1))) if number > 1 else float("nan")

    def row(self, name: str, knows: str, number: int, reference: _Tally) -> dict[str, Any]:
        """The policy's row of the table."""
        reward, error = self.mean_and_error("reward", number)
        gap, gap_error = self.mean_and_error("gap", number)
        percent = 100.0 / max(abs(reference.sum("reward") / number), np.finfo(float).tiny)
        half = half_width(gap_error, number)
        skipped = (
            "reward",
            "reward_squared",
            "gap",
            "gap_squared",
            "demand",
            "sales",
            "periods_without_shortage",
        )
        return {
            "policy": name,
            "knows": knows,
            "reward": reward,
            "standard_error": error,
            "gap": percent * gap,
            "gap_low": percent * (gap - half),
            "gap_high": percent * (gap + half),
            "fill_rate": self.sum("sales") / max(self.sum("demand"), np.finfo(float).tiny),
            "cycle_service_level": self.sum("periods_without_shortage") / number,
            **{key: self.sum(key) / number for key in self.blocks if key not in skipped},
            "seconds": self.seconds,
        }


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows).sort_values(
        "reward", ascending=False, kind="stable", ignore_index=True
    )
    return frame[[*(column for column in frame.columns if column != "seconds"), "seconds"]]


def _facts(
    problem: Problem,
    products: ProductSource | Products,
    number: int,
    seed: int,
    reference: str,
    warm_up: int,
) -> dict[str, Any]:
    """What the figures rest on."""
    packages = ("inv-gym", "numpy", "gymnasium", "torch", "pandas")
    return {
        "problem": type(problem).__name__,
        "fields": problem.spec(),
        "products": number,
        "source": "given" if isinstance(products, Products) else type(products).__name__,
        "notes": [] if isinstance(products, Products) else list(products.notes),
        "seed": seed,
        "warm_up": warm_up,
        "reference": reference,
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in packages},
        "command": shlex.join(sys.argv),
    }
