"""Published tables beside ours: the figure as printed, ours exactly, and ours by simulation with
its 95 % interval.

python examples/experiments/reproduce_tables.py
python examples/experiments/reproduce_tables.py --only zipkin2008-poisson5-p4-L1 --json tables.json
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from inv_gym import INSTANCES, Products, draw_products, evaluate, instance
from inv_gym.baselines import (
    BaseStock,
    CappedBaseStock,
    CappedDualIndex,
    ConstantOrder,
    DualIndex,
    IntervalStock,
    SingleIndex,
    TailoredBaseSurge,
    VectorBaseStock,
)
from inv_gym.baselines.exact import Optimal, follow
from inv_gym.baselines.exact.search import searched
from inv_gym.play.policy import Policy
from inv_gym.tasks.instances import OVER_OPTIMAL
from inv_gym.tasks.task import Task
from inv_gym.util.files import write_atomically

PATHS = 1000
"""Demand paths of each simulation."""
OPTIMUM, HEURISTIC = 0.01, 0.02
"""Differences in cost that count as reproduced; what the printed digits leave open comes on top."""
PRINTED = {"zipkin2008": 0.05, "gijsbrechts2022": 0.005}
"""Half the last printed digit of a table's gaps, in %."""


@dataclass(frozen=True)
class Cell:
    """One figure of a table.

    Attributes:
        instance: Its name.
        figure: What it is.
        published: As printed.
        exact: Ours, by dynamic program or exact chain; None where it is not run.
        within: The difference that counts as reproduced.
        simulated: Ours, by simulation.
        half: Half of its 95 % interval.
        note: Why it is not reproduced.
    """

    instance: str
    figure: str
    published: float
    exact: float | None
    within: float = 0.0
    simulated: float | None = None
    half: float | None = None
    note: str = ""

    @property
    def difference(self) -> float | None:
        """Ours, exactly, less the published figure."""
        return None if self.exact is None else self.exact - self.published

    @property
    def reproduced(self) -> bool:
        """Whether the difference is within what counts."""
        return self.difference is not None and abs(self.difference) <= self.within

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "difference": self.difference, "reproduced": self.reproduced}


Make = Callable[[Task, Products], Policy]


def of_law(constructor: Callable[..., Policy]) -> Make:
    """A policy from a constructor of a heuristic."""
    return lambda found, one: constructor(found.problem, one.distribution, one.economics)


def exactly(kind: Any) -> Make:
    """A heuristic with its parameters searched on exact costs."""
    return lambda found, one: searched(kind, found.problem, one.distribution, one.economics)[0]


HEURISTICS: Mapping[str, Make] = {
    "standard vector base-stock": of_law(VectorBaseStock.closed_form),
    "better vector base-stock": exactly(VectorBaseStock),
    "best base-stock": exactly(BaseStock),
    "best capped base-stock": exactly(CappedBaseStock),
    "best constant order": of_law(ConstantOrder.closed_form),
    "capped dual index": of_law(CappedDualIndex.searched),
    "dual index": of_law(DualIndex.searched),
    "single index": of_law(SingleIndex.searched),
    "tailored base-surge": of_law(TailoredBaseSurge.searched),
}
"""The policies that tables name."""


def optimal_policy(found: Task, one: Products) -> Any:
    """The exact optimum as a policy, and its only solution."""
    planned = Optimal(found.problem).plan(found.problem, one)
    return planned, planned.solutions[0]


def average_costs(name: str, found: Task, one: Products) -> Iterator[Cell]:
    """Average costs, and gaps over the optimum in %."""
    best, solution = optimal_policy(found, one)
    rules = {
        figure: HEURISTICS[figure.split(",")[0]]
        for figure in found.known
        if figure.split(",")[0] in HEURISTICS
    }
    policies = {figure: make(found, one) for figure, make in rules.items()}
    played = evaluate(
        found.problem,
        {"optimal": best, **policies},
        found.source,
        number=PATHS,
        warm_up=found.warm_up,
    ).frame.set_index("policy")
    optimum = -solution.gain
    for figure, published in found.known.items():
        if figure in policies:
            exact = -follow(
                found.problem, policies[figure], one.distribution, one.economics
            ).average()
            row, within = played.loc[figure], HEURISTIC
        elif figure == "optimal average cost":
            exact, row, within = optimum, played.loc["optimal"], OPTIMUM
        else:
            yield Cell(
                name, figure, published, None, note="a learned policy of that paper; not run here"
            )
            continue
        if figure.endswith(OVER_OPTIMAL):
            half = (row.gap_high - row.gap_low) / 2.0
            within = 100.0 * within / optimum + PRINTED[name.split("-")[0]]
            yield Cell(
                name, figure, published, 100.0 * (exact / optimum - 1.0), within, -row.gap, half
            )
        else:
            yield Cell(
                name, figure, published, exact, within, -row.reward, 1.96 * row.standard_error
            )


