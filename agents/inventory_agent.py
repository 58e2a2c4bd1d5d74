"""A trained network as a policy: for `evaluate`, for loops over ``env.step``, and for other
runtimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network_inputs import HeadInput, NetworkInputs
from inv_gym.agents.weights import read_network, write_network
from inv_gym.envs.observations import FlatObservations
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import NO_EXTRAS, Extras
from inv_gym.util.arrays import Array, is_torch, like, to_numpy


class InventoryAgent:
    """A policy that asks a network.

    Args:
        problem: What to order for; the network must have been made for it.
        network: It computes in its own dtype, whatever the products' is.
        card: What its file or training says of it; the demand table that it was trained on is kept
            when it is saved.

    Raises:
        ValueError: The network is for another problem.
    """

    def __init__(
        self, problem: Problem, network: PolicyNetwork, card: Mapping[str, Any] | None = None
    ) -> None:
        self.inputs = NetworkInputs(problem, network)
        self.problem, self.network, self.card = problem, network, card or {}

    @property
    def knows(self) -> str:
        """``history`` or ``distribution``."""
        return self.inputs.knows

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates that it was trained with; one that products lack is 0 to it."""
        return self.network.sizes.covariates

    @cached_property
    def _layouts(self) -> dict[int, FlatObservations]:
        """The observations that it reads, by their number of entries: real tables may have short
        histories, and sold-out periods, lots and prices over time beside them.
        """
        tables = [Extras(True, True, *also) for also in product((False, True), repeat=3)]
        layouts = [
            FlatObservations(self.problem, self.covariates, extras.shown_in(self.problem))
            for extras in (NO_EXTRAS, Extras(True), *tables)
        ]
        return {len(layout.names): layout for layout in layouts}

    def _named_layout(self, names: list[str]) -> FlatObservations:
        """The observations whose entries have these names.

        Raises:
            ValueError: They are those of no environment of the problem.
        """
        layout = FlatObservations.of_names(self.problem, names)
        if layout.names != names:
            raise ValueError(
                f"names must be the observation_names of an environment of {self.problem}, got "
                f"{', '.join(names)}."
            )
        return layout

    def plan(self, problem: Problem, products: Products) -> Any:
        """The policy with the encoder run over all periods at once.

        Raises:
            ValueError: The network knows the distribution and these products have none, or their
                covariates have no names and are not as many as the network's.
        """
        if products.periods == 0:  # censored: sales depend on the orders
            return self
        with torch.set_grad_enabled(torch.is_grad_enabled() and is_torch(products.demand)):
            return Planned(self, NetworkInputs(problem, self.network).of_products(products))

    def __call__(self, observation: Observation) -> Array:
        """Orders for one period, from its observation alone.

        Raises:
            NotPlannedError: The network knows the distribution, which an observation does not show.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and is_torch(observation.scale)):
            given = self.inputs.of_observation(observation)
            return like(self.orders(given, observation.state), observation.scale)

    def unclipped(self, observation: Observation) -> Tensor:
        """Orders ``[B, K]``, units (torch), before they are cut off at 0 and made whole."""
        given = self.inputs.of_observation(observation)
        return self.orders_before_the_cut(given, observation.state)

    def orders(self, given: HeadInput, state: Any) -> Tensor:
        """Orders ``[B, K]`` of a period, units, whole if the problem says so, or the history of a
        product that it counts whole units (torch).
        """
        order = self.fractional_orders(given, state)
        if self.problem.integer_orders:
            return order.round()
        if given.whole is None:
            return order
        return torch.where(given.whole[:, None], order.round(), order)

    def fractional_orders(self, given: HeadInput, state: Any) -> Tensor:
        """See `orders`; these are not made whole yet."""
        columns = self.inputs.columns(state, given.scale)
        return self.network(given.exogenous, columns) * given.scale[:, None]

    def orders_before_the_cut(self, given: HeadInput, state: Any) -> Tensor:
        """See `orders`; these are not cut off at 0 and not made whole yet."""
        columns = self.inputs.columns(state, given.scale)
        return self.network.unclipped(given.exogenous, columns) * given.scale[:, None]

    def save(self, folder: str | Path, facts: Mapping[str, Any] | None = None) -> Path:
        """Write the weights to ``folder/weights.safetensors``, with a card of what they are in its
        header.

        The card, for people, is in ``folder/card.json`` too.

        Args:
            folder: Made as needed.
            facts: Plain data to put on the card: configuration, versions, data, metrics.

        Raises:
            OSError: The place cannot be written; weights that were there are as they were.
        """
        kept = {name: self.card[name] for name in ("table",) if name in self.card}
        return write_network(folder, self.problem, self.network, {**kept, **(facts or {})})

    @classmethod
    def load(cls, path: str | Path, problem: Problem | None = None) -> InventoryAgent:
        """The agent of a folder that `save` wrote, or of its weights file, computing in float64.

        Args:
            path: The folder or file.
            problem: What to order for, if not what it was trained for; only what does not change a
                good order may differ (the horizon, say), unless the network was trained for several
                problems.

        Raises:
            FileNotFoundError: There are no such weights.
            ValueError: They are damaged, or for another problem.
        """
        return cls(*read_network(path, problem))

    def predict(self, observation: np.ndarray, names: Sequence[str] | None = None) -> np.ndarray:
        """The order ``[K]`` for an environment's observation ``[n]``, or ``[B, K]``
        for ``[B, n]``. Both of an environment whose histories may be short, and of one whose may
        not.

        Args:
            observation: What the environment shows.
            names: Of its entries, ``env.unwrapped.observation_names``: an environment with other
                covariates than those of the training needs them.

        Raises:
            ValueError: It has another number of entries, or an entry is unknown.
        """
        rows = np.atleast_2d(np.asarray(observation, dtype=float))
        if names is None:
            layout = self._layouts.get(rows.shape[1], self._layouts[min(self._layouts)])
        else:
            layout = self._named_layout(list(names))
        orders = to_numpy(self(layout.read(rows))).astype(np.float32)
        return orders if np.ndim(observation) == 2 else orders[0]


class Planned:
    """An agent for given products: what does not depend on its orders is worked out."""

    def __init__(self, agent: InventoryAgent, periods: Sequence[HeadInput]) -> None:
        self.knows = agent.knows
        self._agent, self._periods = agent, periods

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and is_torch(observation.scale)):
            given = self._periods[observation.period]
            return like(self._agent.orders(given, observation.state), observation.scale)

    def unclipped(self, observation: Observation) -> Tensor:
        """Orders ``[B, K]``, units (torch), before they are cut off at 0 and made whole."""
        given = self._periods[observation.period]
        return self._agent.orders_before_the_cut(given, observation.state)
