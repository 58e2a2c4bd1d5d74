"""Evaluations by workers: bit-equal, played again after a death, ended cleanly."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from worker_cases import (
    Awkward,
    DiesFor,
    DiesOnce,
    Leaves,
    Remembers,
    Strict,
    Unreadable,
    UpTo,
)

from inv_gym import (
    Evaluation,
    LostSales,
    agents,
    baselines,
    draw_products,
    evaluate,
    make_problem,
    make_source,
)
from inv_gym.play.match import blame_of
from inv_gym.products.batch import DRAW_BLOCK
from inv_gym.util.dispatch import IN_FLIGHT, Dispatch, WorkerError
from inv_gym.util.executors import Processes, workers

PROBLEM = make_problem("InvLostSales-v0", horizon=4)
LATE = LostSales(lead_time=1, horizon=2)
SOURCE = make_source("default")
NUMBER = 3 * DRAW_BLOCK + 100
BASE = {"up to": UpTo()}


def everyone() -> dict[str, Any]:
    """Policies of several kinds."""
    ours = baselines.policies(PROBLEM, distribution=False) | agents.policies(PROBLEM)
    return {"remembers": Remembers(), **ours}


def played(policies: dict[str, Any], executor: Executor | None, **options: Any) -> Evaluation:
    reference = next(iter(policies))
    options = {"number": NUMBER, "seed": 3, "per_product": True, "reference": reference} | options
    return evaluate(PROBLEM, policies, SOURCE, executor=executor, **options)


def assert_equal(left: Evaluation, right: Evaluation) -> None:
    """To the last bit, but for the clock."""
    pd.testing.assert_frame_equal(
        left.frame.drop(columns="seconds"), right.frame.drop(columns="seconds"), check_exact=True
    )
    pd.testing.assert_frame_equal(left.products, right.products, check_exact=True)


@pytest.fixture(scope="module")
def pool() -> Iterator[Processes]:
    with Processes(2) as executor:
        yield executor


# ---------------------------------------------------------------- the same figures everywhere


@pytest.fixture(scope="module")
def by_one_process() -> Evaluation:
    with Processes(1) as executor:
        return played(everyone(), executor)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Processes(2),
        lambda: Processes(3),
        lambda: ThreadPoolExecutor(1),
        lambda: ThreadPoolExecutor(3),
    ],
    ids=["2 processes", "3 processes", "1 thread", "3 threads"],
)
def test_figures_are_bit_equal_for_any_number_of_workers(make: Any, by_one_process: Any) -> None:
    with make() as executor:
        assert_equal(played(everyone(), executor), by_one_process)


def test_figures_are_bit_equal_with_and_without_workers(by_one_process: Evaluation) -> None:
    policies = {name: policy for name, policy in everyone().items() if name != "remembers"}
    here = played(policies, None).frame.set_index("policy")["reward"]
    there = by_one_process.frame.set_index("policy")["reward"].drop("remembers")
    assert here.to_dict() == there.to_dict()


def test_rules_that_work_with_fourier_transforms_are_bit_equal_too(pool: Processes) -> None:
    myopic = {"myopic": baselines.policies(LATE, distribution=False)["myopic"]}
    here, there = (
        evaluate(LATE, myopic, SOURCE, number=NUMBER, per_product=True, executor=executor)
        for executor in (None, pool)
    )
    assert_equal(here, there)


def test_a_batch_and_torch_are_played_by_workers(pool: Processes) -> None:
    batch = draw_products(SOURCE, PROBLEM, DRAW_BLOCK + 7)
    like = torch.zeros(0)
    networks = agents.policies(PROBLEM)
    options = {"like": like, "reference": next(iter(networks))}
    here = evaluate(PROBLEM, networks, batch, **options)
    there = evaluate(PROBLEM, networks, batch, executor=pool, **options)
    assert here.frame["reward"].tolist() == there.frame["reward"].tolist()


def test_progress_is_told_in_the_order_of_the_blocks(pool: Processes) -> None:
    told: list[tuple[str, int, int]] = []
    played(BASE, pool, progress=lambda *news: told.append(news))
    ends = [512, 1024, 1536, NUMBER]
    assert told == [("up to", end, NUMBER) for end in ends]


def test_processes_have_one_thread_each(pool: Processes, monkeypatch: Any) -> None:
    assert pool.submit(torch.get_num_threads).result() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    with Processes(1) as fresh:
        assert fresh.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_searches_use_the_threads_that_their_process_was_told(monkeypatch: Any) -> None:
    sizes: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int) -> None:
            sizes.append(workers)
            super().__init__(workers)

    monkeypatch.setattr("inv_gym.baselines.fitting.blocks.ThreadPoolExecutor", Pool)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    searched = {"searched": baselines.policies(PROBLEM, distribution=False)["searched base-stock"]}
    for threads in ("3", "many", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        evaluate(PROBLEM, searched, SOURCE, number=2)
    assert sizes == [3, 7, 7]


# ---------------------------------------------------------------- workers that die


def scale_of_block(block: int) -> float:
    """A scale that no product of another block has."""
    scales = draw_products(SOURCE, PROBLEM, NUMBER, 3).scale
    own = slice(block * DRAW_BLOCK, (block + 1) * DRAW_BLOCK)
    return float(np.setdiff1d(scales[own], np.delete(scales, own))[0])


def test_the_blocks_of_a_worker_that_dies_are_played_again(tmp_path: Path) -> None:
    expected = played(BASE, None)
    with Processes(2) as executor:
        survived = played({"up to": DiesOnce(tmp_path / "dead")}, executor)
    assert (tmp_path / "dead").exists()
    assert_equal(survived, expected)


def test_a_block_that_ends_its_worker_three_times_is_named() -> None:
    with Processes(2) as executor:
        with pytest.raises(WorkerError, match=r"^block 1 \(products 512 to 1023\) ended its work"):
            played({"up to": DiesFor(scale_of_block(1))}, executor)
        assert_equal(played(BASE, executor), played(BASE, None))  # the executor lives on


def test_a_worker_may_die_after_calls_were_cancelled() -> None:
    with Processes(1) as executor:
        before = set(multiprocessing.active_children())
        executor.submit(pow, 2, 3).result()
        calls = [executor.submit(time.sleep, 60.0) for _ in range(6)]
        time.sleep(1.0)  # the first one is on its way
        for call in calls[2:]:
            assert call.cancel()
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        with pytest.raises(BrokenExecutor):
            calls[0].result(timeout=60)
        assert executor.submit(pow, 2, 3).result(timeout=60) == 8


def test_a_pool_that_replaces_no_process_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with (
        ProcessPoolExecutor(1) as executor,
        pytest.raises(WorkerError, match=r"takes no more blocks.*Processes\(2\)"),
    ):
        played({"up to": DiesOnce(tmp_path / "dead")}, executor)


@pytest.mark.parametrize("executor", [2, "tcp://10.0.0.1:8786", Processes])
def test_what_is_no_executor_is_refused_with_an_example(executor: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^executor must have submit.*such as .*Processes\(2\), got"
    ):
        played(BASE, executor)


class Forgetful(Executor):
    """Loses every block a number of times, and counts what is on its way."""

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.tries: dict[int, int] = {}
        self.open: list[Future[int]] = []
        self.most = 0

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[int] = Future()
        block, _ = args
        self.open.append(future)
        self.most = max(self.most, len([one for one in self.open if not one.cancelled()]))
        self.tries[block] = self.tries.get(block, 0) + 1
        if self.tries[block] <= self.losses:
            future.set_exception(ConnectionError("lost"))
        else:
            future.set_result(function(*args))
        return future


def doubled(block: int, deaths: int) -> int:
    return 2 * block


def dispatch(executor: Executor, blocks: Any) -> list[int]:
    work = Dispatch(executor, doubled, lambda error: isinstance(error, KeyError), str)
    return list(work.results(blocks))


@pytest.mark.parametrize("losses", [0, 1, 2])
def test_a_block_may_be_lost_twice(losses: int) -> None:
    executor = Forgetful(losses)
    assert dispatch(executor, range(200)) == list(range(0, 400, 2))
    assert set(executor.tries.values()) == {losses + 1}


def test_a_block_that_is_lost_three_times_is_an_error() -> None:
    with pytest.raises(WorkerError, match=r"0 ended its worker 3 times \(ConnectionError: lost\)"):
        dispatch(Forgetful(3), range(5))


def test_no_more_blocks_are_drawn_than_are_on_their_way() -> None:
    drawn: list[int] = []

    def blocks() -> Iterator[int]:
        for number in range(500):
            drawn.append(number)
            yield number

    work = Dispatch(Forgetful(0), doubled, lambda error: False, str)
    for given, _ in enumerate(work.results(blocks()), 1):
        assert len(drawn) <= given + IN_FLIGHT


# ---------------------------------------------------------------- errors of policies


class Local:
    """A policy that holds what cannot be pickled."""

    knows = "history"

    def __init__(self) -> None:
        self.rule = lambda observation: observation.scale[:, None]

    def __call__(self, observation: Any) -> np.ndarray:
        return self.rule(observation)


def test_a_policy_that_cannot_be_pickled_is_named_with_the_remedy(pool: Processes) -> None:
    message = r"^policy mine cannot be sent to workers.*at the top level of a module"
    with pytest.raises(TypeError, match=message):
        played({"up to": UpTo(), "mine": Local()}, pool)


@pytest.mark.parametrize(
    ("policy", "kind", "reason"),
    [
        (Strict(), KeyError, "KeyError: 'late' (worker_cases.py, line "),
        (Awkward(), RuntimeError, "AwkwardError: no stock (worker_cases.py, line "),
        (Leaves(), RuntimeError, "SystemExit: enough (worker_cases.py, line "),
        (Unreadable(), TypeError, "TypeError: policy mine cannot be read by a worker (ValueErr"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_policy_raises_is_raised_with_its_name(
    pool: Processes, policy: Any, kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        played({"up to": UpTo(), "mine": policy}, pool)
    blame = blame_of(caught.value)
    assert blame is not None
    assert blame.policy == "mine"
    assert blame.reason.startswith(reason)


def test_the_blame_is_known_without_workers_too() -> None:
    with pytest.raises(KeyError) as caught:
        played({"up to": UpTo(), "mine": Strict()}, None)
    assert blame_of(caught.value).policy == "mine"  # type: ignore[union-attr]


# ---------------------------------------------------------------- choice, interrupts, dask


def test_workers_are_chosen_by_number_or_address() -> None:
    with workers() as executor:
        assert executor is None
    with workers(1) as executor:
        assert isinstance(executor, Processes)
    with pytest.raises(ValueError, match=r"either workers \(2\) or the address"), workers(2, "tcp"):
        pass
    with pytest.raises(ValueError, match=r"workers must be at least 1, got 0"):
        Processes(0)


INTERRUPTED = """
    import sys
    from worker_cases import Slow
    from inv_gym import LostSales, evaluate
    from inv_gym.util.executors import workers

    if __name__ == "__main__":
        try:
            with workers(2) as executor:
                executor.submit(print, "playing", flush=True).result()
                slow, problem = {"slow": Slow()}, LostSales(horizon=4)
                evaluate(problem, slow, "default", number=9000, executor=executor)
        except KeyboardInterrupt:
            print("interrupted")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of groups of processes")
