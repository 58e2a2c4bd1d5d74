"""The series of a panel that play no episode, with the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inv_gym.products.batch import HISTORY

if TYPE_CHECKING:
    from inv_gym.products.panel.windows import PanelProducts

MOST = 0.5
"""The share of series above which they are most of them."""

SHOWN_UNPLAYED = 3
"""Names of series that a note lists."""


def unplayed(source: PanelProducts, horizon: int) -> tuple[str, ...]:
    """Notes that count and name the series without an episode of so many periods, by the reason;
    empty if every series has one.
    """
    chosen, noun = _chosen(source), source.panel.frequency.noun
    longest = _longest(source)[chosen]
    first, last = source.ends
    span, notes = f"between {first} and {last}", []
    short = (longest > 0) & (longest < horizon)
    if short.any():
        notes.append(
            f"{_counted(source, chosen[short])} too short for {horizon} {noun}s {span} "
            f"after a known one, a horizon of at most {longest[short].max()} plays more"
        )
    if (longest == 0).any():
        notes.append(
            f"{_counted(source, chosen[longest == 0])} no usable {noun} {span} "
            f"follows directly on a known history with a sale in its last {HISTORY} {noun}s"
        )
    return tuple(notes)


def plays_most(source: PanelProducts, horizon: int) -> bool:
    """Whether most series that have an episode at all have one of so many periods."""
    longest = _longest(source)[_chosen(source)]
    return float((longest[longest > 0] >= horizon).mean()) > MOST


def _chosen(source: PanelProducts) -> np.ndarray:
    """Numbers of the series of a source."""
    return np.arange(len(source.panel.series)) if source.chosen is None else np.array(source.chosen)


def _longest(source: PanelProducts) -> np.ndarray:
    """``[S]`` periods of the longest episode of each series of the panel, 0 where it has none."""
    longest = np.zeros(len(source.panel.series), np.int64)
    openings = source.played.openings
    np.maximum.at(longest, openings.runs.series, openings.longest)
    return longest


def _counted(source: PanelProducts, series: np.ndarray) -> str:
    """How many series are not played, and what the first ones are called."""
    names = ", ".join(repr(source.panel.series[place]) for place in series[:SHOWN_UNPLAYED])
    more = ", ..." if len(series) > SHOWN_UNPLAYED else ""
    verb = "is" if len(series) == 1 else "are"
    return f"{len(series):,} series ({names}{more}) {verb} not played:"
