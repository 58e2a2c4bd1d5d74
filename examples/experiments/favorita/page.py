"""The page of what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.favorita.claims import CLAIMS, RECOVERY
from experiments.favorita.data import TABLES
from experiments.favorita.pictures import draw_calibration, draw_paths
from experiments.favorita.plan import FAVORITA_LEAD_TIMES, KINDS
from experiments.favorita.players import END_TO_END, MQ, RATIOS, SHOWN_RATIO, TREES, setting_name
from experiments.results import Results, page_of, table
from inv_gym.agents.forecasting.calibration import CALIBRATION_PERIODS
from inv_gym.util.files import write_atomically

CALIBRATED_LEVELS = (0.1, 0.5, 0.9)
MOST_MISSED, LEAST_BELOW_NAIVE, MOST_ABOVE_TREES = 0.03, 5.0, 1.02
"""What MQ-RNN's coverage may miss, by how many % its loss must be below the naive one, and how many
times that of the trees it may be, for a comparison to count.
"""
VERDICTS = ("holds", "open", "does not hold")
TEXT = Path(__file__).parent / "page.md"
FINDINGS = Path(__file__).parent / "findings.md"
MeasuredTables = list[tuple[tuple[str, int], dict[str, Any]]]
"""Table and lead time, and what was measured of them."""


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the page and the pictures of what is measured."""
    parts = {
        "origin": origin,
        "five": five_claims,
        "claims": claims_table,
        "recovery": recovery_table,
        "findings": findings,
        "calibration": calibration_table,
        "validation": validation_table,
        "rewards": rewards_tables,
    }
    results = Results(folder)
    page = page_of(TEXT, parts, results)
    pictures, cases = target / "pictures", measured(results)
    return [
        write_atomically(target / "real-demand.md", page),
        draw_paths(cases, pictures / "real-demand-paths.png"),
        draw_calibration(cases, pictures / "real-demand-calibration.png"),
    ]


def measured(results: Results) -> MeasuredTables:
    """What is measured, of the first kind that has results."""
    for kind in KINDS:
        files = {
            (name, lead_time): f"{kind}/{name}/{lead_time}.json"
            for name in TABLES
            for lead_time in FAVORITA_LEAD_TIMES
        }
        cases = [(case, results.read(file)) for case, file in files.items() if results.has(file)]
        if cases:
            return cases
    return []


def origin(results: Results) -> str:
    """What the figures are of."""
    kinds = (words for kind, words in KINDS.items() if results.read_all(f"{kind}/*/?.json"))
    return next(kinds, "Nothing is measured yet.")


def findings(results: Results) -> str:
    """What a reader may see in the figures of the real tables."""
    return FINDINGS.read_text().rstrip() if results.read_all("data/*/?.json") else ""


def missed(row: Mapping[str, Any], level: float) -> float:
    """By how much a level lies outside of the shares of demand below the quantile and at most the
    quantile: whole units may meet it.
    """
    place = row["level"].index(level)
    return max(float(row["below"][place]) - level, level - float(row["coverage"][place]), 0.0)


def faults(facts: Mapping[str, Any]) -> list[str]:
    """Why a comparison with MQ-RNN says nothing, as it forecasts badly; nothing if it does not."""
    rows = {
        row["forecaster"]: row
        for row in facts["calibration"]
        if row["target"] == CALIBRATION_PERIODS
    }
    mine = rows[MQ]
    above = mine["loss"] / rows[TREES]["loss"]
    words = {
        "coverage": max(missed(mine, level) for level in CALIBRATED_LEVELS) > MOST_MISSED,
        "loss beside seasonal naive": mine["less"] < LEAST_BELOW_NAIVE,
        f"loss {100.0 * (above - 1.0):.1f} % above LightGBM's": above > MOST_ABOVE_TREES,
    }
    return [word for word, at_fault in words.items() if at_fault]


def verdict(facts: Mapping[str, Any], claim: Mapping[str, Any]) -> str:
    """What a measured claim comes to."""
    return "void" if faults(facts) else str(claim["verdict"])


def claims_in(facts: Mapping[str, Any]) -> Iterator[tuple[str, float, dict[str, Any]]]:
    """Test period, critical ratio and claim."""
    for part in facts["played"]:
        for claim in part["claims"]:
            yield part["test"], part["ratio"], claim


def five_claims(results: Results) -> str:
    """How often each claim holds, by table and lead time."""
    cases = measured(results)
    rows = []
    for name in CLAIMS:
        row = [name]
        for _, facts in cases:
            verdicts = [
                claim["verdict"] for _, _, claim in claims_in(facts) if claim["claim"] == name
            ]
            counts = [f"{verdicts.count(word)} {word}" for word in VERDICTS if word in verdicts]
            void = "void: " if counts and faults(facts) else ""
            row.append(void + ", ".join(counts))
        rows.append(row)
    return table(("claim", *(_case(case) for case, _ in cases)), rows)


