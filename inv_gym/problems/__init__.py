"""The five problems, one file each; each writes its dynamics once."""

from inv_gym.problems.dual_sourcing import DualSourcing
from inv_gym.problems.lost_sales import LostSales
from inv_gym.problems.perishable import Perishable
from inv_gym.problems.procurement_removal import ProcurementRemoval

__all__ = ["DualSourcing", "LostSales", "Perishable", "ProcurementRemoval"]
