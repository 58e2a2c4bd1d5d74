"""Search for parameters of PPO, on validation products: `agents/sb3/tuned.json` is made of it.

In examples/experiments:

    python tune_ppo.py --case InvLostSales-v0 --trials 30
    python tune_ppo.py --case zipkin2008-poisson5-p4-L4 --steps 400000
    python tune_ppo.py --write   # the best of every study to agents/sb3/tuned.json

The studies are in one SQLite file, so a search that was interrupted goes on, and several processes
may share one. The first trials are set by hand. Each trial has a training seed of its own (from
1000 on), other than those of evidence.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import optuna
import torch
import typer
from model_free_plan import CASES, Case

from inv_gym.agents.sb3.config import TUNED_FILE, ModelFreeConfig
from inv_gym.agents.sb3.training import ModelFree, Progress
from inv_gym.util.checks import one_of
from inv_gym.util.files import write_atomically

FIRST_SEED = 1000
CHECKS = 8
"""Validations of a trial; poor ones stop at one of them."""
DEFAULTS: dict[str, Any] = {
    "policy": "encoder",
    "reach": 6.0,
    "rows": 256,
    "learning_rate": 1e-3,
    "gamma": 0.99,
    "log_std": -1.5,
    "n_epochs": 5,
    "minibatches": 8,
    "gae_lambda": 0.9,
    "ent_coef": 0.0,
    "clip_range": 0.2,
    "normalise_rewards": True,
}
FIRST: tuple[dict[str, Any], ...] = (
    {},
    {
        "rows": 64,
        "learning_rate": 4e-3,
        "gamma": 0.995,
        "gae_lambda": 0.95,
        "ent_coef": 2e-4,
        "reach": 12.0,
    },
    {"learning_rate": 3e-3, "n_epochs": 10, "minibatches": 16},
    {"learning_rate": 3e-3, "log_std": -1.0, "gae_lambda": 0.8, "n_epochs": 10},
    {"policy": "plain", "reach": 2.0},
)
"""What the first trials change of the defaults."""


def suggest(trial: optuna.Trial, case: Case) -> dict[str, Any]:
    """Fields of a configuration from the search space."""
    policy = trial.suggest_categorical("policy", ["encoder", "plain"])
    rows = trial.suggest_categorical("rows", [64, 256, 1024])
    n_steps = min(case.problem.horizon, 50)
    options = {
        "n_steps": n_steps,
        "batch_size": rows * n_steps // trial.suggest_categorical("minibatches", [4, 8, 16]),
        "n_epochs": trial.suggest_int("n_epochs", 3, 10),
        "gae_lambda": trial.suggest_categorical("gae_lambda", [0.3, 0.6, 0.8, 0.9, 0.95]),
        "ent_coef": trial.suggest_categorical("ent_coef", [0.0, 2e-4, 1e-3]),
        "clip_range": trial.suggest_categorical("clip_range", [0.1, 0.2, 0.4]),
    }
    return {
        "policy": policy,
        "reach": trial.suggest_categorical("reach", [2.0, 4.0, 6.0, 12.0]),
        "normalise_observations": policy == "plain",
        "normalise_rewards": trial.suggest_categorical("normalise_rewards", [True, False]),
        "rows": rows,
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        "gamma": trial.suggest_categorical("gamma", [0.95, 0.98, 0.99, 0.995, 1.0]),
        "log_std": trial.suggest_float("log_std", -2.5, -0.5),
        "options": options,
    }


def objective(trial: optuna.Trial, case: Case, steps: int) -> float:
    """The best score on the validation products."""
    fields = suggest(trial, case)
    trial.set_user_attr("fields", fields)
    seed = FIRST_SEED + trial.number
    config = ModelFreeConfig(
        **fields, steps=steps, check_every=steps // CHECKS, seed=seed, network=case.network
    )
    training = ModelFree(case.problem, case.source, config)

    def watch(progress: Progress) -> None:
        trial.report(progress.best, len(training.curve))
        if trial.should_prune():
            raise optuna.TrialPruned

    training.fit(watch)
    return training.curve[-1].best


def study_of(name: str, storage: Path) -> optuna.Study:
    """The study of a case, made as needed."""
    storage.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        study_name=name,
        storage=f"sqlite:///{storage}",
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(
            multivariate=True, n_startup_trials=len(FIRST), constant_liar=True
        ),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=CHECKS // 2),
    )


def ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials that came to an end, pruned ones too."""
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=states)


def write_tuned(storage: Path) -> Path:
    """Put the best of every study into the file of tuned parameters, with what was tried."""
    found = json.loads(TUNED_FILE.read_text()) if TUNED_FILE.exists() else {}
    for name in optuna.get_all_study_names(f"sqlite:///{storage}"):
        study = study_of(name, storage)
        trials, steps = ended(study), study.user_attrs["steps"]
        scores = sorted(
            (t.value for t in trials if t.state == optuna.trial.TrialState.COMPLETE), reverse=True
        )
        found[name] = {
            "config": study.best_trial.user_attrs["fields"],
            "score": study.best_value,
            "trial": study.best_trial.number,
            "trials": len(trials),
            "steps": steps,
            "completed scores": scores,
            "command": (
                f"python examples/experiments/tune_ppo.py --case {name} --steps {steps} "
                f"--trials {len(trials)}"
            ),
        }
    return write_atomically(TUNED_FILE, json.dumps(found, indent=1) + "\n")


def main(
    case: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"One of {', '.join(CASES)}.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="In all, with those of earlier runs.")] = 20,
    steps: Annotated[int, typer.Option(min=8, help="Product-periods per trial.")] = 640_000,
    storage: Annotated[
        Path, typer.Option(metavar="FILE", help="SQLite file of the studies.")
    ] = Path("runs/tune.db"),
    write: Annotated[bool, typer.Option("--write", help="Write the tuned parameters.")] = False,
) -> None:
    """Tune PPO for a case."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if case is not None:
        chosen = CASES[one_of("case", case, CASES)]
        study = study_of(case, storage)
        if not study.trials:
            for changes in FIRST:
                study.enqueue_trial(DEFAULTS | changes)
        study.set_user_attr("steps", steps)

        def report(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
            typer.echo(
                f"trial {trial.number}: {trial.state.name.lower()}, {trial.value}; best "
                f"{study.best_value}"
            )
            if len(ended(study)) >= trials:
                study.stop()

        if len(ended(study)) < trials:
            study.optimize(lambda trial: objective(trial, chosen, steps), callbacks=[report])
    if write:
        typer.echo(f"Wrote {write_tuned(storage)}")


if __name__ == "__main__":
    typer.run(main)
