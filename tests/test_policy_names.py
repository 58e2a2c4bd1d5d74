"""Policies that users name: what is malformed, missing or of another problem is told."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import inv_gym
from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.commands.app import app
from inv_gym.leaderboard.named import Inapplicable, build, load_factory

FORMS = r"a policy is named module:factory \(my_module:factory\), sb3:FILE\.zip, or by the folder"
MODULES = {
    "leaves.py": "import sys\nsys.exit(3)\n",
    "lacks.py": "import no_such_thing\n",
    "rules.py": "def none(problem): return None\n",
}


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with modules, files and folders that hold no policy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in MODULES.items():
        Path(name).write_text(text)
    for name in ("empty", "a b", "damaged", "model"):
        Path(name).mkdir()
    Path("file.zip").write_text("junk")
    Path("damaged/weights.safetensors").write_text("junk")
    Path("model/model.zip").write_text("junk")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", rf"'' names no policy \(a part is missing\): {FORMS}"),
        (" ", rf"' ' names no policy \(a part is missing\): {FORMS}"),
        (":", rf"':' names no policy \(a part is missing\): {FORMS}"),
        ("rules:", rf"'rules:' names no policy \(a part is missing\): {FORMS}"),
        (":none", rf"':none' names no policy \(a part is missing\): {FORMS}"),
        ("base-stock", rf"'base-stock' names no policy \(there is no such folder\): {FORMS}"),
        ("file.zip", rf"'file.zip' is a file, write sb3:file.zip for a model: {FORMS}"),
        ("rules.py", "'rules.py' names a file: write the module without .py, rules:factory"),
        ("rules.py:none", "'rules.py:none' names a file: write .* without .py, rules:none"),
        ("sb3", rf"sb3: needs the file of a model after the colon, got '': {FORMS}"),
        ("sb3:", rf"sb3: needs the file of a model after the colon, got '': {FORMS}"),
        ("sb3: ", rf"sb3: needs the file of a model after the colon, got ' ': {FORMS}"),
        ("sb3:missing.zip", "there is no file missing.zip in /"),
        ("sb3:~/missing.zip", "there is no file /.*/missing.zip"),
        ("sb3:empty", "empty is a folder: give the file in it, such as sb3:empty/model.zip"),
        ("sb3:file.zip", "file.zip is not a model that stable-baselines3 saved"),
        ("empty", "the folder empty holds neither weights.safetensors nor model.zip: name the fol"),
        ("a b", "the folder a b holds neither weights.safetensors nor model.zip"),
        ("damaged", "damaged/weights.safetensors is truncated or not a file of this project"),
        ("model", "model/model.zip is not a model that stable-baselines3 saved"),
        ("rules:nothing", "unknown factory of rules 'nothing'; known: none"),
        ("rules:none:more", "unknown factory of rules 'none:more'"),
        ("rules.more:none", "there is no module 'rules.more' in /"),
        ("absent:none", "there is no module 'absent' in /"),
        ("absent.more:none", "there is no module 'absent.more' in /"),
        ("..:none", r"there is no module '\.\.' in /"),
        ("no such:none", "there is no module 'no such' in /"),
        ("leaves:none", r"leaves cannot be imported: SystemExit: 3 \(leaves.py, line 2\)"),
        ("leaves.more:none", r"leaves.more cannot be imported: SystemExit: 3 \(leaves.py, line 2"),
        ("lacks:none", "lacks cannot be imported: ModuleNotFoundError: No module named 'no_such"),
        ("lacks.more:none", "lacks.more cannot be imported: .* No module named 'no_such_thing'"),
    ],
)
def test_a_name_of_no_policy_is_told(spec: str, message: str) -> None:
    with pytest.raises(typer.BadParameter, match=message) as raised:
        load_factory(spec)
    assert raised.value.param_hint == "--policy"


def trained_network(folder: str) -> str:
    """A folder with a network that orders perishables."""
    Path(folder).mkdir()
    network = TRAINED_FOLDER / "InvPerishable-v0.direct-backprop.safetensors"
    shutil.copy(network, Path(folder) / "weights.safetensors")
    return folder


@pytest.mark.parametrize(
    ("spec", "reason"),
    [("rules:none", "it returned None"), ("run", "weights for Perishable .* asked for LostSales")],
)
def test_why_a_policy_does_not_apply_is_kept(spec: str, reason: str) -> None:
    trained_network("run")
    problem: Any = inv_gym.make_problem("InvLostSales-v0")
    policy = build(spec, load_factory(spec), problem)
    assert isinstance(policy, Inapplicable)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(policy.reason)


def test_a_backtest_says_which_policies_do_not_apply() -> None:
    days = [date(2024, 1, 1) + timedelta(day) for day in range(200)]
    rows = [f"{day},{name},{day.day % 7}" for day in days for name in ("a", "b")]
    Path("sales.csv").write_text("\n".join(["date,series,units", *rows]))
    named = ["--policy", trained_network("run"), "--policy", "rules:none"]
    done = CliRunner().invoke(app, ["backtest", "--data", "sales.csv", "--quick", *named])
    assert done.exit_code == 0, done.output
    notes = " ".join(json.dumps(json.loads(next(Path().rglob("ranking.json")).read_text())).split())
    assert "rules:none does not apply here (it returned None)" in notes
    assert "run does not apply here (run" in notes


def test_pictures_take_the_folder_of_a_training() -> None:
    arguments = ["pictures", "--env", "InvLostSales-v0", "--policy", trained_network("run")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "run does not apply to LostSales" in " ".join(done.output.replace("│", " ").split())
