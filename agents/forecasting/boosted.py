"""Quantile regression by boosted trees, with LightGBM (extra `forecast`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from inv_gym.agents.checkpoints import blaming
from inv_gym.agents.forecasting.grid import LEVELS, at_levels, scale_of
from inv_gym.agents.forecasting.origins import TRAINING_SEED, Origins, drawn
from inv_gym.products.batch import HISTORY
from inv_gym.tasks.task import Task
from inv_gym.util.checks import whole
from inv_gym.util.extras import needs
from inv_gym.util.files import write_atomically

LAGS = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)
"""Periods back of single demands."""
ROLLING_WINDOWS = (4, 7, 14, 32)
"""Periods back over which demand is averaged, and its deviation taken."""
TREES_KIND = "trees"
"""What a file says that it holds."""
TARGETS = ("period", "sum")
"""What is learned: the demand of a period ahead, and of all up to it together."""
PARAMETERS: dict[str, Any] = {
    "objective": "quantile",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
}


@dataclass
class BoostedQuantiles:
    """Quantile regression by boosted trees: a model per level and target, of lags, rolling
    statistics, the covariates of the period that is forecast and how far ahead it is; in units of
    the mean of each history.

    Attributes:
        horizon: Most periods ahead that it learns.
        rounds: Trees of each model.
        products: How many are drawn for the training.
        rows: Most origins and periods ahead that are learned from.
        seed: Of the products and of the training.

    Raises:
        TypeError: A number is no whole number.
        ValueError: It is out of bounds.
        ImportError: LightGBM is not installed.
    """

    horizon: int = 4
    rounds: int = 120
    products: int = 400
    rows: int = 40_000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("horizon", "rounds", "products", "rows"):
            whole(name, getattr(self, name), least=1)
        whole("seed", self.seed, least=0)
        with needs("forecast", "quantile regression by boosted trees"):
            import lightgbm  # noqa: F401
        self._models: dict[tuple[str, float], Any] = {}
        self._covariates: int | None = None

    def fit(self, task: Task) -> Self:
        """Learn from products of a task's training source.

        Raises:
            ValueError: Its demand is censored, or its episodes are shorter than the horizon.
        """
        import lightgbm

        seed = TRAINING_SEED + self.seed
        origins = drawn(task, self.products, seed, "training", self.horizon)
        features, targets = self._table(origins)
        self._covariates = _number_of(origins.covariates)
        options = PARAMETERS | {"seed": self.seed}
        for place, target in enumerate(targets_of(self.horizon)):
            for level in LEVELS:
                data = lightgbm.Dataset(features, targets[:, place])
                self._models[target, level] = lightgbm.train(
                    options | {"alpha": level}, data, self.rounds
                )
        return self

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        return self._forecast("period", history, covariates, levels, range(horizon))

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        steps = range(horizon - 1, horizon)
        target = targets_of(self.horizon)[-1]
        return self._forecast(target, history, covariates, levels, steps)[:, 0]

    def save(self, path: str | Path) -> Path:
        """Write the trees to one JSON file.

        Raises:
            ValueError: It is not trained.
            OSError: The place cannot be written.
        """
        self._refuse_untrained()
        models = {
            target: [self._models[target, level].model_to_string() for level in LEVELS]
            for target in targets_of(self.horizon)
        }
        facts = {
            "forecaster": TREES_KIND,
            "horizon": self.horizon,
            "covariates": self._covariates,
            "levels": list(LEVELS),
            "models": models,
        }
        return write_atomically(path, json.dumps(facts))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a forecaster that was saved.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, or holds something else.
        """
        content = Path(path).read_bytes()
        with blaming(path, "holds no forecaster of trees"):
            facts = json.loads(content)
            if facts["forecaster"] != TREES_KIND:
                raise ValueError(f"it holds {facts['forecaster']!r}")
            if tuple(facts["levels"]) != LEVELS:
                raise ValueError(f"its levels are {facts['levels']}")
            loaded = cls(horizon=facts["horizon"])
            loaded._covariates = whole("covariates", facts["covariates"], least=0)
            loaded._models = _read_models(facts["models"], targets_of(loaded.horizon))
        return loaded

    def _forecast(
        self,
        target: str,
        history: np.ndarray,
        covariates: np.ndarray | None,
        levels: np.ndarray,
        steps: range,
    ) -> np.ndarray:
        """``[B, steps, Q]`` quantiles of what is so many periods ahead, units."""
        self._check(covariates, steps.stop)
        scale = scale_of(history)
        parts = []
        for step in steps:
            ahead = None if covariates is None else covariates[HISTORY + step]
            features = features_of(history, ahead, step)
            given = [self._models[target, level].predict(features) for level in LEVELS]
            # models of single levels may cross
            ordered = np.sort(np.stack(given, -1), -1)
            parts.append(at_levels(ordered, np.array(LEVELS), levels) * scale[:, None])
        return np.stack(parts, 1)

    def _check(self, covariates: np.ndarray | None, horizon: int) -> None:
        """Refuse what it was not trained for.

        Raises:
            ValueError: It is not trained, the horizon is longer, or the covariates are others.
        """
        self._refuse_untrained()
        refuse_other_use(horizon, self.horizon, covariates, self._covariates or 0)

    def _refuse_untrained(self) -> None:
        if not self._models:
            raise ValueError(
                "it is not trained: call fit(task) or BoostedQuantiles.load(path) first."
            )

    def _table(self, origins: Origins) -> tuple[np.ndarray, np.ndarray]:
        """Features ``[R, F]`` and targets ``[R, 2]`` of a sample of all origins and periods
        ahead.
        """
        scale, targets = origins.scale, origins.targets
        pairs = [(n, k) for n in range(origins.number) for k in range(self.horizon)]
        share = min(1.0, self.rows / (len(pairs) * scale.shape[1]))
        rng = np.random.default_rng(TRAINING_SEED + self.seed)
        features, wanted = [], []
        for origin, step in pairs:
            rows = np.flatnonzero(rng.random(scale.shape[1]) < share)
            if not len(rows):
                continue
            window = origins.window(origin)
            ahead = None if window is None else window[HISTORY + step, rows]
            features.append(features_of(origins.history(origin)[:, rows], ahead, step))
            wanted.append(targets[origin, rows, step] / scale[origin, rows, None])
        return np.concatenate(features), np.concatenate(wanted)


