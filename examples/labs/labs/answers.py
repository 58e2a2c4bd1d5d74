"""Reading an answer: what it must be, and words for what it is instead."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

INSIDE = 1e-9
"""Room for rounding where a right answer has no tolerance of its own."""


class NotYetError(Exception):
    """An answer is missing or not right; the message is a hint."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message alone."""
        return [str(self)]


def is_blank(answer: object) -> bool:
    """Whether it is the ``...`` of a blank, or some answers of which one is."""
    return answer is ... or (isinstance(answer, tuple) and any(map(is_blank, answer)))


def expect(condition: object, hint: str) -> None:
    """Go on where a condition holds.

    Raises:
        NotYetError: It does not; the hint is the message.
    """
    if not condition:
        raise NotYetError(hint)


def number(answer: object, what: str = "the answer") -> float:
    """A finite number.

    Raises:
        NotYetError: It is something else.
    """
    _refuse_blank(answer, what)
    kind = type(answer).__name__
    if isinstance(answer, (bool, str, bytes, np.bool_)):
        raise NotYetError(f"{what} must be a number, you have {answer!r} ({kind}).")
    try:
        shape = np.shape(_detached(answer))
        value = float(np.asarray(_detached(answer)).reshape(-1)[0]) if shape in ((), (1,)) else None
    except (TypeError, ValueError, RuntimeError):
        raise NotYetError(f"{what} must be a number, you have {_shown(answer)}.") from None
    if value is None:
        raise NotYetError(f"{what} must be one number, you have {_shown(answer)}.")
    expect(math.isfinite(value), f"{what} must be finite, you have {value}.")
    return value


def numbers(answer: object, shape: int | tuple[int, ...], what: str = "the answer") -> np.ndarray:
    """Finite numbers in an array of a shape.

    Raises:
        NotYetError: They are something else.
    """
    _refuse_blank(answer, what)
    wanted = (shape,) if isinstance(shape, int) else shape
    try:
        values = np.asarray(_detached(answer))
        if values.dtype.kind not in "fiu":
            raise TypeError
    except (TypeError, ValueError, RuntimeError):
        raise NotYetError(f"{what} must be numbers, you have {_shown(answer)}.") from None
    expect(
        values.shape == wanted,
        f"{what} must have the shape {wanted}, yours has {values.shape}.",
    )
    expect(np.isfinite(values).all(), f"{what} must be finite, you have {_shown(answer)}.")
    return values.astype(float)


def letter(answer: object, options: str) -> str:
    """One of some letters.

    Raises:
        NotYetError: It is something else.
    """
    right_kind = isinstance(answer, str) and answer.strip().lower() in tuple(options)
    known = ", ".join(f'"{option}"' for option in options)
    expect(right_kind, f"the answer must be one of the letters {known}, you have {_shown(answer)}.")
    return str(answer).strip().lower()


def chosen(answer: object, right: str, hints: dict[str, str]) -> None:
    """Take the right letter.

    Args:
        answer: What the student gave.
        right: The right letter.
        hints: For each wrong letter, why it is wrong.

    Raises:
        NotYetError: It is another letter, with its hint, or no letter.
    """
    given = letter(answer, "".join(sorted([right, *hints])))
    if given != right:
        raise NotYetError(hints[given])


def value_of(function: object, *arguments: Any) -> Any:
    """What a student's function gives.

    Raises:
        NotYetError: It is no function, does not work, or still has its blank.
    """
    if not callable(function):
        raise NotYetError(f"give the function itself, you have {_shown(function)}.")
    try:
        value = function(*arguments)
    except NotYetError:
        raise
    except Exception as error:
        raise NotYetError(
            f"your function stops with {type(error).__name__}: {error}{_place_of(error)} If it "
            "still has a `...`, put your code there."
        ) from error
    if value is None or is_blank(value):
        raise NotYetError(
            "your function gives nothing yet: put your code where it has `...`, and return the "
            "result."
        )
    return value


def close(value: Any, right: Any, tolerance: float = INSIDE) -> bool:
    """Whether every number is as near to the right one as the tolerance says, in its own units."""
    difference = np.abs(np.asarray(value, dtype=float) - np.asarray(right, dtype=float))
    return bool((difference <= tolerance + INSIDE).all())


Judge = Callable[[Any], str]
"""Takes an answer and gives a remark, or raises `NotYetError` with a hint."""


def judges_of(modules: Sequence[Any]) -> dict[str, Judge]:
    """All judges of some modules by the number of their exercise: ``check_2_3`` is of 2.3."""
    return {
        name.removeprefix("check_").replace("_", "."): judge
        for module in modules
        for name, judge in vars(module).items()
        if name.startswith("check_")
    }


def _place_of(error: Exception) -> str:
    """Where a student's function stopped, as the end of a sentence."""
    _, *inside = traceback.extract_tb(error.__traceback__)
    if not inside:
        return "."
    return f", in line {inside[0].lineno} of {inside[0].name}: `{inside[0].line}`."


def _refuse_blank(answer: object, what: str) -> None:
    if answer is None or is_blank(answer):
        raise NotYetError(f"{what} is missing: put it where the cell has `...`.")


def _detached(answer: Any) -> Any:
    return answer.detach() if hasattr(answer, "detach") else answer


def _shown(answer: object) -> str:
    words = " ".join(repr(answer).split())
    return f"{words[:60]} ({type(answer).__name__})"
