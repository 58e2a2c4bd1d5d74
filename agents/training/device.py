"""Where a training computes, and in how many processes."""

from __future__ import annotations

import torch
from torch import distributed as dist


def usable_device(name: str | torch.device) -> torch.device:
    """The device of a name, after a first computation on it.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1``, or another device of torch.

    Raises:
        ValueError: torch knows no such device, or cannot compute on it here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (AssertionError, NotImplementedError, RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(
            f"device {str(name)!r} cannot be used here ({reason}): give 'cpu', or a device that "
            "torch finds on this machine."
        ) from None
    return device


def process_and_number(batch: int) -> tuple[int, int]:
    """Which of the processes that train together this is, and how many they are.

    Raises:
        ValueError: They cannot share a batch of so many products.
    """
    if not dist.is_initialized():
        return 0, 1
    number = dist.get_world_size()
    if batch % number:
        raise ValueError(f"batch must be a multiple of the {number} processes, got {batch}.")
    return dist.get_rank(), number
