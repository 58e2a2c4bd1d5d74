"""What ``inv-gym train`` reports while it trains, and the card of the weights."""

from __future__ import annotations

import importlib.util
import json
import platform
import shlex
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

import inv_gym
from inv_gym import baselines
from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.agents.training.validation import score_weights
from inv_gym.agents.weights import table_facts
from inv_gym.commands.trainings import AGENT_TITLES, MODEL_FREE
from inv_gym.util.files import write_atomically

console = Console(highlight=False)
METRICS_FILE = "metrics.jsonl"


def reference_score(training: Any) -> tuple[str, float]:
    """The reference heuristic's name, and its score on the validation products: as the weights are
    picked by.
    """
    names, scores = list[str](), list[float]()
    for problem, products in training.validation:
        known = products.distribution is not None
        names.append(baselines.reference(problem, known))
        policy = baselines.policies(problem, known)[names[-1]]
        reward = inv_gym.rollout(problem, policy, products).discounted_reward
        weights = score_weights(products, getattr(training.config, "weighting", "product"))
        scores.append(float(np.mean(reward * weights)) / problem.discounted_periods)
    return " or ".join(dict.fromkeys(names)), float(np.mean(scores))


class Log:
    """Writes what a training reports: a progress bar, metrics.jsonl and tensorboard's files."""

    def __init__(self, training: Any, out: Path, bar: Progress) -> None:
        self.training, self.out, self.bar = training, out, bar
        self.name, self.reference = reference_score(training)
        self.task = bar.add_task(
            "training", total=training.config.steps, completed=training.step, last=""
        )
        self.board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(out / "tensorboard"), purge_step=training.step)

    def gap(self, score: float) -> float | None:
        """To the reference heuristic, % of its score; None if that is 0."""
        if self.reference == 0.0:
            return None
        return 100.0 * (score - self.reference) / abs(self.reference)

    def compared(self, score: float) -> str:
        """A score and its gap as text."""
        gap = self.gap(score)
        percent = "no percents, its score is 0" if gap is None else f"{gap:+.2f} %"
        return f"score {score:.5f} ({percent} to {self.name})"

    def __call__(self, validation: Any) -> None:
        """Report a validation."""
        curve = self.training.curve
        rows = [json.dumps({**row._asdict(), "gap": self.gap(row.score)}) for row in curve]
        write_atomically(self.out / METRICS_FILE, "\n".join(rows) + "\n")
        last = f"{self.compared(validation.score)}, {validation.seconds:.0f} s"
        self.bar.update(self.task, completed=validation.step, last=last)
        if not console.is_terminal:
            loss = getattr(validation, "loss", None)  # those that learn without a model have none
            said = "" if loss is None else f"loss {loss:.5f}, "
            console.print(f"step {validation.step}: {said}{last}", soft_wrap=True)
        if self.board is not None:
            for key in ("loss", "reward", "score"):
                if (figure := getattr(validation, key, None)) is not None:
                    self.board.add_scalar(key, figure, validation.step)
            if (gap := self.gap(validation.score)) is not None:
                self.board.add_scalar("gap", gap, validation.step)
            self.board.flush()


def table_card(training: Any) -> dict[str, Any]:
    """The demand table with the days of training and validation; nothing if there is none."""
    facts = table_facts(training.source)
    if facts:
        days = table_facts(training.validation_source)["table"]
        facts["table"] = facts["table"] | {
            "validation_first": days["first"],
            "validation_last": days["last"],
        }
    return facts


def agent_name(training: Any, agent: str) -> str:
    """What the trained policy is called in tables."""
    if agent not in STRUCTURE_KINDS:
        return AGENT_TITLES[agent]
    fitted = ", fine-tuned" if training.start is not None else ""
    return f"{training.config.kind}{fitted}"


def card(training: Any, log: Log, agent: str, products: str) -> dict[str, Any]:
    """What the weights' card says beside their shapes."""
    best = max(training.curve, key=lambda row: row.best)
    packages = (
        "inv-gym",
        "torch",
        "numpy",
        *(("stable-baselines3",) if agent in MODEL_FREE else ()),
    )
    return {
        "name": agent_name(training, agent),
        "config": asdict(training.config),
        "products": products,
        **table_card(training),
        "metrics": {
            "validation_reward": best.reward,
            "validation_score": best.score,
            "reference": log.name,
            "gap_percent": log.gap(best.score),
            "trouble": getattr(training, "trouble", None),
            "steps": training.step,
            "seconds": training.curve[-1].seconds,
        },
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in packages},
        "command": shlex.join(["python", *sys.argv]),
    }
