"""What the shapes of a network depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inv_gym.agents.network.features import StateLayout
from inv_gym.demand.processes import beyond_calendar
from inv_gym.problems.problem import Problem
from inv_gym.products.sources import NO_EXTRAS, Extras


@dataclass(frozen=True)
class Sizes:
    """What the shapes of a network depend on, beside its configuration."""

    layout: StateLayout
    economics: tuple[str, ...]
    covariates: tuple[str, ...]
    order_names: tuple[str, ...]
    lead_times: tuple[int, ...]
    short_histories: bool = False
    """Whether it sees which periods of a history are known, as products may know fewer than 32."""
    earlier: bool = False
    """Whether it sees what is known of the demand before the history."""
    sold_out: bool = False
    """Whether it sees which periods of the history sold out: in one of the problems sales are seen
    in place of demand, or a table tells it.
    """
    past_covariates: tuple[str, ...] = ()
    """Covariates that it sees of past periods too, as promotions: a peak is explained by them."""

    @property
    def fastest_first(self) -> list[int]:
        """The order channels by their lead times: how the outputs are read."""
        return sorted(range(len(self.lead_times)), key=lambda k: self.lead_times[k])

    @property
    def removes(self) -> bool:
        """Whether the second channel takes stock away."""
        return self.order_names == ("order", "removal")

    @classmethod
    def of(
        cls,
        problems: Sequence[Problem],
        covariates: Sequence[str] = (),
        extras: Extras = NO_EXTRAS,
    ) -> Sizes:
        """For these problems, with covariates of these names, and products that may have such
        extras.
        """
        one = problems[0]
        return cls(
            StateLayout.of(problems),
            one.Economics._fields,
            tuple(covariates),
            one.order_names,
            one.lead_times,
            extras.short_histories,
            extras.earlier,
            any(extras.shown_in(problem).sold_out for problem in problems),
            beyond_calendar(covariates),
        )
