"""Real demand: tables of sales by the day, week or month in files, read as dense panels, from which
products are drawn.
"""

from inv_gym.products.panel.data import Panel
from inv_gym.products.panel.listed import ListedWindows
from inv_gym.products.panel.reading import read_panel
from inv_gym.products.panel.windows import RETAIL, PanelProducts, retail

__all__ = ["RETAIL", "ListedWindows", "Panel", "PanelProducts", "read_panel", "retail"]
