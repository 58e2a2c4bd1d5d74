"""The optimisers of networks: which weights they move, and what they remember."""

from pathlib import Path

import pytest
import torch
from learning_cases import POPULATION, equal, tiny, weights

from inv_gym import LostSales
from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.training.direct_backprop import DirectBackprop

PROBLEM = LostSales(horizon=4, lead_time=2)


def training(optimiser: str) -> DirectBackprop:
    return DirectBackprop(PROBLEM, POPULATION, tiny(optimiser=optimiser))


def test_muon_moves_the_hidden_matrices_and_adam_all_else() -> None:
    trained = training("muon")
    optimisers = trained._learner.optimisers
    moved = {
        name: {id(p) for group in optimiser.param_groups for p in group["params"]}
        for name, optimiser in optimisers.items()
    }
    named = dict(trained.network.named_parameters())
    hidden = {name for name, p in named.items() if p.ndim == 2} - {"head.layers.1.weight"}
    assert moved["muon"] == {id(named[name]) for name in hidden}
    assert moved["adam"] == {id(named[name]) for name in named.keys() - hidden}
    before = weights(trained)
    trained.train_step()
    changed = {name for name, value in weights(trained).items() if not value.equal(before[name])}
    assert changed == named.keys()


def test_both_optimisers_take_the_learning_rate_of_the_step() -> None:
    trained = training("muon")
    for step in range(3):
        trained.train_step()
        for optimiser in trained._learner.optimisers.values():
            assert [group["lr"] for group in optimiser.param_groups] == [trained.config.rate(step)]


def test_a_step_of_muon_turns_every_direction_of_a_matrix_alike() -> None:
    """Its singular values lie about the same figure, as those of Adam's step do not."""

    def spread(optimiser: str) -> float:
        trained = training(optimiser)
        before = trained.network.head.layers[0].weight.detach().clone()
        trained.train_step()
        step = trained.network.head.layers[0].weight.detach() - before
        values = torch.linalg.svdvals(step)
        return float(values.max() / values.median())

    assert spread("muon") < 3.0 < spread("adam")


def test_going_back_forgets_the_gradients_of_both() -> None:
    trained = training("muon")
    before = weights(trained)
    trained.train_step()
    assert any(figure.any() for figure in trained._learner._remembered())
    trained._learner.go_back(before)
    assert equal(weights(trained), before)
    assert not any(figure.any() for figure in trained._learner._remembered())


@pytest.mark.parametrize("lost", ["muon/0/momentum_buffer", "adam/0/exp_avg"])
def test_a_checkpoint_that_lacks_what_one_of_them_remembers_is_refused(
    lost: str, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint"
    training("muon").fit(checkpoint=path)
    tensors, facts = read_tensors(path)
    del tensors[lost]
    write_tensors(path, tensors, facts)
    with pytest.raises(ValueError, match=f"it needs the tensors .* of {lost.partition('/')[0]}"):
        training("muon").resume(path)


def test_another_optimiser_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown optimiser 'sgd'; known: adam, muon"):
        tiny(optimiser="sgd")
