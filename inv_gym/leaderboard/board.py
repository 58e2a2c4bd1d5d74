"""What is played for a table, and the played table as text and plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import inv_gym
from inv_gym.leaderboard.words import counted


@dataclass(frozen=True)
class Contest:
    """What is played for one table.

    Attributes:
        task: The problem and its products.
        section: ``synthetic`` or ``data``.
        origin: Name of the population or of the demand table.
        policies: Who plays, by name.
        reference: Who gaps are to.
        notes: What a reader must know.
        sample: One product.
        paths: Every policy's episode of that product.
        remarks: What a reader must know of single policies, by name.
    """

    task: inv_gym.Task
    section: str
    origin: str
    policies: Mapping[str, inv_gym.Policy]
    reference: str
    notes: tuple[str, ...]
    sample: inv_gym.Products
    paths: Mapping[str, inv_gym.Rollout]
    remarks: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The environment, in words too, and the demand table."""
        on = f", on {self.origin}" if self.section == "data" else ""
        return f"{self.task.name}: {self.task.title}{on}"


UNEVEN, FEW_SERIES = 0.75, 50
"""The share of effective series, and their number, below which intervals in money are doubted: they
held the truth too seldom on made-up tables (docs/policies.md)."""

HALF_WIDTH = 1.96
"""Half of a 95 % interval, in standard errors."""


class Column(NamedTuple):
    """A column of a table, as text."""

    header: str
    cells: list[str]
    is_text: bool = False

    @property
    def width(self) -> int:
        """Characters, with every word of the header on a line of its own."""
        return max(map(len, [*self.header.split(), *self.cells]))


@dataclass(frozen=True)
class Board:
    """One table, played."""

    contest: Contest
    evaluation: inv_gym.Evaluation

    @property
    def setting(self) -> str:
        """What was played, in a line."""
        facts, contest = self.evaluation.facts, self.contest
        origin = f"{'population' if contest.section == 'synthetic' else 'table'} {contest.origin}"
        periods = contest.task.problem.horizon
        products = counted(facts["products"], "product")
        if "series" in facts:
            windows = counted(facts["windows"], "different window")
            products += f", {windows} of {facts['series']} series"
        return f"{products} ({origin}), {counted(periods, 'period')}, seed {facts['seed']}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know, before and after it was played."""
        return (*self.contest.notes, *_money_notes(self.evaluation.facts))

    @property
    def columns(self) -> list[Column]:
        """The table as text, what matters most first."""
        frame = self.evaluation.frame
        flows = frame.columns[frame.columns.get_loc("on_hand") : frame.columns.get_loc("seconds")]
        return [
            Column("#", [str(rank) for rank in range(1, len(frame) + 1)]),
            Column("policy", list(frame["policy"]), is_text=True),
            self._gaps("gap %", "gap", 2),
            Column("knows", list(frame["knows"]), is_text=True),
            Column(
                "reward",
                plus_minus(
                    frame["reward"],
                    HALF_WIDTH * frame["standard_error"],
                    decimals(frame["reward"], 3),
                ),
            ),
            Column("fill rate %", fixed(100.0 * frame["fill_rate"], 1)),
            Column("cycle serv. %", fixed(100.0 * frame["cycle_service_level"], 1)),
            self._gaps("gap % by product", "product_gap", 2),
            self._gaps("gap per unit", "money_gap", 3),
            *(
                Column(heading(name), fixed(frame[name], decimals(frame[name], 3)))
                for name in flows
            ),
            Column("sec", fixed(frame["seconds"], 2)),
        ]

    def _gaps(self, header: str, name: str, places: int) -> Column:
        """A column of gaps with half of their intervals."""
        frame = self.evaluation.frame
        texts = plus_minus(frame[name], frame[f"{name}_high"] - frame[name], places)
        is_reference = frame["policy"] == self.contest.reference
        return Column(header, np.where(is_reference, "reference", texts).tolist())

    def to_dict(self) -> dict[str, Any]:
        """The evaluation and where it was, as plain data."""
        played = self.evaluation.to_dict()
        rows = [row | self._remark(row["policy"]) for row in played["rows"]]
        return {**self._place(), **played, "rows": rows, "notes": list(self.notes)}

    def _remark(self, name: str) -> dict[str, str]:
        """What the row of a policy says beside its figures."""
        remarks = self.contest.remarks
        return {"note": remarks[name]} if name in remarks else {}

    def to_frame(self) -> pd.DataFrame:
        """The rows and where they were played."""
        frame, facts = self.evaluation.frame, self.evaluation.facts
        place = {**self._place(), **{key: facts[key] for key in ("seed", "products", "reference")}}
        before = pd.DataFrame({**place, "rank": range(1, len(frame) + 1)})
        if self.contest.remarks:
            frame = frame.assign(note=frame["policy"].map(self.contest.remarks))
        return pd.concat([before, frame], axis=1)

    def _place(self) -> dict[str, str]:
        contest = self.contest
        return {
            "environment": contest.task.name,
            "section": contest.section,
            "origin": contest.origin,
        }


def _money_notes(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether intervals in money may be too narrow."""
    number = facts.get("effective_series", np.inf)
    if number >= min(UNEVEN * facts.get("series", 0), FEW_SERIES):
        return ()
    return (
        f"the money of {facts['series']} series is spread as over {number:.1f} equal ones: so few "
        "tell too little of dear ones, and intervals of reward and gap per unit may be too narrow",
    )


def heading(name: str) -> str:
    """The header of a column of stock or flow."""
    channel = name.removeprefix("order_")
    if channel != name:
        return "order" if channel == "order" else f"{channel} order"
    return {"on_hand": "mean stock", "backlogged": "backlog"}.get(name, name)


def decimals(values: pd.Series, digits: int) -> int:
    """Decimals that give the largest of the values so many significant digits; at least one."""
    largest = float(values.abs().max())
    return int(np.clip(digits - 1 - np.floor(np.log10(largest)), 1, 4)) if largest > 0.0 else 1


def fixed(values: pd.Series, places: int) -> list[str]:
    """Numbers with so many decimals."""
    return ["n/a" if np.isnan(value) else f"{value:.{places}f}" for value in values]


def plus_minus(values: pd.Series, errors: pd.Series, places: int) -> list[str]:
    """Numbers with their errors, the signs in one line."""
    after = fixed(errors, places)
    width = max(map(len, after))
    return [
        f"{value} ± {error:>{width}}"
        for value, error in zip(fixed(values, places), after, strict=True)
    ]
