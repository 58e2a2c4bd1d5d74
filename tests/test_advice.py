"""Today's orders: who gives them, what they are, and what is not answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from panel_cases import figures_of, long_table, stored, table_with_closing_stock

import inv_gym
from inv_gym.advice.answers import Advice
from inv_gym.advice.choice import choose
from inv_gym.advice.coverage import coverage, periods_to_arrival
from inv_gym.advice.limits import placed, rounded
from inv_gym.advice.past import WINDOWS, PastWindows
from inv_gym.advice.stock import Remarks
from inv_gym.advice.today import Today
from inv_gym.agents import DirectBackprop, NetworkConfig, TrainingConfig
from inv_gym.agents.training.generalists import GENERALIST
from inv_gym.backtest.verdicts import Rewards
from inv_gym.baselines import BaseStock
from inv_gym.baselines.fitting.estimation import estimate
from inv_gym.play.policy import Observation
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.lots import Lots
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import PanelProducts, read_panel

QUICK = {"policy": "base-stock"}


def demand(mean: float, days: int = 120, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, days)


def sales(folder: Path, **series: Any) -> Path:
    return stored(folder, long_table(**series))


def stock(*rows: str, head: str = "series,on_hand,on_order,due") -> pd.DataFrame:
    cells = [row.split(",") for row in rows]
    return pd.DataFrame(cells, columns=head.split(",")).replace("", None)


def advised(folder: Path, rows: pd.DataFrame, series: dict[str, Any], **options: Any) -> Advice:
    return inv_gym.advise(sales(folder, **series), rows, **(QUICK | options))


def by_series(advice: Advice) -> pd.DataFrame:
    return advice.frame.set_index("series")


def test_the_order_is_that_of_the_policy_for_the_history_up_to_the_last_day(
    tmp_path: Path,
) -> None:
    units = demand(8.0)
    advice = advised(tmp_path, stock("a,3,2,2015-05-02"), {"a": units}, lead_time=4)
    row = by_series(advice).loc["a"]

    problem = LostSales(lead_time=4, integer_orders=True)
    source = PanelProducts(read_panel(sales(tmp_path, a=units)))
    figures = figures_of(source)
    economics = problem.Economics(*(figures[name] for name in problem.Economics._fields))
    history = units[-HISTORY:, None].astype(float)
    rule = BaseStock.closed_form(problem, estimate(history), economics)
    state = problem.initial_state(np.array([3.0]))
    state = state._replace(pipeline=(np.array([2.0]), *state.pipeline[1:]))
    seen = Observation(state, history, economics, history.mean(0), None, 0)
    assert row["order"] == rule(seen)[0, 0] > 0.0
    assert (row["on_hand"], row["on_order"], row["policy"]) == (3.0, 2.0, "base-stock")
    assert row["next_arrival"] == "2015-05-02"


def test_what_sold_out_was_wanted_more(tmp_path: Path) -> None:
    """A closing stock of 0 tells that demand may have been larger than sales."""
    table_with_closing_stock(tmp_path)
    told = pd.read_csv(tmp_path / "table.csv")
    untold = stored(tmp_path, told.drop(columns="closing_stock"), ".parquet")
    orders = [
        by_series(inv_gym.advise(path, stock("short,0,,", "ample,0,,"), **QUICK))["order"]
        for path in (tmp_path / "table.csv", untold)
    ]
    assert orders[0]["short"] > orders[1]["short"]
    assert orders[0]["ample"] == orders[1]["ample"]


def test_every_series_is_listed_with_an_order_that_is_a_number(tmp_path: Path) -> None:
    never, late = np.zeros(120), np.r_[np.zeros(115), np.ones(5)]
    rows = stock("a,3,,", "b,-2,,", "never,1,,", "late,1,,", "ghost,1,,", "old,1,4,2015-04-01")
    series = {"a": demand(4.0), "b": demand(4.0), "never": never, "late": late}
    series |= {"old": demand(3.0), "unheld": demand(3.0)}
    advice = advised(tmp_path, rows, series, lead_time=3)
    frame = by_series(advice)
    assert list(frame.index) == ["a", "b", "never", "late", "old", "unheld", "ghost"]
    assert np.isfinite(frame["order"]).all()
    reasons = frame["reason"]
    assert reasons["a"] == ""
    assert reasons["b"] == "not answered: on_hand must be at least 0, got -2"
    assert reasons["never"] == "not answered: it has not a single sale"
    assert "were due on 2015-04-01, but sales are known up to 2015-04-30" in reasons["old"]
    assert reasons["unheld"] == "not answered: the stock file has no row of it"
    assert reasons["ghost"] == "not answered: the table of sales has no row of it"
    unanswered = frame[frame["policy"] == ""]
    assert (unanswered["order"] == 0.0).all()
    assert advice.answered == len(frame) - len(unanswered)
    assert f"{advice.answered} of 7 series are answered" in advice.notes
    assert "not answered, 1 series, the first is 'never': it has not a single sale" in advice.notes


def test_a_series_that_ended_or_was_always_closed_is_not_answered(tmp_path: Path) -> None:
    table = long_table(a=demand(4.0), b=demand(4.0), shut=demand(4.0))
    table["open"] = np.where(table["series"] == "shut", 0, 1)
    table = table[(table["series"] != "b") | (table["date"] < "2015-04-01")]
    advice = inv_gym.advise(stored(tmp_path, table), stock("a,1,,", "b,1,,", "shut,1,,"), **QUICK)
    reasons = by_series(advice)["reason"]
    assert reasons["b"].startswith("not answered: its last row is of 2015-03-31")
    assert reasons["shut"] == "not answered: it was closed on every day from its first sale on"


def test_days_on_which_a_series_was_closed_are_left_out_of_its_history(tmp_path: Path) -> None:
    table = long_table(a=np.r_[demand(9.0), np.zeros(10)])
    table["open"] = np.r_[np.ones(120), np.zeros(10)]
    today = Today(PanelProducts(read_panel(stored(tmp_path, table))), {})
    assert today.history[:, 0].tolist() == list(range(120 - HISTORY, 120))
    products = today.products(LostSales(horizon=1), np.array([0]))
    assert products.demand[:-1, 0].tolist() == demand(9.0)[-HISTORY:].tolist()


@pytest.mark.parametrize("known", [1, 5, HISTORY - 1])
def test_a_new_series_is_answered_from_its_first_sale_on(tmp_path: Path, known: int) -> None:
    units = np.r_[np.zeros(120 - known), 3.0 + np.arange(known) % 2]
    panel = read_panel(sales(tmp_path, new=units, old=demand(5.0)))
    products = Today(PanelProducts(panel), {}).products(LostSales(horizon=1), np.array([0, 1]))
    assert products.known_periods is not None
    assert products.known_periods.tolist() == [known, HISTORY]
    assert np.isnan(products.demand[: HISTORY - known, 0]).all()
    assert products.demand[HISTORY - known : HISTORY, 0].tolist() == units[120 - known :].tolist()
    for lead_time, policy in ((0, "auto"), (4, "auto"), (4, "myopic")):
        options = {"lead_time": lead_time, "policy": policy}
        advice = inv_gym.advise(panel, stock("new,1,,", "old,2,,"), **options)
        assert advice.answered == 2
        assert (advice.frame["order"] > 0.0).all()


def test_costs_that_a_problem_refuses_are_the_reason_of_their_series_alone(tmp_path: Path) -> None:
    rows = stock("a,1,2", "b,1,9", head="series,on_hand,cost")
    table = long_table(a=demand(4.0), b=demand(4.0)).assign(price=5.0)
    advice = inv_gym.advise(stored(tmp_path, table), rows, **QUICK)
    reasons = by_series(advice)["reason"]
    assert reasons["a"] == ""
    assert "price + shortage_cost must exceed unit_cost" in reasons["b"]


def test_prices_of_the_stock_file_take_the_place_of_those_of_the_table(tmp_path: Path) -> None:
    panel = read_panel(sales(tmp_path, a=demand(4.0), b=demand(4.0)))
    source = PanelProducts(panel)
    told = {"price": np.array([10.0, np.nan]), "holding_cost": np.array([0.7, np.nan])}
    figures, before = Today(source, told).figures(np.arange(2)), figures_of(source)
    assert (figures["price"][0], figures["holding_cost"][0]) == (10.0, 0.7)
    ratio = before["unit_cost"][0] / before["price"][0]
    assert figures["unit_cost"][0] == pytest.approx(10.0 * ratio)
    assert all(figures[name][1] == before[name][1] for name in figures)


@pytest.mark.parametrize("lead_time", [0, 1, 7, 30])
def test_any_lead_time_is_answered_without_training(tmp_path: Path, lead_time: int) -> None:
    series = {"a": demand(3.0), "b": demand(20.0, seed=1), "amounts": demand(5.0) + 0.25}
    rows = stock("a,1,,", "b,5,,", "amounts,2.5,,")
    advice = advised(tmp_path, rows, series, lead_time=lead_time, policy="auto")
    frame = by_series(advice)
    assert advice.answered == 3
    assert (frame["order"] > 0.0).all()
    assert frame["fill_rate"].between(0.0, 1.0).all()
    assert (frame.loc[["a", "b"], "order"] % 1.0 == 0.0).all()
    assert frame.loc["amounts", "order"] % 1.0 != 0.0


@pytest.mark.parametrize(("shelf_life", "lead_time"), [(1, 0), (2, 3), (30, 0), (7, 30)])
def test_any_shelf_life_is_answered_without_training(
    tmp_path: Path, shelf_life: int, lead_time: int
) -> None:
    times = {"shelf_life": shelf_life, "lead_time": lead_time}
    advice = advised(
        tmp_path, stock("a,1,,"), {"a": demand(6.0)}, policy="naive base-stock", **times
    )
    assert by_series(advice)["order"]["a"] > 0.0


def test_two_channels_and_removal_have_a_column_each(tmp_path: Path) -> None:
    series = {"a": demand(6.0)}
    env = {"env_or_problem": "InvDualSourcing-v0", "policy": "regular source only"}
    row = by_series(advised(tmp_path, stock("a,-5,,"), series, **env)).loc["a"]
    assert row["order"] == row["regular"] + row["expedited"] > 0.0
    env = {"env_or_problem": "InvProcurementRemoval-v0", "policy": "remove to order level"}
    row = by_series(advised(tmp_path, stock("a,500,,"), series, **env)).loc["a"]
    assert row["order"] == 0.0
    assert 0.0 < row["removal"] <= 500.0


def test_lead_times_of_series_are_their_own(tmp_path: Path) -> None:
    rows = stock("a,0,1", "b,0,6", "c,0,", head="series,on_hand,lead_time")
    series = {name: demand(6.0) for name in "abc"}
    frame = by_series(advised(tmp_path, rows, series, lead_time=3))
    assert frame["next_arrival"].tolist() == ["2015-05-02", "2015-05-07", "2015-05-04"]


def test_orders_come_in_multiples_and_not_below_the_minimum(tmp_path: Path) -> None:
    rows = stock("a,0,6,", "b,0,,500", head="series,on_hand,order_multiple,minimum_order")
    frame = by_series(advised(tmp_path, rows, {name: demand(6.0) for name in "ab"}))
    assert frame["order"]["a"] % 6.0 == 0.0
    assert frame["order"]["b"] == 500.0
    assert "to what can be ordered, 500" in frame["reason"]["b"]


def test_an_order_that_is_capped_rounded_or_raised_has_a_reason() -> None:
    remarks = Remarks()
    problem = LostSales(order_cap=20.0, integer_orders=True)
    wanted = (np.array([14.0, 0.0, 30.0, 0.3, 7.0]),)
    lots = Lots(np.array([6.0, 6.0, 0.0, 0.0, 7.0]), np.zeros(5))
    accepted = problem.in_lots(problem.admissible(wanted), lots)
    (order,) = placed(problem, wanted, accepted, remarks)
    assert order.tolist() == [18.0, 0.0, 20.0, 0.0, 7.0]
    assert remarks.of(0) == "raised from 14 to what can be ordered, 18"
    assert remarks.of(2) == "capped at 20, 30 were wanted"
    assert "rounded to 0" in remarks.of(3)
    assert set(remarks.texts) == {0, 2, 3}


def test_the_last_price_counts_where_prices_change(tmp_path: Path) -> None:
    table = long_table(a=demand(4.0), b=demand(4.0))
    table["price"] = np.r_[np.full(119, 5.0), 8.0, np.full(120, 5.0)]
    today = Today(PanelProducts(read_panel(stored(tmp_path, table))), {})
    assert today.figures(np.arange(2))["price"].tolist() == [8.0, 5.0]


def test_an_order_of_nothing_has_a_reason(tmp_path: Path) -> None:
    advice = advised(tmp_path, stock("a,400,,"), {"a": demand(6.0)})
    row = by_series(advice).loc["a"]
    assert (row["order"], row["stockout_probability"], row["fill_rate"]) == (0.0, 0.0, 1.0)
    assert row["reason"] == "400 on hand and 0 on order are enough for base-stock"


def test_orders_are_rounded_to_nine_digits() -> None:
    given = np.array([0.0, 1 / 3, 123456.789012345, 2e-13])
    np.testing.assert_allclose(rounded(given), [0.0, 0.333333333, 123456.789, 2e-13], rtol=1e-15)
    assert rounded(np.array([0.1 + 0.2])) == rounded(np.array([0.3]))


def test_the_next_arrival_is_the_first_after_today() -> None:
    problem = LostSales(lead_time=3)
    zeros, two = np.zeros(4), np.array([0.0, 2.0, 0.0, 0.0])
    state = problem.initial_state(zeros)._replace(pipeline=(zeros, two))
    order = (np.array([0.0, 5.0, 5.0, 0.0]),)
    assert periods_to_arrival(problem, state, order).tolist() == [4, 2, 3, 4]
    assert periods_to_arrival(LostSales(), LostSales().initial_state(zeros), order).max() == 1
    dual = DualSourcing(regular_lead_time=5, expedited_lead_time=2)
    both = (np.array([3.0, 3.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    start = dual.initial_state(np.zeros(3))
    assert periods_to_arrival(dual, start, both).tolist() == [3, 2, 3]


@pytest.mark.parametrize("problem", [LostSales(), LostSales(lead_time=2), ProcurementRemoval()])
def test_shortage_until_the_next_arrival_is_that_of_the_estimated_demand(problem: Any) -> None:
    products = inv_gym.draw_products(inv_gym.make_source("poisson"), problem, 20)
    level = np.ceil(products.scale * (1 + max(problem.lead_times)))
    order = tuple(np.zeros((problem.order_dim, 20)))
    reach = coverage(problem, products._replace(initial_state=problem.initial_state(level)), order)
    law = estimate(products.demand[:HISTORY])
    # the chance that demand exceeds the stock: between neighbouring quantiles
    periods = 1 + max(problem.lead_times)
    assert set(reach.periods) == {periods}
    for shift, ends in ((0.02, np.less_equal), (-0.02, np.greater_equal)):
        chance = np.clip(1.0 - reach.stockout_probability + shift, 1e-6, 1.0 - 1e-6)
        quantile = law.quantile(chance, periods)
        assert ends(level, quantile).all()
    assert ((reach.fill_rate > 0.5) & (reach.fill_rate <= 1.0)).all()


def test_what_outdates_before_the_next_arrival_is_no_stock() -> None:
    problem = Perishable(shelf_life=3, lead_time=3)
    products = inv_gym.draw_products(inv_gym.make_source("poisson"), problem, 5)
    old, none = problem.initial_state(products.scale * 0.0), np.zeros(5)
    plenty = products.scale * 50.0
    order = (plenty,)
    fresh = old._replace(stock=(none, none, plenty))
    aged = old._replace(stock=(plenty, none, none))
    kept, lost = (
        coverage(problem, products._replace(initial_state=x), order) for x in (fresh, aged)
    )
    assert kept.stockout_probability.max() == 0.0
    assert lost.stockout_probability.min() > 0.9


def rewards(*windows: list[list[float]]) -> Rewards:
    """Windows of series, each with what every policy earned."""
    code = np.repeat(np.arange(len(windows)), [len(x) for x in windows])
    names = tuple(f"policy {k}" for k in range(len(windows[0][0])))
    series = tuple(f"series {k}" for k in range(len(windows)))
    return Rewards(names, series, code, np.concatenate([np.array(x, float) for x in windows]))


def test_another_policy_is_taken_where_it_is_better_by_more_than_the_error() -> None:
    sure = [[10.0, 12.0, 11.0], [10.0, 12.1, 11.0], [10.0, 11.9, 11.0]]
    noisy = [[10.0, 20.0, 9.0], [10.0, 4.0, 9.0], [10.0, 7.0, 9.0]]
    alone = [[10.0, 20.0, 30.0]]
    swinging = [[0.0, 0.5, 0.0], [20.0, 20.5, 20.0], [40.0, 40.5, 40.0]]
    level = [[10.0, 10.0 + 1e-9, 10.0]] * 3
    choice = choose(rewards(sure, noisy, alone, swinging, level))
    assert choice.policy.tolist() == [1, 0, 0, 0, 0]
    assert choice.gain.tolist() == [2.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("days", [120, 50])
def test_windows_of_the_past_end_with_the_table_whatever_came_before(
    tmp_path: Path, days: int
) -> None:
    problem = LostSales(horizon=11)
    table = long_table(a=1 + demand(5.0, days))
    longer = pd.concat([table, long_table("2014-01-01", b=demand(5.0, 365 + days))])
    starts = []
    for frame in (table, longer):
        today = Today(PanelProducts(read_panel(stored(tmp_path, frame))), {})
        past = PastWindows.of(today, problem, np.array([0]))
        assert past is not None
        products = past.listed(np.random.default_rng(0), slice(0, len(past)), problem)
        starts.append(today.panel.dates[past.windows[:, 1]].astype(str).tolist())
        assert past.number.tolist() == list(range(len(past)))[::-1]
        np.testing.assert_allclose(products.initial_state.on_hand, products.scale)
    assert starts[0] == starts[1]
    assert len(starts[0]) == min(WINDOWS, (days - 1) // 11)
    assert np.datetime64(starts[0][-1]) == np.datetime64("2015-01-01") + days - 11


@pytest.mark.parametrize("env", ["InvLostSales-v0", "InvProcurementRemoval-v0"])
def test_other_series_change_no_order(tmp_path: Path, env: str) -> None:
    few = {"b": demand(0.4, seed=1), "c": demand(9.0, seed=2) + 0.125}
    many = {f"x{k}": demand(k + 0.5, seed=k) for k in range(7)} | few
    both = []
    for series in (few, many):
        rows = stock(*(f"{name},2,," for name in series))
        advice = advised(tmp_path, rows, series, env_or_problem=env, policy="auto")
        both.append(by_series(advice).loc[["b", "c"]])
    pd.testing.assert_frame_equal(*both)


def test_the_same_files_give_the_same_orders(tmp_path: Path) -> None:
    series = {name: demand(3.0, seed=k) for k, name in enumerate("abc")}
    rows = stock("a,1,,", "b,2,,", "c,3,,")
    first, again = (advised(tmp_path, rows, series, policy="auto", lead_time=2) for _ in range(2))
    pd.testing.assert_frame_equal(first.frame, again.frame)
    assert first.notes == again.notes


def test_of_several_policies_each_series_has_one(tmp_path: Path) -> None:
    series = {"a": demand(5.0), "b": demand(5.0, seed=3)}
    options = {"lead_time": 3, "policy": ["constant order", "vector base-stock"]}
    frame = by_series(advised(tmp_path, stock("a,0,,", "b,0,,"), series, **options))
    assert set(frame["policy"]) <= {"constant order", "vector base-stock"}
    with pytest.raises(ValueError, match=r"unknown policy 'bse-stock'.*Did you mean 'base-stock'"):
        advised(tmp_path, stock("a,0,,"), series, policy="bse-stock")


def test_the_generalist_does_not_order_where_prices_and_costs_are_far_from_what_it_learned(
    tmp_path: Path,
) -> None:
    head = "series,on_hand,price,cost,holding_cost,shortage_cost"
    rows = stock(
        "usual,0,5,3,0.01,1", "dear to hold,0,5,3,6,1", "costs alone,0,0.01,0.01,1,9", head=head
    )
    names = ("usual", "dear to hold", "costs alone")
    series = dict.fromkeys(names, demand(5.0, days=14))  # too few to compare policies
    frame = by_series(advised(tmp_path, rows, series, policy="auto", lead_time=2))
    assert frame["policy"]["usual"] == GENERALIST
    for name in names[1:]:
        assert frame["policy"][name] == "vector base-stock"
        assert "did not learn from such prices and costs" in frame["reason"][name]
    assert (frame["order"] > 0.0).all()


def trained(folder: Path, problem: LostSales, **products: Any) -> str:
    config = TrainingConfig(steps=1, batch=8, network=NetworkConfig(channels=4, hidden=(8,)))
    task = inv_gym.Task(problem, products.get("source", "poisson"))
    DirectBackprop(task, None, config).fit().save(folder / "run")
    return str(folder / "run")


def test_a_trained_network_orders_for_the_lead_time_that_it_serves(tmp_path: Path) -> None:
    run = trained(tmp_path, LostSales(lead_time=2, horizon=5))
    series, rows = (
        {"a": demand(5.0), "b": demand(5.0)},
        stock("a,1,2", "b,1,9", head="series,on_hand,lead_time"),
    )
    frame = by_series(advised(tmp_path, rows, series, policy=run))
    assert frame["policy"].tolist() == [run, ""]
    assert "not answered: policy" in frame["reason"]["b"]
    assert "lead_time" in frame["reason"]["b"]


def test_a_network_that_was_trained_on_the_table_sees_its_calendar(tmp_path: Path) -> None:
    table = long_table(a=demand(5.0, 200), b=demand(7.0, 200)).assign(promotion=0)
    path = stored(tmp_path, table)
    source = PanelProducts(read_panel(path))
    run = trained(tmp_path, LostSales(horizon=5), source=source)
    advice = inv_gym.advise(path, stock("a,1,,", "b,1,,"), policy=run)
    assert advice.answered == 2
    assert "promotions of today are not known, and taken to be none" in advice.notes


def test_the_stock_file_tells_promotions_of_today(tmp_path: Path) -> None:
    """They are relative to the largest one of the series so far, or to themselves."""
    table = long_table(**{name: demand(5.0, 200) + 0.25 for name in "abcd"})
    path = stored(tmp_path, table.assign(promotion=np.arange(len(table)) % 5))
    panel = read_panel(path)
    told = np.array([2.0, 8.0, np.nan, 0.0])
    products = Today(PanelProducts(panel), {}, told).products(LostSales(horizon=1), np.arange(4))
    assert products.covariates is not None
    np.testing.assert_allclose(products.covariates[-1, :, -1], [0.5, 1.0, 0.0, 0.0])

    run = trained(tmp_path, LostSales(horizon=5), source=PanelProducts(panel))
    rows = {"series": list("abcd"), "on_hand": [1.0] * 4, "onpromotion": ["2", "true", "", "0"]}
    advice = inv_gym.advise(panel, pd.DataFrame(rows), policy=run)
    assert "promotion of 3 series is that of the stock file" in advice.notes
    assert "promotions of today of 1 series are not known, and taken to be none" in advice.notes
    untold = inv_gym.advise(panel, pd.DataFrame(rows).drop(columns="onpromotion"), policy=run)
    orders, without = advice.frame["order"], untold.frame["order"]
    assert (orders[:2] != without[:2]).all() and (orders[2:] == without[2:]).all()


def test_a_promotion_of_today_that_cannot_be_used_is_told_or_refused(tmp_path: Path) -> None:
    panel = read_panel(stored(tmp_path, long_table(a=demand(5.0, 200))))
    rows = pd.DataFrame({"series": ["a"], "on_hand": [1.0], "promotion": [1.0]})
    advice = inv_gym.advise(panel, rows, policy="base-stock")
    unused = "promotion of the stock file is not used: the table of sales has no promotions"
    assert unused in advice.notes
    with pytest.raises(ValueError, match="promotion must be at least 0, got -1"):
        inv_gym.advise(panel, rows.assign(promotion=-1.0), policy="base-stock")
    with pytest.raises(ValueError, match="promotion must be a finite number, got soon"):
        inv_gym.advise(panel, rows.assign(promotion="soon"), policy="base-stock")


def test_a_policy_of_the_users_orders_and_may_fail(tmp_path: Path) -> None:
    class Always:
        knows = "nothing"

        def __call__(self, observation: Observation) -> np.ndarray:
            return np.full((len(observation.scale), 1), 7.0)

    def wrong(problem: Any) -> Any:
        class Wrong(Always):
            def __call__(self, observation: Observation) -> np.ndarray:
                raise RuntimeError("no idea")

        return Wrong()

    series, rows = {"a": demand(5.0)}, stock("a,1,,")
    assert advised(tmp_path, rows, series, policy={"mine": lambda problem: Always()}).frame[
        "order"
    ].tolist() == [7.0]
    with pytest.raises(ValueError, match=r"policy wrong failed: RuntimeError: no idea"):
        advised(tmp_path, rows, series, policy={"wrong": wrong})


def test_weeks_and_months_are_ordered_for_as_they_are(tmp_path: Path) -> None:
    units = demand(5.0, 60)
    for days, arrival in (
        (pd.date_range("2020-01-06", periods=60, freq="7D"), "2021-03-08"),
        (pd.date_range("2020-01-31", periods=60, freq="ME"), "2025-02-28"),
    ):
        table = pd.DataFrame({"series": "a", "date": days, "units": units})
        advice = inv_gym.advise(stored(tmp_path, table), stock("a,1,,"), lead_time=1, **QUICK)
        assert by_series(advice)["next_arrival"]["a"] == arrival


def test_what_is_done_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    series, rows = {"a": demand(5.0), "b": demand(5.0) + 0.5}, stock("a,1,,", "b,1,,")
    options = {"policy": "auto", "lead_time": 2, "progress": lambda *what: told.append(what)}
    advised(tmp_path, rows, series, **options)
    compared = {GENERALIST, "vector base-stock", "base-stock"}
    assert {name for name, _, _ in told} == {*compared, "orders"}
    assert [what for what in told if what[0] == "orders"] == [("orders", 1, 1)] * 2


def test_unknown_options_and_bad_values_are_refused(tmp_path: Path) -> None:
    path, rows = sales(tmp_path, a=demand(5.0)), stock("a,1,,")
    with pytest.raises(ValueError, match=r"unknown option of the table 'mising'"):
        inv_gym.advise(path, rows, mising="zero")
    with pytest.raises(ValueError, match=r"lead_time must be at least 0, got -1"):
        inv_gym.advise(path, rows, lead_time=-1)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'shelf_life'"):
        inv_gym.advise(path, rows, "InvLostSales-v0", shelf_life=3)


@pytest.mark.parametrize("name", ["orders.csv", "orders.xlsx"])
def test_orders_are_written_as_text_and_excel(tmp_path: Path, name: str) -> None:
    advice = advised(tmp_path, stock("a,1,,", "b,1,,"), {"a": demand(5.0)})
    path = advice.write(tmp_path / name, separator=";", decimal=",")
    read = pd.read_excel(path) if name.endswith("xlsx") else pd.read_csv(path, sep=";", decimal=",")
    assert read["series"].tolist() == ["a", "b"]
    assert read["order"].tolist() == advice.frame["order"].tolist()
    assert read["stockout_probability"][0] == pytest.approx(advice.frame["stockout_probability"][0])
