"""What learned policies order over stock, and where their orders break the structure of optimal
ones.

    python examples/experiments/structure.py
    python examples/experiments/structure.py --env InvPerishable-v0 --weights runs/weights --out
    results/pictures

Plain, penalised and constructed networks side by side, for four products each: structure-NAME.png
shows orders, violations-NAME.png the largest excess of any inequality that optimal orders keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from order_pictures import Axis
from structure_pictures import Look, Row, View, order_contours, order_curves, save, violation_maps

import inv_gym
from inv_gym import Observation, Policy, Problem, Products, ProductSource
from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.baselines import BaseStock, SeasonalIntervalStock
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.families import FAMILIES
from inv_gym.play.episode import play
from inv_gym.problems import ProcurementRemoval
from inv_gym.structure import properties, violations
from inv_gym.structure.violations import observation_of
from inv_gym.util.arrays import flatten, flatten_names, to_numpy
from inv_gym.util.checks import one_of

LABELS = dict(zip(STRUCTURE_KINDS.values(), ("plain", "penalised", "constructed"), strict=True))
"""What pictures call a network of this name."""
PRODUCTS, TEST_SEED = 2000, 20_000
RATIOS = (0.05, 0.35, 0.65, 0.95)
"""Quantiles of the test products' critical ratios at which a product is shown (our choice)."""
PERIOD = 25
"""Since the start; episodes have 50."""
MIDDLE = slice(10, 40)
"""Periods of which a network's stock is shown, and averaged."""
CAPTION = (
    "Plain, penalised and constructed networks, which know the demand history alone, on four of "
    f"{PRODUCTS} test "
    f"products (c.v.: coefficient of variation) in period {PERIOD} of an episode of 50."
)
LATER = (
    "What arrives after that is, as the titles say, what the plain network has on order on "
    "average in mid-episode."
)
VIEWS = {
    "InvLostSales-v0": View("lost-sales", (Axis(0, "stock on hand", 0, 4),)),
    "InvLostSalesLeadTime-v0": View(
        "lost-sales-lead-time",
        (
            Axis(0, "stock on hand after today's arrival (on_hand)", 0, 6),
            Axis(1, "arrives in one period (pipeline_1)", 0, 6),
        ),
        f"{LATER} ",
    ),
    "InvPerishable-v0": View(
        "perishable",
        (
            Axis(0, "outdates after this period (stock_1)", 0, 3),
            Axis(1, "outdates after the next period (stock_2)", 0, 3),
        ),
    ),
    "InvDualSourcing-v0": View(
        "dual-sourcing",
        (
            Axis(0, "on hand less backlog (net_inventory)", -2, 4),
            Axis(1, "regular order that arrives in one period (pipeline_1)", 0, 4),
        ),
    ),
    "InvProcurementRemoval-v0": View("procurement-removal", (Axis(0, "stock on hand", 0, 20),)),
}
"""Axes are in periods of mean demand, and reach beyond what networks visit."""


def networks(env: str, folder: Path) -> dict[str, InventoryAgent]:
    """The network of each kind for an environment, by label.

    Raises:
        ValueError: One is missing, damaged or for another problem.
    """
    found = {}
    for path in sorted(folder.glob(f"{env}*.safetensors")):
        _, card = read_tensors(path)
        name = card.get("name", STRUCTURE_KINDS.get(path.stem.removeprefix(f"{env}.")))
        if name in LABELS:
            found[LABELS[name]] = InventoryAgent.load(path, inv_gym.make_problem(env))
    missing = [label for label in LABELS.values() if label not in found]
    if missing:
        raise ValueError(
            f"{folder} holds no {' and no '.join(missing)} network for {env}: run `make weights`, "
            "or give the folder "
            "that has them with --weights."
        )
    return {label: found[label] for label in LABELS.values()}


def chosen(problem: Problem, source: ProductSource) -> Products:
    """A test product for each of the ratios, the demand distributions in turn."""
    products = inv_gym.draw_products(source, problem, PRODUCTS, TEST_SEED)
    ratio, family = critical_ratio(problem, products.economics), products.distribution.family_index
    rows = []
    for number, quantile in enumerate(RATIOS):
        candidates = np.flatnonzero(family == number % (family.max() + 1))
        wanted = np.quantile(ratio[candidates], quantile)
        rows.append(candidates[np.abs(ratio[candidates] - wanted).argmin()])
    return products.rows(np.array(rows))


def facts(problem: Problem, product: Products) -> tuple[str, ...]:
    """A product's demand, and its economics, in words."""
    distribution = product.distribution
    (name,) = (
        name
        for name, one in FAMILIES.items()
        if one is distribution.families[distribution.family_index[0]]
    )
    mean, ratio = distribution.window_mean()[0], critical_ratio(problem, product.economics)[0]
    variation = np.sqrt(distribution.variance()[0]) / mean
    name = name.replace("_", " ").capitalize()
    return (
        f"{name} demand",
        f"mean {mean:.1f} units, c.v. {variation:.2f}",
        f"critical ratio {ratio:.2f}",
    )


