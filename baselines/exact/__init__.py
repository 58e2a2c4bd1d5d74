"""Exact optimal policies and exact evaluation, for products with demand in whole numbers."""

from inv_gym.baselines.exact.bounds import RewardBound, upper_bound
from inv_gym.baselines.exact.case import Case, case
from inv_gym.baselines.exact.chain import follow
from inv_gym.baselines.exact.dynamic_program import solve
from inv_gym.baselines.exact.followed_chain import FollowedChain
from inv_gym.baselines.exact.limits import (
    AmountsError,
    GrowingStockError,
    OutOfReachError,
    TooLargeError,
)
from inv_gym.baselines.exact.newsvendor_bound import newsvendor_bound
from inv_gym.baselines.exact.policy import Optimal
from inv_gym.baselines.exact.search import searched
from inv_gym.baselines.exact.solution import Solution

__all__ = [
    "AmountsError",
    "Case",
    "FollowedChain",
    "GrowingStockError",
    "Optimal",
    "OutOfReachError",
    "RewardBound",
    "Solution",
    "TooLargeError",
    "case",
    "follow",
    "newsvendor_bound",
    "searched",
    "solve",
    "upper_bound",
]
