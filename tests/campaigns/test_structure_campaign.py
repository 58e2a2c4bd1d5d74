"""The measurements of what structure brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from PIL import Image

from experiments.results import Results
from experiments.structure import CAMPAIGN, measure, page, plan
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.play.statistics import paired_gap
from inv_gym.products.batch import HISTORY
from inv_gym.util.arrays import flatten


def test_a_gap_is_paired_and_its_interval_covers_seeds_and_products() -> None:
    other = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]])
    assert paired_gap(other + 0.1, other, 2.0) == (pytest.approx(5.0), pytest.approx(0.0))
    # %; seeds' means 2 and 3, products' 1.5, 2.5 and 3.5
    gaps = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]])
    middle, half = paired_gap(other + gaps / 100.0, other, 1.0)
    assert middle == pytest.approx(2.5)
    variances = 0.5 / 2, 1.0 / 3  # with 1 and 2 degrees of freedom: 2.881 for both together
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / 1 + variances[1] ** 2 / 2)
    assert freedom == pytest.approx(2.882, abs=1e-3)
    assert half == pytest.approx(3.2600 * np.sqrt(sum(variances)), rel=2e-3)
    one_seed = paired_gap(other[:1] + gaps[:1] / 100.0, other[:1], 1.0)[1]
    assert one_seed == pytest.approx(4.302653 * 1.0 / np.sqrt(3.0), rel=1e-5)


def test_tests_multiply_the_mean_when_they_say_so() -> None:
    setting = plan.ENV_SETTINGS[0]
    base, *others = (test.products(setting, 2000, 9) for test in plan.UNSEEN_TESTS)
    products = {t.name: p for t, p in zip(plan.UNSEEN_TESTS[1:], others, strict=True)}

    def factor(name: str, periods: slice) -> float:
        return float(products[name].demand[periods].mean() / base.demand[periods].mean())

    before, first = slice(0, plan.SHOCK_BEGIN), slice(plan.SHOCK_BEGIN, plan.SHOCK_BEGIN + 5)
    after, end = slice(plan.SHOCK_BEGIN + 5, None), slice(-10, None)
    assert factor("× 3.0 for 5 periods", before) == pytest.approx(1.0, abs=0.05)
    assert factor("× 3.0 for 5 periods", first) == pytest.approx(3.0, abs=0.15)
    assert factor("× 3.0 for 5 periods", after) == pytest.approx(1.0, abs=0.05)
    assert factor("× 0.3 from then on", end) == pytest.approx(0.3, abs=0.03)
    assert factor("growth of 2 % per period", end) > 3.0
    assert plan.SHOCK_BEGIN == HISTORY + 15


def test_starts_fill_the_columns_that_they_name() -> None:
    setting = plan.ENV_SETTINGS[0]
    starts = [test for test in plan.UNSEEN_TESTS if test.group == "start"]
    tests = {test.name: test.products(setting, 20, 9) for test in starts}
    scale = tests["20 periods' demand on hand"].scale
    on_hand, *pipeline = flatten(tests["20 periods' demand on hand"].initial_state)
    assert np.array_equal(on_hand, np.rint(20.0 * scale))
    assert not np.any(pipeline)
    every = flatten(tests["5 periods' demand in every column"].initial_state)
    assert len(every) == 5
    assert all(np.array_equal(column, np.rint(5.0 * scale)) for column in every)


@pytest.fixture
def tiny_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measurements with trainings of five steps and few test products."""
    usual = plan.Setting.config

    def config(setting: plan.Setting, kind: str, seed: int) -> TrainingConfig:
        changed = replace(usual(setting, kind, seed), steps=5, check_every=5, batch=8, warm_up=0)
        return replace(changed, validation_products=8)

    monkeypatch.setattr(plan.Setting, "config", config)
    monkeypatch.setattr(measure, "TESTED_PRODUCTS", 16)


@pytest.mark.usefixtures("tiny_trainings")
def test_a_measurement_ends_in_a_page_and_is_not_repeated(tmp_path: Path) -> None:
    setting = plan.ENV_SETTINGS[0]
    measurements = [m for m in CAMPAIGN.plan(seeds=2) if m.name == setting.name]
    assert [m.part for m in measurements][:2] == ["direct-backprop, seed 0", "penalised, seed 0"]
    assert len(measurements) == 2 * len(page.ALL_KINDS)
    for measurement in measurements:
        assert not measurement.is_done(tmp_path)
        CAMPAIGN.measure(tmp_path, *measurement.arguments)
        assert measurement.is_done(tmp_path)
    written = CAMPAIGN.publish(tmp_path, tmp_path / "docs")
    assert [path.name for path in written] == ["structure.md", "structure-tests.png"]
    with Image.open(written[1]) as picture:
        assert picture.width < 860
    text = written[0].read_text()
    assert "LostSalesLeadTime-v0" in text
    assert "× 3.0 for 10 periods" in text
    assert "InvPerishable-v0" in text.split("Not measured yet")[1]
    assert not any(f"{{{name}}}" in text for name in page.STRUCTURE_TABLES)


@pytest.mark.usefixtures("tiny_trainings")
def test_one_network_for_many_lead_times_is_tested_on_longer_ones(tmp_path: Path) -> None:
    for kind in page.ALL_KINDS:
        measure.measure(tmp_path, plan.LEAD_TIMES_SETTING.name, kind, 0)
    text = page.lead_times(Results(tmp_path))
    assert text.count("not trained on") == len(plan.FAR_LEAD_TIMES)
