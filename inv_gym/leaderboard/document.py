"""A page without outside parts, and its charts, which follow light and dark."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

COLOURS = {
    "ink": ("#1d2733", "#e3e8ee"),
    "muted": ("#5d6b7a", "#9aa7b5"),
    "line": ("#d8dee5", "#39434f"),
    "paper": ("#ffffff", "#14191f"),
    "card": ("#f4f6f8", "#1c232b"),
    "nothing": ("#7b8794", "#8e9aa7"),
    "history": ("#2f74b5", "#69a9e6"),
    "distribution": ("#d07a22", "#f0a95a"),
    "hindsight": ("#8a4fae", "#c194e0"),
    "demand": ("#c8334a", "#ff8093"),
    "channel0": ("#8fcfc8", "#357f78"),
    "channel1": ("#bda6ea", "#7d62b8"),
}
"""Light and dark."""

STAND_INS = {name: f"#0000{index:02x}" for index, name in enumerate(COLOURS, 1)}
"""Colours that matplotlib draws with; in the page, CSS variables take their place, so charts follow
light and dark.
"""

STYLE: Any = {
    "text.parse_math": False,  # a name may hold dollar signs
    "svg.fonttype": "none",
    "svg.hashsalt": "leaderboard",
    "font.size": 8.5,
    "text.color": STAND_INS["ink"],
    "axes.edgecolor": STAND_INS["line"],
    "axes.labelcolor": STAND_INS["muted"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "xtick.color": STAND_INS["line"],
    "ytick.color": STAND_INS["line"],
    "xtick.labelcolor": STAND_INS["muted"],
    "ytick.labelcolor": STAND_INS["muted"],
    "legend.frameon": False,
}
PAGE_WIDTH = 11.0
"""The width of a chart, in inches."""

STYLE_SHEET = Path(__file__).with_name("page.css")
"""The rules of the page, which read their colours from variables."""

SCRIPT = Path(__file__).with_name("page.js")
"""What sorts and filters the tables."""


def document(title: str, body: str) -> str:
    """The whole page, from its title and what comes below it."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
:root {{ color-scheme: light dark; {variables(0)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {variables(1)} }} }}
{STYLE_SHEET.read_text(encoding="utf-8")}</style>
</head>
<body><main>
<h1>{escape(title)}</h1>
{body}
</main>
<script>
{SCRIPT.read_text(encoding="utf-8")}</script></body>
</html>
"""


def variables(theme: int) -> str:
    """The colours of a theme (0 light, 1 dark) as CSS."""
    return " ".join(f"--{name}: {pair[theme]};" for name, pair in COLOURS.items())


def svg(figure: Figure, label: str) -> str:
    """A figure as inline SVG in the colours of the page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True)
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", file.getvalue(), flags=re.DOTALL).replace(
        "xlink:href", "href"
    )
    box = re.search(r'viewBox="[^"]*"', text)
    body = text[text.index(">", text.index("<svg")) + 1 :]
    for name, colour in STAND_INS.items():
        body = body.replace(colour, f"var(--{name})")
    return f'<svg role="img" aria-label="{escape(label)}" {box[0] if box else ""}>{body}'
