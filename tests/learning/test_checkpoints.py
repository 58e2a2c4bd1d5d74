"""Files of weights and trainings whose content was changed by someone who knows the digest."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from learning_cases import POPULATION, equal, tiny, untrained, weights
from safetensors.torch import save_file

from inv_gym import DualSourcing, LostSales, draw_products, rollout
from inv_gym.agents import checkpoints
from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import TrainingProgress

WEIGHTS = "weights.safetensors"
PROBLEM = LostSales(horizon=4, lead_time=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Weights for lost sales with lead time 2."""
    return untrained(PROBLEM).save(tmp_path).parent


def forge(path: Path, text: str, tensors: dict[str, torch.Tensor] | None = None) -> None:
    """Write facts as they are, with a digest that fits."""
    tensors = tensors if tensors is not None else {"weight": torch.zeros(3)}
    save_file(tensors, path, {"facts": text, "digest": checkpoints._digest(tensors, text)})


def changed(facts: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of nested facts with one of them set; None leaves it out."""
    name, _, rest = path.partition(".")
    if rest:
        return {**facts, name: changed(facts[name], rest, value)}
    return {key: fact for key, fact in {**facts, name: value}.items() if fact is not None}


@pytest.mark.parametrize("dtype", [b"I32", b"U32"])
def test_a_header_that_calls_the_weights_whole_numbers_is_found(folder: Path, dtype: bytes) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content.replace(b'"dtype":"F32"', b'"dtype":"' + dtype + b'"'))
    with pytest.raises(ValueError, match="was changed after it was written"):
        InventoryAgent.load(folder)


@pytest.mark.parametrize("dtype", [torch.int32, torch.float64, torch.bfloat16])
def test_weights_of_another_kind_are_refused_even_with_a_digest_that_fits(
    folder: Path, dtype: torch.dtype
) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    write_tensors(folder / WEIGHTS, {name: x.to(dtype) for name, x in tensors.items()}, facts)
    with pytest.raises(ValueError, match=f"{WEIGHTS} does not fit its card: .* has dtype {dtype}"):
        InventoryAgent.load(folder)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "3",
        "null",
        '"format"',
        "{}",
        "not json",
        "[" * 100_000 + "]" * 100_000,
        '{"format": ' + "9" * 5000 + "}",
        '{"format": [1]}',
    ],
    ids=lambda text: text[:12],
)
def test_facts_that_are_not_what_they_should_be_are_refused_with_the_files_name(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / WEIGHTS
    forge(path, text)
    with pytest.raises(ValueError, match=str(path)):
        read_tensors(path)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64])
def test_numbers_of_any_kind_are_read_or_refused_with_the_files_name(
    dtype: torch.dtype, folder: Path
) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    odd = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    forge(folder / WEIGHTS, json.dumps(facts), odd)
    with pytest.raises(ValueError, match=str(folder / WEIGHTS)):
        InventoryAgent.load(folder)


CARDS = [
    ("sizes", None),
    ("sizes", 3),
    ("sizes.layout", None),
    ("sizes.layout.widths", None),
    ("sizes.layout.widths", ["a"]),
    ("sizes.layout.widths", [1.5]),
    ("sizes.layout.structure", ["mood"]),
    ("sizes.order_names", None),
    ("sizes.economics", 5),
    ("sizes.economics", ["a", "b", "c", "d", "e"]),
    ("sizes.order_names", ["removal"]),
    ("sizes.lead_times", []),
    ("sizes.lead_times", [-1]),
    ("sizes.lead_times", [0.5]),
    ("sizes.lead_times", [math.nan]),
    ("sizes.layout.widths", [True, 2]),
    ("sizes.short_histories", "yes"),
    ("sizes.short_histories", 0),
    ("sizes.covariates", ["a", "b"]),
    ("network", None),
    ("network", []),
    ("network.channels", None),
    ("network.channels", "4"),
    ("network.hidden", 8),
    ("network.head", "round"),
    ("network.knows", "distribution"),
    ("network.colour", "red"),
    ("problem", None),
    ("problem", "LostSales"),
    ("problem.problem", None),
    ("problem.problem", ["LostSales"]),
    ("problem.lead_time", "two"),
    ("problem.colour", "red"),
    ("structure", None),
    ("structure", 7),
    ("structure", {}),
    ("structure.lead_time", None),
    ("network.channels", 10**9),
    ("network.channels", 10**30),
    ("network.hidden", [10**9]),
    ("sizes.layout.widths", [1, 10**9]),
    ("sizes.lead_times", [10**9]),
]


@pytest.mark.parametrize(("path", "value"), CARDS)
def test_a_forged_card_is_refused_with_the_files_name(path: str, value: Any, folder: Path) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    write_tensors(folder / WEIGHTS, tensors, changed(facts, path, value))
    with pytest.raises(ValueError, match=str(folder / WEIGHTS)):
        InventoryAgent.load(folder)


@pytest.mark.parametrize("lead_times", [[0, 0], [0, 3], [-1, 0], [math.nan, 0]])
def test_a_card_that_changes_which_channel_is_the_faster_one_is_refused(
    lead_times: list[float], tmp_path: Path
) -> None:
    path = untrained(DualSourcing(horizon=4)).save(tmp_path).parent / WEIGHTS
    tensors, facts = read_tensors(path)
    write_tensors(path, tensors, changed(facts, "sizes.lead_times", lead_times))
    with pytest.raises(ValueError, match=str(path)):
        InventoryAgent.load(path)


def test_standard_deviations_of_zero_are_refused(folder: Path) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    tensors["static.deviation"][1] = 0.0
    write_tensors(folder / WEIGHTS, tensors, facts)
    with pytest.raises(ValueError, match=f"{WEIGHTS} does not fit its card .standard deviations"):
        InventoryAgent.load(folder)


@pytest.mark.parametrize("lead_time", [3, 900, 10**12])
def test_a_card_of_a_longer_lead_time_than_its_weights_is_refused(
    lead_time: int, folder: Path
) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    for name in ("structure.lead_time", "problem.lead_time"):
        facts = changed(facts, name, lead_time)
    write_tensors(folder / WEIGHTS, tensors, facts)
    with pytest.raises(ValueError, match=str(folder / WEIGHTS)):
        InventoryAgent.load(folder)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_neither_written_nor_read(folder: Path, bad: float) -> None:
    before = (folder / WEIGHTS).read_bytes()
    tensors, facts = read_tensors(folder / WEIGHTS)
    tensors["head.layers.1.bias"][0] = bad
    with pytest.raises(ValueError, match=f"{WEIGHTS} holds numbers that are not finite in head"):
        write_tensors(folder / WEIGHTS, tensors, facts)
    assert (folder / WEIGHTS).read_bytes() == before
    forge(folder / WEIGHTS, json.dumps(facts), tensors)
    with pytest.raises(ValueError, match=f"{WEIGHTS} holds numbers that are not finite in head"):
        InventoryAgent.load(folder)


def test_the_weights_that_come_with_the_package_are_floats_whose_digest_fits() -> None:
    for path in TRAINED_FOLDER.glob("*.safetensors"):
        tensors, _ = read_tensors(path)
        assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}


# Checkpoints


def training(config: TrainingConfig | None = None) -> DirectBackprop:
    return DirectBackprop(PROBLEM, POPULATION, config or tiny())


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Of a training that is half done."""
    path = tmp_path / "checkpoint"
    begun = training()
    for _ in range(2):
        begun.train_step()
    return begun.save(path)


def refused(path: Path, change: Callable[[dict, dict], None]) -> str:
    """What is said of a checkpoint after a change; the training that refuses it is as it was."""
    tensors, facts = read_tensors(path)
    change(tensors, facts)
    write_tensors(path, tensors, facts)
    again = training()
    before = weights(again)
    with pytest.raises(ValueError, match=f"{path} does not fit this training") as error:
        again.resume(path)
    assert equal(weights(again), before)
    assert (again.step, again.curve) == (0, [])
    assert not again._learner.optimisers["adam"].state_dict()["state"]
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("step", -5, "step must be at least 0, got -5"),
        ("step", 5, "step must be at most 4, got 5"),
        ("step", 2.5, "step must be a whole number, got 2.5"),
        ("step", None, "step must be a whole number, got None"),
        ("best", float("nan"), "best must be finite, got nan"),
        ("best", float("inf"), "best must be finite, got inf"),
        ("best", "high", "best must be a number, got 'high'"),
        ("stale", -1, "stale must be at least 0, got -1"),
        ("curve", [[1]], "missing"),
        ("curve", [[3, 0.1, 0.2, 0.3, 1.0, 0.3, 0.5]], r"must rise to at most 2, got \[3\]"),
        ("curve", [[1, math.nan, 0.2, 0.3, 1.0, 0.3, 0.5]], "figure of the curve must be finite"),
        ("curve", [[1, 0.1, None, 0.3, 1.0, 0.3, 0.5]], "figure of the curve must be a number"),
        ("curve", 7, "not iterable"),
        ("skips", [3, 0, 0], "total of skips must be at most 2, got 3"),
        ("skips", [-1, 0, 0], "total of skips must be at least 0, got -1"),
        ("skips", [1, 2, 0], "skips in a row must be at most 1, got 2"),
        ("skips", [0, 0, 4], "returns must be at most 3, got 4"),
        ("skips", [0, 0, 0.5], "returns must be a whole number, got 0.5"),
        ("skips", [0, 0, 0, 0], "positional arguments"),
        ("skips", 3, "skips must be a list of whole numbers, got 3"),
        ("skips", "", "skips must be a list of whole numbers, got ''"),
        ("curve", "", "a curve must be a list of rows"),
        ("curve", {}, "a curve must be a list of rows"),
        ("best", 0.5, "best must be -inf, as in the curve, got 0.5"),
        ("stale", 1, "stale must be at most 0, got 1"),
    ],
)
def test_an_impossible_progress_is_refused(
    name: str, value: Any, message: str, checkpoint: Path
) -> None:
    said = refused(checkpoint, lambda _, facts: facts.update({name: value}))
    assert re.search(message, said)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("step", -1, "a step of the curve must be at least 0, got -1"),
        ("score", 1e9, "the best score of step 2 must be 1000000000.0, got"),
        ("best", -1e9, "the best score of step 2 must be"),
        ("ordering", 1.5, "ordering must be between 0 and 1, got 1.5"),
        ("ordering", -0.5, "ordering must be between 0 and 1, got -0.5"),
        ("seconds", -1.0, "seconds must be at least 0, got -1.0"),
        ("reward", math.inf, "a figure of the curve must be finite, got inf"),
    ],
)
def test_a_curve_that_no_training_draws_is_refused(
    field: str, value: float, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint"
    training(tiny(steps=4)).fit(checkpoint=path)
    place = TrainingProgress._fields.index(field)

    def change(_: dict, facts: dict) -> None:
        facts["curve"][0][place] = value

    assert message in refused(path, change)


@pytest.mark.parametrize("name", ["step", "best", "curve", "stale", "adam"])
def test_a_checkpoint_that_lacks_a_fact_is_refused(name: str, checkpoint: Path) -> None:
    assert f"({name!r})" in refused(checkpoint, lambda _, facts: facts.pop(name))


def drop(beginning: str) -> Callable[[dict, dict], None]:
    """A change that takes tensors away."""

    def change(tensors: dict, _: dict) -> None:
        for name in [name for name in tensors if name.startswith(beginning)]:
            del tensors[name]

    return change


@pytest.mark.parametrize("beginning", ["adam/", "adam/0/", "adam/3/exp_avg_sq"])
def test_a_checkpoint_that_lacks_tensors_of_the_optimiser_is_refused(
    beginning: str, checkpoint: Path
) -> None:
    assert "it needs the tensors" in refused(checkpoint, drop(beginning))


@pytest.mark.parametrize(
    ("beginning", "message"),
    [
        ("adam/", "it lacks what the optimiser remembers"),
        ("adam/0/", "0/exp_avg is missing or is no figure of this optimiser"),
        ("adam/3/exp_avg_sq", "3/exp_avg_sq is missing or is no figure of this optimiser"),
    ],
)
def test_tensors_of_the_optimiser_that_the_file_does_not_name_either_are_missed(
    beginning: str, message: str, checkpoint: Path
) -> None:
    def change(tensors: dict, facts: dict) -> None:
        drop(beginning)(tensors, facts)
        left = [name.removeprefix("adam/") for name in tensors if name.startswith("adam/")]
        facts["adam"] = sorted(left)

    assert message in refused(checkpoint, change)


@pytest.mark.parametrize("place", ["0/colour", "999/exp_avg", "-1/exp_avg", "exp_avg", "0/0/step"])
def test_tensors_that_the_optimiser_does_not_know_are_refused(place: str, checkpoint: Path) -> None:
    def change(tensors: dict, facts: dict) -> None:
        tensors[f"adam/{place}"] = torch.zeros(1)
        facts["adam"] = sorted([*facts["adam"], place])

    assert f"{place} is missing or is no figure" in refused(checkpoint, change)


@pytest.mark.parametrize("beginning", ["now/", "best/", "now/head.layers.1.bias"])
def test_a_checkpoint_that_lacks_weights_is_refused(beginning: str, checkpoint: Path) -> None:
    assert "has shape None, the network needs" in refused(checkpoint, drop(beginning))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("adam/0/exp_avg", torch.zeros(7), "0/exp_avg must have shape"),
        ("adam/0/step", torch.tensor(-3.0), "0/step must be at least 0, got -3.0"),
        ("adam/0/step", torch.tensor(3), "0/step must have dtype torch.float32, got torch.int64"),
        ("now/head.layers.1.bias", torch.zeros(7), r"has shape \(7,\), the network needs \(1,\)"),
    ],
)
def test_tensors_of_another_shape_are_refused(
    name: str, value: torch.Tensor, message: str, checkpoint: Path
) -> None:
    said = refused(checkpoint, lambda tensors, _: tensors.update({name: value}))
    assert re.search(message, said)


