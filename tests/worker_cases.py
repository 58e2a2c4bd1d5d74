"""Policies that are played by workers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np


class UpTo:
    """Orders what the scale is."""

    knows = "history"

    def __call__(self, observation: Any) -> np.ndarray:
        return observation.scale[:, None]


class DiesOnce(UpTo):
    """Ends its worker the first time that it plays, whatever the block."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, observation: Any) -> np.ndarray:
        if not self.mark.exists():
            self.mark.touch()
            os._exit(7)
        return super().__call__(observation)


class DiesFor(UpTo):
    """Ends its worker whenever it plays a product of this scale."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def __call__(self, observation: Any) -> np.ndarray:
        if (observation.scale == self.scale).any():
            os._exit(7)
        return super().__call__(observation)


class AwkwardError(Exception):
    """Cannot be made again from its message alone."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


class Awkward(UpTo):
    def __call__(self, observation: Any) -> np.ndarray:
        raise AwkwardError("no", "stock")


class Leaves(UpTo):
    def __call__(self, observation: Any) -> np.ndarray:
        raise SystemExit("enough")


class Strict(UpTo):
    def __call__(self, observation: Any) -> np.ndarray:
        raise KeyError("late")


class Unreadable(UpTo):
    """Can be sent, and not be read."""

    def __setstate__(self, state: Any) -> None:
        raise ValueError("made elsewhere")

    def __getstate__(self) -> dict[str, int]:
        return {"anything": 1}


class Remembers(UpTo):
    """Orders more each time that it is asked: a policy that must be unpacked anew."""

    asked = 0

    def __call__(self, observation: Any) -> np.ndarray:
        self.asked += 1
        return self.asked * super().__call__(observation)


class Slow(UpTo):
    def __call__(self, observation: Any) -> np.ndarray:
        time.sleep(30.0)
        return super().__call__(observation)
