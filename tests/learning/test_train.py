"""The command line of training: files, errors, kills, a full disk, and several processes."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from learning_cases import POPULATION, equal, tiny
from typer.testing import CliRunner, Result

from inv_gym import ENVIRONMENTS, LostSales, draw_products, make_source, rollout
from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import PENALTY, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.commands.app import app
from inv_gym.products.batch import product_weights

ROOT = Path(__file__).parents[2]
COMMAND = ("-m", "inv_gym", "train")
FILES = ROOT / "inv_gym" / "util" / "files.py"
SMALL = (
    "--env",
    "InvLostSales-v0",
    "--field",
    "horizon=5",
    "--batch",
    "16",
    "--channels",
    "4",
    "--hidden",
    "8",
)
NAMES = ["card.json", "checkpoint.safetensors", "metrics.jsonl", "weights.safetensors"]
THREADS = {"OMP_NUM_THREADS": "1"}


def run(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *SMALL, "--out", str(out), *arguments])


@contextmanager
def started(*command: str | Path) -> Iterator[subprocess.Popen]:
    """A process that is gone in the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **THREADS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(path: Path, process: subprocess.Popen, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.005)


def rows(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("train") / "new" / "folder"
    return run(out, "--steps", "120", "--seed", "5"), out


def test_a_training_writes_weights_card_metrics_and_a_checkpoint(
    trained: tuple[Result, Path],
) -> None:
    result, out = trained
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == NAMES
    assert "step 100: loss" in result.output
    assert result.output.splitlines()[-1].startswith(f"Wrote {out}: best validation score ")


COLUMNS = {"step", "loss", "reward", "score", "ordering", "best", "seconds", "gap"}


def test_metrics_have_a_line_per_validation(trained: tuple[Result, Path]) -> None:
    _, out = trained
    metrics = rows(out)
    assert [row["step"] for row in metrics] == [100, 120]
    assert all(set(row) == COLUMNS for row in metrics)
    assert all(np.isfinite(list(row.values())).all() for row in metrics)


@pytest.mark.parametrize(
    ("arguments", "name", "penalty", "schedule", "head"),
    [
        (("--agent", "penalised"), "DirectBackprop, penalised", PENALTY, "constant", "plain"),
        (
            ("--agent", "penalised", "--penalty", "0.5", "--penalty-schedule", "rising"),
            "DirectBackprop, penalised with weight 0.5",
            0.5,
            "rising",
            "plain",
        ),
        (("--agent", "constructed"), "DirectBackprop, constructed", 0.0, "constant", "constructed"),
        (("--penalty", "5"), "DirectBackprop, penalised with weight 5", 5.0, "constant", "plain"),
        (("--penalty", "1"), "DirectBackprop, penalised", 1.0, "constant", "plain"),
        (("--agent", "penalised", "--penalty", "0"), "DirectBackprop", 0.0, "constant", "plain"),
        (
            ("--agent", "constructed", "--penalty", "2"),
            "DirectBackprop, constructed, penalised with weight 2",
            2.0,
            "constant",
            "constructed",
        ),
    ],
)
def test_an_informed_network_is_trained_by_its_name(
    tmp_path: Path, arguments: tuple[str, ...], name: str, penalty: float, schedule: str, head: str
) -> None:
    result = run(tmp_path, "--steps", "2", *arguments)
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["name"] == name
    assert (card["config"]["penalty"], card["config"]["penalty_schedule"]) == (penalty, schedule)
    assert card["network"]["head"] == head
    assert InventoryAgent.load(tmp_path).network.config.head == head


def test_the_weights_earn_what_the_card_says(trained: tuple[Result, Path]) -> None:
    _, out = trained
    card = json.loads((out / "card.json").read_text())
    agent = InventoryAgent.load(out)
    assert agent.problem == LostSales(horizon=5)
    assert card["config"]["steps"] == 120
    assert card["config"]["seed"] == 5
    network = {"knows": "history", "channels": 4, "hidden": [8], "head": "plain", "most": None}
    assert card["config"]["network"] == network | {"magnified": [100.0], "whole_counts": False}
    assert card["products"] == "default"
    assert {"python", "torch", "numpy", "inv-gym"} <= set(card["versions"])
    products = draw_products(make_source("default"), agent.problem, 2048, seed=10_007)
    weight = sum(0.99**t for t in range(5))
    by_product = rollout(agent.problem, agent, products).discounted_reward / weight
    earned, score = by_product.mean(), (by_product * product_weights(products)).mean()
    metrics = card["metrics"]
    assert metrics["validation_reward"] == pytest.approx(earned, rel=1e-5)
    assert metrics["validation_reward"] == max(rows(out), key=lambda row: row["best"])["reward"]
    assert metrics["validation_score"] == pytest.approx(score, rel=1e-5)
    assert metrics["trouble"] is None
    assert metrics["steps"] == 120
    from inv_gym import baselines

    heuristic = baselines.policies(agent.problem)[metrics["reference"]]
    others = rollout(agent.problem, heuristic, products).discounted_reward / weight
    other = (others * product_weights(products)).mean()
    assert metrics["gap_percent"] == pytest.approx(100.0 * (score / other - 1.0), abs=1e-3)


def test_a_folder_with_a_training_is_not_overwritten(trained: tuple[Result, Path]) -> None:
    _, out = trained
    before = {name: (out / name).read_bytes() for name in NAMES}
    result = run(out, "--steps", "120", "--seed", "6")
    assert result.exit_code == 1
    assert result.output == (
        f"Error: {out} holds a training already: go on with --resume, or give another --out.\n"
    )
    assert {name: (out / name).read_bytes() for name in NAMES} == before


@pytest.mark.parametrize("name", ["weights.safetensors", "model.zip"])
def test_a_trained_model_without_a_checkpoint_is_not_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    result = run(tmp_path, "--steps", "1")
    assert result.exit_code == 1
    assert result.output == (
        f"Error: {tmp_path} holds a trained model already, {name}: give another --out.\n"
    )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "mine"}


