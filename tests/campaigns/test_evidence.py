"""Which training of a seed the evidence keeps, and what its page says of trouble."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")
from PIL import Image

from experiments.evidence import measure, page
from experiments.evidence.measure import better, fit, train
from experiments.evidence.pictures import draw_changing_demand, draw_learning_curves
from experiments.evidence.plan import Experiment
from experiments.results import Results
from inv_gym import LostSales, make_source
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.learner import Learner
from inv_gym.agents.training.skips import NotFiniteError
from inv_gym.tasks.registry import KNOWS_DISTRIBUTION

CONFIG = TrainingConfig(
    steps=60,
    batch=16,
    check_every=45,
    validation_products=32,
    warm_up=0,
    network=NetworkConfig(channels=4, hidden=(8,)),
)
PROBLEM = LostSales(horizon=5, integer_orders=True)
INSTANCE = "zipkin2008-poisson5-p4-L1"
EXPERIMENT = Experiment("tiny", (PROBLEM,), make_source("poisson"), CONFIG)


def told(score: float | None, trouble: str | None = None) -> dict[str, Any]:
    return {"score": score, "trouble": trouble}


@pytest.mark.parametrize(
    ("dithered", "none", "kept"),
    [
        (told(1.0), told(2.0), "none"),
        (told(2.0), told(1.0), "dithered"),
        (told(1.0), told(1.0), "dithered"),
        (told(2.0, "dead"), told(1.0), "none"),
        (told(1.0), told(2.0, "dead"), "dithered"),
        (told(1.0, "dead"), told(2.0, "dead"), "none"),
        (told(None, "diverged"), told(-5.0, "dead"), "none"),
        (told(None, "diverged"), told(None, "diverged"), "dithered"),
    ],
)
def test_the_better_training_is_kept_of_those_without_trouble(
    dithered: dict[str, Any], none: dict[str, Any], kept: str
) -> None:
    assert better({"dithered": dithered, "none": none}) == kept


@pytest.fixture
def diverging(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Roundings with which no step of a training is finite, none at first."""
    roundings = set[str]()
    learn = Learner.learn

    def fail(learner: Learner, *arguments: Any) -> float:
        if learner._config.rounding in roundings:
            raise NotFiniteError("the loss is nan")
        return learn(learner, *arguments)

    monkeypatch.setattr(Learner, "learn", fail)
    return roundings


def test_of_two_roundings_one_in_trouble_is_told_and_not_kept(
    diverging: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "exact_gap", lambda *_: -0.5)
    diverging.add("dithered")
    results = Results(tmp_path)
    both = replace(EXPERIMENT, instances=(INSTANCE,), roundings=("dithered", "none"))
    train(both, 0, results)
    facts = results.read("tiny/training-0.json")
    assert (facts["trouble"], facts["gap"]) == (None, -0.5)
    assert "40 skipped steps" in facts["by rounding"]["dithered"]["trouble"]
    assert facts["by rounding"]["none"]["score"] == facts["score"]
    assert InventoryAgent.load(tmp_path / "tiny" / "seed-0").problem == PROBLEM


def test_a_training_in_trouble_is_measured_to_its_end(diverging: set[str]) -> None:
    dead = DirectBackprop(PROBLEM, EXPERIMENT.source, CONFIG)
    with torch.no_grad():
        dead.network.head.exogenous.bias[-1] -= 1e6
    facts = fit(dead, None)
    assert "order nothing at all" in facts["trouble"]
    assert facts["seconds"] > 0.0
    diverging.add("dithered")
    facts = fit(DirectBackprop(PROBLEM, EXPERIMENT.source, CONFIG), None)
    assert "40 skipped steps" in facts["trouble"]
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


# Pages


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """What was measured before trouble was kept."""
    kept = Results(tmp_path)
    rewards = np.arange(4.0)
    both = {"dithered": {"gap": -0.5, "seconds": 2.0}, "none": {"gap": -0.25, "seconds": 1.0}}
    for seed in range(2):
        facts = {"seconds": 2.0, "curve": [[45, 1.0, -2.0], [60, 2.0, -0.25]], "gap": -0.25}
        name = f"instance-{INSTANCE}"
        kept.keep(f"{name}/training-{seed}.json", {**facts, "by rounding": both})
        kept.keep(f"lead-time-10/training-{seed}.json", {"seconds": 2.0, "by rounding": {}})
    kept.keep(f"{name}/gaps.json", {INSTANCE: [-0.25, -0.25]})
    names = ("seed 0", "seed 1", "base-stock", f"base-stock{KNOWS_DISTRIBUTION}")
    kept.keep_arrays("lead-time-10/rewards.npz", dict.fromkeys(names, 1.0 + rewards))
    return kept


def retell(results: Results, file: str, **changes: Any) -> None:
    results.keep(file, results.read(file) | changes)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("lead-time-10", page.lead_times), (f"instance-{INSTANCE}", page.instances)],
)
def test_a_row_is_marked_where_a_training_that_is_kept_was_in_trouble(
    name: str, shown: Any, results: Results
) -> None:
    before = shown(results)
    assert "trouble" not in before
    for seed in range(2):
        retell(results, f"{name}/training-{seed}.json", score=1.0, trouble=None)
    assert shown(results) == before
    retell(results, f"{name}/training-1.json", trouble="the best weights order nothing at all")
    title = name.removeprefix("instance-")
    assert f"| {title} (1 of 2 trainings in trouble) |" in shown(results)
    marked = shown(results).replace(" (1 of 2 trainings in trouble)", "")
    assert marked == before


def test_the_gap_of_a_rounding_is_marked_too(results: Results) -> None:
    file = f"instance-{INSTANCE}/training-0.json"
    both = results.read(file)["by rounding"]
    both["dithered"]["trouble"] = "dead"
    retell(results, file, **{"by rounding": both})
    assert "| 0.500 (1 of 2 trainings in trouble) | 0.250 |" in page.instances(results)


# Pictures


def test_a_pause_of_a_training_does_not_stretch_the_picture(
    results: Results, tmp_path: Path
) -> None:
    even = draw_learning_curves(results.folder, tmp_path / "even")
    assert even is not None
    file = f"instance-{INSTANCE}/training-1.json"
    retell(results, file, curve=[[45, 1.0, -2.0], [60, 900.0, -0.25]])
    paused = draw_learning_curves(results.folder, tmp_path / "paused")
    assert paused is not None
    assert paused.read_bytes() == even.read_bytes()
    retell(results, file, curve=[[45, 1.0, -2.0], [90, 900.0, -0.25]])
    longer = draw_learning_curves(results.folder, tmp_path / "longer")
    assert longer is not None
    assert longer.read_bytes() != even.read_bytes()


def test_pictures_are_as_wide_as_a_page(results: Results, tmp_path: Path) -> None:
    for name in ("season", "regime-change"):
        agent = DirectBackprop(LostSales(lead_time=2), EXPERIMENT.source, CONFIG).agent
        agent.save(results.folder / name / "seed-0", {})
    drawn = (
        draw_changing_demand(results.folder, tmp_path),
        draw_learning_curves(results.folder, tmp_path),
    )
    for path in drawn:
        assert path is not None
        with Image.open(path) as picture:
            assert 700 < picture.width < 860


def test_without_results_nothing_is_drawn(tmp_path: Path) -> None:
    assert draw_learning_curves(tmp_path, tmp_path) is None
    assert draw_changing_demand(tmp_path, tmp_path) is None
