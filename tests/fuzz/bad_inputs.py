"""What is wrong with an input, and what a refusal must be like."""

from __future__ import annotations

import contextlib
import linecache
import os
import signal
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
"""Inputs per test: few in the test suite, many in ``make fuzz``."""
SECONDS = 30.0
"""After which an input counts as one that hangs."""
PACKAGES = ("inv_gym", "agents", "baselines")

fuzz = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class Refusals:
    """How many bad inputs were refused as they must be."""

    number: int = 0


refusals = Refusals()


class Bad(NamedTuple):
    """A bad value, and words of which the message must have one."""

    value: Any
    words: tuple[str, ...]


@contextlib.contextmanager
def time_limit() -> Iterator[None]:
    """Raise in code that hangs."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer after {SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def refused(call: Callable[[], Any], words: tuple[str, ...], what: str) -> None:
    """The call raises an error of this package whose message has one of the words."""
    try:
        with time_limit():
            result = call()
    except (ValueError, TypeError, FileNotFoundError, gym.error.Error) as error:
        check_origin(error, what)
        message = str(error)
        assert any(word in message for word in words), f"{what}: {message!r} has none of {words}"
    else:
        raise AssertionError(f"{what} was accepted: {result!r}")
    refusals.number += 1


def answered(call: Callable[[], Any], what: str) -> Any:
    """What the call gives, or None if it is refused in the words of this package."""
    try:
        with time_limit():
            return call()
    except (ValueError, TypeError) as error:
        check_origin(error, what)
        return None


def check_origin(error: BaseException, what: str) -> None:
    """The error was raised by a line of this package that says so, not deep inside another one."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    if f"{os.sep}gymnasium{os.sep}" in place.filename:
        # gym.make raises what an environment raised once more, with a few words added.
        if error.__context__ is not None and not isinstance(error, gym.error.Error):
            check_origin(error.__context__, what)
        return
    line = linecache.getline(place.filename, place.lineno or 0).strip()
    inside = any(f"{os.sep}{name}{os.sep}" in place.filename for name in PACKAGES)
    outside = "site-packages" in place.filename
    assert inside and not outside and line.startswith("raise"), (
        f"{what}: {type(error).__name__}: {error} was raised by {place.filename}:{place.lineno}: "
        f"{line}"
    )


# ---------------------------------------------------------------- strategies of bad values


def named(value: Any) -> Bad:
    """A bad value that a message names as Python writes it."""
    shown = {repr(value), str(value)}
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
        shown |= {f"{value:g}", repr(float(value)) if abs(value) < 1e300 else ""}
    return Bad(value, tuple(word for word in shown if word))


class Thing:
    """An object that is nothing in particular."""

    def __repr__(self) -> str:
        return "<a thing>"


words = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), max_size=8)
NOT_A_NUMBER = st.one_of(
    words,
    st.booleans(),
    st.binary(max_size=4),
    st.complex_numbers(max_magnitude=10.0, allow_nan=False),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(words, st.integers(0, 9), max_size=2),
    st.builds(Thing),
)
NOT_FINITE = st.sampled_from([float("nan"), float("inf"), float("-inf")])
FRACTIONS = st.floats(allow_nan=True, allow_infinity=True)
NOT_A_FLAG = st.one_of(words, st.integers(), st.floats(), st.none(), st.builds(Thing))


def whole(least: int, most: int | None = None) -> st.SearchStrategy[Bad]:
    """What is no whole number within bounds."""
    below = st.integers(max_value=least - 1)
    kinds: list[st.SearchStrategy[Any]] = [NOT_A_NUMBER, FRACTIONS, st.none(), below]
    if most is not None:
        kinds.append(st.integers(min_value=most + 1))
    return st.one_of(kinds).map(named)


def real(
    least: float | None = None,
    most: float | None = None,
    above: bool = False,
    none: bool = True,
) -> st.SearchStrategy[Bad]:
    """What is no finite number within bounds; above the least one, if `above`."""
    kinds: list[st.SearchStrategy[Any]] = [NOT_A_NUMBER, NOT_FINITE]
    if none:
        kinds.append(st.none())
    if least is not None:
        lower = st.floats(max_value=least, exclude_max=not above, allow_infinity=False)
        kinds += [lower.filter(lambda x: x < least or above)]
    if most is not None:
        kinds.append(st.floats(min_value=most, exclude_min=True, allow_infinity=False))
    return st.one_of(kinds).map(named)


def ranges(least: float | None = None, most: float | None = None) -> st.SearchStrategy[Bad]:
    """What is no range of draws within bounds."""
    fine = 1.0 if most is None else most
    scalars = real(least, most).filter(lambda bad: not is_pair(bad.value))
    pairs = st.one_of(
        real(least, most).map(lambda bad: Bad((bad.value, fine), bad.words)),
        real(least, most).map(lambda bad: Bad([bad.value, fine], bad.words)),
        st.floats(0.1, 0.4).map(lambda low: Bad((low + 0.5, low), (repr(low),))),
    )
    return st.one_of(scalars, pairs)


def is_pair(value: Any) -> bool:
    """Whether this may be meant as a pair (low, high)."""
    return isinstance(value, list) and len(value) == 2


def flags() -> st.SearchStrategy[Bad]:
    """What is neither True nor False."""
    return NOT_A_FLAG.map(named)


def names(known: Any) -> st.SearchStrategy[Bad]:
    """What is none of the known names."""
    others = words.filter(lambda word: word not in set(known))
    return st.one_of(others, st.integers(), st.floats(), st.builds(Thing)).map(named)


def things(known: Collection[str] = ()) -> st.SearchStrategy[Bad]:
    """What is none of the objects of this package, nor the name of one."""
    others = words.filter(lambda word: word not in known)
    return st.one_of(others, st.integers(), FRACTIONS, st.builds(Thing)).map(named)


def arrays_with(bad: float, shape: tuple[int, ...]) -> st.SearchStrategy[Bad]:
    """An array of ones with one bad number."""

    def make(place: int) -> Bad:
        array = np.ones(shape)
        array.flat[place] = bad
        return Bad(array, (str(bad), f"{bad:g}"))

    return st.integers(0, int(np.prod(shape)) - 1).map(make)
