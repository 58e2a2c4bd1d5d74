"""What a network sees of demand that was met, in every period at once."""

from __future__ import annotations

import torch
from torch import Tensor

from inv_gym.products.unsteady import KNOWN_DEMANDS

FORGETTING = (0.05, 0.1, 0.2, 0.4, 0.7)
"""Shares of its weight that a demand loses with each further period."""
SCALE_PLACE = 2
"""Which of them gives the scale."""
SINGLE_LAGS = 16
"""Last demands that are seen one by one."""
LONGEST = 50
"""Periods of an episode that networks learn from."""
FLOOR_OF_SCALE, LEAST_SCALE = 0.1, 0.1
"""The scale is never below this share of the mean before the start, and so many units."""
SIZE_FLOOR, SPREAD_FLOOR = 1e-3, 0.02
"""Added to what logarithms are taken of, in units of the scale."""
MOST_SHARE, MOST_INPUT = 6.0, 8.0
"""Demand over the scale is cut off at these, as a feature and as an input to the encoder."""
INPUTS = 3
"""Of the encoder."""


class Histories:
    """Statistics of demand before each of T periods.

    Args:
        demand: ``[5 + T, B]`` units: what is known, then that of each period; the last is not
            looked at.
        ratio: ``[B]`` profit over holding cost.
    """

    def __init__(self, demand: Tensor, ratio: Tensor) -> None:
        self.demand, self.ratio = demand, ratio
        self.periods = len(demand) - KNOWN_DEMANDS
        self.means, self.spreads, self.misses = self._smoothed()
        known = demand[:KNOWN_DEMANDS].mean(0)
        floor = torch.maximum(FLOOR_OF_SCALE * known, torch.full_like(known, LEAST_SCALE))
        self.scale = torch.maximum(self.means[SCALE_PLACE], floor)
        """``[T, B]`` the size in which a network sees a period, units."""

    def _smoothed(self) -> tuple[Tensor, Tensor, Tensor]:
        """``[rates, T, B]`` means, standard deviations and sizes of errors of one-step forecasts,
        units, each with weights that fall with age.
        """
        seen = self.demand[:-1]
        means, spreads, misses = [], [], []
        for rate in FORGETTING:
            weights = _weights(len(seen), rate).to(seen)
            mean = weights @ seen
            variance = (weights @ seen**2 - mean**2).clamp(min=0.0)
            # the mean of the first periods forecasts the next one
            errors = (seen[1:] - mean[:-1]) ** 2
            miss = _weights(len(errors), rate).to(seen) @ errors
            means.append(mean[KNOWN_DEMANDS - 1 :])
            spreads.append(variance[KNOWN_DEMANDS - 1 :].sqrt())
            misses.append(miss[KNOWN_DEMANDS - 2 :].sqrt())
        return torch.stack(means), torch.stack(spreads), torch.stack(misses)

    def features(self) -> Tensor:
        """``[T, B, F]`` in units of the scale."""
        levels = torch.log(self.means / self.scale + SIZE_FLOOR)
        spreads = torch.log(torch.cat([self.spreads, self.misses]) / self.scale + SPREAD_FLOOR)
        return torch.cat([levels, spreads, self._lags(), self._facts()]).movedim(0, -1)

    def _lags(self) -> Tensor:
        """``[SINGLE_LAGS, T, B]`` the last demands, the latest first; 1 where none is known."""
        unknown = self.demand.new_full((SINGLE_LAGS, self.demand.shape[1]), torch.nan)
        padded = torch.cat([unknown, self.demand])
        first = SINGLE_LAGS + KNOWN_DEMANDS
        lags = [
            padded[first - lag : first - lag + self.periods] for lag in range(1, SINGLE_LAGS + 1)
        ]
        share = torch.stack(lags) / self.scale
        return share.nan_to_num(nan=1.0).clamp(max=MOST_SHARE)

    def _facts(self) -> Tensor:
        """``[., T, B]`` the size, what is left of the episode, how much is known, the ratio, and
        the mean of all demands.
        """
        size = torch.log(self.scale) / 4.0
        period = torch.arange(self.periods).to(size)[:, None]
        left = (self.periods - period).clamp(max=LONGEST).expand_as(size)
        known = (period + KNOWN_DEMANDS).expand_as(size)
        mean = self.demand.cumsum(0)[KNOWN_DEMANDS - 1 : -1] / known
        facts = [size, left / LONGEST, torch.exp(-left / 4.0)]
        facts += [torch.log(known.clamp(max=LONGEST + KNOWN_DEMANDS) / 20.0)]
        facts += [torch.log(self.ratio).expand_as(size), torch.log(mean / self.scale + SIZE_FLOOR)]
        return torch.stack(facts)

    def inputs(self) -> Tensor:
        """``[4 + T, B, INPUTS]`` of the encoder: each demand but the last, in units of the scale
        before it, and how it moves the scale.
        """
        before = torch.cat([self.scale[:1].expand(KNOWN_DEMANDS, -1), self.scale])
        share = (self.demand / before)[:-1].clamp(max=MOST_INPUT)
        moved = torch.log(before[1:] / before[:-1])
        return torch.stack([share, torch.log1p(share), moved], -1)


def _weights(number: int, rate: float) -> Tensor:
    """``[N, N]`` what each value counts in the mean of it and those before it, in float64."""
    place = torch.arange(number, dtype=torch.float64)
    age = place[:, None] - place
    weights = torch.where(age >= 0.0, (1.0 - rate) ** age, 0.0)
    return weights / weights.sum(1, keepdim=True)
