"""Steps of a training that are skipped, since nothing can be learned from what is not finite."""

from __future__ import annotations

from typing import Any, NamedTuple

from inv_gym.util.checks import whole

MOST_IN_A_ROW = 10
"""Steps that are skipped in a row before a training goes back to its best weights (our choice)."""
MOST_RETURNS = 3
"""Times that a training goes back to its best weights before it ends (our choice)."""
TOLERABLE_SHARE = 0.01
"""Share of the steps that may be skipped without a word (our choice)."""


class NotFiniteError(ArithmeticError):
    """The loss of a step, its gradient or a score is not finite; the message says where."""


class Skips(NamedTuple):
    """What a training left out so far."""

    total: int = 0
    """Steps that were skipped."""
    in_a_row: int = 0
    """Those since the last step that was taken, or since the last return."""
    returns: int = 0
    """Times that the training went back to its best weights."""

    @property
    def rate(self) -> float:
        """What is left of the learning rate: each return halves it."""
        return 0.5**self.returns

    @property
    def too_many(self) -> bool:
        """Whether so many steps were skipped in a row that the weights are to blame."""
        return self.in_a_row >= MOST_IN_A_ROW

    def after_a_step(self) -> Skips:
        """After a step that was taken."""
        return self._replace(in_a_row=0)

    def after_a_skip(self) -> Skips:
        """After a step that was skipped."""
        return self._replace(total=self.total + 1, in_a_row=self.in_a_row + 1)

    def after_a_return(self) -> Skips:
        """After the training went back to its best weights."""
        return self._replace(in_a_row=0, returns=self.returns + 1)

    def trouble(self, steps: int) -> str | None:
        """What to say of so many steps; None if next to none was skipped."""
        if not self.returns and self.total <= TOLERABLE_SHARE * steps:
            return None
        return (
            f"{self.total} of {steps} steps were skipped and the training went back to its best "
            f"weights {self.returns} times, since losses, gradients or scores were not finite"
        )


def read_skips(figures: Any, steps: int) -> Skips:
    """What a checkpoint after so many steps says of them; older ones say nothing.

    Raises:
        TypeError: It is no list, or a figure is no whole number, or there are too many.
        ValueError: A figure is out of bounds.
    """
    if not isinstance(figures, list):
        raise TypeError(f"skips must be a list of whole numbers, got {figures!r}.")
    skips = Skips(*figures)
    whole("total of skips", skips.total, least=0, most=steps)
    whole("skips in a row", skips.in_a_row, least=0, most=min(skips.total, MOST_IN_A_ROW))
    whole("returns", skips.returns, least=0, most=MOST_RETURNS)
    return skips
