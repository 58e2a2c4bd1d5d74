"""Exact optimal policies and exact evaluation, for products with demand in whole numbers."""

from inv_gym.baselines.exact.bounds import RewardBound, newsvendor_bound, upper_bound
from inv_gym.baselines.exact.chain import FollowedChain, follow
from inv_gym.baselines.exact.dynamic_program import Solution, solve
from inv_gym.baselines.exact.policy import Optimal

__all__ = [
    "FollowedChain",
    "Optimal",
    "RewardBound",
    "Solution",
    "follow",
    "newsvendor_bound",
    "solve",
    "upper_bound",
]
