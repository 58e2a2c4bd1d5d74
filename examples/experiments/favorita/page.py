"""The page of what is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.favorita.data import TABLES
from experiments.favorita.plan import FAVORITA_LEAD_TIMES
from experiments.favorita.players import MQ, TREES
from experiments.results import Results, page_of, table
from inv_gym.agents.forecasting.calibration import CALIBRATION_PERIODS
from inv_gym.util.files import write_atomically

CALIBRATED_LEVELS = (0.1, 0.5, 0.9)
MOST_MISSED, LEAST_BELOW_NAIVE, MOST_ABOVE_TREES = 0.03, 5.0, 1.02
"""What MQ-RNN's coverage may miss, by how many % its loss must be below the naive one, and how many
times that of the trees it may be, for a comparison to count.
"""
TEXT = Path(__file__).parent / "page.md"


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the page of what is measured."""
    parts = {
        "origin": origin,
        "claims": claims_table,
        "calibration": calibration_table,
        "rewards": rewards_table,
    }
    page = page_of(TEXT, parts, Results(folder))
    return [write_atomically(target / "real-demand.md", page)]


def measured(results: Results) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Table and lead time in words, with what was measured of them."""
    for name in TABLES:
        for lead_time in FAVORITA_LEAD_TIMES:
            file = f"{name}/{lead_time}.json"
            if results.has(file):
                yield [name, str(lead_time)], results.read(file)


def origin(results: Results) -> str:
    """What the figures are of."""
    facts = [part for _, part in measured(results)]
    if not facts:
        return "Nothing is measured yet."
    data = "the made-up twin" if any(part["twin"] for part in facts) else "the real tables"
    short = ", with short trainings (--quick)" if any(part["quick"] for part in facts) else ""
    return f"The figures below are of {data}{short}."


def is_void(facts: Mapping[str, Any]) -> bool:
    """Whether MQ-RNN forecasts so badly that a comparison with it says nothing."""
    rows = {
        row["forecaster"]: row
        for row in facts["calibration"]
        if row["target"] == CALIBRATION_PERIODS
    }
    mine = rows[MQ]
    missed = max(abs(mine[f"coverage {level:g}"] - level) for level in CALIBRATED_LEVELS)
    too_large = mine["loss"] > MOST_ABOVE_TREES * rows[TREES]["loss"]
    return missed > MOST_MISSED or mine["less"] < LEAST_BELOW_NAIVE or too_large


def claims_table(results: Results) -> str:
    """A row per table, lead time, test, critical ratio and claim."""
    rows = []
    for about, facts in measured(results):
        void = is_void(facts)
        for claim in facts["claims"]:
            place = [*about, claim["test"], f"{claim['ratio']:g}", claim["claim"]]
            if "verdict" not in claim:
                rows.append([*place, f"{claim['difference']:d}", "", ""])
                continue
            interval = f"{claim['low']:.1f} to {claim['high']:.1f}"
            rows.append(
                [
                    *place,
                    f"{claim['difference']:.1f}",
                    interval,
                    "void" if void else claim["verdict"],
                ]
            )
    heads = ("table", "lead time", "test", "ratio", "claim", "difference %", "interval", "verdict")
    return table(heads, rows)


def calibration_table(results: Results) -> str:
    """A row per table, lead time, forecaster and what is forecast."""
    rows = []
    for about, facts in measured(results):
        for row in facts["calibration"]:
            covered = [f"{100.0 * row[f'coverage {level:g}']:.1f}" for level in CALIBRATED_LEVELS]
            loss = [f"{row['loss']:.4f}", f"{row['less']:.1f}"]
            rows.append([*about, row["forecaster"], row["target"], *covered, *loss])
    heads = ("table", "lead time", "forecaster", "target", "10 %", "50 %", "90 %")
    return table((*heads, "loss", "below naive %"), rows)


def rewards_table(results: Results) -> str:
    """A row per table, lead time, test, critical ratio and policy."""
    rows = []
    for about, facts in measured(results):
        for row in facts["rows"]:
            place = [*about, row["test"], f"{row['ratio']:g}", row["policy"]]
            interval = f"{row['gap_low']:.1f} to {row['gap_high']:.1f}"
            figures = [f"{row['gap']:.1f}", interval, f"{row['on_hand']:.4g}"]
            rows.append([*place, *figures, f"{100.0 * row['fill_rate']:.1f}"])
    heads = ("table", "lead time", "test", "ratio", "policy", "gap %", "interval", "stock")
    return table((*heads, "fill rate %"), rows)
