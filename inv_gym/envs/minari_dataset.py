"""Episodes of a policy as a Minari dataset, for learning from stored data (offline learning)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np

from inv_gym.envs.vector import InventoryVectorEnv
from inv_gym.envs.view import PRODUCTS_AHEAD
from inv_gym.play.policy import Policy
from inv_gym.play.rollout import rollout
from inv_gym.util.checks import whole
from inv_gym.util.extras import needs

if TYPE_CHECKING:
    from minari import MinariDataset
    from minari.data_collector import EpisodeBuffer


def write_minari(
    dataset_id: str,
    env_id: str,
    policy: Policy,
    episodes: int,
    seed: int = 0,
    card: dict[str, Any] | None = None,
    **options: Any,
) -> MinariDataset:
    """Play a policy, and store its episodes as a Minari dataset.

    Each episode plays one product. Observations, actions and rewards are those of
    ``gym.make(env_id, **options)`` in its first episodes after ``reset(seed=seed)``.

    Args:
        dataset_id: Of the new dataset, such as ``"inventory/base-stock-v0"``.
        env_id: Of a registered environment, such as ``"InvLostSales-v0"``.
        policy: What orders; any policy, also one that knows the distribution.
        episodes: How many, at least 1.
        seed: Of the products and of their demand.
        card: What Minari keeps beside the episodes, and warns of if it is missing: ``author``,
            ``author_email``, ``code_permalink``, ``algorithm_name``, ``description``.
        **options: Of the environment, such as ``units="scale"`` or ``horizon=30``.

    Raises:
        ImportError: Minari is not installed; the message says how to install it.
        ValueError: There is a dataset of this name already, or an argument is no valid one.
    """
    with needs("minari", "a Minari dataset"):
        import minari
    number = whole("episodes", episodes, 1)
    env = gym.make(env_id, **options)
    # As many rows as one product's environment draws ahead: so both draw the same products.
    rows = gym.make_vec(env_id, PRODUCTS_AHEAD, **options).unwrapped
    assert isinstance(rows, InventoryVectorEnv)
    assert env.spec is not None
    batches = (seed if start == 0 else None for start in range(0, number, PRODUCTS_AHEAD))
    stored = [episode for batch in batches for episode in _episodes(rows, policy, batch)]
    return minari.create_dataset_from_buffers(
        dataset_id, stored[:number], env, env.spec, **(card or {})
    )


def _episodes(rows: InventoryVectorEnv, policy: Policy, seed: int | None) -> list[EpisodeBuffer]:
    """One episode for each row; they go on where the last ones ended if there is no seed."""
    from minari.data_collector import EpisodeBuffer

    # The orders of the whole episode, as actions in the units of the environment.
    first, _ = rows.reset(seed=seed)
    units = rows.order_unit[:, None] if rows.units == "scale" else 1.0
    actions = (rollout(rows.problem, policy, rows.products).orders / units).astype(np.float32)
    # What the environment answers to them.
    later, rewards, ended, cut, _ = zip(*(rows.step(action) for action in actions), strict=True)
    columns = [np.array(column) for column in ((first, *later), actions, rewards, ended, cut)]
    return [
        EpisodeBuffer(None, seed if row == 0 else None, None, *(part[:, row] for part in columns))
        for row in range(rows.num_envs)
    ]
