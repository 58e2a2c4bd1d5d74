"""Measurements of generalists on tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from experiments.results import Results
from experiments.zero_shot import (
    CAMPAIGN,
    auto,
    gaps,
    measure,
    page,
    plan,
    policies,
    slow_movers,
)
from inv_gym.agents.training.config import TrainingConfig

SALES = Path(__file__).parents[2] / "examples" / "shop" / "sales.csv"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that names one small table."""
    listing = tmp_path / "tables.json"
    listing.write_text(json.dumps({"shop": {"file": str(SALES), "horizon": 8}}))
    monkeypatch.setattr(measure, "TABLE_WINDOWS", 60)
    return listing


def made_up(rule: float, network: float, series: int = 10) -> gaps.Measured:
    """40 windows whose rule and network earn these amounts, but for a little chance."""
    chance = np.random.default_rng(0).normal(0.0, 0.01, (2, 40))
    return gaps.Measured(
        np.arange(40) % series,
        np.full(40, 0.5),
        np.repeat([0.05, 20.0], 20),
        {"low": np.full(40, rule - 1.0), "high": rule + chance[0]},
        {"network": network + chance[1]},
    )


def test_without_tables_made_up_products_alone_are_measured() -> None:
    assert {part.arguments[0] for part in CAMPAIGN.plan()} == {plan.MADE_UP}


def test_generalists_are_compared_on_made_up_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "MADE_UP_PRODUCTS", 50)
    results, name = Results(tmp_path), "InvProcurementRemoval-v0"
    for part in (plan.PLAYED, plan.REMEMBERED):
        assert name not in page.made_up(results)  # a row is complete, or there is none
        CAMPAIGN.measure(tmp_path, plan.MADE_UP, name, None, part)
    (row,) = [line for line in page.made_up(results).splitlines() if name in line]
    as_it_comes, remembered = row.split("|")[2:-1]
    assert "±" in as_it_comes
    assert "±" in remembered
    assert as_it_comes != remembered


def test_slow_movers_are_measured_by_what_is_known_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "SLOW_PRODUCTS", 600)
    shown = {}
    for case in ("Poisson, 32", "Poisson, 397"):
        (part,) = (part for part in CAMPAIGN.plan() if part.name == f"made-up, {case}, played")
        CAMPAIGN.measure(tmp_path, *part.arguments)
        assert part.is_done(tmp_path)
        page_rows = slow_movers.slow_movers(Results(tmp_path)).splitlines()
        (shown[case],) = (row for row in page_rows if f"| {case} |" in row)
    gaps_shown = {case: re.findall(r"\(?([-+][\d.]+) ±", row) for case, row in shown.items()}
    assert all(len(cells) == len(slow_movers.MEAN_CLASSES) for cells in gaps_shown.values())
    # the generalist remembers a year, base-stock does not
    assert float(gaps_shown["Poisson, 397"][2]) > float(gaps_shown["Poisson, 32"][2])


