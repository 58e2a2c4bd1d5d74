"""What several test files share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import settings

from inv_gym import Problem, Products, Rollout, rollout
from inv_gym.products.batch import HISTORY
from inv_gym.testing import Replay

settings.register_profile("any machine", deadline=None)  # a busy machine is not a failure
settings.load_profile("any machine")


@pytest.fixture
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search on few periods finds worse parameters by the same rules."""
    for module in ("fitting.search", "rules.expedited_level"):
        monkeypatch.setattr(f"inv_gym.baselines.{module}.SEARCH_PERIODS", 300)


ByHand = Callable[..., Rollout]


@pytest.fixture
def by_hand() -> ByHand:
    """Play given orders against given demand, one product, from a given stock."""

    def play(
        problem: Problem,
        figures: dict[str, float],
        stock: float,
        orders: Sequence[float | tuple[float, ...]],
        demand: Sequence[float],
    ) -> Rollout:
        economics = problem.Economics(
            *(np.array([figures.get(name, 0.0)]) for name in problem.Economics._fields)
        )
        path = np.concatenate([np.ones(HISTORY), demand])[:, None]
        products = Products(
            economics, path, np.ones(1), problem.initial_state(np.array([stock])), None, None
        )
        return rollout(
            problem, Replay(np.reshape(orders, (len(demand), 1, -1)).astype(float)), products
        )

    return play
