"""Exact optimal policies and exact evaluation, for products with demand in whole numbers."""

from inv_gym.baselines.exact.bounds import RewardBound, newsvendor_bound, upper_bound
from inv_gym.baselines.exact.chain import FollowedChain, follow
from inv_gym.baselines.exact.dynamic_program import Solution, solve
from inv_gym.baselines.exact.limits import (
    AmountsError,
    GrowingStockError,
    OutOfReachError,
    TooLargeError,
)
from inv_gym.baselines.exact.policy import Optimal
from inv_gym.baselines.exact.search import searched

__all__ = [
    "AmountsError",
    "FollowedChain",
    "GrowingStockError",
    "Optimal",
    "OutOfReachError",
    "RewardBound",
    "Solution",
    "TooLargeError",
    "follow",
    "newsvendor_bound",
    "searched",
    "solve",
    "upper_bound",
]
