"""The networks that come with the package."""

from __future__ import annotations

from dataclasses import replace

import pytest

import agents
import baselines
import inv_gym
from agents.catalogue import TRAINED
from agents.checkpoints import read_tensors
from inv_gym.testing import PERIODS, check_policy

NAME = "DirectBackprop"


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_every_environment_has_a_trained_network_that_keeps_the_laws(env_id: str) -> None:
    problem = replace(inv_gym.make_problem(env_id), horizon=PERIODS)
    agent = agents.policies(problem)[NAME]
    assert agent.knows == "history"
    check_policy(agent, problem, inv_gym.make_source(inv_gym.ENVIRONMENTS[env_id].products))


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_a_trained_network_earns_more_than_the_rule_that_estimates_the_law_each_period(env_id: str) -> None:
    problem, products = inv_gym.make_problem(env_id), inv_gym.make_source(inv_gym.ENVIRONMENTS[env_id].products)
    rules = baselines.policies(problem)
    quick = {name: rule for name, rule in rules.items() if isinstance(rule, baselines.Adaptive)}
    quick = {name: rule for name, rule in quick.items() if rule.knows == "history" and name not in SLOW}
    assert quick
    played = inv_gym.evaluate(problem, {NAME: agents.policies(problem)[NAME]} | quick, products, number=500, seed=77)
    gaps = played.frame.set_index("policy")["gap_high"]
    assert (gaps.drop(NAME) < 0.0).all(), gaps


SLOW = ("dual-balancing", "myopic")


def test_other_structures_have_no_network() -> None:
    assert agents.policies(inv_gym.make_problem("InvLostSalesLeadTime-v0", lead_time=4)) == {}
    assert agents.policies(inv_gym.make_problem("InvPerishable-v0", issuing="newest_first")) == {}


def test_the_card_names_the_command_that_made_the_weights() -> None:
    files = {path.stem: path for path in TRAINED.glob("*.safetensors")}
    assert files.keys() == inv_gym.ENVIRONMENTS.keys()
    for env_id, path in files.items():
        _, card = read_tensors(path)
        assert f"examples/train.py --env {env_id}" in card["command"]
        assert path.stat().st_size < 50_000
