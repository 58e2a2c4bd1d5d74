"""Learning agents for inv_gym."""

import inv_gym

if not hasattr(inv_gym, "make_problem"):  # another distribution's package may use the same top-level names
    raise ImportError("agents belongs to inv_gym, but another package of that name was found: check sys.path.")

from agents.catalogue import policies
from agents.direct_backprop import DirectBackprop
from agents.inventory_agent import InventoryAgent
from agents.networks import NetworkConfig
from agents.training_config import TrainingConfig

__all__ = ["DirectBackprop", "InventoryAgent", "NetworkConfig", "TrainingConfig", "policies"]
