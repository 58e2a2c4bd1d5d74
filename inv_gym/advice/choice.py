"""The choice of a policy for each series by what policies earned on its past."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inv_gym.backtest.verdicts import Rewards

OWN_SHARE = 0.2
"""Share of the standard error of what the first policy earned that counts beside that of the
differences: where nothing rare happened in any window, the differences alone look too sure."""
EQUAL_SHARE = 1e-9
"""Share of the reward by which it must earn more, to rule out rounding."""
CHOICE_RULE = (
    "each series takes the first policy, unless another one earned more on the latest windows of "
    "the series, by more than one standard error; of several such policies the one that earned "
    "most. The error is that of the paired differences and a fifth of that of the first policy's "
    "own rewards. A series with one window, or none, has the first policy"
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
    own = played.rewards[:, :1]
    mean, error = _mean_and_error(played, played.rewards - own)
    earned, own_error = _mean_and_error(played, own)
    error = np.hypot(error, OWN_SHARE * own_error)
    better = mean > np.maximum(error, EQUAL_SHARE * np.abs(earned))
    gain = np.where(better, mean, 0.0)
    policy = gain.argmax(1)
    return Choice(played.series, policy, gain[np.arange(len(gain)), policy])


def _mean_and_error(played: Rewards, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the windows of each series of values ``[N, P]``, and its standard error; both
    ``[S, P]``, and the error infinite for one window.
    """
    mean = played.mean(values)
    spread = played.mean((values - mean[played.code]) ** 2)
    freedom = np.maximum(played.windows[:, None] - 1.0, np.finfo(float).tiny)
    several = played.windows[:, None] > 1
    return mean, np.where(several, np.sqrt(spread / freedom), np.inf)
