"""Who plays: forecasters with the rules that use them, and networks trained from end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from experiments.favorita.data import FavoritaTable
from experiments.fitted import without_warnings
from inv_gym import EconomicsRanges, LogUniform, Policy, Task, baselines
from inv_gym.agents.catalogue import policies as shipped_policies
from inv_gym.agents.forecasting import (
    BoostedQuantiles,
    EmpiricalQuantiles,
    Forecaster,
    IntermittentSmoothing,
    MQConfig,
    MQForecaster,
    SeasonalNaive,
)
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.baselines.forecast import ForecastBaseStock, ForecastProjectedLevel
from inv_gym.problems import LostSales
from inv_gym.products.panel import Panel, PanelProducts

RATIOS = (0.5, 0.7, 0.9, 0.95)
"""Critical ratios."""
MARGIN = 0.5
"""Share of the price, 1, that is not unit cost."""
NAIVE, TREES, MQ, END_TO_END = "seasonal naive", "LightGBM", "MQ-RNN", "DirectBackprop"
SHOWN_RATIO = 0.9
"""Of which paths over time are kept."""


@dataclass(frozen=True)
class Effort:
    """How much is trained.

    Attributes:
        steps: Of networks.
        batch: Products of a step.
        rounds: Trees of each boosted model.
        validation: Products on which weights are chosen.
    """

    steps: int = 600
    batch: int = 64
    rounds: int = 120
    validation: int = 512


QUICK = Effort(steps=25, batch=32, rounds=15, validation=64)


def economics_of(holding: object) -> EconomicsRanges:
    """A price of 1, the margin, and holding costs as shares of the unit cost."""
    return EconomicsRanges(price=1.0, margin=MARGIN, holding_rate=holding, shortage_rate=0.0)  # type: ignore[arg-type]


def at_ratio(ratio: float) -> EconomicsRanges:
    """Economics of a critical ratio, where nothing is discounted."""
    return economics_of(MARGIN / (1.0 - MARGIN) * (1.0 - ratio) / ratio)


def problem_of(table: FavoritaTable, lead_time: int) -> LostSales:
    """Lost sales over an episode of the table, undiscounted."""
    return LostSales(lead_time=lead_time, horizon=table.horizon, discount=1.0)


def training_task(panel: Panel, table: FavoritaTable, lead_time: int) -> Task:
    """Windows of the past, with critical ratios from .4 to .98."""
    economics = economics_of(LogUniform(0.02, 1.5))
    first, last = table.validation
    return Task(
        problem_of(table, lead_time),
        PanelProducts(panel, last=table.training, economics=economics),
        validation=PanelProducts(panel, first, last, economics),
    )


def test_task(panel: Panel, table: FavoritaTable, lead_time: int, test: str, ratio: float) -> Task:
    """Every series once, from the first day of a test period on."""
    first, last = table.tests[test]
    source = PanelProducts(panel, first, last, at_ratio(ratio), each=first)
    return Task(problem_of(table, lead_time), source)


def forecasters(
    task: Task, table: FavoritaTable, lead_time: int, effort: Effort
) -> dict[str, Forecaster]:
    """All of them, trained where they learn, by name."""
    horizon = lead_time + 1
    network = MQForecaster(
        horizon=horizon,
        network=MQConfig("lstm"),
        steps=effort.steps,
        batch=effort.batch,
        validation_products=effort.validation,
    )
    trees = BoostedQuantiles(horizon=horizon, rounds=effort.rounds)
    return {
        NAIVE: SeasonalNaive(table.season),
        "empirical": EmpiricalQuantiles(table.season),
        "intermittent smoothing": IntermittentSmoothing(),
        TREES: trees.fit(task),
        MQ: network.fit(task),
    }


def forecast_players(problem: LostSales, by_name: Mapping[str, Forecaster]) -> dict[str, Policy]:
    """Predict, then optimise, by each forecaster."""
    players: dict[str, Policy] = {}
    for name, forecaster in by_name.items():
        players[name] = ForecastBaseStock(problem, forecaster)
        if problem.lead_time > 0:
            projected = ForecastProjectedLevel(problem, forecaster)
            players[f"{name}, projected level"] = projected
    return players


def end_to_end(task: Task, effort: Effort) -> dict[str, Policy]:
    """Networks that are trained on the past, from scratch and on from shipped ones; and the shipped
    ones as they are.
    """
    config = TrainingConfig(
        steps=effort.steps,
        batch=effort.batch,
        warm_up=min(50, effort.steps // 2),
        validation_products=effort.validation,
        check_every=max(effort.steps // 6, 1),
    )
    constructed = replace(config, network=NetworkConfig(head="constructed"))
    players: dict[str, Policy] = {}
    with without_warnings():
        players[END_TO_END] = DirectBackprop(task, config=config).fit()
        players["DirectBackprop, constructed"] = DirectBackprop(task, config=constructed).fit()
    shipped = shipped_policies(task.problem).get(END_TO_END)
    if shipped is not None:
        players["shipped network, zero-shot"] = shipped
    return players


def history_rules(problem: LostSales) -> dict[str, Policy]:
    """Base-stock that knows the history, and the strongest rules with a lead time."""
    known = baselines.policies(problem, distribution=False)
    wanted = ("base-stock", "vector base-stock")
    return {f"{name} (history)": known[name] for name in wanted if name in known}
