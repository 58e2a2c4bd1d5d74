"""The choice of a policy for each series by what policies earned on its past."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inv_gym.backtest.verdicts import Rewards

STANDARD_ERRORS = 1.0
"""A policy must earn more than the first one by so many standard errors of the difference."""
ROUNDING_SHARE = 1e-9
"""Share of the reward by which it must earn more, to rule out rounding."""
CHOICE_RULE = (
    "auto takes the first policy, unless another one earned more on the latest windows of the "
    "series, by more than one standard error of the paired differences; of several such policies "
    "the one that earned most. A series with one window, or none, has the first policy"
)
"""The rule in words, for notes and docs."""


class Choice(NamedTuple):
    """The policies of S series."""

    series: tuple[str, ...]
    policy: np.ndarray
    """``[S]`` numbers of the policies."""
    gain: np.ndarray
    """``[S]`` money per period by which they earned more than the first policy."""


def choose(played: Rewards) -> Choice:
    """The policy of each series; the first one is taken unless another one is better for sure
    enough, see `CHOICE_RULE`.
    """
    differences = played.rewards - played.rewards[:, :1]
    mean = played.mean(differences)
    spread = played.mean((differences - mean[played.code]) ** 2)
    freedom = played.windows[:, None] - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(spread / freedom)
    rounding = ROUNDING_SHARE * np.abs(played.mean(played.rewards[:, :1]))
    better = (freedom > 0.0) & (mean > np.maximum(STANDARD_ERRORS * error, rounding))
    gain = np.where(better, mean, 0.0)
    policy = gain.argmax(1)
    return Choice(played.series, policy, gain[np.arange(len(gain)), policy])
