"""`inv-gym pictures`: what is drawn of a task, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("matplotlib")
import inv_gym
from inv_gym import baselines
from inv_gym.commands import drawing
from inv_gym.commands.app import app
from inv_gym.pictures.task_orders import task_picture

OWN_MODULE = """
import inv_gym

task = inv_gym.Task(inv_gym.LostSales(lead_time=2, horizon=8), "poisson", name="Mine-v0")

class Fixed:
    knows = "nothing"

    def __call__(self, observation):
        return observation.scale[:, None] * 0.5

def half(problem):
    return Fixed()

def nowhere(problem):
    return None

def late(problem):
    policy = Fixed()
    policy.plan = lambda problem, products: 1 / 0
    return policy
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["pictures", *arguments])


def test_a_curve_shows_what_a_policy_orders_for_the_product() -> None:
    task = inv_gym.task("InvLostSales-v0")
    name = "base-stock (knows distribution)"
    policy = baselines.policies(task.problem)[name]
    figure = task_picture(task, {name: policy}, seed=3)
    (line,) = figure.axes[0].lines
    product = task.draw(1, 3)
    first = inv_gym.rollout(task.problem, policy, product)
    level = first.orders[0, 0, 0] + product.initial_state.on_hand[0]
    expected = np.maximum(level / product.scale[0] - line.get_xdata(), 0.0)
    np.testing.assert_allclose(line.get_ydata(), expected, atol=1e-9)


def test_contours_of_each_policy_and_each_order_have_a_panel() -> None:
    task = inv_gym.task("InvDualSourcing-v0")
    known = baselines.policies(task.problem)
    names = [name for name in known if "index" in name][:4]
    figure = task_picture(task, {name: known[name] for name in names}, seed=0)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert sorted(titles) == sorted(2 * names)


def test_a_task_and_a_policy_of_the_user_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_drawn.py").write_text(OWN_MODULE)
    monkeypatch.chdir(tmp_path)
    policies = ("--policy", "own_drawn:half", "--policy", "random orders")
    drawn = run("--env", "own_drawn:task", *policies)
    assert drawn.exit_code == 0, drawn.output
    path = Path("results/pictures/orders-Mine-v0.png")
    assert drawn.output == f"Wrote {path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_name_with_strange_letters_stays_within_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = OWN_MODULE.replace("Mine-v0", "a/../../b $x_$")
    (tmp_path / "own_strange.py").write_text(module)
    monkeypatch.chdir(tmp_path)
    drawn = run("--env", "own_strange:task", "--policy", "own_strange:half")
    assert drawn.exit_code == 0, drawn.output
    (path,) = Path("results/pictures").iterdir()
    assert path.name == "orders-a-..-..-b-x_-.png"


@pytest.mark.parametrize(
    ("suffix", "begin"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG")]
)
@pytest.mark.parametrize(
    "chosen",
    [
        ("--env", "InvLostSales-v0", "--policy", "base-stock"),
        ("--only", "procurement-removal", "--jobs", "1"),
    ],
)
def test_a_file_is_written_in_the_format_of_its_suffix(
    tmp_path: Path, chosen: tuple[str, ...], suffix: str, begin: bytes
) -> None:
    path = tmp_path / "paper" / f"orders{suffix}"
    drawn = run(*chosen, "--out", str(path))
    assert drawn.exit_code == 0, drawn.output
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes().startswith(begin)


def test_without_a_policy_the_reference_and_the_networks_are_drawn() -> None:
    task = inv_gym.task("InvPerishable-v0")
    chosen = drawing.chosen_policies(task, ())
    assert next(iter(chosen)) == task.reference
    assert {"DirectBackprop", "PPO"} <= set(chosen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--env", "InvLostSale-v0"), "--env: unknown task 'InvLostSale-v0'"),
        (("--env", "InvLostSales-v0", "--policy", "nope"), "--policy: unknown policy 'nope'"),
        (("--env", "InvLostSales-v0", "--policy", "own_refused:nowhere"), "does not apply"),
        (("--env", "InvLostSales-v0", "--policy", "own_refused:late"), "ZeroDivisionError"),
        (("--env", "InvLostSales-v0", "--policy", "no_module:x"), "no module 'no_module'"),
        (("--env", "InvLostSales-v0", "--only", "perishable"), "--only: chooses among"),
        (("--env", "InvLostSales-v0", "--seed", "-1"), "--seed"),
        (("--policy", "random orders"), "--policy: needs --env"),
        (("--only", "perishabel"), "Did you mean 'perishable'?"),
        (("--only", "perishable", "--jobs", "0"), "--jobs"),
        (("--only", "perishable", "--out", "file/below"), "--out: "),
        (("--env", "InvLostSales-v0", "--out", "file/below"), "--out: "),
        (("--only", "InvPerishable-v0", "--weights", "nowhere"), "--weights: "),
        (("--only", "InvPerishable-v0", "--out", "a.svg"), "--out: 'a.svg' is one file"),
        (("--out", "a.svg"), "give a folder, or one of "),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "own_refused.py").write_text(OWN_MODULE)
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert isinstance(refused.exception, SystemExit)
    assert message in re.sub(r"\s+", " ", refused.output)
