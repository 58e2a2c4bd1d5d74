"""The page to click: its tables are those of the package, and it works in a browser."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from test_page_in_browser import answer, needs_browser

from inv_gym.baselines import BaseStock, exact

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "_static" / "try.html"
sys.path.insert(0, str(DOCS))
import try_tables  # noqa: E402


def tables() -> dict[str, Any]:
    found = re.search(r"^const tables = (.*);$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return json.loads(found[1])


def test_the_page_is_small_and_made_of_its_template() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(text.encode()) < 3_000_000
    assert "http" not in text
    template = try_tables.TEMPLATE.read_text(encoding="utf-8")
    assert text == template.replace("TABLES", json.dumps(tables()))


@pytest.mark.parametrize(("lead_time", "cost"), [(0, 4), (1, 19), (2, 4)])
def test_its_figures_are_exact(lead_time: int, cost: int) -> None:
    table = tables()[f"{lead_time} {cost}"]
    problem = try_tables.LostSales(lead_time=lead_time, **try_tables.AVERAGE)
    case = exact.case(problem, "poisson", try_tables.MEAN, holding_cost=1, shortage_cost=cost)
    solution = case.solve()
    assert solution.gain is not None
    assert table["optimum"] == round(-solution.gain, 4)
    orders = try_tables.optimal_orders(solution, lead_time)
    assert table["optimalOrders"] == try_tables.digits(orders)
    level = 5 * (lead_time + 1) + 2
    rule = BaseStock(problem=problem, level=level)
    assert table["curve"][level] == round(-case.follow(rule).average(), 4)
    assert min(table["curve"]) >= table["optimum"] - 1e-3


@needs_browser
def test_a_visitor_sees_costs_paths_and_orders(tmp_path: Path) -> None:
    copy = tmp_path / "try.html"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    program = """
        const set = (id, value) => {
            document.getElementById(id).value = value;
            document.getElementById(id).dispatchEvent(new Event('input'));
        };
        const shown = () => [...document.querySelectorAll('#costs td:nth-child(2)')].map(
            (cell) => cell.textContent);
        set('leadTime', 2); set('cost', 0); set('level', 17);
        const first = shown();
        set('level', 5);
        // the paths of the optimum cost what the table says, over a long time
        const g = game(), random = generator(7), periods = 40000;
        const demands = Array.from({ length: periods }, () => poisson(random));
        const stock = played(g, 'optimum', demands);
        return [first, shown(), stock.reduce((a, b) => a + b, 0) / periods,
            document.querySelectorAll('#paths polyline').length,
            document.querySelectorAll('#orders rect').length];
    """
    first, second, stock, lines, squares = answer(copy, program)
    table = tables()["2 4"]
    assert first[:2] == [f"{table['curve'][17]:.2f}", f"{table['optimum']:.2f}"]
    assert second[0] == f"{table['curve'][5]:.2f}" != first[0]
    assert 0.5 < stock < table["optimum"]
    assert lines >= 3
    assert squares >= 2 * 21 * 13


@needs_browser
def test_it_fits_a_narrow_window(tmp_path: Path) -> None:
    copy = tmp_path / "try.html"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    assert answer(copy, "return document.documentElement.scrollWidth", width=500) <= 500
