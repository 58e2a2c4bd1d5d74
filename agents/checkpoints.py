"""Tensors and facts in one safetensors file, written whole or not at all and checked when read.

The facts are JSON in the file's header, with a digest of facts and tensors. Such files hold numbers
only: reading one runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, optim

from inv_gym.util.files import write_atomically

FORMAT = 1
"""Version of the files' content; a reader refuses any other."""


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]
) -> Path:
    """Write tensors and facts (plain data) to one file.

    Raises:
        OSError: The place cannot be written; a file that was there is as it was.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({"format": FORMAT, **facts})
    return write_atomically(path, save(tensors, {"facts": text, "digest": _digest(tensors, text)}))


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and facts of a file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is truncated, tampered with, or of another format.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            text, digest = header["facts"], header["digest"]
            facts = json.loads(text)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} is truncated or not a file of this project ({error}): take another copy."
        ) from None
    if digest != _digest(tensors, text):
        raise ValueError(
            f"{path} was changed after it was written (its digest does not fit): take another copy."
        )
    if facts["format"] != FORMAT:
        raise ValueError(
            f"{path} has format {facts['format']}, this version reads {FORMAT}: train anew."
        )
    return tensors, facts


def refuse_other_training(
    path: str | Path, facts: Mapping[str, Any], identity: Mapping[str, Any]
) -> None:
    """Refuse to go on from a file whose facts differ from what makes this training.

    Raises:
        ValueError: It names the fact.
    """
    for name, ours in identity.items():
        if (theirs := facts.get(name)) != ours:
            raise ValueError(f"{path} is of a training with {name} {theirs}, this one has {ours}.")


def describe_sources(training: Any, held_out: Any) -> str:
    """Where products to train on and to choose weights on come from, as a training's identity."""
    if held_out is training:
        return repr(training)
    return f"{training!r}, weights chosen on {held_out!r}"


def table_facts(source: Any) -> dict[str, Any]:
    """What a card says of the demand table that products come from; nothing if there is none."""
    table = getattr(source, "table", None)
    return {} if table is None else {"table": table}


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin so, without the beginning."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def optimiser_tensors(optimiser: optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state, by the parameter's number and the name of the figure."""
    states = optimiser.state_dict()["state"].items()
    return {f"{index}/{name}": value for index, state in states for name, value in state.items()}


def restore_optimiser(optimiser: optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Set the state that `optimiser_tensors` gave."""
    state = optimiser.state_dict()
    for name, value in tensors.items():
        index, key = name.split("/")
        state["state"].setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(state)


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    sha = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        sha.update(name.encode())
        sha.update(str(tuple(tensors[name].shape)).encode())
        sha.update(tensors[name].numpy().tobytes())
    return sha.hexdigest()