def test_a_training_is_resumed_only_as_it_was_begun(
    trained: tuple[Result, Path], tmp_path: Path
) -> None:
    _, out = trained
    for changes in (("--seed", "6"), ("--seed", "5", "--field", "lead_time=1")):
        result = run(out, "--steps", "120", *changes, "--resume")
        assert result.exit_code == 1
        assert "checkpoint.safetensors is of a training with" in result.output
    result = run(tmp_path, "--resume")
    assert result.exit_code == 1
    assert result.output == f"Error: there is no file {tmp_path / 'checkpoint.safetensors'}.\n"


def test_a_finished_training_that_is_resumed_writes_the_same_weights(
    trained: tuple[Result, Path], tmp_path: Path
) -> None:
    _, out = trained
    again = tmp_path / "again"
    again.mkdir()
    shutil.copy(out / "checkpoint.safetensors", again)
    result = run(again, "--steps", "120", "--seed", "5", "--resume")
    assert result.exit_code == 0, result.output
    (wanted, _), (got, _) = (
        read_tensors(folder / "weights.safetensors") for folder in (out, again)
    )
    assert equal(got, wanted)


def test_fields_of_the_problem_and_options_of_the_training_arrive(tmp_path: Path) -> None:
    options = (
        "--field",
        "discount=0.9",
        "--field",
        "integer_orders=true",
        "--field",
        "initial_stock=[0, 1.5]",
    )
    more = (
        "--knows",
        "distribution",
        "--weighting",
        "money",
        "--fixed-products",
        "7",
        "--truncate",
        "2",
    )
    result = run(
        tmp_path, *options, *more, "--products", "poisson", "--steps", "1", "--patience", "3"
    )
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "card.json").read_text())
    agent = InventoryAgent.load(tmp_path)
    assert agent.problem == LostSales(
        horizon=5, discount=0.9, integer_orders=True, initial_stock=(0.0, 1.5)
    )
    assert agent.knows == "distribution"
    wanted = {
        "weighting": "money",
        "fixed_products": 7,
        "truncate": 2,
        "patience": 3,
        "steps": 1,
        "batch": 16,
    }
    assert {name: card["config"][name] for name in wanted} == wanted
    assert card["products"] == "poisson"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--env", "InvLostSale-v0"),
            "unknown environment 'InvLostSale-v0'; known: InvLostSales-v0, ",
        ),
        (("--env", "nowhere:task"), "there is no module 'nowhere' in "),
        (("--device", "nonsense"), "device 'nonsense' cannot be used here ("),
        (("--agent", "ppo-on-mars"), "unknown agent 'ppo-on-mars'; known: "),
        (("--products", "nowhere"), "unknown products 'nowhere'; known: "),
        (("--products", "nowhere.csv"), "--products names a population or an instance, got the "),
        (("--field", "lead_time"), "--field must be name=value, got 'lead_time'."),
        (
            ("--field", "leadtime=2"),
            "LostSales got an unexpected keyword argument 'leadtime'; its fields are: horizon, ",
        ),
        (("--field", "lead_time=-1"), "lead_time must be at least 0, got -1."),
        (("--field", "lead_time=two"), "lead_time must be a whole number, got 'two'."),
        (("--field", "discount=1.5"), "discount must be above 0 and at most 1, got 1.5."),
        (("--steps", "0"), "steps must be at least 1, got 0."),
        (("--rounding", "down"), "unknown rounding 'down'; known: "),
        (("--weighting", "units"), "unknown weighting 'units'; known: product, money."),
        (("--knows", "everything"), "unknown knows 'everything'; known: history, distribution."),
        (("--hidden", "0"), "hidden must be at least 1, got 0."),
    ],
)
def test_bad_input_is_one_message(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(tmp_path / "out", *arguments)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {message}")
    assert len(result.output.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupt_before_the_first_checkpoint_says_to_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DirectBackprop, "fit", interrupted)
    result = run(tmp_path)
    assert result.exit_code == 130
    assert result.output == (
        "Interrupted: there is no checkpoint yet, so begin again without --resume.\n"
    )
    monkeypatch.undo()
    assert run(tmp_path, "--steps", "1").exit_code == 0  # what was said works


def test_an_interrupt_after_a_checkpoint_says_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_and_stop(training: DirectBackprop, _: object, checkpoint: Path) -> None:
        training.save(checkpoint)
        raise KeyboardInterrupt

    monkeypatch.setattr(DirectBackprop, "fit", save_and_stop)
    result = run(tmp_path, "--steps", "1")
    assert result.exit_code == 130
    assert result.output == (
        f"Interrupted: go on with --resume from {tmp_path / 'checkpoint.safetensors'}.\n"
    )
    monkeypatch.undo()
    assert run(tmp_path, "--steps", "1", "--resume").exit_code == 0


KEEP = """
import pathlib, sys, time
from inv_gym.util.locks import locked
with locked(pathlib.Path(sys.argv[1])):
    pathlib.Path(sys.argv[1], "kept").touch()
    time.sleep(600)
"""


@pytest.mark.parametrize("option", [(), ("--resume",)])
def test_a_folder_in_which_another_process_trains_is_refused_until_that_is_dead(
    option: tuple[str, ...], tmp_path: Path
) -> None:
    if option:
        assert run(tmp_path, "--steps", "1").exit_code == 0
    before = {path.name for path in tmp_path.iterdir()}
    with started("-c", KEEP, tmp_path) as process:
        wait_for(tmp_path / "kept", process)
        result = run(tmp_path, "--steps", "1", *option)
        assert result.exit_code == 1
        assert result.output == (
            f"Error: {tmp_path} is in use by process {process.pid}: wait for it, or give another "
            "folder.\n"
        )
        assert {path.name for path in tmp_path.iterdir()} == {*before, "kept", ".lock"}
        process.kill()
        process.wait()
    assert (tmp_path / ".lock").exists()  # the dead process left its file
    result = run(tmp_path, "--steps", "1", *option)
    assert result.exit_code == 0, result.output
    assert not (tmp_path / ".lock").exists()


def test_a_folder_that_cannot_be_written_is_found_out_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DirectBackprop, "fit", lambda *_: pytest.fail("it trained"))
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        result = run(out)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert str(tmp_path / "file") in result.output  # what is in the way
    with full_disk(0):
        result = run(tmp_path / "full")
    assert result.exit_code == 1
    assert str(tmp_path / "full") in result.output


