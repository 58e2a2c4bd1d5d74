"""Checks of what users pass in. Every error names the parameter, the value it got and
the remedy.
"""

from __future__ import annotations

import difflib
import fnmatch
import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def whole(name: str, value: Any, least: int, most: float = math.inf) -> int:
    """`value` as an int within [least, most].

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is outside the bounds.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")
    if value > most:
        raise ValueError(f"{name} must be at most {most:,}, got {value}.")
    return int(value)


def real(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> float:
    """`value` as a finite float within [least, most].

    Raises:
        TypeError: It is not a number.
        ValueError: It is not finite or outside the bounds.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}.")
    if not least <= value <= most:
        if most == math.inf:
            bounds = f"at least {least:g}"
        elif least == -math.inf:
            bounds = f"at most {most:g}"
        else:
            bounds = f"between {least:g} and {most:g}"
        raise ValueError(f"{name} must be {bounds}, got {value}.")
    return float(value)


def flag(name: str, value: Any) -> bool:
    """`value` as a bool.

    Raises:
        TypeError: It is not True or False.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def one_of(kind: str, name: Any, known: Iterable[str]) -> str:
    """`name`, if it is one of the known names.

    Raises:
        ValueError: It is not; the message lists the known names and the nearest.
    """
    names = list(known)
    if name in names:
        return str(name)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listing = f"known: {', '.join(names)}" if names else "there is none"
    raise ValueError(f"unknown {kind} {name!r}; {listing}.{hint}")


def matching(kind: str, patterns: Iterable[str], known: Iterable[str]) -> list[str]:
    """The known names that match one of the patterns, such as ``zipkin*``; all without a pattern.

    Raises:
        ValueError: A pattern matches nothing; the message lists the known names and the nearest.
    """
    names, patterns = list(known), list(patterns)
    if not patterns:
        return names
    chosen: set[str] = set()
    for pattern in patterns:
        chosen.update(fnmatch.filter(names, pattern) or [one_of(kind, pattern, names)])
    return [name for name in names if name in chosen]


def refuse_outside(wanted: str, values: np.ndarray, limit: float = np.inf) -> None:
    """Raise if a value is below 0, or not below the limit.

    Raises:
        ValueError: It says what is wanted, the first bad value and where it stands.
    """
    bad = ~((values >= 0.0) & (values < limit))
    if bad.any():
        place = tuple(int(index) for index in np.argwhere(bad)[0])
        raise ValueError(f"{wanted}; got {values[place]} at {place}.")


def refuse_rows(message: str, bad: Any, *values: Any) -> None:
    """Raise if any product is bad, with the values of the first one put into the message.

    Raises:
        ValueError: `bad` is true somewhere.
    """
    bad = np.atleast_1d(bad)
    if bad.any():
        row = int(bad.argmax())
        first = [float(np.broadcast_to(np.asarray(v), bad.shape)[row]) for v in values]
        raise ValueError(message.format(*first) + (f" (product {row})" if bad.size > 1 else ""))
