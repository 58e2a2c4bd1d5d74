"""The demand distribution of each product of a batch: what an omniscient policy knows, and what an
estimate claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from inv_gym.demand.families import Family, check_probability
from inv_gym.util.arrays import apart, sealed
from inv_gym.util.checks import refuse_rows, whole

LATTICE_CELLS = 2048
"""Cells of the lattice on which sums of demands without a closed form are computed."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """Independent demand over the periods from now on, for B products.

    Attributes:
        families: The families that occur.
        family_index: ``[B]`` which of them each product follows.
        mean: ``[P, B]`` mean of each period from now on; the last row holds for all later periods.
        dispersion: ``[B]`` dispersion (see `inv_gym.demand.families`).

    Raises:
        TypeError: The index is not of whole numbers.
        ValueError: A shape does not fit, the index names no family, or a mean or a dispersion is
            negative or not finite (a family may fix a negative one); the first such product is
            named.
    """

    families: tuple[Family, ...]
    family_index: np.ndarray
    mean: np.ndarray
    dispersion: np.ndarray
    _lattices: dict[int, tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        index, mean, dispersion = map(np.asarray, (self.family_index, self.mean, self.dispersion))
        if index.dtype.kind not in "iu":
            raise TypeError(f"family_index must be of whole numbers, got {index.dtype} ones.")
        batch = (len(index),) if index.ndim == 1 else None
        if mean.ndim != 2 or not len(mean) or not mean.shape[1:] == dispersion.shape == batch:
            raise ValueError(
                "family_index and dispersion must be [B] and mean [P, B] with at least one period, "
                f"got {index.shape}, {dispersion.shape} and {mean.shape}."
            )
        unknown = (index < 0) | (index >= len(self.families))
        known = len(self.families)
        refuse_rows(f"family_index must be below {known} and at least 0, got {{}}.", unknown, index)
        _refuse_negative("mean", mean)
        # a family may fix one below 0, that of counts that scatter less than Poisson's
        fixed = np.array([family.fixed_dispersion or 0.0 for family in self.families])[index]
        _refuse_negative("dispersion", np.where(dispersion == fixed, 0.0, dispersion)[None])

    @property
    def stationary(self) -> bool:
        """Whether all periods follow the same distribution."""
        return self.mean.shape[0] == 1

    @property
    def integer(self) -> np.ndarray:
        """``[B]`` whether demand comes in whole units."""
        return np.array([family.integer for family in self.families])[self.family_index]

    def at(self, period: int) -> Distribution:
        """The distribution as seen from a later period."""
        return (
            self
            if self.stationary
            else self._with(mean=self.mean[min(period, len(self.mean) - 1) :])
        )

    def averaged(self) -> Distribution:
        """A stationary distribution with the mean of all periods known."""
        return self if self.stationary else self._with(mean=self.mean.mean(0, keepdims=True))

    def sealed(self) -> Distribution:
        """The same in memory that nobody can write to; itself if it is so already."""
        columns = (self.family_index, self.mean, self.dispersion)
        kept = tuple(map(sealed, columns))
        if all(ours is theirs for ours, theirs in zip(columns, kept, strict=True)):
            return self
        return Distribution(self.families, *kept)

    def apart(self) -> Distribution:
        """The same in memory of its own, with lattices of its own."""
        columns = (self.family_index, self.mean, self.dispersion)
        return Distribution(self.families, *map(apart, columns))

    def rows(self, rows: slice | np.ndarray) -> Distribution:
        """The same for some of the products."""
        some = object.__new__(Distribution)  # the rows are checked already
        vars(some).update(
            families=self.families,
            family_index=self.family_index[rows],
            mean=self.mean[:, rows],
            dispersion=self.dispersion[rows],
            _lattices={},
        )
        return some

    def window_mean(self, periods: int = 1) -> np.ndarray:
        """``[B]`` mean demand of the next `periods` periods together."""
        return self._window(periods).sum(0)

    def variance(self) -> np.ndarray:
        """``[B]`` variance of the demand of the next period (of amounts, on the lattice)."""
        step, cumulative = self.lattice()
        above, cells = 1.0 - cumulative, np.arange(LATTICE_CELLS)
        first, second = above.sum(1), ((2.0 * cells + 1.0) * above).sum(1)
        return step**2 * (second - first**2)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """P(demand of the next period <= x), for x of shape ``[B]`` or ``[N, B]``."""
        return self._cdf(np.asarray(x), self.mean[0])

    def quantile(self, probability: np.ndarray, periods: int = 1) -> np.ndarray:
        """The quantile of the demand of the next `periods` periods together, in units.

        Args:
            probability: ``[B]`` or ``[C, B]``, within (0, 1).
            periods: Number of periods, at least 1.

        Raises:
            ValueError: A probability is outside [0, 1], or there is no period.
        """
        whole("periods", periods, least=1)
        check_probability(probability)
        probability = np.broadcast_arrays(np.asarray(probability, dtype=float), self.mean[0])[0]
        result = np.empty(probability.shape)
        for family, rows, group in self._groups:
            wanted = probability[..., rows]
            mean = group._window(periods)
            if periods == 1 or (
                family.closed_under_sums
                and (group.mean.shape[0] == 1 or family.fixed_dispersion == 0)
            ):
                value = family.quantile(wanted, mean.sum(0), group.dispersion / periods)
            else:
                step, cumulative = group.lattice(periods)
                value = (
                    _invert(cumulative, wanted.reshape(-1, wanted.shape[-1]).T).reshape(
                        wanted.shape
                    )
                    * step
                )
            result[..., rows] = value
        return result

    def lattice(self, periods: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Demand of the next `periods` periods on a lattice: ``step [B]``,
        ``P(demand <= k * step) [B, LATTICE_CELLS]``.

        Steps are 1 for counts that fit, so counts are exact but for the mass beyond the last cell
        (16 standard deviations above the mean). It is worked out once.
        """
        if periods not in self._lattices:
            self._lattices[periods] = self._lattice(periods)
        return self._lattices[periods]

    def _lattice(self, periods: int) -> tuple[np.ndarray, np.ndarray]:
        means = self._window(periods)
        integer = self.integer
        variance = np.where(integer, means, 0.0) + self.dispersion * means**2
        reach = means.sum(0) + 16.0 * np.sqrt(variance.sum(0))
        step = np.maximum(reach / (LATTICE_CELLS - 1), np.where(integer, 1.0, np.finfo(float).tiny))
        edges = (np.arange(LATTICE_CELLS)[:, None] + 0.5) * step
        transform: np.ndarray | float = 1.0
        for mean in means[:1] if self.stationary else means:
            mass = np.diff(np.ascontiguousarray(self._cdf(edges, mean).T), axis=1, prepend=0.0)
            transform = transform * np.fft.rfft(mass)
        if periods == 1:
            return step, np.cumsum(mass, axis=1)
        if self.stationary:
            transform = transform**periods
        mass = np.fft.irfft(transform, LATTICE_CELLS)
        return step, np.minimum(np.cumsum(np.maximum(mass, 0.0), axis=1), 1.0)

    def common_paths(self, uniforms: np.ndarray) -> np.ndarray:
        """Demand paths ``[M, B]`` of the next period's distribution by inversion of the same
        ``[M]`` uniforms for all products.

        Common random numbers make the paths of a product independent of the batch it is in.
        """
        step, cumulative = self.lattice()
        return _invert(cumulative, np.broadcast_to(uniforms, (len(step), len(uniforms)))) * step

    def _window(self, periods: int) -> np.ndarray:
        """``[periods, B]`` means of the next periods."""
        return self.mean[np.minimum(np.arange(periods), len(self.mean) - 1)]

    def _with(self, mean: np.ndarray) -> Distribution:
        return Distribution(self.families, self.family_index, mean, self.dispersion)

    @cached_property
    def _groups(self) -> list[tuple[Family, np.ndarray, Distribution]]:
        """Each family that occurs, with the rows of its products and their distribution."""
        groups = [
            (family, np.flatnonzero(self.family_index == k))
            for k, family in enumerate(self.families)
        ]
        return [(family, rows, self.rows(rows)) for family, rows in groups if rows.size]

    def _cdf(self, x: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """P(demand <= x) under the given means; x is ``[B]``, ``[N, 1]`` or ``[N, B]``."""
        result = np.empty(np.broadcast_shapes(x.shape, mean.shape))
        x = np.broadcast_to(x, result.shape)
        for family, rows, _ in self._groups:
            result[..., rows] = family.cdf(x[..., rows], mean[rows], self.dispersion[rows])
        return result


def _refuse_negative(name: str, values: np.ndarray) -> None:
    """Raise if a value ``[P, B]`` is negative or not finite, with the first such product."""
    good = (values >= 0.0) & (values < np.inf)
    if good.all():
        return
    products = ~good.all(0)
    periods = good.argmin(0)
    refuse_rows(
        f"{name} must be finite and at least 0, got {{}}.",
        products,
        values[periods, np.arange(len(periods))],
    )


def _invert(cumulative: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The first cell of each product at which the probability is reached: ``[B, N]`` and ``[B, M]``
    give ``[M, B]``.
    """
    cells = [
        np.searchsorted(row, wanted) for row, wanted in zip(cumulative, probability, strict=True)
    ]
    return np.minimum(np.stack(cells, 1), LATTICE_CELLS - 1)


def join(parts: Sequence[Distribution]) -> Distribution:
    """The products of several batches of one source in one batch."""
    return Distribution(
        parts[0].families,
        np.concatenate([part.family_index for part in parts]),
        np.concatenate([part.mean for part in parts], axis=1),
        np.concatenate([part.dispersion for part in parts]),
    )
