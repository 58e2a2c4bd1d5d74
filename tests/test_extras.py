"""Packages that only some uses need: the error says how to install them from the checkout."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

import inv_gym
from inv_gym.envs.single import InventoryEnv
from inv_gym.leaderboard.named import model_factory
from inv_gym.util.executors import workers
from inv_gym.util.extras import CHECKOUT, install, needs

EXTRAS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]
NAMED = re.compile(r"(?:needs|install)\(\s*[\"'](\w+)[\"']|(?:FOLDER|\.)\[([\w,]+)\]")


def named_extras() -> set[str]:
    """The extras that code and documents tell users to install."""
    folders = ("inv_gym", "agents", "baselines", "examples", "docs")
    files = [CHECKOUT / "README.md", CHECKOUT / "Makefile"]
    files += [path for folder in folders for path in (CHECKOUT / folder).rglob("*.[pm][yd]")]
    matches = [match for path in files for match in NAMED.findall(path.read_text())]
    return {extra for pair in matches for part in pair for extra in part.split(",") if extra}


def test_every_extra_that_is_named_exists() -> None:
    assert {"tables", "plots", "rl", "scale", "onnx", "examples", "dev"} <= named_extras()
    assert named_extras() <= EXTRAS.keys()


def test_nobody_is_told_to_install_the_package_from_a_registry() -> None:
    for path in Path(inv_gym.__file__).parent.rglob("*.py"):
        assert not re.search(r"pip install '?inv[-_]gym", path.read_text()), path


def test_the_command_names_the_checkout() -> None:
    assert install("rl") == f"install the extra rl (pip install -e '{CHECKOUT}[rl]')"
    assert (CHECKOUT / "pyproject.toml").is_file()


def test_a_missing_package_is_named_with_its_extra() -> None:
    with (
        pytest.raises(ImportError, match=r"^a dream needs a package .*: install the extra onnx \("),
        needs("onnx", "a dream"),
    ):
        raise ImportError("No module named 'dreams'")


def test_uses_without_their_package_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("distributed", "matplotlib.figure", "inv_gym.agents.sb3.policy"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match="a dask cluster needs .* extra scale"):
        workers(dask="tcp://127.0.0.1:1").__enter__()
    with pytest.raises(ImportError, match="a model of stable-baselines3 needs .* extra rl"):
        model_factory(Path("model.zip"))
    env = InventoryEnv("lost_sales", render_mode="rgb_array")
    env.reset(seed=0)
    with pytest.raises(ImportError, match='render_mode="rgb_array" needs .* extra plots'):
        env.render()
