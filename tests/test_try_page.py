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


@pytest.mark.parametrize(("lead_time", "cost"), [(0, 4), (1, 19), (2, 4), (4, 9)])
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
    assert table["network"] >= table["optimum"] - 1e-3


@pytest.mark.parametrize("lead_time", try_tables.LEAD_TIMES)
def test_its_network_is_the_shipped_one(lead_time: int) -> None:
    table = tables()[f"{lead_time} 9"]["networkOrders"]
    orders = try_tables.digits(try_tables.network_orders(9, lead_time))
    assert len(table) == len(orders)
    # An order that is almost half a unit may be rounded otherwise on another machine.
    others = sum(one != other for one, other in zip(table, orders, strict=True))
    assert others <= 0.01 * len(orders), "run `make try`: a network was trained anew"


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
    assert lines == 3 + 1  # paths and the axis
    assert squares == 3 * 21 * 13


@needs_browser
@pytest.mark.parametrize("lead_time", try_tables.LEAD_TIMES)
def test_every_lead_time_is_played_by_all_three(lead_time: int, tmp_path: Path) -> None:
    copy = tmp_path / "try.html"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    program = f"""
        document.getElementById('leadTime').value = {lead_time};
        document.getElementById('leadTime').dispatchEvent(new Event('input'));
        const g = game(), random = generator(3), periods = 20000;
        const demands = Array.from({{ length: periods }}, () => poisson(random));
        return KINDS.map((kind) => {{
            // what a period costs, told from the stock that is left and what was sold
            const stock = played(g, kind, demands);
            return [stock.every(Number.isFinite), stock.reduce((a, b) => a + b, 0) / periods];
        }});
    """
    shown = answer(copy, program)
    assert [finite for finite, _ in shown] == [True] * 3
    assert all(0.3 < stock < 40.0 for _, stock in shown)


@needs_browser
def test_it_fits_a_narrow_window(tmp_path: Path) -> None:
    copy = tmp_path / "try.html"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    assert answer(copy, "return document.documentElement.scrollWidth", width=500) <= 500


LATER = """
    setTimeout(() => {{ document.title = JSON.stringify({value}); }}, 2000);
    return null;
"""
"""A program whose answer is known only after messages have come."""


@needs_browser
@pytest.mark.parametrize(
    ("theme", "paper"), [("dark", "rgb(20, 25, 31)"), ("light", "rgb(255, 255, 255)")]
)
def test_it_takes_the_theme_of_the_page_around_it(theme: str, paper: str, tmp_path: Path) -> None:
    copy = tmp_path / "try.html"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    shown = LATER.format(value="getComputedStyle(document.body).backgroundColor")
    assert answer(copy, f"postMessage('{theme}', '*'); {shown}") == paper


@needs_browser
@pytest.mark.parametrize("width", [500, 1200])
def test_the_site_shows_it_in_full(width: int, tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "try.html").write_text(PAGE.read_text(encoding="utf-8"))
    text = (DOCS / "try.md").read_text(encoding="utf-8")
    framed = text[text.index("<iframe") : text.index("</script>") + len("</script>")]
    page = tmp_path / "page.html"
    body = f"<body data-theme=dark style='margin: 0'>{framed}</body>"
    page.write_text(f"<html><title></title>{body}</html>")
    height = int(answer(page, LATER.format(value="frame.style.height"), width).removesuffix("px"))
    alone = answer(tmp_path / "_static" / "try.html", "return document.body.offsetHeight;", width)
    assert height == pytest.approx(alone, abs=40)  # a scroll bar may take some of the width
