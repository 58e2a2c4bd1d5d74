"""The laws that every problem, policy and environment of this package keeps, as functions for your
own.

>>> from inv_gym import LostSales, make_source
>>> check_problem(LostSales(lead_time=2), make_source("default"))
>>> ", ".join(PROBLEM_LAWS)
'kinds_agree, mass_balance, rows_are_independent, homogeneity, purity, gradients, lead_times'

A law that does not hold raises `LawError`, which says where. `examples/own_problem.py` checks a
sixth problem.
"""

from inv_gym.testing.common import (
    LAW_PERIODS,
    LAW_PRODUCTS,
    LawError,
    Replay,
    random_orders,
)
from inv_gym.testing.environment_laws import (
    ADVICE,
    check_environment,
)
from inv_gym.testing.policy_laws import (
    POLICY_LAWS,
    batch_independence,
    causality,
    check_policy,
    kinds_of_orders_agree,
    knows_no_more_than_it_says,
    leaves_the_game_alone,
    planning_changes_nothing,
)
from inv_gym.testing.problem_laws import (
    ORDER_COSTS,
    PROBLEM_LAWS,
    check_problem,
    gradients,
    homogeneity,
    kinds_agree,
    lead_times,
    mass_balance,
    purity,
    rows_are_independent,
)

__all__ = [
    "ADVICE",
    "LAW_PERIODS",
    "LAW_PRODUCTS",
    "ORDER_COSTS",
    "POLICY_LAWS",
    "PROBLEM_LAWS",
    "LawError",
    "Replay",
    "batch_independence",
    "causality",
    "check_environment",
    "check_policy",
    "check_problem",
    "gradients",
    "homogeneity",
    "kinds_agree",
    "kinds_of_orders_agree",
    "knows_no_more_than_it_says",
    "lead_times",
    "leaves_the_game_alone",
    "mass_balance",
    "planning_changes_nothing",
    "purity",
    "random_orders",
    "rows_are_independent",
]
