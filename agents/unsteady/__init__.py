"""Networks for new products whose demand changes, from five known demands."""

from inv_gym.agents.unsteady.agent import PlannedOrders, UnsteadyAgent, shipped
from inv_gym.agents.unsteady.network import UnsteadyNetwork, UnsteadySizes
from inv_gym.agents.unsteady.training import UnsteadyTraining, train_unsteady

__all__ = [
    "PlannedOrders",
    "UnsteadyAgent",
    "UnsteadyNetwork",
    "UnsteadySizes",
    "UnsteadyTraining",
    "shipped",
    "train_unsteady",
]
