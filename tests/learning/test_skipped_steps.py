"""Steps whose loss or gradient is not finite are skipped; a training ends only if that goes on."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import pytest
import torch
from learning_cases import POPULATION, equal, tiny, weights

from inv_gym import LostSales
from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import DivergedError, TrainingProgress, TrainingWarning
from inv_gym.agents.training.validation import NO_SCORE

PROBLEM = LostSales(horizon=4)
ALWAYS = range(10**6)


def training(steps: int, **changes: Any) -> DirectBackprop:
    return DirectBackprop(PROBLEM, POPULATION, tiny(steps=steps, seed=7, **changes))


def spoil(trained: DirectBackprop, bad: Container[int], value: float = math.nan) -> DirectBackprop:
    """The training with a product in the bad steps whose holding cost is no number."""
    draw = trained.batch

    def spoiled(step: int) -> Any:
        batch = draw(step)
        if step in bad:
            batch.products.economics.holding_cost[5] = value
        return batch

    trained.batch = spoiled  # type: ignore[method-assign]
    return trained


def rates(trained: DirectBackprop) -> Callable[[int], float]:
    """The share of its learning rate with which a training took its last step, a number."""
    (group,) = trained._learner.optimisers["adam"].param_groups
    return lambda step: group["lr"] / trained.config.rate(step)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_step_that_is_not_finite_is_skipped_and_the_weights_stay(bad: float) -> None:
    trained = spoil(training(6), {3}, bad)
    for _ in range(3):
        trained.train_step()
    before = weights(trained)
    moments = {name: x.clone() for name, x in enumerate(trained._learner._tensors())}
    assert math.isnan(trained.train_step())
    assert trained.step == 4
    assert equal(weights(trained), before)
    assert all(torch.equal(x, moments[n]) for n, x in enumerate(trained._learner._tensors()))
    assert math.isfinite(trained.train_step())
    assert not equal(weights(trained), before)


def test_a_gradient_that_is_not_finite_is_skipped_too() -> None:
    trained = training(6)
    parameter = trained.network.head.exogenous.bias
    hook = parameter.register_hook(lambda slope: slope * math.inf)
    before = weights(trained)
    assert math.isnan(trained.train_step())
    assert equal(weights(trained), before)
    hook.remove()
    assert math.isfinite(trained.train_step())


def test_the_loss_of_a_validation_is_that_of_the_steps_that_were_taken() -> None:
    trained, whole = spoil(training(6), {1, 2, 3}), training(6)
    with pytest.warns(TrainingWarning, match="3 of 6 steps were skipped"):
        trained.fit()
    whole.fit()
    first, second, third = (row.loss for row in trained.curve)
    assert first == training(6).train_step()
    assert second is None
    assert third is not None
    assert math.isfinite(third)
    assert json.loads(json.dumps(trained.curve)) == [list(row) for row in trained.curve]
    assert all(isinstance(row.loss, float) for row in whole.curve)


def test_few_skipped_steps_are_no_trouble_and_many_are() -> None:
    few, many = spoil(training(200, check_every=50), {3, 99}), spoil(training(100), {3, 99})
    few.fit()
    assert few.trouble is None
    with pytest.warns(TrainingWarning, match="2 of 100 steps were skipped and the training went"):
        many.fit()
    assert "lower the learning rate" in str(many.trouble)


def test_after_ten_in_a_row_it_goes_on_from_the_best_weights_at_half_the_rate() -> None:
    trained = spoil(training(40, check_every=5), range(12, 22))
    rate = rates(trained)
    for _ in range(10):
        trained.train_step()
        if trained.step % 5 == 0:
            trained._validate()
    best = {name: value.clone() for name, value in trained._best_weights.items()}
    for _ in range(11):
        trained.train_step()
    assert not equal(weights(trained), best)  # nine were skipped
    assert rate(11) == 1.0
    trained.train_step()
    assert equal(weights(trained), best)
    assert not any(moment.any() for moment in trained._learner._remembered())
    trained.train_step()
    assert rate(22) == 0.5
    with pytest.warns(TrainingWarning, match="10 of 40 .* best weights 1 times"):
        trained.fit()


def test_steps_between_the_bad_ones_begin_the_count_anew() -> None:
    trained = spoil(training(60), [step for step in range(60) if step % 10 != 9])
    with pytest.warns(TrainingWarning, match="54 of 60 .* best weights 0 times"):
        trained.fit()


def test_the_fourth_return_ends_the_training_at_its_best_weights(tmp_path: Path) -> None:
    trained = spoil(training(100), range(5, 100))
    with pytest.raises(DivergedError) as caught:
        trained.fit(checkpoint=tmp_path / "file")
    assert caught.match(
        r"^the loss is nan in step 44 \(products of seed \[7, 44\]\), after 40 skipped steps and 3 "
        "returns to the best weights; these and the last checkpoint are kept: lower the learning "
    )
    assert trained.step == 44
    assert equal(weights(trained), trained._best_weights)
    again = training(100)  # with good products in place of the bad ones
    again.resume(tmp_path / "file")
    assert again.step == 44
    with pytest.warns(TrainingWarning, match="39 of 100 steps were skipped"):
        again.fit()
    assert again.step == 100


@pytest.mark.parametrize("stop", [2, 10, 14, 16, 24, 30])
def test_an_interrupted_training_skips_and_returns_as_if_it_had_not_been(
    stop: int, tmp_path: Path
) -> None:
    class StopError(Exception):
        pass

    def interrupt(progress: TrainingProgress) -> None:
        if progress.step == stop:
            raise StopError

    bad = {5, *range(7, 19), 25}
    whole, cut, again = (spoil(training(32), bad) for _ in range(3))
    with pytest.warns(TrainingWarning, match="14 of 32"):
        whole.fit()
    with pytest.raises(StopError):
        cut.fit(interrupt, tmp_path / "file")
    again.resume(tmp_path / "file")
    with pytest.warns(TrainingWarning, match="14 of 32"):
        again.fit()
    assert equal(weights(again), weights(whole))
    assert [row[:-1] for row in again.curve] == [row[:-1] for row in whole.curve]
    assert again._skips == whole._skips


def test_a_checkpoint_from_before_steps_were_skipped_is_taken(tmp_path: Path) -> None:
    begun = training(4)
    begun.train_step()
    path = begun.save(tmp_path / "file")
    tensors, facts = read_tensors(path)
    del facts["skips"]
    write_tensors(path, tensors, facts)
    again = training(4)
    again.resume(path)
    assert again.step == 1


@pytest.mark.parametrize("factor", [math.nan, math.inf, 1e33, 1e38])
def test_weights_that_cannot_be_played_give_way_to_the_best(factor: float, tmp_path: Path) -> None:
    trained = training(8)

    def blow_up(progress: TrainingProgress) -> None:
        if progress.step == 4:
            with torch.no_grad():
                trained.network.head.exogenous.bias.fill_(factor)

    path = tmp_path / "file"
    with pytest.warns(TrainingWarning, match="2 of 8 .* best weights 1 times"):
        trained.fit(blow_up, path)
    assert all(math.isfinite(row.score) for row in trained.curve)
    again = training(8)
    again.resume(path)
    assert again.finished


def test_a_learning_rate_beyond_all_bounds_ends_in_an_error_that_says_so(tmp_path: Path) -> None:
    trained = training(100, learning_rate=1e30)
    with pytest.raises(DivergedError, match="3 returns to the best weights.*lower the learning ra"):
        trained.fit(checkpoint=tmp_path / "file")
    assert all(value.isfinite().all() for value in weights(trained).values())


def test_weights_that_were_never_finite_end_in_an_error() -> None:
    trained = training(4)
    with torch.no_grad():
        trained.network.head.exogenous.bias.fill_(math.nan)
    trained._best_weights = weights(trained)
    with pytest.raises(DivergedError, match="a weight or the score is not finite after step 2"):
        trained.fit()


def test_no_score_is_not_finite() -> None:
    assert not NO_SCORE.is_finite()


TWO_PROCESSES = """
import hashlib, sys, warnings
from torch import distributed
from inv_gym import LostSales, make_source
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop

warnings.simplefilter("ignore")
distributed.init_process_group("gloo")
network = NetworkConfig(channels=4, hidden=(8,))
config = TrainingConfig(steps=20, batch=32, check_every=2, validation_products=32, network=network)
trained = DirectBackprop(LostSales(horizon=4), make_source("poisson"), config)
draw = trained.batch
def spoiled(step):
    batch = draw(step)
    if 3 <= step < 15 and trained.rank == step % 2:
        batch.products.economics.holding_cost[5] = float("nan")
    return batch
trained.batch = spoiled
trained.fit()
tensors = trained._learner._tensors()
digest = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()
print(f"<{tuple(trained._skips)} {digest}>", flush=True)
distributed.destroy_process_group()
"""


def test_all_processes_skip_a_step_that_is_not_finite_in_one_of_them(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO_PROCESSES)
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    done = subprocess.run(
        [sys.executable, *launcher, tmp_path / "two.py"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = re.findall("<(.*?)>", done.stdout)
    assert first == second
    assert first.startswith("(12, 0, 1) ")
