"""The file of tuned parameters: the best of every study, with what was tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna

from experiments.tuning.measure import STUDIES_FILE, ended, study_of
from inv_gym.agents.sb3.config import TUNED_FILE
from inv_gym.util.files import write_atomically


def publish(folder: Path, target: Path) -> list[Path]:
    """Write ``tuned.json``: the best of every study, and what the package has of other cases.

    Raises:
        FileNotFoundError: There are no studies.
    """
    storage = folder / STUDIES_FILE
    if not storage.exists():
        raise FileNotFoundError(f"there are no studies in {str(folder)!r}: leave out --write.")
    tuned = json.loads(TUNED_FILE.read_text()) if TUNED_FILE.exists() else {}
    for name in optuna.get_all_study_names(f"sqlite:///{storage}"):
        tuned[name] = best_of(name, study_of(name, storage))
    return [write_atomically(target / TUNED_FILE.name, json.dumps(tuned, indent=1) + "\n")]


def best_of(name: str, study: optuna.Study) -> dict[str, Any]:
    """The best trial of a case, the scores of all that were not stopped, and the command."""
    trials, steps = ended(study), study.user_attrs["steps"]
    completed = [t for t in trials if t.state == optuna.trial.TrialState.COMPLETE]
    scores = [t.value for t in completed if t.value is not None]
    settings = f"--set steps={steps} --set trials={len(trials)}"
    return {
        "config": study.best_trial.user_attrs["fields"],
        "score": study.best_value,
        "trial": study.best_trial.number,
        "trials": len(trials),
        "steps": steps,
        "completed scores": sorted(scores, reverse=True),
        "command": f"python examples/experiments tuning --only {name} {settings}",
    }
