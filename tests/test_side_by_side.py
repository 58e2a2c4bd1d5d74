"""Calls in processes side by side: order, progress, errors and deaths."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inv_gym.util.dispatch import WorkerError
from inv_gym.util.processes import report_finished


def halved(number: float) -> float:
    return number / 2.0


def refused(number: int) -> int:
    raise KeyError(f"no {number}")


def dies_once(folder: Path, name: str) -> str:
    """End the process of the first call, and answer the second."""
    mark = folder / name
    if name == "mortal" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def dies(name: str) -> str:
    if name == "mortal":
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def threads() -> int:
    return torch.get_num_threads()


def random_sum(seed: int) -> bytes:
    numbers = np.random.default_rng(seed).standard_normal((300, 300))
    return (numbers @ numbers).sum(0).tobytes()


def call(work: Any, arguments: dict[str, tuple], jobs: int = 2) -> tuple[dict, list[str]]:
    told: list[str] = []
    return report_finished(work, arguments, jobs, told.append), told


def test_results_stand_in_the_order_of_the_arguments_and_each_end_is_told() -> None:
    results, told = call(halved, {str(number): (float(number),) for number in range(5)})
    assert list(results.items()) == [(str(number), number / 2.0) for number in range(5)]
    assert [line.partition(":")[0] for line in told] == [f"{k} of 5" for k in range(1, 6)]
    assert {line.partition(": ")[2] for line in told} == set(results)


def test_results_are_bit_equal_for_any_number_of_processes() -> None:
    arguments: dict[str, tuple] = {str(seed): (seed,) for seed in range(4)}
    assert call(random_sum, arguments, 1)[0] == call(random_sum, arguments, 3)[0]


def test_a_process_has_one_thread() -> None:
    assert call(threads, {"threads": ()}, 1)[0] == {"threads": 1}


def test_what_a_call_raises_is_raised() -> None:
    with pytest.raises(KeyError, match="no 3"):
        call(refused, {"three": (3,)})


def test_calls_are_made_again_after_a_death(tmp_path: Path) -> None:
    names = ("first", "mortal", "last")
    results, told = call(dies_once, {name: (tmp_path, name) for name in names})
    assert list(results) == list(results.values()) == list(names)
    assert len(told) == 3


def test_a_call_that_ends_its_process_again_and_again_is_named() -> None:
    with pytest.raises(WorkerError, match="^mortal ended its worker 3 times"):
        call(dies, {name: (name,) for name in ("first", "mortal", "last")})
