"""What moves the weights of a network: Adam, or Muon for its hidden matrices."""

from __future__ import annotations

from torch import nn, optim

from inv_gym.agents.network.policy_network import PolicyNetwork


def optimisers_of(network: PolicyNetwork, kind: str) -> dict[str, optim.Optimizer]:
    """The optimisers of a network's weights, by name.

    Muon takes the matrices but that of the output layer; its steps are as large as those of Adam
    (``match_rms_adamw``), so both have one learning rate. Adam takes all other weights.

    Source: Jordan et al. (2024), "Muon: An optimizer for hidden layers in neural networks"; the
    sizes of the steps are those of Liu et al. (2025), arXiv 2502.16982. That no weight decays is
    our choice.

    Args:
        network: Whose weights are moved.
        kind: One of `inv_gym.agents.training.config.OPTIMISERS`.
    """
    if kind == "adam":
        return {"adam": optim.Adam(network.parameters())}
    output = set(network.output_layer.parameters())
    hidden, others = list[nn.Parameter](), list[nn.Parameter]()
    for parameter in network.parameters():
        matrix = parameter.ndim == 2 and parameter not in output
        (hidden if matrix else others).append(parameter)
    return {
        "muon": optim.Muon(hidden, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
        "adam": optim.Adam(others),
    }
