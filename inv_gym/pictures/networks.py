"""What learned policies order over stock, and where their orders break the structure of optimal
ones: plain, penalised and constructed networks side by side, for four products each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import inv_gym
from inv_gym import Observation, Policy, Problem, Products, ProductSource
from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.baselines import BaseStock, SeasonalIntervalStock
from inv_gym.baselines.fitting.fitting import known_distribution
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.families import FAMILIES
from inv_gym.pictures.figures import Side
from inv_gym.pictures.network_figures import (
    NetworkOrders,
    OptimalCurve,
    ProductRow,
    StateView,
    order_contours,
    order_curves,
    violation_maps,
)
from inv_gym.play.episode import play
from inv_gym.problems import ProcurementRemoval
from inv_gym.structure import properties, violations
from inv_gym.structure.violations import observation_of
from inv_gym.util.arrays import flatten, flatten_names, to_numpy

NETWORK_LABELS = dict(
    zip(STRUCTURE_KINDS.values(), ("plain", "penalised", "constructed"), strict=True)
)
"""What pictures call a network of this name."""
TEST_PRODUCTS = 2000
TEST_SEED = 20_000
"""The seed of the products; no network was trained or validated on it."""
SHOWN_RATIOS = (0.05, 0.35, 0.65, 0.95)
"""Quantiles of the test products' critical ratios at which a product is shown (our choice)."""
SHOWN_PERIOD = 25
"""Since the start; episodes have 50."""
EPISODE_MIDDLE = slice(10, 40)
"""Periods of which a network's stock is shown, and averaged."""
NETWORKS_CAPTION = (
    "Plain, penalised and constructed networks, which know the demand history alone, on four of "
    f"{TEST_PRODUCTS} test products (c.v.: coefficient of variation) in period {SHOWN_PERIOD} of "
    "an episode of 50."
)
PIPELINE_NOTE = (
    "What arrives after that is, as the titles say, what the plain network has on order on "
    "average in mid-episode."
)
ENVIRONMENT_VIEWS = {
    "InvLostSales-v0": StateView("lost-sales", (Side(0, "stock on hand", 0, 4),)),
    "InvLostSalesLeadTime-v0": StateView(
        "lost-sales-lead-time",
        (
            Side(0, "stock on hand after today's arrival (on_hand)", 0, 6),
            Side(1, "arrives in one period (pipeline_1)", 0, 6),
        ),
        f"{PIPELINE_NOTE} ",
    ),
    "InvPerishable-v0": StateView(
        "perishable",
        (
            Side(0, "outdates after this period (stock_1)", 0, 3),
            Side(1, "outdates after the next period (stock_2)", 0, 3),
        ),
    ),
    "InvDualSourcing-v0": StateView(
        "dual-sourcing",
        (
            Side(0, "on hand less backlog (net_inventory)", -2, 4),
            Side(1, "regular order that arrives in one period (pipeline_1)", 0, 4),
        ),
    ),
    "InvProcurementRemoval-v0": StateView(
        "procurement-removal", (Side(0, "stock on hand", 0, 20),)
    ),
}
"""Axes are in periods of mean demand, and reach beyond what networks visit."""


def networks(env: str, folder: Path) -> dict[str, InventoryAgent]:
    """The network of each kind for an environment, by label.

    Raises:
        ValueError: One is missing, damaged or for another problem.
    """
    agents = {}
    for path in sorted(folder.glob(f"{env}*.safetensors")):
        _, card = read_tensors(path)
        name = card.get("name", STRUCTURE_KINDS.get(path.stem.removeprefix(f"{env}.")))
        if name in NETWORK_LABELS:
            agents[NETWORK_LABELS[name]] = InventoryAgent.load(path, inv_gym.make_problem(env))
    missing = [label for label in NETWORK_LABELS.values() if label not in agents]
    if missing:
        raise ValueError(
            f"{folder} holds no {' and no '.join(missing)} network for {env}: run `make weights`, "
            "or give the folder that has them with --weights DIR."
        )
    return {label: agents[label] for label in NETWORK_LABELS.values()}


def chosen(problem: Problem, source: ProductSource) -> Products:
    """A test product for each of the ratios, the demand distributions in turn."""
    products = inv_gym.draw_products(source, problem, TEST_PRODUCTS, TEST_SEED)
    ratio = critical_ratio(problem, products.economics)
    family = known_distribution("distribution", products).family_index
    rows = []
    for number, quantile in enumerate(SHOWN_RATIOS):
        candidates = np.flatnonzero(family == number % (family.max() + 1))
        wanted = np.quantile(ratio[candidates], quantile)
        rows.append(candidates[np.abs(ratio[candidates] - wanted).argmin()])
    return products.rows(np.array(rows))


def facts(problem: Problem, product: Products) -> tuple[str, ...]:
    """A product's demand, and its economics, in words."""
    distribution = known_distribution("distribution", product)
    family = distribution.families[distribution.family_index[0]]
    name = next(name for name, known in FAMILIES.items() if known is family)
    mean, ratio = distribution.window_mean()[0], critical_ratio(problem, product.economics)[0]
    variation = np.sqrt(distribution.variance()[0]) / mean
    return (
        f"{name.replace('_', ' ').capitalize()} demand",
        f"mean {mean:.1f} units, c.v. {variation:.2f}",
        f"critical ratio {ratio:.2f}",
    )


