"""Training by the gradient of the reward."""
