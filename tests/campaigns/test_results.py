"""Tables of the pages of campaigns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments.results import table

DOCS = Path(__file__).parents[2] / "docs"


def test_a_table_without_rows_says_so() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    assert table(["a", "b"], []) == "No row of this table is measured yet.\n"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_no_table_of_the_docs_is_without_rows(page: Path) -> None:
    assert not re.findall(r"^\|[ :|-]+\|\n(?!\|)", page.read_text(), flags=re.MULTILINE)
