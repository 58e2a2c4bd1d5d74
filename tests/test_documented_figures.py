"""Figures in the prose of the README and docs/agents.md are those of the tables of the results
pages.
"""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
README, AGENTS = "README.md", "docs/agents.md"
EVIDENCE, PPO, EXACT = "docs/evidence.md", "docs/ppo.md", "docs/exact.md"
ZERO_SHOT = "docs/zero-shot.md"
SECTIONS = {README: "## Learned policies", AGENTS: "## Evidence"}
"""Where a file speaks of results: there, every figure must be a claim."""
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
MEASURED = re.compile(r"\d+\.\d+|\d+ %")
"""What looks like a measured figure."""
THRESHOLD = re.compile(r"within (?:one unit or )?[\d.]+ %")
"""A figure that a claim sets, not one that was measured."""

Numbers = list[list[float]]
"""The numbers of each cell that a figure rests on."""
Row = dict[str, str]
"""The cells of a table's row, by column."""


def single(cells: Numbers) -> float:
    (cell,) = cells
    return cell[0]


def lowest(cells: Numbers) -> float:
    return min(min(cell) for cell in cells)


def highest(cells: Numbers) -> float:
    return max(max(cell) for cell in cells)


def widest(cells: Numbers) -> float:
    return max(max(cell) - min(cell) for cell in cells)


def number_of_cells(cells: Numbers) -> float:
    return len(cells)


def number_of_figures(cells: Numbers) -> float:
    return sum(map(len, cells))


def reached(cells: Numbers) -> float:
    return sum(number <= 0.1 for cell in cells for number in cell)


MEAN, HALF_WIDTH, SEEDS, ALL = slice(0, 1), slice(1, 2), slice(2, 4), slice(None)
"""Which numbers of a cell such as ``-0.98 ± 0.33 [-1.01, -0.95]`` count."""


class Figure(NamedTuple):
    """A figure of a page's tables."""

    page: str
    row: str
    """The first cells of rows, joined by `` | ``; ``*`` stands for anything."""
    column: str
    """Of the head; ``*`` stands for anything. A second column of a name is called ``name 2``."""
    numbers: slice = MEAN
    summary: Callable[[Numbers], float] = single
    sign: int = 1
    """-1 where the prose says "less" or "below"."""


class Claim(NamedTuple):
    """A sentence, ``{}`` in place of its figures, and where they stand."""

    file: str
    sentence: str
    figures: tuple[Figure, ...]


def evidence(row: str, column: str, numbers: slice = MEAN, sign: int = 1) -> Figure:
    return Figure(EVIDENCE, row, column, numbers, sign=sign)


def spread(row: str, column: str = "to *") -> Figure:
    return Figure(EVIDENCE, row, column, SEEDS, widest)


HISTORY = "to the best that knows the history"
VECTOR = "to vector base-stock (knows distribution)"
SEARCHED = "to searched vector base-stock (knows distribution)"
UP_TO_9 = "lead-time-?"
DISTRIBUTION = "to the best that knows the distribution"
BAYES = "agent to Bayes"
OMNISCIENT = "agent to the omniscient base-stock"
OPTIMAL = "% over optimal, mean"
TRAINED_TWICE = "both trainings"
UNPAUSED = "*[!2]"
"""Instances but for those of lead time 2, whose processes paused."""
TO_OWN = "generalist, %"
TO_OWN_KNOWN = "generalist, a year is known, %"
TO_PPO = "PPO to DirectBackprop, %"
CAPPED = "gijsbrechts* | capped dual index, % over optimal"

