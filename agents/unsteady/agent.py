"""Trained networks for unsteady demand, in a file and as orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from inv_gym.agents.checkpoints import blaming, read_tensors, refuse_other_tensors, write_tensors
from inv_gym.agents.unsteady.histories import Histories
from inv_gym.agents.unsteady.network import Prepared, UnsteadyNetwork, UnsteadySizes
from inv_gym.products.unsteady import KNOWN_DEMANDS
from inv_gym.util.checks import whole

UNSTEADY_KIND = "unsteady"
"""What the facts of a file say that it is."""
FOLDER = Path(__file__).with_name("trained")
UNFIT = "does not fit its facts"
LARGEST_SIZE = 4096
"""Of any layer in a file."""
DRAWN = "drawn"
"""The lead time in the name of a file of networks that learned drawn ones."""


class UnsteadyAgent:
    """The mean of the orders of some networks of one size.

    Args:
        members: The networks.
        facts: Plain data on their training, kept in the file.

    Raises:
        ValueError: There are no networks, or they are not of one size.
    """

    def __init__(
        self, members: Sequence[UnsteadyNetwork], facts: dict[str, Any] | None = None
    ) -> None:
        sizes = {member.sizes for member in members}
        if len(sizes) != 1:
            raise ValueError(
                f"members must be networks of one size, got {len(members)} of {len(sizes)} sizes."
            )
        self.members = nn.ModuleList(members).double().eval().requires_grad_(False)
        self.sizes, self.facts = members[0].sizes, facts or {}

    def plan(self, demand: np.ndarray, ratio: np.ndarray) -> PlannedOrders:
        """What gives the orders of a game; an order of a period does not depend on the demand of
        that period and of later ones.

        Args:
            demand: ``[5 + T, B]`` units, the first five known before the start.
            ratio: ``[B]`` profit over holding cost.

        Raises:
            ValueError: No period is played, or a number is negative or not finite, or a ratio is 0.
        """
        if len(demand) <= KNOWN_DEMANDS or not np.isfinite(demand).all() or (demand < 0.0).any():
            raise ValueError(
                f"demand must have more than {KNOWN_DEMANDS} rows of finite numbers of at least 0, "
                f"got the shape {demand.shape} and the lowest {np.min(demand, initial=np.inf)}."
            )
        if not (np.isfinite(ratio) & (ratio > 0.0)).all():
            raise ValueError(f"ratio must be above 0 and finite, got {ratio.min()}.")
        histories = Histories(torch.as_tensor(demand), torch.as_tensor(ratio))
        return PlannedOrders(self, [member.prepare(histories) for member in self.networks])

    @property
    def networks(self) -> list[UnsteadyNetwork]:
        """The members."""
        return [member for member in self.members if isinstance(member, UnsteadyNetwork)]

    def save(self, path: str | Path) -> Path:
        """Write weights, sizes and facts to one safetensors file.

        Raises:
            OSError: The place cannot be written.
        """
        facts = {
            "agent": UNSTEADY_KIND,
            "sizes": asdict(self.sizes),
            "members": len(self.members),
            "features": len(self.networks[0].mean),
            **self.facts,
        }
        weights = {name: value.float() for name, value in self.members.state_dict().items()}
        return write_tensors(path, weights, facts)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that was saved.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, or holds something else.
        """
        weights, facts = read_tensors(path)
        if facts.get("agent") != UNSTEADY_KIND:
            raise ValueError(f"{path} holds no agent of this kind: give a file of save(path).")
        with blaming(path, UNFIT):
            networks = _sized(facts, len(weights))
            needed = networks.state_dict()
            refuse_other_tensors(path, weights, needed, UNFIT)
            networks.load_state_dict(dict(weights))
        return cls([member for member in networks if isinstance(member, UnsteadyNetwork)], facts)


def _sized(facts: dict[str, Any], tensors: int) -> nn.ModuleList:
    """Untrained networks of the sizes that a file tells, none larger than could be in it."""
    sizes = UnsteadySizes(**facts["sizes"])
    members = whole("members", facts["members"], least=1, most=tensors)
    for size in (sizes.hidden, sizes.channels, whole("features", facts["features"], least=1)):
        whole("a size", size, least=1, most=LARGEST_SIZE)
    with torch.random.fork_rng(devices=[]):  # the user's own random numbers stay as they are
        return nn.ModuleList(UnsteadyNetwork(facts["features"], sizes) for _ in range(members))


class PlannedOrders:
    """The orders of an agent in one game.

    Args:
        agent: Whose.
        prepared: What each of its networks made of the history.
    """

    def __init__(self, agent: UnsteadyAgent, prepared: list[Prepared]) -> None:
        self.agent, self.prepared = agent, prepared

    def order(self, period: int, state: np.ndarray) -> np.ndarray:
        """``[B]`` units; arguments as of `UnsteadyNetwork.order`."""
        seen = torch.as_tensor(state)
        pairs = zip(self.agent.networks, self.prepared, strict=True)
        orders = [member.order(prepared, period, seen) for member, prepared in pairs]
        return torch.stack(orders).mean(0).numpy()


def shipped(lead_time: int | None) -> UnsteadyAgent:
    """The agent that comes with the package.

    Args:
        lead_time: 0 or 4 periods, or None: each order draws its own of 1 to 3 periods, or is lost.

    Raises:
        FileNotFoundError: There is none for this lead time.
    """
    name = DRAWN if lead_time is None else str(lead_time)
    return UnsteadyAgent.load(FOLDER / f"{name}.safetensors")
