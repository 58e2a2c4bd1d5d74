"""A trained network in a file, with a card that says what it is for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inv_gym.agents.checkpoints import blaming, read_tensors, refuse_other_tensors, write_tensors
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.features import StateLayout, structure_names
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.agents.network_inputs import refuse_other_network
from inv_gym.problems.problem import Problem
from inv_gym.tasks.naming import refuse_unknown_fields
from inv_gym.tasks.registry import ENVIRONMENTS
from inv_gym.util.checks import flag, whole
from inv_gym.util.files import write_atomically

WEIGHTS, CARD = "weights.safetensors", "card.json"
FOREIGN_CARD = "does not fit its card"


def write_network(
    folder: str | Path, problem: Problem, network: PolicyNetwork, facts: Mapping[str, Any]
) -> Path:
    """Write a network and its card; the path of the card. See `InventoryAgent.save`."""
    card = {
        "problem": describe(problem),
        "structure": structure(problem),
        "sizes": asdict(network.sizes),
        "network": asdict(network.config),
        **facts,
    }
    weights = {name: value.float() for name, value in network.state_dict().items()}
    write_tensors(Path(folder) / WEIGHTS, weights, card)
    return write_atomically(Path(folder) / CARD, json.dumps(card, indent=1))


def table_facts(source: Any) -> dict[str, Any]:
    """What a card says of the demand table that products come from; nothing if there is none."""
    table = getattr(source, "table", None)
    return {} if table is None else {"table": table}


def read_network(
    path: str | Path, problem: Problem | None
) -> tuple[Problem, PolicyNetwork, dict[str, Any]]:
    """The problem that a network orders for, the network in float64, and its card.

    See `InventoryAgent.load`.
    """
    path = Path(path) / WEIGHTS if Path(path).is_dir() else Path(path)
    weights, card = read_tensors(path)
    if "structure" not in card:
        raise ValueError(
            f"{path} holds no weights of an agent: give the folder or {WEIGHTS} of a training."
        )
    with blaming(path, FOREIGN_CARD):
        numbers = sum(tensor.numel() for tensor in weights.values())
        own = {name: card["network"][name] for name in ("channels", "hidden")}
        _refuse_larger(path, {"sizes": card["sizes"], "network": own}, numbers)
        problem = problem or _problem(card["problem"], path)
        _refuse_other_problem(problem, card, path)
        network = _network(path, card, weights)
    try:
        refuse_other_network(problem, network)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return problem, network, card


def structure(problem: Problem) -> dict[str, Any]:
    """The fields that decide what a good order is."""
    return {name: getattr(problem, name) for name in structure_names(problem)}


def describe(problem: Problem) -> dict[str, Any]:
    """The problem as plain data."""
    return {"problem": type(problem).__name__, **problem.spec()}


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


def serves(problem: Problem, card: Mapping[str, Any]) -> bool:
    """Whether weights with this card order for the problem, its state being none too large."""
    return fits(problem, card) and _layout(card["sizes"]["layout"]).holds(problem)


def _network(path: Path, card: Mapping[str, Any], weights: Mapping[str, Tensor]) -> PolicyNetwork:
    """The network of a card with the weights of its file."""
    sizes, config = _sizes(card["sizes"]), NetworkConfig(**card["network"])
    with torch.device("meta"):  # shapes alone: nothing is allocated before they are compared
        needed = PolicyNetwork(sizes, config).state_dict()
    refuse_other_tensors(path, weights, needed, FOREIGN_CARD)
    with torch.random.fork_rng(devices=[]):  # the user's own random numbers stay as they are
        network = PolicyNetwork(sizes, config)
    network.load_state_dict(weights)
    if (network.static.deviation <= 0.0).any():
        raise ValueError("standard deviations must be above 0")
    return network.double().requires_grad_(False)


def _refuse_larger(path: Path, card: Mapping[str, Any], numbers: int) -> None:
    """Refuse a size beyond the number of all weights, before anything is made of it."""
    for name, facts in card.items():
        for size in _numbers(facts):
            if size > numbers:
                raise ValueError(
                    f"{path} {FOREIGN_CARD}: the {name} says {size}, and there are {numbers} "
                    "weights in all: take another copy."
                )


def _numbers(facts: Any) -> Iterator[float]:
    """All numbers in plain data."""
    if isinstance(facts, (int, float)):
        yield facts
    elif isinstance(facts, (list, tuple, Mapping)):
        for value in facts.values() if isinstance(facts, Mapping) else facts:
            yield from _numbers(value)


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


def _refuse_other_problem(problem: Problem, card: Mapping[str, Any], path: Path) -> None:
    if not fits(problem, card):
        free = card["sizes"]["layout"]["structure"]
        raise ValueError(
            f"{path} holds weights for {card['problem']['problem']} with {card['structure']}"
            + (f" and any {', '.join(free)}" if free else "")
            + f", asked for {type(problem).__name__} with {structure(problem)}: train one for it."
        )


def _layout(facts: Mapping[str, Any]) -> StateLayout:
    return StateLayout(*(tuple(facts[name]) for name in ("widths", "structure")))


def _sizes(facts: Mapping[str, Any]) -> Sizes:
    for size in (*facts["layout"]["widths"], *facts["lead_times"]):
        whole("a size", size, least=0)
    layout = _layout(facts["layout"])
    names = ("economics", "covariates", "order_names", "lead_times")
    economics, covariates, order_names, lead_times = (tuple(facts[name]) for name in names)
    # the first cards do not have them
    sights = ("short_histories", "earlier", "sold_out")
    short, earlier, sold_out = (flag(name, facts.get(name, False)) for name in sights)
    past = tuple(facts.get("past_covariates", ()))
    needed = layout, economics, covariates, order_names, lead_times
    return Sizes(*needed, short, earlier, sold_out, past)