CLAIMS = (
    Claim(
        README,
        "{}, {} and {} % more for lead times 2, 5 and 10",
        tuple(evidence(f"lead-time-{n}", HISTORY) for n in (2, 5, 10)),
    ),
    Claim(
        README,
        "{} and {} % more for shelf lives 2 and 3",
        tuple(evidence(f"shelf-life-{n}", HISTORY) for n in (2, 3)),
    ),
    Claim(
        README,
        "own populations they earn between {} % less and {} % more than the networks trained for "
        "these; where a year of the past is known, between {} % less and {} % more.",
        (
            Figure(ZERO_SHOT, "Inv*", TO_OWN, summary=lowest, sign=-1),
            Figure(ZERO_SHOT, "Inv*", TO_OWN, summary=highest),
            Figure(ZERO_SHOT, "Inv*", TO_OWN_KNOWN, summary=lowest, sign=-1),
            Figure(ZERO_SHOT, "Inv*", TO_OWN_KNOWN, summary=highest),
        ),
    ),
    Claim(README, "{} % more for dual sourcing", (evidence("dual-sourcing-2", HISTORY),)),
    Claim(README, "{} % more for procurement and removal", (evidence("removal", HISTORY),)),
    Claim(
        README,
        "{} and {} % more for the populations `poisson` and `default`",
        (evidence("no-lead-time-poisson", BAYES), evidence("no-lead-time-default", BAYES)),
    ),
    Claim(
        README,
        "On {} published instances with whole orders it knows the distribution. Of {} trainings "
        "(three seeds for each instance), {} end within 0.1 % of the exact optimum.",
        (
            Figure(EVIDENCE, "*", OPTIMAL, summary=number_of_cells),
            Figure(EVIDENCE, "*", "seeds", ALL, number_of_figures),
            Figure(EVIDENCE, "*", "seeds", ALL, reached),
        ),
    ),
    Claim(
        README,
        "The other four are {}, {}, {} and {} % from it.",
        (
            Figure(EVIDENCE, "gijsbrechts2022-l2-c110", "seeds", slice(0, 1)),
            Figure(EVIDENCE, "gijsbrechts2022-l2-c110", "seeds", slice(2, 3)),
            Figure(EVIDENCE, "gijsbrechts2022-l3-c105", "seeds", slice(0, 1)),
            Figure(EVIDENCE, "demoor2022-newest-first", "seeds", slice(2, 3)),
        ),
    ),
    Claim(
        README,
        "The median seed first comes within 0.1 % after {} to {} seconds.",
        (
            Figure(EVIDENCE, "*", "s to .1 %", summary=lowest),
            Figure(EVIDENCE, "*", "s to .1 %", summary=highest),
        ),
    ),
    Claim(
        README,
        "Both trainings take {} to {} seconds together",
        (
            Figure(EVIDENCE, UNPAUSED, TRAINED_TWICE, summary=lowest),
            Figure(EVIDENCE, UNPAUSED, TRAINED_TWICE, summary=highest),
        ),
    ),
    Claim(
        README,
        "It ends {} % from the optimum at lead time 4, and {} to {} % from it for dual sourcing.",
        (
            Figure(PPO, "zipkin2008-poisson5-p4-L4", "% over optimal, median"),
            Figure(PPO, "gijsbrechts*", "seeds", ALL, lowest),
            Figure(PPO, "gijsbrechts*", "seeds", ALL, highest),
        ),
    ),
    Claim(
        README,
        "Across products it earns {} to {} % less than DirectBackprop after {} million "
        "product-periods.",
        (
            Figure(PPO, "Inv*", TO_PPO, summary=highest, sign=-1),
            Figure(PPO, "Inv*", TO_PPO, summary=lowest, sign=-1),
            Figure(PPO, "InvLostSales-v0", "PPO trained"),
        ),
    ),
    Claim(
        README,
        "it needs {} to {} times as many product-periods as DirectBackprop, and {} to {} times as "
        "many seconds.",
        (
            Figure(PPO, "Inv*", "factor", summary=lowest),
            Figure(PPO, "Inv*", "factor", summary=highest),
            Figure(PPO, "Inv*", "factor 2", summary=lowest),
            Figure(PPO, "Inv*", "factor 2", summary=highest),
        ),
    ),
    Claim(
        AGENTS,
        "For the population `poisson`, yes: {} % below. For `default`, no: {} % below. But the "
        "Bayes base-stock is {} % below there.",
        (
            evidence("no-lead-time-poisson", OMNISCIENT, sign=-1),
            evidence("no-lead-time-default", OMNISCIENT, sign=-1),
            evidence("no-lead-time-default", "Bayes to the omniscient", sign=-1),
        ),
    ),
    Claim(
        AGENTS,
        "The network is {} % above the Bayes base-stock for `poisson` and {} ± {} % above it for "
        "`default`.",
        (
            evidence("no-lead-time-poisson", BAYES),
            evidence("no-lead-time-default", BAYES),
            evidence("no-lead-time-default", BAYES, HALF_WIDTH),
        ),
    ),
    Claim(
        AGENTS,
        "From lead time 2 on, yes: {} % better for lead time 2, {} % for 5, {} % for 10, {} % for "
        "20. For lead time 1 it is {} % worse.",
        tuple(
            evidence(f"lead-time-{n}", VECTOR, sign=-1 if n == 1 else 1) for n in (2, 5, 10, 20, 1)
        ),
    ),
    Claim(
        AGENTS,
        "It is better than the best heuristic that knows the history for every lead time, by {}, "
        "{}, {}, {} and {} % for 1, 2, 5, 10 and 20.",
        tuple(evidence(f"lead-time-{n}", HISTORY) for n in (1, 2, 5, 10, 20)),
    ),
    Claim(
        AGENTS,
        "No: {} to {} % below for lead times 1 to 9; for 20 it is {} % above.",
        (
            Figure(EVIDENCE, UP_TO_9, SEARCHED, summary=highest, sign=-1),
            Figure(EVIDENCE, UP_TO_9, SEARCHED, summary=lowest, sign=-1),
            evidence("lead-time-20", SEARCHED),
        ),
    ),
    Claim(
        AGENTS,
        "a network that knows the distribution is {} % above the searched rule for lead time 5, "
        "and {} % above the best rule there.",
        (
            evidence("lead-time-5-known-distribution", SEARCHED),
            evidence("lead-time-5-known-distribution", DISTRIBUTION),
        ),
    ),
    Claim(
        AGENTS,
        "the mean over three seeds is {} to {} % from it; one seed of `gijsbrechts2022-l3-c105` is "
        "{} % from it.",
        (
            Figure(EVIDENCE, "*", OPTIMAL, summary=lowest),
            Figure(EVIDENCE, "gijsbrechts2022-l3-c105", OPTIMAL),
            Figure(EVIDENCE, "gijsbrechts2022-l3-c105", "seeds", ALL, highest),
        ),
    ),
    Claim(
        AGENTS,
        "For {} of {} instances",
        (
            Figure(EVIDENCE, "*", OPTIMAL, summary=reached),
            Figure(EVIDENCE, "*", OPTIMAL, summary=number_of_cells),
        ),
    ),
    Claim(
        AGENTS,
        "`gijsbrechts2022-l2-c110` is {} % from it, with {} to {} % by seed.",
        (
            Figure(EVIDENCE, "gijsbrechts2022-l2-c110", OPTIMAL),
            Figure(EVIDENCE, "gijsbrechts2022-l2-c110", "seeds", ALL, lowest),
            Figure(EVIDENCE, "gijsbrechts2022-l2-c110", "seeds", ALL, highest),
        ),
    ),
    Claim(
        AGENTS,
        "`demoor2022-newest-first` is {} % from it: two seeds are optimal, the third is {} % off. "
        "If it is trained without dithering, it is {} % from it.",
        (
            Figure(EVIDENCE, "demoor2022-newest-first", OPTIMAL),
            Figure(EVIDENCE, "demoor2022-newest-first", "seeds", slice(2, 3)),
            Figure(EVIDENCE, "demoor2022-newest-first", "rounded only when played"),
        ),
    ),
    Claim(
        AGENTS,
        "No: {} to {} %, where the capped dual index is {} to {} % from it",
        (
            Figure(EVIDENCE, "gijsbrechts*", OPTIMAL, summary=lowest),
            Figure(EVIDENCE, "gijsbrechts*", OPTIMAL, summary=highest),
            Figure(EXACT, CAPPED, "exact", summary=lowest),
            Figure(EXACT, CAPPED, "exact", summary=highest),
        ),
    ),
    Claim(
        AGENTS,
        "It is {} % better than the best heuristic that knows the history, {} ± {} % better than "
        "the dual index that knows the distribution, and {} ± {} % worse than the projected "
        "expedited position that knows it.",
        (
            evidence("dual-sourcing-2", HISTORY),
            evidence("dual-sourcing-2", "to dual index (knows distribution)"),
            evidence("dual-sourcing-2", "to dual index (knows distribution)", HALF_WIDTH),
            evidence("dual-sourcing-2", DISTRIBUTION, sign=-1),
            evidence("dual-sourcing-2", DISTRIBUTION, HALF_WIDTH),
        ),
    ),
    Claim(
        AGENTS,
        "{} and {} % better than the naive base-stock, {} and {} % better than the searched one.",
        tuple(
            evidence(f"shelf-life-{n}", f"to {kind} base-stock")
            for kind in ("naive", "searched")
            for n in (2, 3)
        ),
    ),
    Claim(
        AGENTS,
        "A network that knows the distribution is {} % of reward from the dynamic program, and {} "
        "% from it if it starts with too much stock.",
        (
            evidence("removal-known-distribution", DISTRIBUTION, sign=-1),
            evidence("removal-known-distribution", "gap when overstocked, %", sign=-1),
        ),
    ),
    Claim(
        AGENTS,
        "Its order level is within one unit or 3 % for {} % of the products. Its removal level is "
        "within this for {} % of them, with a median error of {} %. From the history alone, the "
        "network is {} % below.",
        (
            evidence("removal-known-distribution", "lower near, %"),
            evidence("removal-known-distribution", "upper near, %"),
            evidence("removal-known-distribution", "upper median error, %"),
            evidence("removal", DISTRIBUTION, sign=-1),
        ),
    ),
    Claim(
        AGENTS,
        "The three seeds of a network differ by at most {} percentage points without lead time, {} "
        "for dual sourcing, and {} for procurement and removal.",
        (spread("no-lead-time-*", "agent to *"), spread("dual-sourcing-2"), spread("removal*")),
    ),
    Claim(
        AGENTS,
        "They differ by up to {} points for lead times 2 and 5, by up to {} for shelf life 3, by "
        "up to {} for shelf life 2, and by up to {} for lead time 10.",
        (
            spread("lead-time-[25]"),
            spread("shelf-life-3"),
            spread("shelf-life-2"),
            spread("lead-time-10"),
        ),
    ),
    Claim(
        AGENTS,
        "On single instances they differ by up to {} points, apart from `demoor2022-newest-first` "
        "with {}.",
        (
            Figure(EVIDENCE, "[!d]*-*", "seeds", ALL, widest),
            Figure(EVIDENCE, "demoor2022-newest-first", "seeds", ALL, widest),
        ),
    ),
)


