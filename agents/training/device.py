"""Where a training computes."""

from __future__ import annotations

import torch


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