def targets_of(horizon: int) -> tuple[str, ...]:
    """What is learned for so many periods: of one alone, the sum is the period itself."""
    return TARGETS if horizon > 1 else TARGETS[:1]


def _read_models(
    texts: dict[str, list[str]], targets: tuple[str, ...]
) -> dict[tuple[str, float], Any]:
    """The trees of each target and level from their texts."""
    import lightgbm

    return {
        (target, level): lightgbm.Booster(model_str=text)
        for target in targets
        for level, text in zip(LEVELS, texts[target], strict=True)
    }


def refuse_other_use(
    horizon: int, longest: int, covariates: np.ndarray | None, wanted: int
) -> None:
    """Refuse a horizon, or a number of covariates, that a model was not trained for.

    Raises:
        ValueError: It says which, and what the model has.
    """
    if horizon > longest:
        raise ValueError(
            f"horizon must be at most the {longest} periods that it was trained for, got "
            f"{horizon}: train one with horizon={horizon}."
        )
    number = _number_of(covariates)
    if number != wanted:
        raise ValueError(f"covariates must be the {wanted} that it was trained with, got {number}.")


def _number_of(covariates: np.ndarray | None) -> int:
    return 0 if covariates is None else covariates.shape[-1]


def features_of(history: np.ndarray, ahead: np.ndarray | None, step: int) -> np.ndarray:
    """``[B, F]`` what trees see of histories ``[H, B]``, of the covariates ``[B, C]`` of the period
    that is forecast, and of how many periods ahead it is (0: the current one).
    """
    scale = scale_of(history)
    share = history / scale
    season = share[step - 7] if step < 7 else share[step - 14]
    columns = [np.full(len(scale), float(step)), np.log(scale), season]
    columns += [share[-lag] for lag in LAGS]
    for window in ROLLING_WINDOWS:
        part = share[-window:]
        known = np.maximum((~np.isnan(part)).sum(0), 1)
        mean = np.nansum(part, 0) / known
        columns.append(mean)
        columns.append(np.sqrt(np.nansum((part - mean) ** 2, 0) / known))
    columns.append((share == 0.0).mean(0))
    if ahead is not None:
        columns += list(ahead.T)
    return np.stack(columns, -1)