def prose(file: str) -> str:
    """The text of a file in one line."""
    return " ".join((ROOT / file).read_text().split())


def table_rows(page: str) -> list[Row]:
    """Every row of the tables of a page; an empty first cell repeats the one above."""
    rows: list[Row] = []
    head: list[str] = []
    for line in (ROOT / page).read_text().splitlines():
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not head:
            names = [f"{name} {cells[:i].count(name) + 1}" for i, name in enumerate(cells)]
            head = [name.removesuffix(" 1") for name in names]
        elif set(cells[0]) != {"-"}:
            cells[0] = cells[0] or next(iter(rows[-1].values()))
            rows.append(dict(zip(head, cells, strict=True)))
    return rows


def is_meant(row: Row, pattern: str) -> bool:
    """Whether the first cells of a row are those of a pattern."""
    wanted = pattern.split(" | ")
    first_cells = list(row.values())[: len(wanted)]
    return all(map(fnmatchcase, first_cells, wanted))


def in_tables(figure: Figure, rows: list[Row]) -> float:
    """A figure as the tables have it; 0 or more if the sentence has the right direction."""
    cells = [
        [float(number) for number in NUMBER.findall(text)][figure.numbers]
        for row in rows
        if is_meant(row, figure.row)
        for column, text in row.items()
        if fnmatchcase(column, figure.column) and text
    ]
    assert cells, f"{figure.page} has no row {figure.row!r} with a column {figure.column!r}"
    return figure.sign * figure.summary(cells)


