"""The size and the input of a policy network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inv_gym.util.checks import flag, one_of, real, whole

KNOWS = ("history", "distribution")

HEADS = ("plain", "constructed")


@dataclass(frozen=True)
class NetworkConfig:
    """Size and input of a policy network.

    Attributes:
        knows: ``history``, or ``distribution``: quantiles of the true distribution in place of the
            demand history.
        channels: Of the encoder.
        hidden: Units of the head's hidden layers.
        head: ``plain``, or ``constructed``: orders have the structure of optimal ones for every
            input.
        most: The largest order, in units of the scale; None: no limit.
        magnified: Figures are shown once as they are, and once more for each of these numbers on a
            logarithmic scale that begins at one over it: cheap holding is told from free holding.
        whole_counts: Whether orders are whole where all demand of the history is, whatever the
            problem says. Training is on fractions then: rounding the orders of slow movers in
            training drowned the gradients of all other products.
    """

    knows: str = "history"
    channels: int = 16
    hidden: tuple[int, ...] = (32, 32)
    head: str = "plain"
    most: float | None = None
    magnified: tuple[float, ...] = (100.0,)
    whole_counts: bool = False

    def __post_init__(self) -> None:
        one_of("knows", self.knows, KNOWS)
        one_of("head", self.head, HEADS)
        whole("channels", self.channels, least=1)
        if self.most is not None and real("most", self.most) <= 0.0:
            raise ValueError(f"most must be above 0, got {self.most}; None means no limit.")
        if isinstance(self.hidden, str) or not isinstance(self.hidden, Sequence):
            raise TypeError(f"hidden must be a sequence of whole numbers, got {self.hidden!r}.")
        object.__setattr__(
            self, "hidden", tuple(whole("hidden", units, least=1) for units in self.hidden)
        )
        flag("whole_counts", self.whole_counts)
        for number in self.magnified:
            real("magnified", number, least=1.0)
        object.__setattr__(self, "magnified", tuple(self.magnified))
        if not self.hidden:
            raise ValueError("hidden must have at least one layer, got none.")


def check_network(network: Any) -> None:
    """Refuse what is no `NetworkConfig`.

    Raises:
        TypeError: It is something else; the message shows how to write one.
    """
    if not isinstance(network, NetworkConfig):
        raise TypeError(
            f"network must be a NetworkConfig, such as NetworkConfig(channels=8), got {network!r}."
        )
