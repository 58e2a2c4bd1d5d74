"""All seeds of the experiments, by their role: a seed has one role alone."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from inv_gym.agents.training.batches import FIXED_SEED
from inv_gym.agents.training.validation import VALIDATION_SEED
from inv_gym.pictures.networks import TEST_SEED as EVIDENCE_TEST_SEED

EVIDENCE_TRAININGS = 3
"""Networks of each experiment; their seeds count from 0."""
STRUCTURE_TRAININGS = 5
SAMPLE_EFFICIENCY_TRAININGS = 5
SHORT_TRAININGS = 20
TUNING_SEED = 1000
"""Of the first trial of a search; the next ones count on."""
TUNING_TRIALS = 1000
"""The most trials of a search."""
ZERO_SHOT_TEST_SEED = 70_000
STRUCTURE_TEST_SEED = 40_000
SAMPLE_EFFICIENCY_TEST_SEED = 60_000

_TRAINING = range(
    max(EVIDENCE_TRAININGS, STRUCTURE_TRAININGS, SAMPLE_EFFICIENCY_TRAININGS, SHORT_TRAININGS)
)
ROLES: dict[str, AbstractSet[int]] = {
    "training": {*_TRAINING, *(FIXED_SEED + seed for seed in _TRAINING)},
    "validation": {VALIDATION_SEED},
    "tuning": set(range(TUNING_SEED, TUNING_SEED + TUNING_TRIALS)),
    "test": {
        EVIDENCE_TEST_SEED,
        STRUCTURE_TEST_SEED,
        SAMPLE_EFFICIENCY_TEST_SEED,
        ZERO_SHOT_TEST_SEED,
    },
}
"""Seeds of whatever is drawn, the fixed products of a training included."""
