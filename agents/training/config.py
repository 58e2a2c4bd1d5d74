"""How to train; one set of defaults for all problems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inv_gym.agents.network.config import NetworkConfig, check_network
from inv_gym.util.checks import flag, one_of, real, whole
from inv_gym.util.schedules import warmed_cosine

WEIGHTINGS = ("product", "money")
OPTIMISERS = ("adam", "muon")
SCHEDULES = ("constant", "rising")
ROUNDINGS = ("dithered", "straight_through", "none")
STRUCTURE_KINDS = {
    "direct-backprop": "DirectBackprop",
    "penalised": "DirectBackprop, penalised",
    "constructed": "DirectBackprop, constructed",
}
"""How a network may be informed of the structure of optimal orders, and what results are called in
tables.
"""
PENALTY = 1.0
"""What the structure's penalty counts by default: the same for all problems, chosen on lost sales
with lead time 5.
"""
DITHERING = 0.5
"""Share of the steps over which the noise of dithered rounding fades (our choice)."""
LARGEST_RATE = 1e30
"""Learning rates beyond this one are no numbers of float32 once Adam has scaled them."""


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; the same defaults for all problems.

    Attributes:
        steps: Gradient steps.
        batch: Products per step, over all processes.
        optimiser: ``adam``, or ``muon`` for the hidden matrices, as generalists are trained. See
            `inv_gym.agents.training.optimisers`.
        learning_rate: At its highest; it warms up, then falls along a cosine to a hundredth.
        warm_up: Steps of warming up.
        clip: Largest norm of the gradient.
        weighting: ``product``: rewards count in units of a product's scale and money unit;
            ``money``: as they are.
        fixed_products: So many products with one demand path each, drawn once; None draws fresh
            ones each step.
        wide: Whether starting states are drawn widely.
        truncate: Periods after which gradients are cut; None never.
        rounding: How orders are made whole in training, where the problem wants whole ones.
            ``dithered`` adds noise first, of up to half a unit either way, that fades over half of
            the training: an order of 4.3 is 4 or 5, with the right mean, so the gradient is that of
            the mean reward, which lies between that of 4 and of 5. It leaves 2 % of the fraction,
            so that derivatives are taken on the side on which the order lies. ``straight_through``
            rounds; ``none`` trains on fractions. Gradients pass as if nothing were rounded.
        penalty: What the structure's penalty counts beside the reward, see
            `inv_gym.agents.training.structure_informed`; 0: nothing.
        penalty_schedule: ``constant``, or ``rising`` from 0 in a line.
        validation_products: Products whose reward picks the best weights.
        check_every: Steps between two validations (and checkpoints).
        patience: Validations without a better one after which training stops; None never.
        start_share: What the weights that a training began with count in the network that is
            validated and comes out, beside the trained ones: from 0 to 1. It is for trainings with
            a `start` on few products, where part of what is learned is chance (Wortsman et al.
            2022, arXiv 2109.01903).
        seed: Of weights and products.
        network: The network's size.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: A field is out of bounds.
    """

    steps: int = 1000
    batch: int = 256
    optimiser: str = "adam"
    learning_rate: float = 5e-3
    warm_up: int = 50
    clip: float = 1.0
    weighting: str = "product"
    fixed_products: int | None = None
    wide: bool = True
    truncate: int | None = None
    rounding: str = "dithered"
    penalty: float = 0.0
    penalty_schedule: str = "constant"
    validation_products: int = 2048
    check_every: int = 100
    patience: int | None = None
    start_share: float = 0.0
    seed: int = 0
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "validation_products", "check_every"):
            whole(name, getattr(self, name), least=1)
        for name in ("fixed_products", "truncate", "patience"):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least=1)
        whole("warm_up", self.warm_up, least=0)
        whole("seed", self.seed, least=0)
        rate = real("learning_rate", self.learning_rate, most=LARGEST_RATE)
        if rate <= 0.0 or real("clip", self.clip) <= 0.0:
            raise ValueError(
                f"learning_rate and clip must be above 0, got {self.learning_rate} and {self.clip}."
            )
        one_of("optimiser", self.optimiser, OPTIMISERS)
        flag("wide", self.wide)
        one_of("weighting", self.weighting, WEIGHTINGS)
        one_of("rounding", self.rounding, ROUNDINGS)
        real("start_share", self.start_share, least=0.0, most=1.0)
        real("penalty", self.penalty, least=0.0)
        one_of("penalty_schedule", self.penalty_schedule, SCHEDULES)
        check_network(self.network)

    def of_kind(self, kind: str) -> TrainingConfig:
        """The same training of a network that is informed of the structure in one of the ways of
        `STRUCTURE_KINDS`.

        Raises:
            ValueError: The kind is unknown.
        """
        head = "constructed" if one_of("kind", kind, STRUCTURE_KINDS) == "constructed" else "plain"
        penalty = PENALTY if kind == "penalised" else 0.0
        return replace(self, penalty=penalty, network=replace(self.network, head=head))

    @property
    def kind(self) -> str:
        """What results are called in tables: one of the names of `STRUCTURE_KINDS` where one fits,
        with the penalty's weight where it is not `PENALTY`.
        """
        informed = ["constructed"] if self.network.head == "constructed" else []
        if self.penalty:
            weight = "" if self.penalty == PENALTY else f" with weight {self.penalty:g}"
            informed.append(f"penalised{weight}")
        return ", ".join(["DirectBackprop", *informed])

    def amplitude(self, step: int) -> float:
        """How far dithering reaches in a step: from half a unit either way, 1, to nothing, 0."""
        return (
            max(0.0, 1.0 - step / (DITHERING * self.steps)) if self.rounding == "dithered" else 0.0
        )

    def penalty_weight(self, step: int) -> float:
        """What the structure's penalty counts in a step."""
        return self.penalty * (
            (step + 1) / self.steps if self.penalty_schedule == "rising" else 1.0
        )

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return warmed_cosine(self.learning_rate, step, self.steps, self.warm_up)