@pytest.mark.parametrize("name", ["metrics.jsonl", "card.json"])
@pytest.mark.parametrize("agent", ["direct-backprop", "ppo"])
def test_a_file_that_cannot_be_written_at_the_end_is_found_out_before_the_training(
    name: str, agent: str, tmp_path: Path
) -> None:
    (tmp_path / name).mkdir()
    sizes = ("--env", "InvLostSales-v0", "--field", "horizon=5", "--agent", agent)
    result = CliRunner().invoke(app, ["train", *sizes, "--out", str(tmp_path), "--steps", "1"])
    assert result.exit_code == 1
    assert result.output == (
        f"Error: {tmp_path / name} is a folder: remove it, or write elsewhere.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == [name]


# Kills and a full disk


def test_a_training_that_was_killed_goes_on(tmp_path: Path) -> None:
    steps = ("--steps", "400")
    with started(*COMMAND, *SMALL, *steps, "--out", str(tmp_path)) as process:
        wait_for(tmp_path / "checkpoint.safetensors", process)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    _, facts = read_tensors(tmp_path / "checkpoint.safetensors")
    assert 100 <= facts["step"] < 400
    assert not (tmp_path / "weights.safetensors").exists()
    result = run(tmp_path, *steps, "--resume")
    assert result.exit_code == 0, result.output
    assert f"step {facts['step']}:" not in result.output
    assert [row["step"] for row in rows(tmp_path)] == [100, 200, 300, 400]
    assert InventoryAgent.load(tmp_path).problem == LostSales(horizon=5)


REWRITE = """
import runpy, sys
write = runpy.run_path(sys.argv[1])["write_atomically"]
while True:
    for letter in (b"a", b"b"):
        write(sys.argv[2], letter * 8_000_000)
"""


@pytest.mark.parametrize("wait", [0.0, 0.01, 0.02, 0.03, 0.05])
def test_a_kill_while_a_file_is_written_leaves_the_old_one_or_the_new_one(
    wait: float, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    with started("-c", REWRITE, FILES, path) as process:
        wait_for(path, process)
        time.sleep(wait)
        process.kill()
        process.wait()
    content = path.read_bytes()
    assert content in (b"a" * 8_000_000, b"b" * 8_000_000)


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file can grow beyond so many bytes; Python ignores the signal, so writing raises an
    OSError.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("room", [0, 5000])
def test_a_full_disk_leaves_the_last_checkpoint_and_the_training_usable(
    room: int, tmp_path: Path
) -> None:
    problem, path = LostSales(horizon=4), tmp_path / "checkpoint.safetensors"
    through = DirectBackprop(problem, POPULATION, tiny(steps=6))
    wanted = through.fit(checkpoint=path)
    assert path.stat().st_size > 5000
    path.unlink()
    training = DirectBackprop(problem, POPULATION, tiny(steps=6))

    def fit_until_full() -> None:
        with pytest.MonkeyPatch.context() as patch:
            save = training.save

            def limited(where: Path) -> Path:
                if training.step < 4:
                    return save(where)
                with full_disk(room):
                    return save(where)

            patch.setattr(training, "save", limited)
            training.fit(checkpoint=path)

    with pytest.raises(OSError, match="File too large"):
        fit_until_full()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    _, facts = read_tensors(path)
    assert facts["step"] == 2
    again = DirectBackprop(problem, POPULATION, tiny(steps=6))
    again.resume(path)
    assert equal(again.fit().network.state_dict(), wanted.network.state_dict())
    assert training.step == 4
    assert equal(training.fit(checkpoint=path).network.state_dict(), wanted.network.state_dict())


def test_a_full_disk_leaves_the_last_weights(tmp_path: Path) -> None:
    first, second = (
        DirectBackprop(LostSales(), POPULATION, tiny(seed=seed)).agent for seed in (0, 1)
    )
    first.save(tmp_path)
    path = tmp_path / "weights.safetensors"
    with pytest.raises(OSError, match=f"File too large: '{path}'"), full_disk(2000):
        second.save(tmp_path)
    assert equal(InventoryAgent.load(tmp_path).network.state_dict(), first.network.state_dict())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "weights.safetensors"]


def test_a_full_disk_is_one_message(tmp_path: Path) -> None:
    with full_disk(2000):
        result = run(tmp_path, "--steps", "2")
    assert result.exit_code == 1
    assert result.output.startswith("Error: [Errno 27] File too large: ")
    assert str(tmp_path / "checkpoint.safetensors") in result.output
    assert len(result.output.splitlines()) == 1
    assert not (tmp_path / "checkpoint.safetensors").exists()


# Several processes


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    options = (*SMALL, "--steps", "4", "--seed", "2", "--batch", "32")
    two, one = tmp_path / "two", tmp_path / "one"
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    done = subprocess.run(
        [sys.executable, *launcher, *COMMAND, *options, "--out", str(two)],
        env={**os.environ, **THREADS},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert run(one, "--seed", "2", "--steps", "4", "--batch", "32").exit_code == 0
    (got, _), (wanted, _) = (read_tensors(folder / "weights.safetensors") for folder in (two, one))
    assert got.keys() == wanted.keys()
    for name in wanted:
        assert float((got[name] - wanted[name]).abs().max()) < 1e-5, name
    config = TrainingConfig(seed=2, network=NetworkConfig(channels=4, hidden=(8,)))
    begun = DirectBackprop(
        LostSales(horizon=5), make_source("default"), config
    ).network.state_dict()
    assert float((begun["head.exogenous.bias"] - wanted["head.exogenous.bias"]).abs().max()) > 1e-4
    assert rows(two)[0]["reward"] == pytest.approx(rows(one)[0]["reward"], rel=1e-6)


# A task of your own


def test_a_task_of_a_user_is_trained_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trained_task.py").write_text(
        "import inv_gym\n"
        "task = inv_gym.Task(inv_gym.LostSales(horizon=40), 'poisson', name='Trained-v0',\n"
        "                    warm_up=30, training='continuous')\n"
    )
    monkeypatch.chdir(tmp_path)
    arguments = [*SMALL, "--steps", "2", "--out", "out"]
    arguments[1] = "trained_task:task"
    try:
        result = CliRunner().invoke(app, ["train", *arguments])
        assert result.exit_code == 0, result.output
    finally:
        ENVIRONMENTS.pop("Trained-v0", None)
        gymnasium.registry.pop("Trained-v0", None)
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["products"] == "poisson"
    assert InventoryAgent.load(tmp_path / "out").problem == LostSales(horizon=5)
    resumed = (tmp_path / "out" / "checkpoint.safetensors").read_bytes()
    assert b"truncated_normal" in resumed  # a family of the products to train on
