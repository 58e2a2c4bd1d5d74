"""Exact optimal policies and exact evaluation, for products with demand in whole numbers."""

from baselines.exact.bounds import Bound, newsvendor_bound, upper_bound
from baselines.exact.chain import Chain, follow
from baselines.exact.dynamic_program import Solution, solve
from baselines.exact.policy import Optimal

__all__ = ["Bound", "Chain", "Optimal", "Solution", "follow", "newsvendor_bound", "solve", "upper_bound"]