def others(view: StateView, typical: np.ndarray) -> tuple[str, ...]:
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
        groups = (" = ".join(names[column] for column in group) for group in chain.columns)
        slopes = [f"∂({chain.quantity})/∂{group}" for group in groups]
        written += [slopes] if chain.ordered else [[slope] for slope in slopes]
    return "; ".join("−1\u00a0≤\u00a0" + " ≤\u00a0".join([*slopes, "0"]) for slopes in written)


def visited(problem: Problem, policy: Policy, products: Products) -> np.ndarray:
    """``[T, B, n]`` the states in the middle of an episode, in periods of mean demand."""
    steps = list(play(problem, policy, products))[EPISODE_MIDDLE]
    states = np.stack([np.stack(flatten(step.observation.state), -1) for step in steps])
    return states / products.scale[:, None]


def states_shown(view: StateView, typical: np.ndarray) -> np.ndarray:
    """``[Y, X, n]``, or ``[X, n]`` for a view with one side: the view's columns vary, others are as
    given ``[n]``.
    """
    sides = np.meshgrid(*view.sides)
    states = np.tile(typical, (*sides[0].shape, 1))
    for axis, side in zip(view.axes, sides, strict=True):
        states[..., axis.column] = side
    return states


def observed(problem: Problem, product: Products, states: np.ndarray) -> Observation:
    """The observation of one product in states ``[N, n]``, periods of mean demand."""
    return observation_of(
        problem, product.rows(np.zeros(len(states), int)), states * product.scale, SHOWN_PERIOD
    )


def look(
    agent: InventoryAgent, product: Products, states: np.ndarray, stock: np.ndarray
) -> NetworkOrders:
    """A network's orders and violations for one product in states ``[..., n]``, with its stock
    ``[T, n]``.
    """
    flat, shape = states.reshape(-1, states.shape[-1]), states.shape[:-1]
    repeated = product.rows(np.zeros(len(flat), int))
    orders = to_numpy(agent.unclipped(observed(agent.problem, product, flat))) / product.scale
    broken = violations(agent.problem, agent, repeated, flat * product.scale, SHOWN_PERIOD)
    excess = broken.worst.reshape(shape)
    return NetworkOrders(orders.reshape(*shape, -1), stock, excess, broken.share())


def optimum(problem: Problem, product: Products, states: np.ndarray) -> OptimalCurve:
    """The optimal policy in states ``[X, 1]``, and its threshold for each order."""
    distribution = known_distribution("distribution", product)
    policy: Policy
    if isinstance(problem, ProcurementRemoval):
        interval = SeasonalIntervalStock.optimal(problem, distribution, product.economics)
        policy, thresholds = interval, [interval.lower[SHOWN_PERIOD], interval.upper[SHOWN_PERIOD]]
    else:
        rule = BaseStock.closed_form(problem, distribution, product.economics)
        policy, thresholds = rule, [rule.level]
    orders = policy(observed(problem, product, states)) / product.scale
    return OptimalCurve(orders, np.concatenate(thresholds) / product.scale)


def rows(env: str, agents: Mapping[str, InventoryAgent]) -> list[ProductRow[NetworkOrders]]:
    """What there is to show, product by product."""
    problem, view = inv_gym.make_problem(env), ENVIRONMENT_VIEWS[env]
    products = chosen(problem, inv_gym.make_source(inv_gym.ENVIRONMENTS[env].source))
    stock = {kind: visited(problem, agent, products) for kind, agent in agents.items()}
    typical = stock["plain"].mean(0)
    shown = []
    for number in range(products.batch):
        product = products.rows(slice(number, number + 1))
        states = states_shown(view, typical[number])
        looks = {
            kind: look(agent, product, states, stock[kind][:, number])
            for kind, agent in agents.items()
        }
        best = optimum(problem, product, states) if len(view.axes) == 1 else None
        title = (*facts(problem, product), *others(view, typical[number]))
        shown.append(ProductRow(title, looks, best))
    return shown


def network_pictures(env: str, weights: Path) -> dict[str, Figure]:
    """The pictures of an environment by name: its networks' orders, and what those break."""
    agents = networks(env, weights)
    problem, view, shown = inv_gym.make_problem(env), ENVIRONMENT_VIEWS[env], rows(env, agents)
    title = inv_gym.ENVIRONMENTS[env].title.capitalize()
    draw = order_curves if len(view.axes) == 1 else order_contours
    orders = f"{title}: orders. {NETWORKS_CAPTION}"
    broken = f"{title}: optimal orders have {chains(problem)}. {NETWORKS_CAPTION}"
    return {
        f"structure-{view.name}": draw(view, problem.order_names, shown, orders),
        f"violations-{view.name}": violation_maps(view, shown, broken),
    }