def claims_table(results: Results) -> str:
    """A row per table, lead time, test and claim; a column per critical ratio."""
    rows = []
    for case, facts in measured(results):
        by_place: dict[tuple[str, str], dict[float, str]] = {}
        for test, ratio, claim in claims_in(facts):
            if claim["claim"] in CLAIMS:
                interval = f"{claim['low']:.1f} to {claim['high']:.1f}"
                cell = f"{claim['difference']:.1f} ({interval}) {verdict(facts, claim)}"
                by_place.setdefault((test, claim["claim"]), {})[ratio] = cell
        for place, cells in by_place.items():
            rows.append([_case(case), *place, *(cells.get(ratio, "") for ratio in RATIOS)])
    return table(("table", "test", "claim", *map(str, RATIOS)), rows)


def recovery_table(results: Results) -> str:
    """Days to recovery of both, by table, lead time and critical ratio."""
    rows = []
    for case, facts in measured(results):
        days = {
            (claim["policy"], ratio): str(claim["days"])
            for _, ratio, claim in claims_in(facts)
            if claim["claim"] == RECOVERY
        }
        rows += [
            [_case(case), name, *(days.get((name, ratio), "") for ratio in RATIOS)]
            for name in dict.fromkeys(policy for policy, _ in days)
        ]
    return table(("table", "policy", *map(str, RATIOS)), rows)


def calibration_table(results: Results) -> str:
    """A row per table, lead time, forecaster and what is forecast."""
    rows = []
    for case, facts in measured(results):
        for row in facts["calibration"]:
            name = row["forecaster"]
            name += " (recalibrated)" if name in facts["recalibrated"] else ""
            covered = [_covered(row, level) for level in CALIBRATED_LEVELS]
            loss = [f"{row['loss']:.4f}", f"{row['less']:.1f}"]
            rows.append([_case(case), name, row["target"], *covered, *loss])
        words = ", ".join(faults(facts)) or "it counts"
        rows.append([_case(case), "**comparison with MQ-RNN**", words, "", "", "", "", ""])
    heads = ("table", "forecaster", "target", "10 %", "50 %", "90 %", "loss", "below naive %")
    return table(heads, rows)


def _covered(row: Mapping[str, Any], level: float) -> str:
    """The share of demand at most the quantile, %; with that below it where these differ."""
    place = row["level"].index(level)
    below, most = (f"{100.0 * row[name][place]:.1f}" for name in ("below", "coverage"))
    return most if below == most else f"{below} to {most}"


def validation_table(results: Results) -> str:
    """What each end-to-end network earned on validation products."""
    rows = []
    for case, facts in measured(results):
        scores = [f"{facts['validation'][name]:.4f}" for name in END_TO_END]
        rows.append([_case(case), *scores, facts["chosen"]])
    return table(("table", *END_TO_END, "chosen"), rows)


def rewards_tables(results: Results) -> str:
    """A table per table of demand, lead time and test; a row per policy."""
    parts = []
    for case, facts in measured(results):
        tests = dict.fromkeys(part["test"] for part in facts["played"])
        for test in tests:
            played = {p["ratio"]: p["rows"] for p in facts["played"] if p["test"] == test}
            parts.append(f"**{_case(case)}, {test}**\n\n{_rewards(played)}")
    return "\n".join(parts)


def _rewards(played: Mapping[float | None, Iterable[Mapping[str, Any]]]) -> str:
    """A row per policy: its gap for each critical ratio, and stock and fill rate for one."""
    by_policy = {ratio: {row["policy"]: row for row in rows} for ratio, rows in played.items()}
    shown = by_policy[SHOWN_RATIO]
    rows = []
    for policy, row in shown.items():
        gaps = [
            f"{mine['gap']:.1f} ± {(mine['gap_high'] - mine['gap_low']) / 2.0:.1f}"
            for mine in (by_policy[ratio][policy] for ratio in by_policy)
        ]
        rows.append([policy, *gaps, f"{row['on_hand']:.4g}", f"{100.0 * row['fill_rate']:.1f}"])
    heads = ("policy", *map(setting_name, by_policy), f"stock at {SHOWN_RATIO}", "fill rate %")
    return table(heads, rows)


def _case(case: tuple[str, int]) -> str:
    """A table and lead time in words."""
    name, lead_time = case
    return f"{name}, L = {lead_time}"
