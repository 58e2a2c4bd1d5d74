"""Which policy is best on each series, and how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from inv_gym.play.statistics import LEVEL

SURE_PROBABILITY = LEVEL
"""Probability from which the best policy of a series is called sure."""
VERDICT_RULE = (
    f"sure: with a probability of at least {100 * SURE_PROBABILITY:g} % the policy earns more on "
    "the series than every other one. The probability is 1 less the chances that each other policy "
    "is better, summed; such a chance is that of Student's distribution for the mean of the paired "
    "differences, window by window of the series. A series with one window is never sure"
)
"""The rule in words, for pages and docs."""


class Rewards(NamedTuple):
    """What every policy earned in every window of every series."""

    policies: tuple[str, ...]
    series: tuple[str, ...]
    """Names of the S series."""
    code: np.ndarray
    """``[N]`` which series a window is of."""
    rewards: np.ndarray
    """``[N, P]`` money per period."""

    @classmethod
    def of(cls, products: pd.DataFrame) -> Rewards:
        """Read the rewards from the frame of an evaluation with ``per_product=True``."""
        policies = tuple(products["policy"].cat.categories)
        code, names = pd.factorize(products["series"].to_numpy()[:: len(policies)])
        rewards = products["reward"].to_numpy().reshape(-1, len(policies))
        return cls(policies, tuple(map(str, names)), code, rewards)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """``[S, P]`` mean over the windows of each series of values ``[N, P]``."""
        columns = [np.bincount(self.code, column) for column in values.T]
        return np.stack(columns, 1) / self.windows[:, None]

    @property
    def windows(self) -> np.ndarray:
        """``[S]`` how many each series has."""
        return np.bincount(self.code)


class Verdicts(NamedTuple):
    """What each of S series says."""

    best: np.ndarray
    """``[S]`` number of the policy that earned most."""
    next: np.ndarray
    """``[S]`` number of the one that earned most of the others; the same if there is no other."""
    difference: np.ndarray
    """``[S, 3]`` money per period by which the best earned more than the next, and the ends of its
    95 % interval; NaN for one window."""
    probability: np.ndarray
    """``[S]`` that the best one is better than all others, at least; NaN for one window."""

    @property
    def sure(self) -> np.ndarray:
        """``[S]`` bool, see `VERDICT_RULE`."""
        return self.probability >= SURE_PROBABILITY


def verdicts(played: Rewards) -> Verdicts:
    """Compare the best policy of each series with all others, in pairs, by its windows."""
    rows = np.arange(len(played.windows))
    means = played.mean(played.rewards)
    best = means.argmax(1)
    others = means.copy()
    others[rows, best] = -np.inf
    following = others.argmax(1) if means.shape[1] > 1 else best

    # mean and standard error of the differences, series by series
    differences = played.rewards[np.arange(len(played.code)), best[played.code]][:, None]
    differences = differences - played.rewards
    mean = played.mean(differences)
    spread = played.mean((differences - mean[played.code]) ** 2)
    freedom = np.maximum(played.windows - 1.0, 0.0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(spread / freedom)
        worse = special.stdtr(freedom, -mean / error)
    # equal in all windows: nobody is better; equal differences: no doubt
    worse = np.where(error > 0.0, worse, np.where(mean > 0.0, 0.0, 0.5))
    worse[rows, best] = 0.0
    probability = np.where(freedom[:, 0] > 0, np.maximum(1.0 - worse.sum(1), 0.0), np.nan)

    with np.errstate(invalid="ignore"):
        half = special.stdtrit(freedom[:, 0], LEVEL) * error[rows, following]
    middle = mean[rows, following]
    interval = np.stack([middle, middle - half, middle + half], 1)
    interval[played.windows < 2, 1:] = np.nan
    return Verdicts(best, following, interval, probability)


def series_frame(products: pd.DataFrame, reference: str) -> pd.DataFrame:
    """A row per series: its windows, the best policy, the next one, how much more the best one
    earned with the 95 % interval, the probability that it is the best, whether that is sure, its
    figures, and what every policy earned.

    Args:
        products: The frame of an evaluation with ``per_product=True``.
        reference: Name of the reference policy.
    """
    played = Rewards.of(products)
    said = verdicts(played)
    rows = np.arange(len(played.series))
    shape = (-1, len(played.policies))
    figures = {
        name: played.mean(np.nan_to_num(products[name].to_numpy().reshape(shape)))
        for name in ("reward", "demand", "on_hand")
    }
    sold = np.nan_to_num((products["fill_rate"] * products["demand"]).to_numpy().reshape(shape))
    demand = figures["demand"]
    with np.errstate(divide="ignore", invalid="ignore"):
        fill_rate = np.where(demand > 0.0, played.mean(sold) / demand, np.nan)
    names = np.array(played.policies, object)
    columns = {
        "series": played.series,
        "windows": played.windows,
        "best": names[said.best],
        "verdict": np.where(said.sure, "sure", "not sure"),
        "probability": said.probability,
        "next": np.where(said.next == said.best, "", names[said.next]),
        "difference": said.difference[:, 0],
        "difference_low": said.difference[:, 1],
        "difference_high": said.difference[:, 2],
        "reward": figures["reward"][rows, said.best],
        "reference_reward": figures["reward"][:, played.policies.index(reference)],
        "fill_rate": fill_rate[rows, said.best],
        "on_hand": figures["on_hand"][rows, said.best],
        "demand": demand[:, 0],
    }
    earned = {
        f"reward of {name}": figures["reward"][:, place]
        for place, name in enumerate(played.policies)
    }
    return pd.DataFrame(columns | earned)
