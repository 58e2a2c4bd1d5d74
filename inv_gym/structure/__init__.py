"""The structure of optimal policies: what is known, and how far a policy is from it."""

from inv_gym.structure.chains import (
    Bound,
    Chain,
    Inequalities,
    Properties,
    directions,
    inequalities,
    properties,
)
from inv_gym.structure.states import wide_states
from inv_gym.structure.values import multimodularity_excess
from inv_gym.structure.violations import Violations, violations

__all__ = [
    "Bound",
    "Chain",
    "Inequalities",
    "Properties",
    "Violations",
    "directions",
    "inequalities",
    "multimodularity_excess",
    "properties",
    "violations",
    "wide_states",
]
