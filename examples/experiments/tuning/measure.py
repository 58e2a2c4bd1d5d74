"""Search for the parameters of a case."""

from __future__ import annotations

from pathlib import Path

import optuna

from experiments.fitted import without_warnings
from experiments.sample_efficiency.plan import ModelFreeCase, model_free_cases
from experiments.seeds import TUNING_SEED
from experiments.tuning.plan import HAND_SET_CHANGES, USUAL_PARAMETERS, VALIDATION_NUMBER, suggest
from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.agents.sb3.training import ModelFree, ModelFreeProgress

STUDIES_FILE = "tune.db"
"""The SQLite file of all studies, in the folder of results."""


def objective(trial: optuna.Trial, case: ModelFreeCase, steps: int) -> float:
    """The best score on the validation products."""
    fields = suggest(trial, case)
    trial.set_user_attr("fields", fields)
    config = ModelFreeConfig(
        **fields,
        steps=steps,
        check_every=steps // VALIDATION_NUMBER,
        seed=TUNING_SEED + trial.number,
        network=case.network,
    )
    training = ModelFree(case.problem, case.source, config)

    def watch(progress: ModelFreeProgress) -> None:
        trial.report(progress.best, len(training.curve))
        if trial.should_prune():
            raise optuna.TrialPruned

    with without_warnings():
        training.fit(watch)
    trial.set_user_attr("trouble", training.trouble)
    return training.curve[-1].best


def study_of(name: str, storage: Path) -> optuna.Study:
    """The study of a case, made as needed."""
    storage.parent.mkdir(parents=True, exist_ok=True)
    first, half = len(HAND_SET_CHANGES), VALIDATION_NUMBER // 2
    return optuna.create_study(
        storage=f"sqlite:///{storage}",
        sampler=optuna.samplers.TPESampler(
            multivariate=True, n_startup_trials=first, constant_liar=True
        ),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=half),
        study_name=name,
        direction="maximize",
        load_if_exists=True,
    )


def ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials that came to an end, pruned ones too."""
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=states)


def measure(folder: Path, name: str, trials: int, steps: int) -> None:
    """Go on with the study of a case until so many trials have ended."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    case, study = model_free_cases()[name], study_of(name, folder / STUDIES_FILE)
    if not study.trials:
        for changes in HAND_SET_CHANGES:
            study.enqueue_trial(USUAL_PARAMETERS | changes)
    study.set_user_attr("steps", steps)

    def report(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        state = f"{trial.state.name.lower()}, {trial.value}; best {study.best_value}"
        print(f"{name}, trial {trial.number}: {state}", flush=True)
        if len(ended(study)) >= trials:
            study.stop()

    if len(ended(study)) < trials:
        study.optimize(lambda trial: objective(trial, case, steps), callbacks=[report])