def short_fine_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of two steps."""

    def fine_tuning(seed: int) -> TrainingConfig:
        return TrainingConfig(
            steps=2, batch=8, check_every=1, validation_products=8, learning_rate=1e-4, seed=seed
        )

    monkeypatch.setattr(policies, "fine_tuning", fine_tuning)


def test_a_generalist_is_fitted_to_the_past_of_a_table_and_to_products_like_it(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_fine_tuning(monkeypatch)
    folder = shop.parent / "results"
    parts = (plan.PLAYED, plan.FITTED, plan.FITTED_LIKE, plan.FITTED_AUGMENTED)
    names = [f"shop, no lead time, {part}" for part in parts]
    for part in CAMPAIGN.plan(data=shop):
        if part.name in names:
            CAMPAIGN.measure(folder, *part.arguments)
    results = Results(folder)
    fitted = results.arrays("shop/no lead time/fitted.npz")
    like = results.arrays("shop/no lead time/like.npz")
    both = results.arrays("shop/no lead time/augmented.npz")
    assert fitted.keys() == like.keys() == both.keys() == {"seed 0", "seed 1"}
    text = page.fitted(results)
    assert "| no lead time | its past alone | " in text
    assert "| no lead time | products like it alone | " in text
    assert "| no lead time | its past, and products like it | " in text


def test_a_problem_on_a_table_is_measured_and_shown(shop: Path) -> None:
    parts = [part for part in CAMPAIGN.plan(data=shop) if part.arguments[0] == "shop"]
    names = [part.name for part in parts]
    played = [f"shop, {case}, played" for case in plan.CASES]
    fitted = [f"shop, {case}, fine-tuned" for case in plan.COMPARED_CASES]
    chosen = [f"shop, {case}, auto" for case in plan.MAIN_CASES]
    like = [f"shop, {case}, like" for case in plan.COMPARED_CASES]
    augmented = [f"shop, {case}, augmented" for case in plan.MAIN_CASES]
    assert names == played + fitted + chosen + like + augmented
    folder = shop.parent / "results"
    CAMPAIGN.measure(folder, *parts[0].arguments)
    part = gaps.read(Results(folder), "shop", "no lead time")
    assert part is not None
    assert part.mean.shape == part.rules["base-stock"].shape == (60,)
    assert {page.GENERALIST, page.NARROW} <= part.networks.keys()
    text, picture = CAMPAIGN.publish(folder, shop.parent / "docs")
    assert picture.stat().st_size > 1000
    expected = part.gap(page.GENERALIST, "base-stock").text
    assert f"| no lead time | {expected} |" in text.read_text()


@pytest.mark.parametrize("text", ["", "[]", '{"shop": {}}', '{"shop": 3}'])
def test_a_file_that_names_no_tables_is_refused(tmp_path: Path, text: str) -> None:
    listing = tmp_path / "tables.json"
    listing.write_text(text)
    with pytest.raises(ValueError, match=r"tables.json must be a JSON file such as"):
        CAMPAIGN.plan(data=listing)


def test_a_gap_is_that_of_the_products_alike_with_series_as_clusters() -> None:
    part = made_up(2.0, 2.1)
    assert part.best_rule == "high"
    gap = part.gap("network", "high")
    assert gap.percent.mean == pytest.approx(5.0, abs=0.5)
    assert gap.difference.mean == pytest.approx(5.0, abs=0.5)  # half of .1 is 5 % of the money
    few = made_up(2.0, 2.1, series=2).gap("network", "high")
    assert few.percent.high - few.percent.mean > gap.percent.high - gap.percent.mean


def test_a_reward_of_about_nothing_gives_the_difference_in_brackets() -> None:
    gap = made_up(0.0, 0.1).gap("network", "high")
    assert np.isnan(gap.percent.mean)
    assert gap.text == f"({gap.difference.mean:+.2f} ± {_half(gap.difference):.2f})"
    assert made_up(2.0, 2.1, series=1).gap("network", "high").text.endswith(" one series")


def _half(interval: gaps.Interval) -> float:
    return interval.high - interval.mean


def test_classes_are_by_mean_demand_and_small_ones_have_no_figure() -> None:
    part = made_up(2.0, 2.1)
    slow = part.within(0.0, 0.1)
    assert slow is not None
    assert len(slow.mean) == 20
    assert part.within(0.1, 1.0) is None


def test_windows_of_several_tables_are_other_series() -> None:
    part = made_up(2.0, 2.1)
    both = gaps.joined([part, part], "network", ["high", "low"])
    assert len(np.unique(both.series)) == 20
    np.testing.assert_array_equal(both.rules["rule"][40:], part.rules["low"])


def test_the_choice_of_auto_is_judged_on_windows_after_those_of_the_choice(shop: Path) -> None:
    (part,) = (part for part in CAMPAIGN.plan(data=shop) if part.name == "shop, no lead time, auto")
    folder = shop.parent / "results"
    CAMPAIGN.measure(folder, *part.arguments)
    measured = Results(folder).arrays("shop/no lead time/auto.npz")
    assert len(measured["base-stock"]) == len(measured["code"]) > 0
    assert "| no lead time | the rule of auto | " in page.chosen(Results(folder))


def test_who_earned_most_before_is_chosen_and_earns_what_he_earns_after() -> None:
    windows = np.arange(auto.WINDOWS + auto.LATER_WINDOWS)
    before = windows < auto.WINDOWS
    lucky = np.where(before, 3.0 + windows % 2, 0.0)
    measured = {
        auto.CODE: np.zeros(len(windows), int),
        auto.WEIGHT: np.ones(len(windows)),
        "first": np.full(len(windows), 2.0),
        "lucky": lucky,
        "worse": np.full(len(windows), 1.0),
    }
    gains = auto.worth(measured)
    assert gains["the policy that earned most"] == gains["the rule of auto"] == -100.0
    assert (gains["always lucky"], gains["always worse"]) == (-100.0, -50.0)


def test_the_readme_says_what_the_page_shows() -> None:
    root = SALES.parents[2]
    text = (root / "docs" / "zero-shot.md").read_text()
    shown = text.split("## The generalists")[1].split("##")[0]
    pairs = [tuple(map(int, pair)) for pair in re.findall(r"\| (\d+) of (\d+) \|", shown)]
    above, played = np.sum(pairs, 0)
    readme = " ".join((root / "README.md").read_text().split())
    cells = re.findall(r"([-+][\d.]+) ± ([\d.]+)", shown)
    sure = sum(float(mean) > float(half) for mean, half in cells)
    assert len(cells) == played
    claim = f"on {above} of {played} pairs of table and problem, {sure} of them by more than"
    assert claim in readme


def test_the_page_says_where_slow_movers_are_served_worse_than_by_base_stock() -> None:
    text = (SALES.parents[2] / "docs" / "zero-shot.md").read_text()
    shown = text.split("## Slow movers that are hardly known")[1].split("##")[0]
    rows = {}
    for line in shown.splitlines():
        if figures := re.findall(r"([-+][\d.]+) ± ([\d.]+)", line):
            rows[line.split("|")[1].strip()] = [tuple(map(float, pair)) for pair in figures]
    assert rows.keys() == plan.SLOW_MOVERS.keys()
    for periods in (3, 8):
        hardly_known = [*rows[f"Poisson, {periods}"], *rows[f"negative binomial, {periods}"]]
        assert sum(mean < 0.0 for mean, _ in hardly_known) > len(hardly_known) / 2
    assert all(mean < 0.0 for mean, _ in rows["Poisson, 32"][1:])  # .1 units and more
    assert all(mean > -0.3 for mean, _ in rows["Poisson, 52"])
    assert all(mean > 0.0 for mean, _ in rows["Poisson, 397"])
    for periods in (32, 52, 132, 397):
        assert all(mean > -half for mean, half in rows[f"negative binomial, {periods}"])


def test_the_readme_says_what_fitting_to_a_table_is_worth() -> None:
    root = SALES.parents[2]
    text = (root / "docs" / "zero-shot.md").read_text()
    shown = text.split("## Fitted to the table")[1].split("##")[0]
    rows = [line for line in shown.splitlines() if page.TRAINED_ON[plan.FITTED_AUGMENTED] in line]
    assert len(rows) == len(plan.MAIN_CASES)
    cells = re.findall(r"([-+][\d.]+) ± ([\d.]+)", " ".join(rows))
    means = [float(mean) for mean, _ in cells]
    above, less = sum(mean > 0.0 for mean in means), sum(mean < 0.0 for mean in means)
    sure = sum(float(mean) > float(half) for mean, half in cells)
    surely_less = sum(float(mean) < -float(half) for mean, half in cells)
    readme = " ".join((root / "README.md").read_text().split())
    claim = f"more still on {above} of {len(cells)} pairs, {sure} by more than the interval, and on"
    assert f"{claim} {less} less, {surely_less or 'none'} beyond it." in readme
