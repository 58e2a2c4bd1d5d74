"""Submissions: folders with a card and a policy."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import inv_gym
from inv_gym import agents
from inv_gym.agents.export import export_onnx
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.commands.app import app
from inv_gym.leaderboard.named import Inapplicable
from inv_gym.leaderboard.submissions import PROTOCOL, read_submission, read_submissions
from inv_gym.products.sources import draw_products

EXAMPLES = Path(__file__).parents[1] / "examples" / "submissions"
PROBLEM = inv_gym.make_problem("InvLostSales-v0")
CARD = {"name": "mine", "author": "me", "knows": "history", "trained": "no", "policy": "mine:Mine"}
PEEKING = """
class Mine:
    knows = "history"
    def __init__(self, problem): pass
    def plan(self, problem, products):
        demand = products.demand
        class Planned:
            knows = "history"
            def __call__(self, observation):
                return demand[32 + observation.period][:, None] + 0
        return Planned()
    def __call__(self, observation):
        return observation.history[-1][:, None] + 0
"""
HONEST = """
class Mine:
    knows = "KNOWS"
    def __init__(self, problem): pass
    def __call__(self, observation):
        return observation.scale[:, None] + 0
"""


def folder_of(place: Path, code: str = "", **changes: Any) -> Path:
    folder = place / "submission"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(CARD | changes))
    (folder / "mine.py").write_text(code)
    return folder


def applied(folder: Path) -> Any:
    return read_submission(folder).factory(PROBLEM)


def test_an_honest_policy_plays(tmp_path: Path) -> None:
    policy = applied(folder_of(tmp_path, HONEST.replace("KNOWS", "history")))
    assert not isinstance(policy, Inapplicable), policy
    assert np.isfinite(
        inv_gym.rollout(PROBLEM, policy, inv_gym.task("InvLostSales-v0").draw(3)).rewards
    ).all()


def test_what_peeks_is_refused(tmp_path: Path) -> None:
    refused = applied(folder_of(tmp_path, PEEKING))
    assert isinstance(refused, Inapplicable)
    assert refused.reason.startswith("refused: ")


def test_what_knows_more_than_its_card_says_is_refused(tmp_path: Path) -> None:
    refused = applied(folder_of(tmp_path, HONEST.replace("KNOWS", "hindsight")))
    assert refused == Inapplicable("refused: its card says 'history', it knows 'hindsight'")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"knows": "hindsight"}, ValueError, "unknown knowledge of mine, 'hindsight'"),
        ({"author": ""}, ValueError, "must have a text for 'author', got ''"),
        ({"trained": 3}, ValueError, "must have a text for 'trained', got 3"),
        ({"policy": "other:Mine"}, FileNotFoundError, "there is no file .*other.py"),
        ({"policy": "mine:Nine"}, ValueError, "unknown factory of .*'Nine'"),
        ({"policy": "mine.py"}, ValueError, "must name module:factory, weights"),
    ],
)
def test_a_damaged_submission_is_refused(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_submission(folder_of(tmp_path, HONEST, **changes))


def test_a_folder_without_submissions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds a card.json"):
        read_submissions(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        read_submissions(tmp_path / "nowhere")
    for name in ("a", "b"):
        shutil.copytree(EXAMPLES / "two_weeks", tmp_path / name)
    with pytest.raises(ValueError, match="two submissions are called 'two weeks of demand'"):
        read_submissions(tmp_path)


@pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec.. is deprecated:FutureWarning")
def test_an_onnx_program_orders_what_the_agent_orders(tmp_path: Path) -> None:
    (agent, *_) = (
        each for each in agents.policies(PROBLEM).values() if isinstance(each, InventoryAgent)
    )
    folder = folder_of(tmp_path, policy="network.onnx")
    export_onnx(agent, folder / "network.onnx")
    products = draw_products(inv_gym.make_source("default"), PROBLEM, 20)
    orders = [
        inv_gym.rollout(PROBLEM, policy, products).orders for policy in (agent, applied(folder))
    ]
    np.testing.assert_allclose(orders[1], orders[0], rtol=1e-4, atol=1e-3)
    other = read_submission(folder).factory(inv_gym.make_problem("InvDualSourcing-v0"))
    assert isinstance(other, Inapplicable)


def test_the_command_plays_the_protocol(tmp_path: Path) -> None:
    command = ["leaderboard", "--submissions", str(EXAMPLES), "--quick", "--env", "InvLostSales-v0"]
    shown = CliRunner().invoke(app, [*command, "--out", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    (board,) = json.loads((tmp_path / "leaderboard.json").read_text())
    assert board["seed"] == PROTOCOL.seed != PROTOCOL.final_seed
    assert "two weeks of demand" in {row["policy"] for row in board["rows"]}
    assert any(note.startswith("two weeks of demand is by") for note in board["notes"])


@pytest.mark.parametrize("option", [("--seed", "3"), ("--products", "5"), ("--horizon", "4")])
def test_other_products_are_refused(option: tuple[str, str]) -> None:
    command = ["leaderboard", "--submissions", str(EXAMPLES), *option]
    assert CliRunner().invoke(app, command).exit_code == 2
    assert CliRunner().invoke(app, ["leaderboard", "--final"]).exit_code == 2


def test_a_folder_of_a_training_is_a_submission(tmp_path: Path) -> None:
    agent = next(iter(agents.policies(PROBLEM).values()))
    assert isinstance(agent, InventoryAgent)
    agent.save(tmp_path / "run")
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    (tmp_path / "run" / "card.json").write_text(json.dumps(card | CARD | {"policy": "weights"}))
    assert isinstance(applied(tmp_path / "run"), InventoryAgent)