def others(view: View, typical: np.ndarray) -> tuple[str, ...]:
    """What the columns of the state that a view does not show hold, ``[n]`` periods of mean demand,
    in words.
    """
    held = np.delete(typical, [axis.column for axis in view.axes])
    return (f"then arrive {', '.join(f'{amount:.1f}' for amount in held)}",) if len(held) else ()


def chains(problem: Problem) -> str:
    """The structure of a problem's optimal orders in formulas."""
    names = flatten_names(problem.initial_state(0.0))
    written = []
    for chain in properties(problem).chains:
        slopes = [
            f"∂({chain.quantity})/∂{' = '.join(names[c] for c in group)}" for group in chain.columns
        ]
        written += [slopes] if chain.ordered else [[slope] for slope in slopes]
    return "; ".join("−1\u00a0≤\u00a0" + " ≤\u00a0".join([*slopes, "0"]) for slopes in written)


def visited(problem: Problem, policy: Policy, products: Products) -> np.ndarray:
    """``[T, B, n]`` the states in the middle of an episode, in periods of mean demand."""
    steps = list(play(problem, policy, products))[MIDDLE]
    return (
        np.stack([np.stack(flatten(step.observation.state), -1) for step in steps])
        / products.scale[:, None]
    )


def states_shown(view: View, typical: np.ndarray) -> np.ndarray:
    """``[Y, X, n]``, or ``[X, n]`` for a view with one side: the view's columns vary, others are as
    given ``[n]``.
    """
    sides = np.meshgrid(*view.sides)
    states = np.tile(typical, (*sides[0].shape, 1))
    for axis, side in zip(view.axes, sides, strict=True):
        states[..., axis.column] = side
    return states


def seen(problem: Problem, product: Products, states: np.ndarray) -> Observation:
    """What is seen for one product in states ``[N, n]``, periods of mean demand."""
    return observation_of(
        problem, product.rows(np.zeros(len(states), int)), states * product.scale, PERIOD
    )


def look(
    problem: Problem,
    agent: InventoryAgent,
    product: Products,
    states: np.ndarray,
    stock: np.ndarray,
) -> Look:
    """A network's orders and violations for one product in states ``[..., n]``, with its stock
    ``[T, n]``.
    """
    flat = states.reshape(-1, states.shape[-1])
    orders = to_numpy(agent.unclipped(seen(problem, product, flat))) / product.scale
    broken = violations(
        problem, agent, product.rows(np.zeros(len(flat), int)), flat * product.scale, PERIOD
    )
    shape = states.shape[:-1]
    return Look(orders.reshape(*shape, -1), broken.worst.reshape(shape), broken.share(), stock)


def optimum(
    problem: Problem, product: Products, states: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Orders ``[X, K]`` of the optimal policy in states ``[X, 1]``, and its threshold for each
    order ``[K]``.
    """
    if isinstance(problem, ProcurementRemoval):
        interval = SeasonalIntervalStock.optimal(problem, product.distribution, product.economics)
        policy, thresholds = interval, [interval.lower[PERIOD], interval.upper[PERIOD]]
    else:
        policy = BaseStock.closed_form(problem, product.distribution, product.economics)
        thresholds = [policy.level]
    return policy(seen(problem, product, states)) / product.scale, np.concatenate(
        thresholds
    ) / product.scale


def rows(env: str, agents: Mapping[str, InventoryAgent]) -> list[Row]:
    """What there is to show, product by product."""
    problem, view = inv_gym.make_problem(env), VIEWS[env]
    products = chosen(problem, inv_gym.make_source(inv_gym.ENVIRONMENTS[env].source))
    stock = {kind: visited(problem, agent, products) for kind, agent in agents.items()}
    typical = stock["plain"].mean(0)
    found = []
    for number in range(products.batch):
        product, states = (
            products.rows(slice(number, number + 1)),
            states_shown(view, typical[number]),
        )
        looks = {
            kind: look(problem, agent, product, states, stock[kind][:, number])
            for kind, agent in agents.items()
        }
        best = optimum(problem, product, states) if len(view.axes) == 1 else ()
        found.append(Row((*facts(problem, product), *others(view, typical[number])), looks, *best))
    return found


def main(
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="An environment; repeatable; all if none."),
    ] = None,
    weights: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the weights, ID*.safetensors.")
    ] = TRAINED_FOLDER,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the pictures.")] = Path(
        "docs/pictures"
    ),
) -> None:
    """Draw the orders of learned policies, and where they break the structure of optimal ones."""
    try:
        wanted = [one_of("environment", one, VIEWS) for one in env or VIEWS]
        found = {one: networks(one, weights) for one in wanted}
    except (ValueError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    for one, agents in found.items():
        problem, view, shown = inv_gym.make_problem(one), VIEWS[one], rows(one, agents)
        title = inv_gym.ENVIRONMENTS[one].title.capitalize()
        draw = order_curves if len(view.axes) == 1 else order_contours
        pictures = {
            "structure": draw(view, problem.order_names, shown, f"{title}: orders. {CAPTION}"),
            "violations": violation_maps(
                view, shown, f"{title}: optimal orders have {chains(problem)}. {CAPTION}"
            ),
        }
        for name, figure in pictures.items():
            save(figure, out / f"{name}-{view.name}.png")
            print(out / f"{name}-{view.name}.png", flush=True)


if __name__ == "__main__":
    typer.run(main)
