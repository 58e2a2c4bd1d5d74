"""Figures of every product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from panel_cases import panel_of

from inv_gym import InstanceProducts, LostSales, baselines, draw_products, evaluate, rollout
from inv_gym.products.batch import DRAW_BLOCK, HISTORY
from inv_gym.products.panel import PanelProducts

PROBLEM = LostSales(horizon=6, discount=0.9)
OURS = baselines.policies(PROBLEM, distribution=False)
POLICIES = {name: OURS[name] for name in ("base-stock", "random orders")}
WARM_UP = 2


def test_a_row_per_product_and_policy_equals_a_direct_computation_from_rollouts() -> None:
    number = DRAW_BLOCK + 20
    result = evaluate(
        PROBLEM,
        POLICIES,
        "default",
        number=number,
        seed=4,
        reference="random orders",
        warm_up=WARM_UP,
        per_product=True,
    )
    frame = result.products
    assert frame is not None
    assert len(frame) == 2 * number
    assert frame["product"].tolist() == np.repeat(np.arange(number), 2).tolist()
    products = draw_products(draw_source(), PROBLEM, number, 4)
    weights = 0.9 ** np.arange(6 - WARM_UP)[:, None]
    demand = products.demand[HISTORY + WARM_UP :]
    reward = {}
    for name, policy in POLICIES.items():
        played, rows = rollout(PROBLEM, policy, products), frame[frame["policy"] == name]
        reward[name] = (weights * played.rewards[WARM_UP:]).sum(0) / weights.sum()
        np.testing.assert_allclose(rows["reward"], reward[name], rtol=1e-12)
        np.testing.assert_allclose(rows["demand"], demand.mean(0), rtol=1e-12)
        on_hand = played.flow("on_hand")[WARM_UP:].mean(0)
        np.testing.assert_allclose(rows["on_hand"], on_hand, rtol=1e-12)
        sold = played.flow("sales")[WARM_UP:].sum(0)
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(rows["fill_rate"], sold / demand.sum(0), rtol=1e-12)
    ours = frame[frame["policy"] == "base-stock"]
    difference = reward["base-stock"] - reward["random orders"]
    np.testing.assert_allclose(ours["difference"], difference, rtol=1e-9)
    percent = 100.0 * difference / np.abs(reward["random orders"])
    np.testing.assert_allclose(ours["gap"], percent, rtol=1e-9)
    assert (frame.loc[frame["policy"] == "random orders", "difference"] == 0.0).all()
    assert frame.groupby("policy", observed=True)["reward"].mean().to_dict() == pytest.approx(
        result.frame.set_index("policy")["reward"].to_dict(), rel=1e-12
    )


def draw_source() -> Any:
    from inv_gym import make_source

    return make_source("default")


def test_windows_of_a_table_have_the_names_and_dates_of_the_table(tmp_path: Path) -> None:
    units = np.random.default_rng(0).poisson(4.0, (2, 60))
    source = PanelProducts(panel_of(tmp_path, tea=units[0], rye=units[1]))
    frame = evaluate(
        PROBLEM, POLICIES, source, number=40, reference="base-stock", per_product=True
    ).products
    assert frame is not None
    assert set(frame["series"]) == {"tea", "rye"}
    table = {"tea": units[0], "rye": units[1]}
    for row in frame.itertuples():
        first = (row.start - pd.Timestamp("2015-01-01")).days
        assert first >= 1  # a day is known
        assert row.demand == pytest.approx(table[row.series][first : first + 6].mean())


def test_a_product_without_demand_or_reward_has_no_share() -> None:
    nothing = InstanceProducts("poisson", 1e-9, {"price": 1.0})
    quiet = {"base-stock": OURS["base-stock"]}
    frame = evaluate(PROBLEM, quiet, nothing, number=3, per_product=True).products
    assert frame is not None
    assert frame["fill_rate"].isna().all()
    assert frame["gap"].isna().all()
    assert (frame["difference"] == 0.0).all()


def test_figures_of_products_are_kept_on_demand_alone_and_take_little_memory() -> None:
    assert evaluate(PROBLEM, POLICIES, "poisson", number=9, reference="base-stock").products is None
    frame = evaluate(
        PROBLEM, POLICIES, "poisson", number=5000, reference="base-stock", per_product=True
    ).products
    assert frame is not None
    assert frame.memory_usage(deep=True).sum() < 70 * 2 * 5000


def test_per_product_must_be_true_or_false() -> None:
    with pytest.raises(TypeError, match="per_product"):
        evaluate(PROBLEM, POLICIES, "poisson", reference="base-stock", per_product="yes")  # type: ignore[arg-type]
