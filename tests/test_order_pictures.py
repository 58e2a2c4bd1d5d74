"""The pictures of orders: what is drawn is what the policies order."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from baselines import BaseStock
from baselines.exact import solve

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("order_pictures", ROOT / "examples" / "order_pictures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["order_pictures"] = module
    spec.loader.exec_module(module)
    return module


def test_the_panels_show_the_orders_of_the_policies_and_their_costs(pictures):
    case = pictures.published("zipkin2008-poisson5-p4-L2")
    across, up = pictures.Axis(0, "stock", 0, 9), pictures.Axis(1, "arrives", 0, 5)
    rule = BaseStock(problem=case.problem, level=16.0)
    optimal, base_stock = pictures.panels(case, {"base-stock": rule}, across, up)
    solution = solve(*case, 14.0)
    for stock, arrives in ((0, 0), (9, 0), (3, 5), (9, 5)):
        place = solution.place(np.array([[float(stock)], [float(arrives)]]))
        assert optimal.actions[arrives, stock] == solution.orders[0, place, 0]
        assert base_stock.actions[arrives, stock] == 16.0 - stock - arrives
    assert optimal.title == "optimal\ncost 4.395"
    assert base_stock.title == "base-stock\ncost 4.639 (+5.54 %)"
    assert 0 < optimal.often.sum() < optimal.often.size


def test_the_outlined_states_are_the_smallest_set_with_most_of_the_probability(pictures):
    shares = np.array([0.02, 0.6, 0.03, 0.3, 0.05])
    assert pictures.mostly(shares).tolist() == [False, True, False, True, True]


def test_a_picture_is_written_whole(pictures, tmp_path):
    pictures.main(out=tmp_path, only=["lost-sales"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lost-sales.png", "lost-sales.svg"]
    assert (tmp_path / "lost-sales.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_picture_is_refused(pictures, tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'perishable'"):
        pictures.main(out=tmp_path, only=["perishables"])
    assert not list(tmp_path.iterdir())
