"""A policy in an ONNX file: observations in, orders out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import inv_gym
from inv_gym.envs.observations import FlatObservations, flat
from inv_gym.leaderboard.named import Factory, Inapplicable
from inv_gym.products.sources import NO_EXTRAS
from inv_gym.util.arrays import like
from inv_gym.util.extras import needs


class OnnxPolicy:
    """Orders of a program that maps observations ``[B, n]`` to orders ``[B, K]``, float32, pieces.

    The vectors are those of ``gym.make(id)``. `inv_gym.agents.export` writes such files; any tool
    may.

    Args:
        problem: What to order for.
        path: The file.
    """

    knows = "history"

    def __init__(self, problem: inv_gym.Problem, path: Path) -> None:
        self.problem, self._path, self._session = problem, path, _session(path)

    def __call__(self, observation: inv_gym.Observation) -> Any:
        """Orders ``[B, K]``, pieces."""
        bare = observation._replace(covariates=None, earlier=None, lots=None, price=None)
        if not self.problem.censored:
            bare = bare._replace(sold_out=None)
        (given,) = self._session.get_inputs()
        (orders,) = self._session.run(None, {given.name: flat(self.problem, bare)})
        return like(np.maximum(orders, 0.0), observation.scale)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problem, self._path)  # sessions are not sent to workers


def _session(path: Path) -> Any:
    with needs("onnx", "a policy in an ONNX file"):
        import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnx_factory(path: Path) -> Factory:
    """Of the program in a file; it applies where an observation has as many entries as it takes.

    Raises:
        ValueError: The file is damaged, or has more than one input or output.
    """
    try:
        session = _session(path)
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(f"{path} is no ONNX program: {error}") from None
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            f"{path} must have one input and one output, got {len(inputs)} and {len(outputs)}."
        )
    wanted = inputs[0].shape[-1]

    def factory(problem: inv_gym.Problem) -> OnnxPolicy | Inapplicable:
        shown = len(FlatObservations(problem, (), NO_EXTRAS.shown_in(problem)).names)
        if shown != wanted:
            return Inapplicable(f"it takes {wanted} entries, an observation has {shown}")
        return OnnxPolicy(problem, path)

    return factory
