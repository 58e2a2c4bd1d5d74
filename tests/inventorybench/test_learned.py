"""Networks for unsteady demand: what they see, the game they learn in, files, and how they play."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from inv_gym import LostSales
from inv_gym.agents.checkpoints import write_tensors
from inv_gym.agents.unsteady import UnsteadyAgent, UnsteadySizes, UnsteadyTraining, train_unsteady
from inv_gym.agents.unsteady import __main__ as command
from inv_gym.agents.unsteady.game import NEVER, Games, draw_games, play_games
from inv_gym.agents.unsteady.histories import Histories
from inv_gym.agents.unsteady.network import UnsteadyNetwork
from inv_gym.agents.unsteady.training import score, validation_games
from inv_gym.inventorybench import Instance, play_instances, players
from inv_gym.inventorybench.learned import LearnedOrders
from inv_gym.inventorybench.players import BENCH_POLICY
from inv_gym.play.policy import NotPlannedError
from inv_gym.products.unsteady import UNSTEADY

SETTINGS = {"lead_time_0": 0, "lead_time_4": 4, "lead_time_stochastic": None}
SMALL = UnsteadyTraining(steps=2, batch=8, check_every=1, validation_games=8)


def sized(lead_time: int | None) -> UnsteadySizes:
    return UnsteadySizes(lead_time, hidden=8, channels=4)


def untrained(lead_time: int | None) -> UnsteadyNetwork:
    """A small network after two steps."""
    return train_unsteady(sized(lead_time), SMALL)


def drawn(number: int, lead_time: int | None, seed: int = 5) -> Games:
    return draw_games(UNSTEADY, np.random.default_rng(seed), number, lead_time)


def instances_of(games: Games, setting: str) -> list[Instance]:
    """The same games as instances of the benchmark."""
    demand, ratio, lead_times = (part.double().numpy() for part in games)
    lead_times = np.where(
        (lead_times == NEVER) & (setting == "lead_time_stochastic"), np.inf, lead_times
    )
    return [
        Instance("x", setting, float(ratio[k]), 1.0, demand[:5, k], demand[5:, k], lead_times[:, k])
        for k in range(len(ratio))
    ]


def test_what_is_seen_of_a_period_does_not_depend_on_its_demand_and_later_ones() -> None:
    games = drawn(6, 0)
    changed = games.demand.clone()
    changed[5 + 20 :] += 1000.0
    seen = [Histories(demand, games.ratio) for demand in (games.demand, changed)]
    first, other = (torch.cat([h.features(), h.inputs()[4:]], -1) for h in seen)
    assert torch.equal(first[:21], other[:21])
    assert not torch.equal(first[21], other[21])


def test_smoothed_means_are_those_of_the_formula() -> None:
    demand = torch.arange(1.0, 9.0).double()[:, None]
    histories = Histories(demand, torch.ones(1).double())
    weights = 0.8 ** np.arange(6)[::-1]
    assert histories.periods == 3 and histories.scale.shape == (3, 1)
    expected = (weights * np.arange(1.0, 7.0)).sum() / weights.sum()
    assert float(histories.scale[1]) == pytest.approx(expected, rel=1e-12)
    assert torch.isfinite(histories.features()).all()


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_game_of_the_training_is_that_of_the_benchmark(setting: str) -> None:
    lead_time = SETTINGS[setting]
    network = untrained(lead_time)
    games = drawn(12, lead_time)
    # in large units whole orders are as good as any
    demand = (games.demand.double() * 1e5).round()
    games = games._replace(demand=demand, ratio=games.ratio.double())
    with torch.no_grad():
        expected = play_games(network.double(), games)
    policy = LearnedOrders(UnsteadyAgent([network]))
    played = play_instances(instances_of(games, setting), {setting: policy})
    rewards = [result.reward / result.instance.perfect for result in played]
    np.testing.assert_allclose(rewards, expected.numpy(), atol=1e-4)


def test_training_raises_the_score() -> None:
    held_out = validation_games(4, replace(SMALL, validation_games=256))
    config = UnsteadyTraining(steps=60, batch=32, learning_rate=0.02)
    network = train_unsteady(sized(4), config)
    assert score(network, held_out) > score(train_unsteady(sized(4), SMALL), held_out) + 0.005


def test_a_training_is_the_same_again_and_leaves_the_random_numbers_of_others() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second = untrained(None), untrained(None)
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


def test_validation_is_told() -> None:
    told: list[int] = []
    train_unsteady(sized(0), SMALL, tell=lambda done, _: told.append(done))
    assert told == [1, 2]


def test_members_are_averaged() -> None:
    games = drawn(4, 0)
    demand, ratio = games.demand.double().numpy(), games.ratio.double().numpy()
    members = [train_unsteady(sized(0), replace(SMALL, seed=seed)) for seed in (0, 1)]
    state = np.zeros((4, 1))
    every = [UnsteadyAgent([member]) for member in members] + [UnsteadyAgent(members)]
    first, second, both = (agent.plan(demand, ratio).order(3, state) for agent in every)
    np.testing.assert_allclose(both, (first + second) / 2.0)
    assert (first != second).any()


def test_a_file_gives_the_same_orders(tmp_path: Path) -> None:
    agent = UnsteadyAgent([untrained(4)], {"steps": 2})
    loaded = UnsteadyAgent.load(agent.save(tmp_path / "a.safetensors"))
    assert loaded.sizes == agent.sizes and loaded.facts["steps"] == 2
    games = drawn(5, 4)
    demand, ratio = games.demand.double().numpy(), games.ratio.double().numpy()
    state = np.full((5, 4), 10.0)
    first, second = (a.plan(demand, ratio).order(7, state) for a in (agent, loaded))
    np.testing.assert_array_equal(first, second)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "other.safetensors", {"a": torch.ones(1)}, {"agent": "x"})
    with pytest.raises(ValueError, match="holds no agent of this kind: give a file of save"):
        UnsteadyAgent.load(path)
    facts = {"agent": "unsteady", "sizes": {"hidden": 10**9}, "members": 1, "features": 3}
    path = write_tensors(tmp_path / "large.safetensors", {"a": torch.ones(1)}, facts)
    with pytest.raises(ValueError, match="does not fit its facts .*1000000000"):
        UnsteadyAgent.load(path)


@pytest.mark.parametrize(
    ("demand", "ratio", "message"),
    [
        (np.full((5, 2), 1.0), np.ones(2), "more than 5 rows"),
        (np.full((8, 2), -1.0), np.ones(2), "the lowest -1.0"),
        (np.full((8, 2), np.nan), np.ones(2), "finite numbers"),
        (np.full((8, 2), 1.0), np.array([1.0, 0.0]), "ratio must be above 0 and finite, got 0.0"),
    ],
)
def test_bad_demand_is_named(demand: np.ndarray, ratio: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UnsteadyAgent([untrained(0)]).plan(demand, ratio)


def test_members_are_of_one_size() -> None:
    with pytest.raises(ValueError, match="one size, got 2 of 2 sizes"):
        UnsteadyAgent([untrained(0), untrained(4)])
    with pytest.raises(ValueError, match="lead_time must be .* -1"):
        UnsteadySizes(-1)


def test_it_plans_first() -> None:
    with pytest.raises(NotPlannedError, match="call plan"):
        LearnedOrders(UnsteadyAgent([untrained(0)]))(None)  # type: ignore[arg-type]


def test_short_histories_and_free_stock_are_played() -> None:
    instance = Instance(
        "x", "lead_time_0", 4.0, 0.0, np.array([5.0, 7.0]), np.full(6, 6.0), np.zeros(6)
    )
    policy = LearnedOrders(UnsteadyAgent([untrained(0)]))
    orders = play_instances([instance], {"lead_time_0": policy})[0].orders
    assert orders.shape == (6,) and orders[0] > 0.0
    assert (orders == np.rint(orders)).all()


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_shipped_networks_are_above_the_rule_on_made_up_products(setting: str) -> None:
    games = drawn(150, SETTINGS[setting], seed=11)
    instances = instances_of(games._replace(demand=games.demand.round()), setting)
    by_name = players(instances)
    means = {
        name: np.mean([r.score for r in play_instances(instances, by_name[name])])
        for name in (BENCH_POLICY, "smoothed, projected level")
    }
    assert means[BENCH_POLICY] > means["smoothed, projected level"] + 0.003


def test_the_command_trains_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    arguments = ["--lead-time", "drawn", "--out", str(path), "--steps", "1", "--members", "2"]
    shown = CliRunner().invoke(command.trainer, arguments)
    assert shown.exit_code == 0, shown.output
    agent = UnsteadyAgent.load(path)
    assert agent.sizes.lead_time is None and len(agent.networks) == 2


def test_the_population_has_five_known_demands() -> None:
    products = UNSTEADY.sample(np.random.default_rng(0), 64, LostSales(horizon=50))
    assert np.isnan(products.demand[:27]).all() and np.isfinite(products.demand[27:]).all()
