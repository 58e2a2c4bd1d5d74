"""Learning agents for inv_gym."""

from inv_gym.agents.catalogue import policies
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop

__all__ = ["DirectBackprop", "InventoryAgent", "NetworkConfig", "TrainingConfig", "policies"]