def in_prose(claim: Claim, text: str) -> re.Match[str]:
    """Where a claim stands in its file, its figures as groups."""
    pattern = re.escape(claim.sentence).replace(r"\{\}", r"(\d+(?:\.\d+)?)")
    places = list(re.finditer(pattern, text))
    assert len(places) == 1, f"{claim.file} must say once: {claim.sentence}"
    return places[0]


def agrees(written: str, measured: float) -> bool:
    """Whether a figure is the measured one, rounded to the digits that are written."""
    digits = len(written.partition(".")[2])
    return abs(float(written) - measured) <= 0.5 * 10.0**-digits + 1e-9


claims = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.sentence[:40])


@claims
def test_the_figures_of_a_sentence_are_those_of_the_tables(claim: Claim) -> None:
    written = in_prose(claim, prose(claim.file)).groups()
    for text, figure in zip(written, claim.figures, strict=True):
        measured = in_tables(figure, table_rows(figure.page))
        assert agrees(text, measured), f"{text} is {measured} in {figure}"


@claims
def test_a_changed_table_is_seen(claim: Claim) -> None:
    written = in_prose(claim, prose(claim.file)).groups()
    for text, figure in zip(written, claim.figures, strict=True):
        rows = table_rows(figure.page)
        if figure.summary in (number_of_cells, number_of_figures):
            rows = rows + rows
        else:
            rows = [{**row, **with_other_numbers(row, figure.column)} for row in rows]
        assert not agrees(text, in_tables(figure, rows))


def with_other_numbers(row: Row, column: str) -> Row:
    """The cells of a column, with other numbers."""
    return {
        name: NUMBER.sub(lambda number: f"{3.0 * float(number[0]) - 200.0:+.3f}", text)
        for name, text in row.items()
        if fnmatchcase(name, column)
    }


@pytest.mark.parametrize("file", SECTIONS)
def test_every_measured_figure_is_a_claim(file: str) -> None:
    text = prose(file)
    for claim in CLAIMS:
        if claim.file == file:
            text = text.replace(in_prose(claim, prose(file))[0], "")
    section = text.partition(SECTIONS[file])[2].partition(" ## ")[0]
    assert section
    assert MEASURED.findall(THRESHOLD.sub("", section)) == []


def test_the_published_figures_are_counted() -> None:
    published = [row for row in table_rows(EXACT) if row.get("exact")]
    (number,) = re.findall(r"`make tables` puts (\d+) known figures", prose(README))
    assert int(number) == len(published)
