"""What the labs need: `check` for answers, `solution` for help, `sized` for short runs."""

from __future__ import annotations

from labs import traces
from labs.answers import NotYetError, is_blank
from labs.cases import Case, case
from labs.checks import JUDGES
from labs.sheets import solution_cell
from labs.sizes import sized

__all__ = ["Case", "NotYetError", "case", "check", "sized", "solution"]

traces.shorten()


def check(exercise: str, answer: object) -> None:
    """Print that an answer is right and what it means, or say what is wrong with it.

    Args:
        exercise: Its number, such as ``"2.3"``.
        answer: What the exercise asks for: a number, some numbers, a letter or a function.

    Raises:
        NotYetError: The answer is missing, of the wrong kind or wrong; the message has a hint.
        ValueError: There is no such exercise.
    """
    judge = JUDGES.get(exercise)
    if judge is None:
        raise ValueError(f"there is no exercise {exercise!r}: they are {', '.join(JUDGES)}.")
    if is_blank(answer):
        raise NotYetError(f"{exercise} is open: put your answer where the cell has `...`.")
    try:
        remark = judge(answer)
    except NotYetError as wrong:
        raise NotYetError(f"{exercise}, not yet: {wrong}") from None
    print(f"{exercise} is right. {remark}")


def solution(exercise: str) -> None:
    """Print a cell that solves an exercise.

    Raises:
        ValueError: There is no such exercise.
        FileNotFoundError: The folder of solutions was taken away.
    """
    print(solution_cell(exercise))