@pytest.mark.parametrize("dtype", [torch.int32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("beginning", ["now/", "best/", "adam/"])
def test_tensors_of_another_kind_are_refused(
    beginning: str, dtype: torch.dtype, checkpoint: Path
) -> None:
    def change(tensors: dict, _: dict) -> None:
        for name in [name for name in tensors if name.startswith(beginning)]:
            tensors[name] = tensors[name].to(dtype)

    said = refused(checkpoint, change)
    assert "dtype" in said
    assert str(dtype) in said


def test_means_of_squares_below_zero_are_refused(checkpoint: Path) -> None:
    def change(tensors: dict, _: dict) -> None:
        tensors["adam/2/exp_avg_sq"] -= 1.0

    assert "2/exp_avg_sq must be at least 0, got -1" in refused(checkpoint, change)


def test_a_checkpoint_before_the_first_step_is_taken(tmp_path: Path) -> None:
    path = training().save(tmp_path / "checkpoint")
    again = training()
    again.resume(path)
    assert again.step == 0
    orders = rollout(PROBLEM, again.fit(), draw_products(POPULATION, PROBLEM, 4)).orders
    wanted = rollout(PROBLEM, training().fit(), draw_products(POPULATION, PROBLEM, 4)).orders
    assert (orders == wanted).all()


def test_a_longer_training_is_another_one(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="is of a training with config"):
        training(replace(tiny(), steps=9)).resume(checkpoint)


def test_a_checkpoint_from_before_a_setting_existed_is_of_another_training(
    checkpoint: Path,
) -> None:
    tensors, facts = read_tensors(checkpoint)
    del facts["config"]["patience"]
    write_tensors(checkpoint, tensors, facts)
    with pytest.raises(ValueError, match="with config patience nothing, this one has None"):
        training().resume(checkpoint)
