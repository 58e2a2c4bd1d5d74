"""The networks that come with the package."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import inv_gym
from inv_gym import agents, baselines
from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.agents.training.generalists import GENERALIST
from inv_gym.structure import violations, wide_states
from inv_gym.testing import LAW_PERIODS, check_policy

LATER = "InvLostSalesLeadTime-v0"
"""It shares its generalist with `InvLostSales-v0`."""
SHIPPED = STRUCTURE_KINDS | {"ppo": "PPO"}


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
@pytest.mark.parametrize("name", SHIPPED.values())
def test_every_environment_has_trained_networks_that_keep_the_laws(env_id: str, name: str) -> None:
    problem = replace(inv_gym.make_problem(env_id), horizon=LAW_PERIODS)
    agent = agents.policies(problem)[name]
    assert agent.knows == "history"
    check_policy(agent, problem, inv_gym.make_source(inv_gym.ENVIRONMENTS[env_id].source))


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_informed_networks_break_less_of_the_structure_than_a_hundredth_of_what_the_plain_one_does(
    env_id: str,
) -> None:
    problem, products = (
        inv_gym.make_problem(env_id),
        inv_gym.make_source(inv_gym.ENVIRONMENTS[env_id].source),
    )
    drawn = inv_gym.draw_products(products, problem, 1000, seed=78)
    states = wide_states(problem, np.random.default_rng(79), 1000) * drawn.scale[:, None]
    found = {
        name: violations(problem, one, drawn, states, 15)
        for name, one in agents.policies(problem).items()
    }
    plain, penalised, constructed = (found[name] for name in STRUCTURE_KINDS.values())
    assert penalised.share() <= max(0.01 * plain.share(), 0.001)
    assert constructed.largest < 1e-12


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_trained_networks_earn_more_than_the_rule_that_estimates_the_law_each_period(
    env_id: str,
) -> None:
    problem, products = (
        inv_gym.make_problem(env_id),
        inv_gym.make_source(inv_gym.ENVIRONMENTS[env_id].source),
    )
    rules = baselines.policies(problem)
    quick = {name: rule for name, rule in rules.items() if isinstance(rule, baselines.Adaptive)}
    quick = {
        name: rule for name, rule in quick.items() if rule.knows == "history" and name not in SLOW
    }
    assert quick
    trained = agents.policies(problem)
    for name in STRUCTURE_KINDS.values():  # what PPO reaches is in docs/ppo.md
        agent = trained[name]
        played = inv_gym.evaluate(
            problem, {name: agent} | quick, products, number=500, seed=77, reference=name
        )
        gaps = played.frame.set_index("policy")["gap_high"]
        assert (gaps.drop(name) < 0.0).all(), gaps


SLOW = ("dual-balancing", "myopic")


def test_other_structures_have_the_generalist_alone() -> None:
    for env_id, fields in (
        ("InvLostSalesLeadTime-v0", {"lead_time": 4}),
        ("InvPerishable-v0", {"issuing": "newest_first"}),
    ):
        assert list(agents.policies(inv_gym.make_problem(env_id, **fields))) == [GENERALIST]


def test_what_is_beyond_all_networks_has_none() -> None:
    assert agents.policies(inv_gym.make_problem("InvLostSalesLeadTime-v0", lead_time=31)) == {}


def test_the_card_names_the_command_that_made_the_weights() -> None:
    files = {path.stem: path for path in TRAINED_FOLDER.glob("*.safetensors")}
    own = {f"{env_id}.{kind}" for env_id in inv_gym.ENVIRONMENTS for kind in SHIPPED}
    generalists = {f"{env_id}.generalist" for env_id in inv_gym.ENVIRONMENTS if env_id != LATER}
    assert files.keys() == own | generalists
    for name, path in files.items():
        _, card = read_tensors(path)
        env_id, kind = name.split(".")
        assert re.search(rf"train(\.py)? --env {env_id}\b", card["command"])
        assert card["name"] == (SHIPPED | {"generalist": GENERALIST})[kind]
        assert path.stat().st_size < (150_000 if kind == "generalist" else 60_000)
