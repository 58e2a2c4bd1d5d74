"""The pictures show the orders that the exact solution and the heuristics give."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from inv_gym.baselines import BaseStock
from inv_gym.baselines.exact import solve

PATH = Path(__file__).parents[1] / "examples/experiments/order_pictures.py"
SPEC = importlib.util.spec_from_file_location("order_pictures", PATH)
assert SPEC is not None and SPEC.loader is not None
pictures = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pictures)


def test_a_picture_shows_the_optimal_orders_and_the_differences_to_them(tmp_path: Path) -> None:
    case = pictures.published("zipkin2008-poisson5-p4-L2")
    across, up = pictures.Axis(0, "on hand", 0, 12), pictures.Axis(1, "arrives", 0, 7)
    rule = BaseStock(problem=case.problem, level=np.array([16.0]))
    shown = list(pictures.panels(case, {"base-stock": rule}, across, up))
    figure = pictures.grid_picture([shown], across, up, 0.24, "A caption.")
    optimal, base_stock = figure.axes[:2]
    solution = solve(*case, 30.0)
    for on_hand, arrives in [(0, 0), (3, 7), (9, 2), (12, 4)]:
        (order,) = solution.orders[0, solution.place(np.array([[on_hand], [arrives]]))[0]]
        assert optimal.images[0].get_array()[arrives, on_hand] == order
        assert base_stock.images[0].get_array()[arrives, on_hand] == max(16 - on_hand - arrives, 0)
        written = {text.get_position(): text.get_text() for text in base_stock.texts}
        difference = max(16 - on_hand - arrives, 0) - order
        assert written.get((on_hand, arrives), "+0") == f"{difference:+.0f}"
    assert "4.395" in optimal.get_title() and "(+5.54 %)" in base_stock.get_title()
    assert 0 < shown[0].often.sum() < shown[0].often.size
    pictures.save(figure, tmp_path / "new/one.png")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one.png"]


def test_two_columns_go_to_the_axes_that_name_them() -> None:
    states = pictures.mesh(pictures.Axis(1, "", 0, 2), pictures.Axis(0, "", -1, 0))
    assert states.tolist() == [[-1, -1, -1, 0, 0, 0], [0, 1, 2, 0, 1, 2]]


def test_the_outline_holds_the_fewest_states_of_most_probability() -> None:
    assert pictures.mostly(np.array([0.02, 0.5, 0.03, 0.45])).tolist() == [False, True, False, True]
    assert pictures.mostly(np.array([0.3, 0.4, 0.3, 0.0])).tolist() == [True, True, True, False]


def test_the_script_draws_the_seasonal_picture(tmp_path: Path) -> None:
    pictures.main(tmp_path, ["procurement-removal"])
    assert {path.name for path in tmp_path.iterdir()} == {
        "procurement-removal.png",
        "procurement-removal.svg",
    }
    assert (tmp_path / "procurement-removal.png").read_bytes().startswith(b"\x89PNG")


def test_profits_by_period_are_those_of_the_dynamic_program() -> None:
    case = pictures.season()
    solution = solve(*case, 60.0)
    orders = solution.orders[:, solution.place(np.arange(61.0)[None])]
    profit = pictures.worth(case, orders)
    assert profit == pytest.approx([solution.value(stock) for stock in range(61)], rel=1e-9)


def test_an_unknown_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lost-sale'"):
        pictures.main(tmp_path, ["lost-sale"])
    assert not list(tmp_path.iterdir())
