"""A trained network as one file that computes orders from observations without this package: for
torch, or as ONNX.
"""

from __future__ import annotations

import copy
import importlib
import io
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.observation_reader import ObservationReader
from inv_gym.util.extras import needs
from inv_gym.util.files import write_atomically


class OrdersFromObservations(nn.Module):
    """Orders ``[B, K]`` for the observations ``[B, n]`` of an environment, as
    `InventoryAgent.predict`, in float32.

    Rows may be of different periods: each tells its own (`predict` takes the first row's for all).

    Args:
        agent: Its network is copied.

    Raises:
        ValueError: The agent knows the distribution, which an observation does not show.
    """

    def __init__(self, agent: InventoryAgent) -> None:
        super().__init__()
        if agent.knows == "distribution":
            raise ValueError(
                "this agent knows the distribution, which an observation does not show: export one "
                "of knows='history'."
            )
        self.network = copy.deepcopy(agent.network).cpu().float().requires_grad_(False)
        self._agent = InventoryAgent(agent.problem, self.network)
        self._read = ObservationReader(self._agent.inputs)
        self.entries = self._read.entries

    def forward(self, observation: Tensor) -> Tensor:
        """Orders, units, whole if the problem says so."""
        state, *figures = self._read(observation)
        return self._agent.orders(self._agent.inputs.of_figures(*figures), state)


def export(agent: InventoryAgent, path: str | Path) -> Path:
    """Write the agent as a program: ``torch.export.load(path).module()`` maps ``[B, n]`` to
    ``[B, K]``, float32.

    Args:
        agent: One that knows the history.
        path: ``*.pt2``; folders are made as needed.

    Raises:
        ValueError: The agent knows the distribution, or the path ends otherwise.
        OSError: The place cannot be written; a file that was there is as it was.
    """
    buffer = io.BytesIO()
    torch.export.save(_program(agent, path, ".pt2"), buffer)
    return write_atomically(path, buffer.getvalue())


def export_onnx(agent: InventoryAgent, path: str | Path) -> Path:
    """Write the agent as an ONNX model, from ``observation`` ``[batch, n]`` to ``orders``
    ``[batch, K]``, float32.

    Args:
        agent: One that knows the history.
        path: ``*.onnx``; folders are made as needed.

    Raises:
        ImportError: A package that writes ONNX is missing.
        ValueError: The agent knows the distribution, or the path ends otherwise.
        OSError: The place cannot be written; a file that was there is as it was.
    """
    with needs("onnx", "ONNX"):
        for package in ("onnx", "onnxscript"):
            importlib.import_module(package)
    model = torch.onnx.export(
        _program(agent, path, ".onnx"),
        input_names=["observation"],
        output_names=["orders"],
        dynamic_shapes=({0: "batch"},),  # for the name: the program has it
        dynamo=True,
        verbose=False,
    )
    assert model is not None  # as it is with dynamo
    return write_atomically(path, model.model_proto.SerializeToString())


def _program(agent: InventoryAgent, path: str | Path, ending: str) -> ExportedProgram:
    """The traced module, for a file of that ending."""
    if Path(path).suffix != ending:
        raise ValueError(f"path must end in {ending}, got {str(path)!r}.")
    module = OrdersFromObservations(agent).eval()
    batch = torch.export.Dim("batch")
    return torch.export.export(
        module, (torch.ones(2, module.entries),), dynamic_shapes=({0: batch},)
    )
