"""The distribution that a history suggests."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inv_gym.baselines.fitting.estimation import estimate
from inv_gym.demand.families import FAMILIES
from inv_gym.products.batch import HISTORY


def test_an_estimate_recovers_the_moments_of_the_history():
    rng = np.random.default_rng(0)
    history = np.stack(
        [
            rng.negative_binomial(2, 0.3, HISTORY).astype(float),
            rng.gamma(2.0, 3.0, HISTORY),
            np.tile(
                [3.0, 4.0], HISTORY // 2
            ),  # whole, with less variance than a Poisson distribution
            np.full(HISTORY, 2.5),  # amounts without variance
        ],
        1,
    )
    distribution = estimate(history)
    mean, variance = history.mean(0), history.var(0, ddof=1)
    assert [type(distribution.families[k]).__name__ for k in distribution.family_index] == [
        "NegativeBinomial",
        "Gamma",
        "Poisson",
        "Gamma",
    ]
    np.testing.assert_allclose(distribution.mean[0], mean, rtol=1e-14)
    assert distribution.stationary
    assert mean[0] + distribution.dispersion[0] * mean[0] ** 2 == pytest.approx(
        variance[0], rel=1e-12
    )
    assert distribution.dispersion[1] * mean[1] ** 2 == pytest.approx(variance[1], rel=1e-12)
    assert distribution.dispersion[2] == 0.0
    assert distribution.dispersion[3] == 1e-6
    assert distribution.quantile(np.array(0.99))[3] == pytest.approx(2.5, rel=3e-3)


def test_an_estimate_of_a_long_history_finds_the_distribution():
    rng = np.random.default_rng(1)
    size = 100_000
    mean, dispersion = np.array([0.5, 8.0]), np.array([1.5, 0.3])
    history = FAMILIES["negative_binomial"].sample(
        rng, np.broadcast_to(mean, (size, 2)), dispersion
    )
    distribution = estimate(history)
    variance = mean + dispersion * mean**2
    assert (np.abs(distribution.mean[0] - mean) < 4.0 * np.sqrt(variance / size)).all()
    np.testing.assert_allclose(
        distribution.dispersion, dispersion, rtol=0.05
    )  # 4 standard errors of the first are .048
    assert distribution.family_index.tolist() == [1, 1]


def test_an_estimate_of_a_history_without_sales_is_half_a_unit_in_as_many_periods():
    distribution = estimate(np.zeros((HISTORY, 1)))
    assert distribution.mean.tolist() == [[0.5 / HISTORY]]
    assert distribution.families[distribution.family_index[0]] is FAMILIES["poisson"]
    assert distribution.quantile(np.array([0.9])).tolist() == [0.0]


def test_an_estimate_takes_torch_histories_too():
    history = np.random.default_rng(0).poisson(4.0, (HISTORY, 3)).astype(float)
    np.testing.assert_array_equal(estimate(torch.as_tensor(history)).mean, estimate(history).mean)
