"""How to train with an algorithm of stable-baselines3, and what tuning found."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from stable_baselines3 import A2C, PPO, SAC, TD3
from stable_baselines3.common.buffers import BaseBuffer
from stable_baselines3.common.noise import ActionNoise

from inv_gym.agents.network.config import NetworkConfig, check_network
from inv_gym.agents.training.config import LARGEST_RATE
from inv_gym.util.checks import flag, one_of, real, whole

ALGORITHMS: dict[str, Any] = {"ppo": PPO, "a2c": A2C, "sac": SAC, "td3": TD3}
ON_POLICY = ("ppo", "a2c")
NETWORK_POLICIES = ("encoder", "plain")
TUNED_FILE = Path(__file__).parent / "tuned.json"
"""Parameters that `python examples/experiments tuning` found, by environment or instance, each with
its command.
"""
RESERVED_PARAMETERS = (
    "policy",
    "env",
    "learning_rate",
    "gamma",
    "policy_kwargs",
    "seed",
    "device",
    "verbose",
    "tensorboard_log",
    "_init_setup_model",
)
"""Arguments of the algorithms that are not options."""


class Bounds(NamedTuple):
    """What values an option of stable-baselines3 may have."""

    least: float = -math.inf
    most: float = math.inf
    is_whole: bool = False
    """Whether it counts something."""
    or_else: tuple[Any, ...] = ()
    """Values that stand for something else (None for none, say)."""
    above_zero: bool = False


UNIT_SHARE = Bounds(0.0, 1.0)
NOT_BELOW_ZERO = Bounds(0.0)
COUNT = Bounds(1, is_whole=True)
OPTION_BOUNDS = {
    "n_steps": COUNT,
    "batch_size": Bounds(2, is_whole=True),
    "n_epochs": COUNT,
    "gae_lambda": UNIT_SHARE,
    "clip_range": Bounds(above_zero=True),
    "clip_range_vf": Bounds(above_zero=True, or_else=(None,)),
    "ent_coef": Bounds(0.0, or_else=("auto",)),
    "vf_coef": NOT_BELOW_ZERO,
    "max_grad_norm": Bounds(above_zero=True),
    "target_kl": Bounds(above_zero=True, or_else=(None,)),
    "rms_prop_eps": Bounds(above_zero=True),
    "sde_sample_freq": Bounds(-1, is_whole=True),
    "stats_window_size": COUNT,
    "buffer_size": COUNT,
    "learning_starts": Bounds(0, is_whole=True),
    "tau": UNIT_SHARE,
    "gradient_steps": Bounds(-1, is_whole=True),
    "target_update_interval": COUNT,
    "target_entropy": Bounds(or_else=("auto",)),
    "policy_delay": COUNT,
    "target_policy_noise": NOT_BELOW_ZERO,
    "target_noise_clip": NOT_BELOW_ZERO,
}
OPTION_FLAGS = (
    "normalize_advantage",
    "use_rms_prop",
    "use_sde",
    "use_sde_at_warmup",
    "optimize_memory_usage",
)


SCHEDULED_OPTIONS = ("clip_range", "clip_range_vf")
"""Options that may be functions of the share of a training that is left."""
OPTION_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "rollout_buffer_class": ("a buffer's class or None", lambda given: _is_buffer_class(given)),
    "replay_buffer_class": ("a buffer's class or None", lambda given: _is_buffer_class(given)),
    "rollout_buffer_kwargs": ("a dict or None", lambda given: isinstance(given, dict | None)),
    "replay_buffer_kwargs": ("a dict or None", lambda given: isinstance(given, dict | None)),
    "action_noise": ("an ActionNoise or None", lambda given: isinstance(given, ActionNoise | None)),
    "train_freq": (
        "a whole number of at least 1, or a pair such as (4, 'step')",
        lambda given: _is_frequency(given),
    ),
}
"""What other options must be, in words, and whether a value is it."""


def above_zero(name: str, value: Any) -> float:
    """`value` as a finite float above 0.

    Raises:
        TypeError: It is not a number.
        ValueError: It is not finite, or not above 0.
    """
    if real(name, value) <= 0.0:
        raise ValueError(f"{name} must be above 0, got {value}.")
    return float(value)


def _is_buffer_class(given: Any) -> bool:
    return given is None or (inspect.isclass(given) and issubclass(given, BaseBuffer))


def _is_frequency(given: Any) -> bool:
    """Whether this says after how much play an algorithm with a buffer learns."""
    is_pair = isinstance(given, tuple) and len(given) == 2
    number, unit = given if is_pair else (given, "step")
    is_whole = isinstance(number, int) and not isinstance(number, bool)
    return is_whole and number >= 1 and unit in ("step", "episode")


def check_option(name: str, value: Any) -> None:
    """Refuse a value that an algorithm would fail on, or take without a word.

    stable-baselines3 checks few of its arguments: it trains with any discount, for example.

    Raises:
        TypeError: It has the wrong type.
        ValueError: It is out of bounds.
    """
    if name in OPTION_FLAGS:
        flag(name, value)
    if name in OPTION_KINDS:
        wanted, is_it = OPTION_KINDS[name]
        if not is_it(value):
            raise TypeError(f"{name} must be {wanted}, got {value!r}.")
    bounds = OPTION_BOUNDS.get(name)
    if bounds is None or any(value is other or value == other for other in bounds.or_else):
        return
    if name in SCHEDULED_OPTIONS and callable(value):
        return
    if bounds.is_whole:
        whole(name, value, int(bounds.least))
    elif bounds.above_zero:
        above_zero(name, value)
    else:
        real(name, value, bounds.least, bounds.most)


@dataclass(frozen=True)
class ModelFreeConfig:
    """How to train.

    Attributes:
        algorithm: ``ppo``, ``a2c``, ``sac`` or ``td3``.
        policy: ``encoder``: DirectBackprop's network (of SAC and TD3: its features before an MLP);
            ``plain``: an MLP on the observation as it is.
        network: Sizes and input; ``plain`` takes the hidden layers alone.
        steps: Product-periods to play.
        rows: Products that play at once.
        reach: The largest order, in units of a product's mean demand; None: see `default_reach`.
        learning_rate: At the start; it falls to nothing in a line.
        gamma: Discount factor of the learner; None: the problem's.
        log_std: Logarithm of the standard deviation of actions at the start (PPO and A2C).
        normalise_observations: Whether VecNormalize scales observations (``plain`` alone: the
            encoder does it).
        normalise_rewards: Whether VecNormalize scales rewards.
        options: Further arguments of the algorithm, by their names in stable-baselines3.
        validation_products: Products whose reward picks the best weights.
        check_every: Product-periods between two validations (and checkpoints).
        seed: Of weights, actions and products.

    Raises:
        TypeError: A field or an option has the wrong type.
        ValueError: A field or an option is unknown or out of bounds.
    """

    algorithm: str = "ppo"
    policy: str = "encoder"
    network: NetworkConfig = field(default_factory=NetworkConfig)
    steps: int = 1_536_000
    rows: int = 256
    reach: float | None = None
    learning_rate: float = 1e-3
    gamma: float | None = None
    log_std: float = -1.5
    normalise_observations: bool = False
    normalise_rewards: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    validation_products: int = 2048
    check_every: int = 128_000
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("algorithm", self.algorithm, ALGORITHMS)
        one_of("policy", self.policy, NETWORK_POLICIES)
        for name in ("steps", "rows", "validation_products", "check_every"):
            whole(name, getattr(self, name), least=1)
        whole("seed", self.seed, least=0)
        real("learning_rate", self.learning_rate, most=LARGEST_RATE)
        above_zero("learning_rate", self.learning_rate)
        if self.reach is not None:
            above_zero("reach", self.reach)
        if self.gamma is not None and above_zero("gamma", self.gamma) > 1.0:
            raise ValueError(f"gamma must be at most 1, got {self.gamma}.")
        check_network(self.network)
        real("log_std", self.log_std)
        flag("normalise_observations", self.normalise_observations)
        flag("normalise_rewards", self.normalise_rewards)
        if self.normalise_observations and self.policy == "encoder":
            raise ValueError(
                "the encoder reads observations in units: normalise_observations is for "
                "policy='plain'."
            )
        if not isinstance(self.options, Mapping):
            raise TypeError(f"options must be a mapping of arguments, got {self.options!r}.")
        known = [
            name
            for name in inspect.signature(ALGORITHMS[self.algorithm]).parameters
            if name not in RESERVED_PARAMETERS
        ]
        for name, value in self.options.items():
            one_of(f"option of {self.algorithm}", name, known)
            check_option(name, value)

    @property
    def on_policy(self) -> bool:
        """Whether the algorithm learns from what the present policy plays."""
        return self.algorithm in ON_POLICY

    @property
    def normalises(self) -> bool:
        """Whether VecNormalize has a part in it."""
        return self.normalise_observations or self.normalise_rewards


def tuned(name: str) -> dict[str, Any]:
    """Fields of `ModelFreeConfig` that tuning found for an environment or a published instance.

    Raises:
        ValueError: It was not tuned.
    """
    results = json.loads(TUNED_FILE.read_text())
    return results[one_of("tuned environment or instance", name, results)]["config"]


def is_tuned(name: str) -> bool:
    """Whether tuning found parameters for an environment or a published instance."""
    return name in json.loads(TUNED_FILE.read_text())
