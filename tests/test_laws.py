"""The laws of `inv_gym.testing` over every registered environment, variant and heuristic."""

from typing import Any

import numpy as np
import pytest

import inv_gym
from inv_gym import baselines
from inv_gym.products.sources import draw_products
from inv_gym.tasks.naming import make_source
from inv_gym.tasks.registry import ENVIRONMENTS, make_problem
from inv_gym.testing import check_environment, check_policy, check_problem

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((env_id, {}) for env_id in ENVIRONMENTS),
    ("InvLostSalesLeadTime-v0", {"lead_time": 0}),
    ("InvLostSalesLeadTime-v0", {"lead_time": 1}),
    ("InvLostSalesLeadTime-v0", {"lead_time": 10, "initial_stock": (0.0, 5.0)}),
    ("InvPerishable-v0", {"shelf_life": 1}),
    ("InvPerishable-v0", {"shelf_life": 1, "lead_time": 2}),
    ("InvPerishable-v0", {"shelf_life": 5, "lead_time": 3, "issuing": "newest_first"}),
    ("InvDualSourcing-v0", {"regular_lead_time": 1}),
    ("InvDualSourcing-v0", {"regular_lead_time": 4, "expedited_lead_time": 2, "backlog": False}),
    ("InvProcurementRemoval-v0", {"backlog": True}),
]
OPTIONS: list[dict[str, Any]] = [
    {"units": "scale"},
    {"units": "scale", "integer_orders": True, "order_cap": 7.0, "long_run": True},
    {"long_run": True},
    {"integer_orders": True, "order_cap": 7.0},
    {"discount": 1.0, "horizon": 3},
]
HEURISTICS = [
    (env_id, name)
    for env_id in ENVIRONMENTS
    for name in baselines.policies(make_problem(env_id, horizon=12))
]


def name_of(value: Any) -> str:
    return ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("env_id", "fields"), VARIANTS, ids=name_of)
def test_problem_keeps_the_laws(env_id: str, fields: dict[str, Any]) -> None:
    check_problem(make_problem(env_id, **fields), make_source(ENVIRONMENTS[env_id].source))


@pytest.mark.parametrize(("env_id", "fields"), VARIANTS, ids=name_of)
def test_environment_is_a_view_of_its_problem(env_id: str, fields: dict[str, Any]) -> None:
    check_environment(env_id, **fields)


@pytest.mark.parametrize("fields", OPTIONS, ids=name_of)
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_environment_keeps_the_laws_with_options(env_id: str, fields: dict[str, Any]) -> None:
    check_environment(env_id, **fields)


@pytest.mark.parametrize(
    "products", ["seasonal", "continuous", "shock", {"population": "poisson", "mean": [2, 4]}]
)
def test_environment_keeps_the_laws_on_other_products(products: Any) -> None:
    check_environment("InvLostSalesLeadTime-v0", products=products)


@pytest.mark.parametrize("env_id", [i for i in ENVIRONMENTS if not make_problem(i).backlog])
def test_environment_keeps_the_laws_under_censored_demand(env_id: str) -> None:
    check_environment(env_id, censored=True)


@pytest.mark.parametrize("name", inv_gym.INSTANCES)
def test_published_instances_play_in_their_environment(name: str) -> None:
    instance = inv_gym.instance(name)
    problem = make_problem(instance.environment, **{**instance.problem.spec()})
    assert problem == instance.problem
    products = draw_products(instance.source, problem, 8)
    assert np.isfinite(
        inv_gym.rollout(problem, baselines.RandomOrders(problem=problem), products).rewards
    ).all()


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize(("env_id", "name"), HEURISTICS)
def test_heuristic_keeps_the_laws(env_id: str, name: str) -> None:
    problem = make_problem(env_id, horizon=12)
    check_policy(
        baselines.policies(problem)[name], problem, make_source(ENVIRONMENTS[env_id].source)
    )


@pytest.mark.parametrize(
    "name", ["base-stock", "vector base-stock", "base-stock (knows distribution)"]
)
def test_heuristic_keeps_the_laws_on_a_season(name: str) -> None:
    problem = make_problem("InvLostSalesLeadTime-v0", lead_time=2, horizon=12)
    check_policy(baselines.policies(problem)[name], problem, make_source("seasonal"))


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("name", ["base-stock", "searched base-stock", "vector base-stock"])
def test_heuristic_keeps_the_laws_under_censored_demand(name: str) -> None:
    problem = make_problem("InvLostSalesLeadTime-v0", lead_time=2, horizon=12, censored=True)
    check_policy(baselines.policies(problem)[name], problem, make_source("default"))
