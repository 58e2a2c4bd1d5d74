"""A network of the user's own in DirectBackprop, and its structure on the command line."""

from pathlib import Path
from typing import Any

import pytest
import torch
from learning_cases import POPULATION, tiny, untrained
from torch import Tensor, nn
from typer.testing import CliRunner

from inv_gym import LostSales, rollout
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.commands.app import app
from inv_gym.products.sources import draw_products

PROBLEM = LostSales(lead_time=1, horizon=6)


class Doubled(PolicyNetwork):
    """Orders twice what a plain network orders, times a factor that is learned."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.factor = nn.Parameter(torch.tensor(2.0))

    def unclipped(self, prepared: Tensor, state: Tensor) -> Tensor:
        return self.factor * super().unclipped(prepared, state)


def test_a_network_of_ones_own_is_trained() -> None:
    training = DirectBackprop(PROBLEM, POPULATION, tiny(), network=Doubled)
    plain = DirectBackprop(PROBLEM, POPULATION, tiny())
    products = draw_products(POPULATION, PROBLEM, 5)
    first = [rollout(PROBLEM, each.agent, products).orders[0] for each in (training, plain)]
    torch.testing.assert_close(torch.tensor(first[0]), 2.0 * torch.tensor(first[1]))
    agent = training.fit()
    assert isinstance(agent.network, Doubled)
    assert float(agent.network.factor) != 2.0


class SameParts(PolicyNetwork):
    """Has the weights of a plain network."""


@pytest.mark.parametrize("kind", [SameParts, Doubled])
def test_a_training_of_another_architecture_does_not_go_on(
    kind: type[PolicyNetwork], tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    DirectBackprop(PROBLEM, POPULATION, tiny(), network=kind).fit(checkpoint=path)
    DirectBackprop(PROBLEM, POPULATION, tiny(), network=kind).resume(path)
    with pytest.raises(ValueError, match="training"):
        DirectBackprop(PROBLEM, POPULATION, tiny()).resume(path)


def test_what_is_no_policy_network_is_refused() -> None:
    make: Any = lambda sizes, config: nn.Linear(2, 1)  # noqa: E731
    with pytest.raises(TypeError, match="must return a PolicyNetwork, .* got Linear"):
        DirectBackprop(PROBLEM, POPULATION, tiny(), network=make)
    with pytest.raises(ValueError, match="give start or network, not both"):
        DirectBackprop(PROBLEM, POPULATION, tiny(), start=untrained(PROBLEM), network=Doubled)


def test_the_command_prints_what_a_network_breaks(tmp_path: Path) -> None:
    untrained(LostSales(lead_time=2)).save(tmp_path)
    shown = CliRunner().invoke(app, ["structure", "--run", str(tmp_path), "--products", "20"])
    assert shown.exit_code == 0, shown.output
    assert "LostSales: 20 states" in shown.output
    assert "Any of them: broken in" in shown.output


def test_the_command_refuses_a_folder_without_a_network(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["structure", "--run", str(tmp_path)])
    assert shown.exit_code == 2
    assert "--run" in shown.output
