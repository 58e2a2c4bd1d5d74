"""The pictures show the orders that the exact solution and the heuristics give."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from inv_gym import LostSales
from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.baselines import BaseStock
from inv_gym.baselines.exact import solve
from inv_gym.pictures.exact_orders import mesh, mostly, panels, worth
from inv_gym.pictures.figures import Side, save
from inv_gym.pictures.order_grid import grid_picture
from inv_gym.pictures.orders import season
from inv_gym.pictures.standard import draw_standard
from inv_gym.published.products import published


def test_a_picture_shows_the_optimal_orders_and_the_differences_to_them(tmp_path: Path) -> None:
    product = published("zipkin2008-poisson5-p4-L2", LostSales)
    across, up = Side(0, "on hand", 0, 12), Side(1, "arrives", 0, 7)
    rule = BaseStock(problem=product.problem, level=np.array([16.0]))
    shown = list(panels(product, {"base-stock": rule}, across, up))
    figure = grid_picture([shown], across, up, 0.24, "A caption.")
    optimal, base_stock = figure.axes[:2]
    solution = solve(*product, 30.0)
    for on_hand, arrives in [(0, 0), (3, 7), (9, 2), (12, 4)]:
        (order,) = solution.orders[0, solution.place(np.array([[on_hand], [arrives]]))[0]]
        assert optimal.images[0].get_array()[arrives, on_hand] == order
        assert base_stock.images[0].get_array()[arrives, on_hand] == max(16 - on_hand - arrives, 0)
        written = {text.get_position(): text.get_text() for text in base_stock.texts}
        difference = max(16 - on_hand - arrives, 0) - order
        assert written.get((on_hand, arrives), "+0") == f"{difference:+.0f}"
    assert "4.395" in optimal.get_title() and "(+5.54 %)" in base_stock.get_title()
    assert 0 < shown[0].often.sum() < shown[0].often.size
    save(figure, tmp_path / "new/one.png")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one.png"]


def test_two_columns_go_to_the_axes_that_name_them() -> None:
    states = mesh(Side(1, "", 0, 2), Side(0, "", -1, 0))
    assert states.tolist() == [[-1, -1, -1, 0, 0, 0], [0, 1, 2, 0, 1, 2]]


def test_the_outline_holds_the_fewest_states_of_most_probability() -> None:
    assert mostly(np.array([0.02, 0.5, 0.03, 0.45])).tolist() == [False, True, False, True]
    assert mostly(np.array([0.3, 0.4, 0.3, 0.0])).tolist() == [True, True, True, False]


def test_the_seasonal_picture_is_drawn(tmp_path: Path) -> None:
    paths = draw_standard(
        tmp_path / "procurement-removal.png", "procurement-removal", TRAINED_FOLDER
    )
    assert [path.name for path in paths] == ["procurement-removal.png"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")


def test_profits_by_period_are_those_of_the_dynamic_program() -> None:
    product = season()
    solution = solve(*product, 60.0)
    orders = solution.orders[:, solution.place(np.arange(61.0)[None])]
    profit = worth(product, orders)
    assert profit == pytest.approx([solution.value(stock) for stock in range(61)], rel=1e-9)
