"""What a network takes, from products, from observations, and from what they show."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from inv_gym.agents.network.encoder import Encoder, PeriodByPeriod
from inv_gym.agents.network.features import (
    clock,
    distribution_features,
    economic_features,
    memory_features,
    tensor,
)
from inv_gym.agents.network.policy_network import PastPeriods, PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import NotPlannedError, Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.earlier import Earlier
from inv_gym.util.arrays import Array, known_or_zero


class HeadInput(NamedTuple):
    """What a network's head takes in one period, but for the state."""

    exogenous: Tensor
    """``[B, .]`` its first layer's part of all that orders do not change."""
    scale: Tensor
    """``[B]``, units."""
    whole: Tensor | None
    """``[B]`` which products are ordered in whole units; None where none is for its history."""

    def detach(self) -> HeadInput:
        """The same, without gradient."""
        return self._replace(exogenous=self.exogenous.detach())


class NetworkInputs:
    """Turns what is known of a problem's products into what a network takes.

    Args:
        problem: Whose products.
        network: It computes in its own dtype, whatever the products' is.

    Raises:
        ValueError: The network is for another problem.
    """

    def __init__(self, problem: Problem, network: PolicyNetwork) -> None:
        refuse_other_network(problem, network)
        self.problem, self.network = problem, network

    @property
    def knows(self) -> str:
        """``history`` or ``distribution``."""
        return self.network.config.knows

    @property
    def _like(self) -> Tensor:
        return self.network.like

    def of_products(self, products: Products) -> list[HeadInput]:
        """What the head takes in each period, the encoder being run over all periods at once.

        Raises:
            ValueError: The network knows the distribution and these products have none, or their
                covariates have no names and are not as many as the network's.
        """
        scale, periods = self._scale(products), range(self.problem.horizon)
        calendar = slice(HISTORY, HISTORY + self.problem.horizon)
        past = self._past(products.demand[:-1], products, slice(None, -1))
        every = self.network.prepare(
            self.static_of(products),
            clock(self.problem, periods, self._like),
            self.network.encode(past, scale),
            self._covariates(products, calendar),
            self._memory_of(products),
        )
        whole = self._whole_of(products)
        # taken apart at once: one by one, their gradients would each fill a tensor of all periods
        return [
            HeadInput(exogenous, scale, None if whole is None else whole[t])
            for t, exogenous in enumerate(every.unbind())
        ]

    def of_observation(self, observation: Observation) -> HeadInput:
        """What the head takes in the period of an observation.

        Raises:
            NotPlannedError: The network knows the distribution, which an observation does not show.
            ValueError: The covariates have no names and are not as many as the network's.
        """
        if self.knows == "distribution":
            raise NotPlannedError(
                "this agent knows the distribution: call plan(problem, products) first."
            )
        return self.of_figures(
            observation.economics,
            tensor(observation.scale, self._like),
            self._past(observation.history, observation, slice(HISTORY)),
            clock(self.problem, [observation.period], self._like),
            self._covariates(observation, slice(-1, None)),
            observation.earlier,
        )

    def of_figures(
        self,
        economics: Any,
        scale: Tensor,
        past: PastPeriods,
        times: Tensor,
        covariates: Tensor | None,
        earlier: Earlier | None,
    ) -> HeadInput:
        """What the head takes in one period, from what an observation shows.

        Args:
            economics: Columns ``[B]``, money per unit.
            scale: ``[B]``, units.
            past: The H periods of the history.
            times: Clock ``[1, 1, 2]``, or ``[1, B, 2]`` where rows are of different periods.
            covariates: ``[1, B, C]``, or None.
            earlier: Columns ``[B]``, or None.
        """
        history = past.demand
        known = self.encoded(past, scale), covariates, self.memory(history, scale, earlier)
        static = self.static(economics, scale)
        prepared = self.network.prepare(static, times, *known)[0]
        return HeadInput(prepared, scale, self._whole(history))

    def encoded(self, past: PastPeriods, scale: Tensor) -> Tensor | None:
        """``[1, B, channels]`` what the encoder gives of the H periods of a history."""
        return self.network.encode(past, scale)

    def _whole(self, history: Tensor) -> Tensor | None:
        """``[B]`` whether all that is known of a history ``[H, B]`` is whole, for a network that
        minds it.
        """
        if not self.network.config.whole_counts:
            return None
        return ~is_fraction(history).any(0)

    def _whole_of(self, products: Products) -> Tensor | None:
        """``[T, B]`` what `_whole` gives in every period."""
        if not self.network.config.whole_counts:
            return None
        fraction = is_fraction(tensor(products.demand[:-1], self._like)).int()
        running = running_sums(fraction, 0)
        return running[HISTORY:] == running[:-HISTORY]

    def memory(self, history: Tensor, scale: Tensor, earlier: Earlier | None) -> Tensor | None:
        """``[1, B, 3]`` what a network that remembers sees of a history ``[H, B]`` and of the time
        before it; None for others.
        """
        if not self.network.remembers:
            return None
        known = known_or_zero(history)
        sums = (~history.isnan()).to(scale).sum(0), known.sum(0), (known * known).sum(0)
        if earlier is not None:
            sums = tuple(a + tensor(b, scale) for a, b in zip(sums, earlier, strict=True))
        return memory_features(Earlier(*sums), scale)[None]

    def _memory_of(self, products: Products) -> Tensor | None:
        """``[T, B, 3]`` what `memory` gives in every period, from sums of the demand up to it."""
        if not self.network.remembers:
            return None
        scale = tensor(products.scale, self._like)
        demand = tensor(products.demand[:-1], self._like)
        known = known_or_zero(demand)
        every = torch.stack([(~demand.isnan()).to(scale), known, known * known])
        running = running_sums(every, 1)

        # of a product without earlier periods, what leaves the history is forgotten
        sums, left = running[:, HISTORY:], running[:, :-HISTORY]
        if products.earlier is None:
            return memory_features(Earlier(*(sums - left)), scale)
        earlier = torch.stack([tensor(column, self._like) for column in products.earlier])
        forgotten = (earlier[0] == 0.0).to(scale)
        return memory_features(Earlier(*(sums - left * forgotten + earlier[:, None])), scale)

    def static_of(self, products: Products) -> Tensor:
        """``[B, F]`` features of products that do not change over time, not standardised."""
        more = []
        if self.knows == "distribution":
            distribution = known_distribution(products).averaged()
            quantiles = distribution_features(distribution, distribution.window_mean())
            more.append(tensor(quantiles, self._like))
        return self.static(products.economics, self._scale(products), *more)

    def static(self, economics: Any, scale: Tensor, *more: Tensor) -> Tensor:
        """``[B, F]`` economics, scale and structure, with more features beside them, not
        standardised.
        """
        columns = [tensor(column, self._like) for column in economics]
        figures = economic_features(columns, self.network.config.magnified)
        structure = self._like.new_tensor(self.network.sizes.layout.describe(self.problem))
        described = structure.expand(scale.shape[0], -1)
        return torch.cat([figures, torch.log(scale)[:, None], described, *more], -1)

    def columns(self, state: Any, scale: Tensor) -> Tensor:
        """``[B, columns]`` the state in units of the scale, as the head takes it."""
        return self.network.sizes.layout.stack(state, scale)

    def _scale(self, products: Products) -> Tensor:
        if self.knows == "history":
            return tensor(products.scale, self._like)
        return tensor(known_distribution(products).averaged().window_mean(), self._like)

    def _past(self, demand: Array, shown: Products | Observation, rows: slice) -> PastPeriods:
        """What the network sees of past periods, of which this is the demand ``[N, B]``."""
        sizes, sold_out = self.network.sizes, None
        if sizes.sold_out and shown.sold_out is not None:
            sold_out = tensor(shown.sold_out[rows], self._like)
        every = self._covariates(shown, rows) if sizes.past_covariates else None
        if every is None or shown.covariates is None:
            return PastPeriods(tensor(demand, self._like), sold_out)
        places = [sizes.covariates.index(name) for name in sizes.past_covariates]
        return PastPeriods(tensor(demand, self._like), sold_out, every[..., places])

    def _covariates(self, shown: Products | Observation, rows: slice) -> Tensor | None:
        """``[T, B, C]`` those that the network was trained with, in the given periods; None for one
        that was trained without any.

        It finds them by their names. One that is not there is unknown, which is 0: the mean of the
        phases of a calendar, and no promotion. Where they have no names their order is that of the
        training.

        Raises:
            ValueError: They have no names, and their number is another.
        """
        wanted, names = self.network.sizes.covariates, shown.covariate_names
        if not wanted:
            return None
        if names is None:
            self._refuse_other_number(shown.covariates)
        if shown.covariates is None:
            return self._like.new_zeros(1, 1, len(wanted))
        given = tensor(shown.covariates[rows], self._like)
        if names is None or names == wanted:
            return given
        unknown = torch.zeros_like(given[..., 0])
        columns = dict(zip(names, given.unbind(-1), strict=True))
        return torch.stack([columns.get(name, unknown) for name in wanted], -1)

    def _refuse_other_number(self, covariates: Array | None) -> None:
        """Refuse covariates without names that are not as many as those of the training."""
        wanted = self.network.sizes.covariates
        given = 0 if covariates is None else covariates.shape[-1]
        if given != len(wanted):
            raise ValueError(
                f"the network expects the covariates ({', '.join(wanted)}), got {given} columns."
            )


