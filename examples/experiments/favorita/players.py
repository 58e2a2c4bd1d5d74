"""Who plays: forecasters with the rules that use them, and networks trained from end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from experiments.favorita.averaged import Averaged
from experiments.favorita.data import FavoritaTable
from experiments.favorita.remembering import Remembering
from experiments.favorita.trainings import kept_agent, kept_forecaster, outcome_of
from inv_gym import EconomicsRanges, LogUniform, Policy, Task, augmented_table, baselines
from inv_gym.agents.catalogue import policies as shipped_policies
from inv_gym.agents.forecasting import (
    BoostedQuantiles,
    EmpiricalQuantiles,
    Forecaster,
    IntermittentSmoothing,
    MQForecaster,
    SeasonalNaive,
    recalibrated_where_better,
)
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.sb3.config import ModelFreeConfig, tuned
from inv_gym.agents.sb3.training import ModelFree
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.generalists import GENERALIST, fine_tuning
from inv_gym.baselines.forecast import ForecastBaseStock, ForecastProjectedLevel
from inv_gym.demand.ranges import Range
from inv_gym.problems import LostSales
from inv_gym.products.panel import Panel, PanelProducts

RATIOS = (0.5, 0.7, 0.9, 0.95)
"""Critical ratios."""
PLAYED_RATIOS = (*RATIOS, None)
"""The same, and one in which each series has a ratio of its own, drawn as in training."""
HOLDING_RATES = LogUniform(0.02, 1.5)
"""Of the unit cost, from which training draws: critical ratios from .4 to .98."""
MARGIN = 0.5
"""Share of the price, 1, that is not unit cost."""
NAIVE, TREES, MQ = "seasonal naive", "LightGBM", "MQ-RNN"
SCRATCH, CONSTRUCTED = "DirectBackprop", "DirectBackprop, constructed"
FINE_TUNED, ZERO_SHOT = "generalist, fine-tuned", "generalist, zero-shot"
END_TO_END = {SCRATCH: "scratch", CONSTRUCTED: "constructed", FINE_TUNED: "fine-tuned"}
"""Policies whose networks learn from the past of the table, and what their folders begin with."""
RIVALS = {False: MQ, True: f"{MQ}, projected level"}
"""The policy that forecasts with which end-to-end ones are compared, by whether there is a lead
time.
"""
PPO_PLAYER = "PPO"
HISTORY_RULE = "base-stock (history)"
"""What gaps are to."""
SHOWN_RATIO = 0.9
"""Of which paths over time are kept."""
MOST_SERIES, CHOSEN_SEED = 1000, 98_000
"""Series that are played of a table with more, and the seed that draws them."""
TUNED_FOR = {False: "InvLostSales-v0", True: "InvLostSalesLeadTime-v0"}
"""The environment whose tuned parameters PPO takes, by whether there is a lead time."""


@dataclass(frozen=True)
class Effort:
    """How much is trained.

    Attributes:
        steps: Of networks that begin from scratch.
        batch: Products of a step.
        fine_steps: Of the generalist that is fitted.
        forecast_steps: Of each network of MQ-RNN.
        members: Networks of MQ-RNN, and of each end-to-end policy.
        played: Product-periods of PPO.
        rounds: Trees of each boosted model.
        validation: Products on which weights are chosen.
    """

    steps: int = 1600
    batch: int = 32
    fine_steps: int = 600
    forecast_steps: int = 600
    members: int = 2
    played: int = 256_000
    rounds: int = 120
    validation: int = 256


QUICK = Effort(
    steps=25,
    fine_steps=10,
    forecast_steps=100,
    members=1,
    played=12_800,
    rounds=15,
    validation=64,
)


def economics_of(holding: Range) -> EconomicsRanges:
    """A price of 1, the margin, and holding costs as shares of the unit cost."""
    return EconomicsRanges(price=1.0, margin=MARGIN, holding_rate=holding, shortage_rate=0.0)


def at_ratio(ratio: float | None) -> EconomicsRanges:
    """Economics of a critical ratio, where nothing is discounted; of None, drawn ones."""
    if ratio is None:
        return economics_of(HOLDING_RATES)
    return economics_of(MARGIN / (1.0 - MARGIN) * (1.0 - ratio) / ratio)


def problem_of(table: FavoritaTable, lead_time: int) -> LostSales:
    """Lost sales over an episode of the table, undiscounted."""
    return LostSales(lead_time=lead_time, horizon=table.horizon, discount=1.0)


def training_task(panel: Panel, table: FavoritaTable, lead_time: int) -> Task:
    """Windows of the past, with critical ratios from .4 to .98."""
    economics = economics_of(HOLDING_RATES)
    first, last = table.validation
    return Task(
        problem_of(table, lead_time),
        PanelProducts(panel, last=table.training, economics=economics),
        validation=PanelProducts(panel, first, last, economics),
    )


def setting_name(ratio: float | None) -> str:
    """A critical ratio in words."""
    return "drawn" if ratio is None else f"{ratio:g}"


def test_task(
    panel: Panel, table: FavoritaTable, lead_time: int, test: str, ratio: float | None
) -> Task:
    """Every series once, from the first day of a test period on; of many, `MOST_SERIES` of them."""
    first, last = table.tests[test]
    chosen = None
    if len(panel.series) > MOST_SERIES:
        rng = np.random.default_rng(CHOSEN_SEED)
        drawn = rng.choice(len(panel.series), MOST_SERIES, replace=False)
        chosen = tuple(sorted(drawn.tolist()))
    source = PanelProducts(panel, first, last, at_ratio(ratio), chosen=chosen, each=first)
    return Task(problem_of(table, lead_time), source)


def forecast_task(panel: Panel, table: FavoritaTable, lead_time: int) -> Task:
    """The training task with episodes of one lead time and review period."""
    return training_task(panel, replace(table, horizon=lead_time + 1), lead_time)


def forecasters(
    panel: Panel, table: FavoritaTable, lead_time: int, effort: Effort, folder: Path
) -> dict[str, Forecaster]:
    """All of them, by name; what learns is kept in a folder, and recalibrated if what the earlier
    half of the validation period tells of it lowers its loss in the later half.
    """
    task, horizon = training_task(panel, table, lead_time), lead_time + 1
    network = MQForecaster(
        horizon=horizon,
        steps=effort.forecast_steps,
        batch=effort.batch,
        validation_products=effort.validation // 2,
        members=effort.members,
    )
    trees = BoostedQuantiles(horizon=horizon, rounds=effort.rounds)
    learned: dict[str, BoostedQuantiles | MQForecaster] = {
        TREES: kept_forecaster(folder / "trees.json", trees, task),
        MQ: kept_forecaster(folder / "mq.safetensors", network, task),
    }
    earlier, later = (
        forecast_task(panel, replace(table, validation=half), lead_time) for half in table.halves
    )
    return {
        NAIVE: SeasonalNaive(table.season),
        "empirical": EmpiricalQuantiles(table.season),
        "intermittent smoothing": IntermittentSmoothing(),
        **{
            name: recalibrated_where_better(Remembering(model), earlier, later, horizon)
            for name, model in learned.items()
        },
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


def networks(task: Task, effort: Effort, folder: Path) -> dict[str, Policy]:
    """Networks that are trained on the past, from scratch and on from the generalist, each the mean
    of several; the generalist as it is; and PPO. What they learn is kept in a folder.
    """
    config = TrainingConfig(
        steps=effort.steps,
        batch=effort.batch,
        warm_up=min(50, effort.steps // 2),
        validation_products=effort.validation,
        check_every=max(effort.steps // 8, 1),
    )
    constructed = replace(config, network=NetworkConfig(head="constructed"))
    tuning = replace(
        fine_tuning(),
        steps=effort.fine_steps,
        batch=effort.batch,
        warm_up=min(20, effort.fine_steps // 2),
        validation_products=effort.validation,
        check_every=max(effort.fine_steps // 5, 1),
    )
    generalist = cast(InventoryAgent, shipped_policies(task.problem, for_tables=True)[GENERALIST])
    augmented = replace(task, training=augmented_table(task))
    trainings: dict[str, tuple[Task, TrainingConfig, InventoryAgent | None]] = {
        SCRATCH: (task, config, None),
        CONSTRUCTED: (task, constructed, None),
        FINE_TUNED: (augmented, tuning, generalist),
    }
    players: dict[str, Policy] = {ZERO_SHOT: generalist}
    for name, (own_task, chosen, start) in trainings.items():
        members = [
            kept_agent(
                own,
                task.problem,
                partial(DirectBackprop, own_task, config=replace(chosen, seed=seed), start=start),
            )
            for seed, own in enumerate(member_folders(folder, name, effort))
        ]
        players[name] = Averaged(tuple(members))
    begin = partial(ModelFree, task, config=model_free(task, effort))
    players[PPO_PLAYER] = kept_agent(folder / "ppo", task.problem, begin)
    return players


def member_folders(folder: Path, name: str, effort: Effort) -> list[Path]:
    """Where the networks of an end-to-end policy lie."""
    return [folder / f"{END_TO_END[name]}-{seed}" for seed in range(effort.members)]


def model_free(task: Task, effort: Effort) -> ModelFreeConfig:
    """How PPO is trained: with what tuning found for the environment without this table."""
    found = tuned(TUNED_FOR[max(task.problem.lead_times) > 0])
    return ModelFreeConfig(
        **found,
        steps=effort.played,
        validation_products=effort.validation,
        check_every=max(effort.played // 5, 1),
    )


def validation_scores(folder: Path, effort: Effort) -> dict[str, float]:
    """What the networks of each end-to-end policy earned on the validation products on average, in
    units of a product's demand and money.
    """
    return {
        name: float(
            np.mean([outcome_of(own)["score"] for own in member_folders(folder, name, effort)])
        )
        for name in END_TO_END
    }


def history_rules(problem: LostSales) -> dict[str, Policy]:
    """Base-stock that knows the history, and the strongest rules with a lead time."""
    known = baselines.policies(problem, distribution=False)
    wanted = ("base-stock", "vector base-stock")
    return {f"{name} (history)": known[name] for name in wanted if name in known}
