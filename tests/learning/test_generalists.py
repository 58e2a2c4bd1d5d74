"""Trainings of generalists, and trainings that begin with one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learning_cases import POPULATION, equal, exactly, tiny, weights
from typer.testing import CliRunner, Result

import inv_gym
from inv_gym import LostSales, Problem, SyntheticProducts, agents
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.generalists import GENERALIST, fine_tuning, structures
from inv_gym.agents.training.progress import TrainingWarning
from inv_gym.commands.app import app
from inv_gym.commands.trainings import fine_tuned
from inv_gym.problems import DualSourcing, Perishable, ProcurementRemoval
from inv_gym.products.augmented import AugmentedTable
from inv_gym.products.broad import BROAD
from inv_gym.testing import LAW_PERIODS, check_policy

PROBLEMS = [LostSales(), Perishable(), DualSourcing(), ProcurementRemoval()]
REMEMBERED = SyntheticProducts(("poisson",), mean=3.0, earlier_periods=(0, 40))


def test_the_structures_have_every_kind_of_end() -> None:
    for problem in PROBLEMS:
        every = structures(problem)
        assert {type(each) for each in every} == {type(problem)}
        assert {each.long_run for each in every} == {False, True}
        assert all(each.horizon > max(each.lead_times) for each in every)
    assert {each.structure["lead_time"] for each in structures(LostSales())} >= {0, 5, 14, 30}


class OwnProblem(Problem):
    lead_times = (0,)
    initial_state = check_economics = salvage = transition = None  # type: ignore[assignment]


def test_other_problems_have_no_structures() -> None:
    with pytest.raises(ValueError, match="there is no generalist for OwnProblem"):
        structures(OwnProblem())


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
def test_a_generalist_learns_all_structures_and_is_validated_on_those_with_an_end(
    problem: Problem,
) -> None:
    training = DirectBackprop(structures(problem), BROAD, tiny(steps=2, validation_products=8))
    assert not any(played.long_run for played, _ in training.validation)
    agent = training.fit()
    sizes = agent.network.sizes
    assert (sizes.short_histories, sizes.earlier) == (True, True)


@pytest.fixture(scope="module")
def begun() -> InventoryAgent:
    problems = [LostSales(lead_time=n, horizon=8) for n in range(3)]
    network = NetworkConfig(channels=4, hidden=(8,), magnified=(1e2, 1e4), whole_counts=True)
    config = replace(tiny(steps=20, batch=64), network=network)
    return DirectBackprop(problems, REMEMBERED, config).fit()


def test_a_training_begins_with_the_network_that_it_is_given(begun: InventoryAgent) -> None:
    training = DirectBackprop(LostSales(horizon=8), POPULATION, tiny(steps=2), start=begun)
    assert training.config.network == begun.network.config
    before = {name: value.float() for name, value in begun.network.state_dict().items()}
    assert equal(weights(training), before)
    training.train_step()
    assert not equal(weights(training), before)
    kept = {name: value.float() for name, value in begun.network.state_dict().items()}
    assert equal(before, kept)  # the agent that was given is as it was


def test_what_comes_out_scores_no_less_than_what_went_in(begun: InventoryAgent) -> None:
    problem = LostSales(horizon=8)
    harmful = tiny(steps=4, learning_rate=1.0)
    training = DirectBackprop(problem, POPULATION, harmful, start=begun)
    with pytest.warns(TrainingWarning, match="scores"):
        agent = training.fit()
    assert [row.step for row in training.curve] == [0, 2, 4]
    assert training.curve[-1].score < training.best
    same = begun.network.state_dict()
    for name, value in agent.network.state_dict().items():
        np.testing.assert_allclose(value, same[name], rtol=1e-6)


def test_what_comes_out_lies_half_way_between_what_went_in_and_what_was_trained(
    begun: InventoryAgent,
) -> None:
    def training(share: float) -> DirectBackprop:
        config = tiny(steps=2, learning_rate=1e-4, start_share=share)
        return DirectBackprop(LostSales(horizon=8), POPULATION, config, start=begun)

    whole, half = training(0.0), training(0.5)
    for trained in (whole, half):
        trained.train_step()
    assert equal(weights(whole), weights(half))  # the training itself is the same
    candidate = half._candidate().state_dict()
    for name, value in weights(half).items():
        middle = (begun.network.state_dict()[name].float() + value) / 2.0
        torch.testing.assert_close(candidate[name], middle)
    assert half._validate().score == half._play(half._candidate()).score
    assert equal(half._best_weights, candidate)
    assert whole._candidate() is whole.network


def test_with_a_share_of_one_the_start_comes_out(begun: InventoryAgent) -> None:
    config = tiny(steps=2, start_share=1.0)
    agent = DirectBackprop(LostSales(horizon=8), POPULATION, config, start=begun).fit()
    for name, value in agent.network.state_dict().items():
        torch.testing.assert_close(value, begun.network.state_dict()[name], rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_beyond_its_bounds_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=f"start_share must be between 0 and 1, got {share}"):
        tiny(start_share=share)


def test_a_share_of_no_start_is_refused() -> None:
    with pytest.raises(ValueError, match="start_share is 0.5, but no agent is given to start with"):
        DirectBackprop(LostSales(horizon=8), POPULATION, tiny(start_share=0.5))


def test_it_goes_on_as_if_it_had_not_been_interrupted(
    begun: InventoryAgent, tmp_path: Path
) -> None:
    def training(steps: int) -> DirectBackprop:
        return DirectBackprop(LostSales(horizon=8), POPULATION, tiny(steps=steps), start=begun)

    whole, first, second = training(4), training(4), training(4)
    whole.fit()
    first.fit(lambda told: first.save(tmp_path / "at") if told.step == 2 else None)
    second.resume(tmp_path / "at")
    second.fit()
    assert equal(weights(whole), weights(second))
    assert [row.score for row in whole.curve] == [row.score for row in second.curve]


def test_a_network_of_another_problem_cannot_be_fitted(begun: InventoryAgent) -> None:
    with pytest.raises(ValueError, match="train one for it"):
        DirectBackprop(LostSales(lead_time=5), POPULATION, tiny(), start=begun)
    with pytest.raises(ValueError, match="train one for it"):
        DirectBackprop(Perishable(), POPULATION, tiny(), start=begun)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
def test_generalists_come_with_the_package_and_keep_the_laws(problem: Problem) -> None:
    problem = replace(problem, horizon=LAW_PERIODS)
    (agent,) = agents.policies(problem, for_tables=True).values()
    check_policy(agent, problem, BROAD)


@pytest.mark.parametrize(
    "problem",
    [
        LostSales(lead_time=30),
        LostSales(lead_time=9),
        Perishable(shelf_life=30, lead_time=30),
        Perishable(shelf_life=1, lead_time=0, issuing="newest_first"),
        DualSourcing(regular_lead_time=30, expedited_lead_time=6),
    ],
)
def test_they_serve_every_structure_up_to_thirty(problem: Problem) -> None:
    assert list(agents.policies(problem, for_tables=True)) == [GENERALIST]


def run(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", "--out", str(out), *arguments])


def test_the_command_trains_a_generalist(tmp_path: Path) -> None:
    small = ("--steps", "2", "--batch", "8", "--channels", "4", "--hidden", "8")
    outcome = run(
        tmp_path / "a", "--env", "InvProcurementRemoval-v0", "--agent", "generalist", *small
    )
    assert outcome.exit_code == 0, outcome.output
    card = json.loads((tmp_path / "a" / "card.json").read_text())
    assert (card["name"], card["products"]) == (GENERALIST, "broad")


SALES = Path(__file__).parents[2] / "examples" / "shop" / "sales.csv"
FITTED = ("--env", "InvLostSales-v0", "--from-pretrained")


def test_the_command_fits_the_generalist_to_a_table(tmp_path: Path) -> None:
    outcome = run(tmp_path / "a", *FITTED, "--data", str(SALES), "--steps", "4", "--batch", "8")
    assert outcome.exit_code == 0, outcome.output
    card = json.loads((tmp_path / "a" / "card.json").read_text())
    assert card["name"] == "DirectBackprop, fine-tuned"
    assert card["products"] == "sales.csv and products like it"
    assert card["table"]["file"] == "sales.csv"
    assert card["config"]["learning_rate"] == fine_tuning().learning_rate
    assert isinstance(InventoryAgent.load(tmp_path / "a"), InventoryAgent)


def test_what_it_learns_from_are_windows_of_the_table_and_products_like_them() -> None:
    task = inv_gym.table_task(SALES, "InvLostSales-v0")
    training = fine_tuned(task, {"batch": 8, "validation_products": 8}, {}, "cpu", False)
    assert isinstance(training.source, AugmentedTable)
    assert training.validation_source is task.source_for("validation")
    like = replace(task, training=inv_gym.population_like(task))
    training = fine_tuned(like, {"batch": 8, "validation_products": 8}, {}, "cpu", False)
    assert training.source is like.training


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--agent", "ppo"), "--from-pretrained is for direct-backprop, got agent ppo."),
        (("--channels", "8"), "--channels cannot be given with --from-pretrained"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    outcome = run(tmp_path / "a", *FITTED, *arguments)
    assert outcome.exit_code == 1
    assert message in outcome.output


def test_a_generalist_of_a_table_is_refused(tmp_path: Path) -> None:
    outcome = run(
        tmp_path / "a", "--env", "InvLostSales-v0", "--agent", "generalist", "--data", str(SALES)
    )
    assert outcome.exit_code == 1
    assert "fit the one that comes with the package by --from-pretrained" in outcome.output


def test_a_mixture_cannot_be_changed_by_name() -> None:
    assert inv_gym.make_source("broad") is BROAD
    assert inv_gym.make_source({"population": "broad"}) is BROAD
    message = (
        "a mixture of populations has no mean of its own: take it as it is, or give a Mixture of "
        "changed parts."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        inv_gym.make_source({"population": "broad", "mean": 5.0})