class EpisodeInputs(NetworkInputs):
    """`NetworkInputs` of the observations of one episode, to be given one after the other: of each
    only the last period is encoded.
    """

    def __init__(self, problem: Problem, network: PolicyNetwork) -> None:
        super().__init__(problem, network)
        self._followed: PeriodByPeriod | None = None

    def encoded(self, past: PastPeriods, scale: Tensor) -> Tensor | None:
        """See `NetworkInputs`; the history must be that of the period after the last one."""
        if not self.network.advances:
            return super().encoded(past, scale)
        if self._followed is None:
            before = self.network.encoder_inputs(past.rows(slice(-1)), scale)
            self._followed = PeriodByPeriod(cast(Encoder, self.network.encoder), before)
        (last,) = self.network.encoder_inputs(past.rows(slice(-1, None)), scale)
        return self._followed.advance(last)[None]


def running_sums(figures: Tensor, axis: int) -> Tensor:
    """Along the axis, the sum of the figures before each one, and at the end that of all."""
    nothing = torch.zeros_like(figures.narrow(axis, 0, 1))
    return torch.cat([nothing, figures.cumsum(axis)], axis)


def is_fraction(demand: Tensor) -> Tensor:
    """Where demand is known and not whole, of the shape of `demand`."""
    known = known_or_zero(demand)
    return known != known.round()


def refuse_other_network(problem: Problem, network: PolicyNetwork) -> None:
    """Refuse a network that was made for another problem.

    Raises:
        ValueError: That is so; it names what both need.
    """
    ours, theirs = network.sizes, Sizes.of((problem,))
    same = all(
        getattr(ours, name) == getattr(theirs, name)
        for name in ("order_names", "economics", "fastest_first")
    )
    if not same or not ours.layout.holds(problem):
        raise ValueError(
            f"the network is for {ours}, {type(problem).__name__} needs {theirs}: train one for it."
        )


def known_distribution(products: Products) -> Distribution:
    """The distribution of products, for a network that reads it.

    Raises:
        ValueError: They have none, as those of a real table.
    """
    if products.distribution is None:
        raise ValueError(
            "these products have no known demand distribution: use a network that knows the "
            "history."
        )
    return products.distribution