@pytest.mark.parametrize("everybody", [True, False], ids=["the group", "the parent alone"])
def test_an_interrupt_ends_the_workers_without_a_word(tmp_path: Path, everybody: bool) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(INTERRUPTED))
    run = subprocess.Popen(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "playing\n"
    time.sleep(3.0)  # both processes have started
    (os.killpg if everybody else os.kill)(run.pid, signal.SIGINT)
    begin = time.monotonic()
    printed, errors = run.communicate(timeout=60)  # to the end of all that hold its output
    assert (printed, errors) == ("interrupted\n", "")
    assert time.monotonic() - begin < 15.0


@pytest.mark.filterwarnings("default")  # what dask warns of is its own affair
def test_a_dask_cluster_plays_the_same_and_survives_a_death(tmp_path: Path) -> None:
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    settings = {"distributed.scheduler.allowed-failures": 0}
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    tests = [str(Path(__file__).parent)]
    with (
        dask.config.set(settings),
        distributed.LocalCluster(processes=True, **options) as cluster,
        workers(dask=cluster.scheduler_address) as executor,
        distributed.Client(cluster) as client,
    ):
        assert executor is not None
        executor.submit(sys.path.extend, tests).result()
        policies = everyone()
        assert_equal(played(policies, executor), played(policies, ThreadPoolExecutor(1)))
        for number, any_executor in enumerate((executor, client.get_executor())):
            survived = played({"up to": DiesOnce(tmp_path / f"dead {number}")}, any_executor)
            assert_equal(survived, played(BASE, None))
        with pytest.raises(WorkerError, match=r"^block 1 \(products 512 to 1023\) ended its work"):
            played({"up to": DiesFor(scale_of_block(1))}, executor)


def test_a_dask_cluster_that_does_not_answer_is_one_error() -> None:
    pytest.importorskip("distributed")
    with (
        pytest.raises(OSError, match=r"no dask scheduler answers at 'nowhere'"),
        workers(dask="nowhere"),
    ):
        pass