def simulated_sum(
    found: Task, policy: Policy, horizon: int, warm_up: int = 0, number: int = PATHS
) -> tuple[float, float]:
    """The discounted cost of the periods after a warm-up, and half its 95 % interval."""
    problem = replace(found.problem, horizon=horizon)
    row = evaluate(
        problem, {"policy": policy}, found.source, number=number, warm_up=warm_up
    ).frame.iloc[0]
    weight = (1.0 - problem.discount ** (horizon - warm_up)) / (1.0 - problem.discount)
    return -weight * row.reward, 1.96 * weight * row.standard_error


def discounted_costs(name: str, found: Task, one: Products) -> Iterator[Cell]:
    """The table of De Moor et al.: discounted costs without end, and of 365 periods after a warm-up
    of 100.
    """
    best, solution = optimal_policy(found, one)
    base_stock, _ = searched(BaseStock, found.problem, one.distribution, one.economics)
    periods, warm_up = found.problem.horizon - found.warm_up, found.warm_up
    endless, window, rule = found.known
    yield Cell(
        name,
        endless,
        found.known[endless],
        -solution.value(),
        0.001,
        *simulated_sum(found, best, 1500),
    )
    for figure, policy in ((window, best), (rule, base_stock)):
        chain = follow(found.problem, policy, one.distribution, one.economics)
        exact = -chain.discounted(found.problem.discount, periods, warm_up)
        simulated = simulated_sum(found, policy, found.problem.horizon, warm_up)
        yield Cell(name, figure, found.known[figure], exact, 0.5, *simulated)


def removal(name: str, found: Task, one: Products) -> Iterator[Cell]:
    """The interval of the optimal policy, from its table and by the heuristic's own program, and
    the cost.
    """
    best, solution = optimal_policy(found, one)
    rule = IntervalStock.optimal(found.problem, one.distribution, one.economics)
    net = (solution.states + solution.orders[0] @ np.array([[1.0], [-1.0]]))[:, 0]
    ordered, removed = (solution.orders[0][:, channel] > 0.0 for channel in range(2))
    levels = {
        "order up to": (net[ordered], rule.lower),
        "remove down to": (net[removed], rule.upper),
    }
    for figure, published in found.known.items():
        if figure in levels:
            exact, heuristic = levels[figure]
            yield Cell(name, figure, published, float(exact[0]), 0.0, float(heuristic[0]), 0.0)
        else:
            exact = -solution.value(one.initial_state.net_inventory[0])
            yield Cell(
                name,
                figure,
                published,
                exact,
                0.001,
                *simulated_sum(found, best, found.problem.horizon, number=8 * PATHS),
            )


TABLES = {
    "zipkin": average_costs,
    "gijsbrechts": average_costs,
    "demoor": discounted_costs,
    "removal": removal,
}


def cells(name: str) -> list[Cell]:
    """All figures of an instance."""
    found = instance(name)
    one = draw_products(found.source, found.problem, 1)
    table = next(table for prefix, table in TABLES.items() if name.startswith(prefix))
    return list(table(name, found, one))


def number(value: float | None) -> str:
    """Four significant decimals, or nothing."""
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def show(found: list[Cell], console: Console) -> None:
    """The cells as a table."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("figure", ratio=1, min_width=26)
    for heading in ("published", "exact", "simulated", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    previous, notes = "", {}
    for cell in found:
        if cell.instance != previous:
            table.add_section()
            table.add_row(cell.instance)
        previous = cell.instance
        mark = (
            "✓"
            if cell.reproduced
            else str(notes.setdefault(cell.note or "differs", len(notes) + 1))
        )
        simulated = "" if cell.half is None else f"{cell.simulated:.3f} ± {cell.half:.3f}"
        table.add_row(
            f"  {cell.figure}",
            number(cell.published),
            number(cell.exact),
            simulated,
            number(cell.difference),
            mark,
        )
    console.print(table)
    for note, mark in notes.items():
        console.print(f"{mark}: {note}")


app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    only: Annotated[
        list[str] | None, typer.Option(metavar="INSTANCE", help="An instance; repeat for more.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file too.")
    ] = None,
) -> None:
    """Reproduce the published tables of inventory control."""
    console = Console(highlight=False)
    names = only or list(INSTANCES)
    for name in names:
        try:
            instance(name)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--only") from None
    begin = time.perf_counter()
    results: dict[str, list[Cell]] = {}
    # the longest first, so that both cores finish together
    ordered = sorted(
        names,
        key=lambda name: (
            not name.startswith("zipkin"),
            -int(name[-1]) if name[-1].isdigit() else 0,
        ),
    )
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as cores:
        for name, found in zip(ordered, cores.map(cells, ordered), strict=True):
            results[name] = found
            console.print(f"{time.perf_counter() - begin:5.0f} s  {name}")
    everything = [cell for name in names for cell in results[name]]
    show(everything, console)
    run = [cell for cell in everything if cell.exact is not None]
    console.print(f"{sum(cell.reproduced for cell in run)} of {len(run)} figures reproduced.")
    if json_file is not None:
        write_atomically(json_file, json.dumps([cell.to_dict() for cell in everything], indent=1))
        console.print(f"written: {json_file}")


if __name__ == "__main__":
    app()
