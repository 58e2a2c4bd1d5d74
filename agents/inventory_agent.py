"""A trained network as a policy: for `evaluate`, for loops over ``env.step``, and for other
runtimes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.network.features import (
    StateLayout,
    clock,
    distribution_features,
    economic_features,
    structure_names,
    tensor,
)
from inv_gym.agents.network.policy_network import NetworkConfig, PolicyNetwork, Sizes
from inv_gym.envs.observations import FlatObservations
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.tasks.naming import refuse_unknown_fields
from inv_gym.tasks.registry import ENVIRONMENTS
from inv_gym.util.arrays import Array, is_torch, like, to_numpy
from inv_gym.util.files import write_atomically

WEIGHTS, CARD = "weights.safetensors", "card.json"


class InventoryAgent:
    """A policy that asks a network.

    Args:
        problem: What to order for; the network must have been made for it.
        network: It computes in its own dtype, whatever the products' is.

    Attributes:
        card: What its file or training says of it; the demand table that it was trained on is
            kept when it is saved.

    Raises:
        ValueError: The network is for another problem.
    """

    def __init__(self, problem: Problem, network: PolicyNetwork) -> None:
        ours, theirs = network.sizes, Sizes.of((problem,))
        same = (ours.order_names, ours.economics) == (theirs.order_names, theirs.economics)
        if not same or not ours.layout.holds(problem):
            raise ValueError(
                f"the network is for {ours}, {type(problem).__name__} needs {theirs}: train one "
                "for it."
            )
        self.problem, self.network = problem, network
        self.card: Mapping[str, Any] = {}
        self._flat = FlatObservations(problem, ours.covariates)

    @property
    def knows(self) -> str:
        """``history`` or ``distribution``."""
        return self.network.config.knows

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates that it needs."""
        return self.network.sizes.covariates

    @property
    def _like(self) -> Tensor:
        return self.network.like

    def plan(self, problem: Problem, products: Products) -> Any:
        """The policy with the encoder run over all periods at once.

        Raises:
            ValueError: The network knows the distribution and these products have none, or their
                covariates are others.
        """
        if products.periods == 0:  # censored: sales depend on the orders
            return self
        with torch.set_grad_enabled(torch.is_grad_enabled() and is_torch(products.demand)):
            return Planned(self, *self.prepare(problem, products))

    def prepare(self, problem: Problem, products: Products) -> tuple[Tensor, Tensor]:
        """What the head needs in every period beside the state, and the scale ``[B]``."""
        scale = self._scale(products)
        covariates = self._covariates(
            products.covariates, slice(HISTORY, HISTORY + problem.horizon)
        )
        times = clock(problem, range(problem.horizon), self._like)
        encoded = self.network.encode(tensor(products.demand[:-1], self._like), scale)
        return self.network.prepare(
            self.static(problem, products), times, encoded, covariates
        ), scale

    def _scale(self, products: Products) -> Tensor:
        if self.knows == "history":
            return tensor(products.scale, self._like)
        if products.distribution is None:
            raise ValueError(
                "these products have no known demand distribution: use a network that knows "
                "the history."
            )
        return tensor(products.distribution.averaged().window_mean(), self._like)

    def static(self, problem: Problem, products: Products) -> Tensor:
        """``[B, F]`` features that do not change over time, not standardised."""
        more = []
        if self.knows == "distribution":
            distribution = products.distribution.averaged()  # type: ignore[union-attr]
            more.append(
                tensor(distribution_features(distribution, distribution.window_mean()), self._like)
            )
        return self.static_features(problem, products.economics, self._scale(products), *more)

    def static_features(
        self, problem: Problem, economics: Any, scale: Tensor, *more: Tensor
    ) -> Tensor:
        """``[B, F]`` economics, scale and structure, with more features beside them, not
        standardised.
        """
        figures = economic_features([tensor(column, self._like) for column in economics])
        described = self._like.new_tensor(self.network.sizes.layout.describe(problem)).expand(
            scale.shape[0], -1
        )
        return torch.cat([figures, torch.log(scale)[:, None], described, *more], -1)

    def _covariates(self, covariates: Array | None, rows: slice) -> Tensor | None:
        """Those of the given periods; a network that was trained without any ignores them."""
        wanted = self.network.sizes.covariates
        if not wanted:
            return None
        if covariates is None or covariates.shape[-1] != len(wanted):
            given = 0 if covariates is None else covariates.shape[-1]
            raise ValueError(
                f"the network expects the covariates ({', '.join(wanted)}), got {given} columns."
            )
        return tensor(covariates[rows], self._like)

    def prepare_one(self, observation: Observation) -> tuple[Tensor, Tensor]:
        """What the head needs in one period beside the state, and the scale ``[B]``.

        Raises:
            RuntimeError: The network knows the distribution, which an observation does not show.
        """
        if self.knows == "distribution":
            raise RuntimeError(
                "this agent knows the distribution: call plan(problem, products) first."
            )
        scale = tensor(observation.scale, self._like)
        encoded = self.network.encode(tensor(observation.history, self._like), scale)
        static = self.static_features(self.problem, observation.economics, scale)
        covariates = self._covariates(observation.covariates, slice(-1, None))
        times = clock(self.problem, [observation.period], self._like)
        return self.network.prepare(static, times, encoded, covariates)[0], scale

    def columns(self, state: Any, scale: Tensor) -> Tensor:
        """``[B, columns]`` the state in units of the scale, as the network takes it."""
        return self.network.sizes.layout.stack(state, scale)

    def orders(self, prepared: Tensor, columns: Tensor, scale: Tensor) -> Tensor:
        """Orders ``[B, K]``, units, whole if the problem says so."""
        order = self.network(prepared, columns) * scale[:, None]
        return order.round() if self.problem.integer_orders else order

    def unclipped(self, observation: Observation) -> Tensor:
        """Orders ``[B, K]``, units (torch), before they are cut off at 0 and made whole."""
        return self.orders_before_the_cut(*self.prepare_one(observation), observation)

    def orders_before_the_cut(
        self, prepared: Tensor, scale: Tensor, observation: Observation
    ) -> Tensor:
        """As `unclipped`, with what the head needs."""
        return (
            self.network.unclipped(prepared, self.columns(observation.state, scale))
            * scale[:, None]
        )

    def __call__(self, observation: Observation) -> Array:
        """Orders for one period, from its observation alone.

        Raises:
            RuntimeError: The network knows the distribution, which an observation does not show.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and is_torch(observation.scale)):
            prepared, scale = self.prepare_one(observation)
            columns = self.columns(observation.state, scale)
            return like(self.orders(prepared, columns, scale), observation.scale)

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
        card = {
            "problem": describe(self.problem),
            "structure": structure(self.problem),
            "sizes": asdict(self.network.sizes),
            "network": asdict(self.network.config),
            **{name: self.card[name] for name in ("table",) if name in self.card},
            **(facts or {}),
        }
        weights = {name: value.float() for name, value in self.network.state_dict().items()}
        write_tensors(Path(folder) / WEIGHTS, weights, card)
        return write_atomically(Path(folder) / CARD, json.dumps(card, indent=1))

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
        path = Path(path) / WEIGHTS if Path(path).is_dir() else Path(path)
        weights, card = read_tensors(path)
        if "structure" not in card:
            raise ValueError(
                f"{path} holds no weights of an agent: give the folder or {WEIGHTS} of a training."
            )
        problem = problem or _problem(card["problem"], path)
        _refuse_other_problem(problem, card, path)
        with torch.random.fork_rng(devices=[]):  # the user's own random numbers stay as they are
            network = PolicyNetwork(_sizes(card["sizes"]), NetworkConfig(**card["network"]))
        expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        found = {name: tuple(value.shape) for name, value in weights.items()}
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                raise ValueError(
                    f"{path} does not fit its card: {name} has shape {found.get(name)}, the "
                    "network needs "
                    f"{expected.get(name)}: take another copy."
                )
        network.load_state_dict(weights)
        agent = cls(problem, network.double().requires_grad_(False))
        agent.card = card
        return agent

    def predict(self, observation: np.ndarray) -> np.ndarray:
        """The order ``[K]`` for an environment's observation ``[n]``, or ``[B, K]``
        for ``[B, n]``.
        """
        rows = np.atleast_2d(np.asarray(observation, dtype=float))
        orders = to_numpy(self(self._flat.read(rows))).astype(np.float32)
        return orders if np.ndim(observation) == 2 else orders[0]


class Planned:
    """An agent for given products: what does not depend on its orders is worked out."""

    def __init__(self, agent: InventoryAgent, prepared: Tensor, scale: Tensor) -> None:
        self.knows = agent.knows
        self._agent, self._prepared, self._scale = agent, prepared, scale

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and is_torch(observation.scale)):
            columns = self._agent.columns(observation.state, self._scale)
            order = self._agent.orders(self._prepared[observation.period], columns, self._scale)
            return like(order, observation.scale)

    def unclipped(self, observation: Observation) -> Tensor:
        """Orders ``[B, K]``, units (torch), before they are cut off at 0 and made whole."""
        return self._agent.orders_before_the_cut(
            self._prepared[observation.period], self._scale, observation
        )


def structure(problem: Problem) -> dict[str, Any]:
    """The fields that decide what a good order is."""
    return {name: getattr(problem, name) for name in structure_names(problem)}


def describe(problem: Problem) -> dict[str, Any]:
    """The problem as plain data."""
    return {"problem": type(problem).__name__, **problem.spec()}


def _problem(facts: Mapping[str, Any], path: Path) -> Problem:
    """The problem of a card."""
    kinds = {type(task.problem).__name__: type(task.problem) for task in ENVIRONMENTS.values()}
    fields = dict(facts)
    kind = fields.pop("problem")
    if kind not in kinds:
        raise ValueError(
            f"{path} is for the problem {kind}, which inv_gym does not know: give it as problem=."
        )
    refuse_unknown_fields(kinds[kind], fields)
    return kinds[kind](**fields)


def fits(problem: Problem, card: Mapping[str, Any]) -> bool:
    """Whether weights with this card are for a problem of this kind and structure."""
    trained, wanted, free = (
        card["structure"],
        structure(problem),
        card["sizes"]["layout"]["structure"],
    )
    if card["problem"]["problem"] != type(problem).__name__ or trained.keys() != wanted.keys():
        return False
    return all(trained[name] == value or name in free for name, value in wanted.items())


def _refuse_other_problem(problem: Problem, card: Mapping[str, Any], path: Path) -> None:
    if not fits(problem, card):
        free = card["sizes"]["layout"]["structure"]
        raise ValueError(
            f"{path} holds weights for {card['problem']['problem']} with {card['structure']}"
            + (f" and any {', '.join(free)}" if free else "")
            + f", asked for {type(problem).__name__} with {structure(problem)}: train one for it."
        )


def _sizes(facts: Mapping[str, Any]) -> Sizes:
    layout = StateLayout(*(tuple(facts["layout"][name]) for name in ("widths", "structure")))
    return Sizes(
        layout,
        *(tuple(facts[name]) for name in ("economics", "covariates", "order_names", "lead_times")),
    )
