"""Memory that does not grow with the number of products, and rollouts that copy
nothing per step.
"""

import tracemalloc
from itertools import pairwise

import numpy as np
import torch

from inv_gym import LostSales, draw_products, evaluate, make_source, rollout
from inv_gym.products.batch import DRAW_BLOCK
from inv_gym.testing import Replay
from inv_gym.util.arrays import flatten


class OneMean:
    knows = "history"

    def __call__(self, seen):
        return seen.scale[:, None]


def peak(number: int) -> int:
    """Most bytes held during an evaluation of so many products in chunks of one block."""
    tracemalloc.start()
    evaluate(
        LostSales(horizon=10),
        {"mean": OneMean()},
        make_source("poisson"),
        number=number,
        chunk_size=DRAW_BLOCK,
    )
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_ten_times_the_products_take_no_more_memory():
    peak(DRAW_BLOCK)  # what is loaded once is not what is measured
    assert peak(20 * DRAW_BLOCK) < 1.1 * peak(2 * DRAW_BLOCK)


def test_a_pipeline_moves_on_without_a_copy():
    problem = LostSales(lead_time=6, horizon=8)
    products = draw_products(make_source("poisson"), problem, 4).to(torch.empty(0))
    orders = torch.rand(8, 4, 1)
    steps = rollout(problem, Replay(orders), products).steps
    for before, after in pairwise(steps):
        moved = zip(
            before.observation.state.pipeline[1:],
            after.observation.state.pipeline[:-1],
            strict=True,
        )
        assert all(old is new for old, new in moved)


def test_uncensored_histories_share_one_memory():
    problem = LostSales(horizon=3)
    products = draw_products(make_source("poisson"), problem, 4)
    steps = rollout(problem, OneMean(), products).steps
    for before, after in pairwise(steps):
        assert np.shares_memory(before.observation.history, after.observation.history)
        assert len(flatten(after.observation.state)) == 1
