"""The verbs agree over their three kinds, and their derivatives at kinks are the
documented ones.
"""

from typing import Any

import numpy as np
import pytest
import torch

from inv_gym.problems.perishable import PerishableState
from inv_gym.util import arrays

VALUES = [-1.5, -0.5, 0.0, 0.5, 1.5, 2.5, 3.0]


@pytest.mark.parametrize("verb", [arrays.positive_part, arrays.round_half_even])
def test_a_verb_of_one_column_is_the_same_for_all_kinds(verb) -> None:
    one_by_one = [verb(value) for value in VALUES]
    assert all(type(value) is float for value in one_by_one)
    assert verb(np.array(VALUES)).tolist() == one_by_one == verb(torch.tensor(VALUES)).tolist()


def test_minimum_and_indicator_are_the_same_for_all_kinds() -> None:
    left, right = VALUES, VALUES[::-1]
    wanted = [arrays.minimum(a, b) for a, b in zip(left, right, strict=True)]
    assert arrays.minimum(np.array(left), np.array(right)).tolist() == wanted
    assert arrays.minimum(torch.tensor(left), torch.tensor(right)).tolist() == wanted
    above = [arrays.indicator(value > 0, like=value) for value in left]
    for column in (np.array(left, np.float32), torch.tensor(left)):
        shown = arrays.indicator(column > 0, like=column)
        assert shown.tolist() == above
        assert shown.dtype == column.dtype


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (arrays.positive_part, 1.0),
        (lambda x: arrays.minimum(x, torch.zeros(1)), 0.5),
    ],
    ids=["positive_part", "minimum"],
)
def test_the_derivative_at_a_kink_is_the_documented_one(function, slope: float) -> None:
    x = torch.zeros(1, requires_grad=True)
    function(x).sum().backward()
    assert x.grad is not None
    assert x.grad.item() == slope


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_keeps_its_dtype_with_plain_numbers(dtype) -> None:
    column = np.array([1.0, 2.0], dtype)
    assert arrays.positive_part(column - 1.0).dtype == dtype
    assert arrays.minimum(column, column * 2.0).dtype == dtype
    assert arrays.total([column, column]).dtype == dtype


def test_flatten_and_names_follow_the_fields() -> None:
    state = PerishableState((1.0, 2.0), (3.0,))
    assert arrays.flatten(state) == [1.0, 2.0, 3.0]
    assert arrays.flatten_names(state) == ["stock_1", "stock_2", "pipeline_1"]
    assert arrays.map_columns(lambda x: -x, state) == PerishableState((-1.0, -2.0), (-3.0,))


def test_unstack_undoes_stack() -> None:
    for columns in ([np.arange(3.0), np.ones(3)], [torch.arange(3.0), torch.ones(3)]):
        back = arrays.unstack(arrays.stack(columns))
        assert all((a == b).all() for a, b in zip(back, columns, strict=True))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([1, 2], [1, 2]),
        (np.ma.masked_equal([1, 2], 2), [1.0, np.nan]),
        ([np.ma.masked_equal([1.0], 1.0), np.ma.array([2.0])], [[np.nan], [2.0]]),
        (torch.tensor([1.5], dtype=torch.bfloat16), [1.5]),
        (torch.tensor([1.5], requires_grad=True), [1.5]),
        (torch.tensor([True]), [True]),
    ],
)
def test_what_users_give_becomes_an_array(given: Any, wanted: list) -> None:
    array = arrays.given_array(given)
    assert np.array_equal(array, np.array(wanted), equal_nan=array.dtype.kind == "f")
    assert array.dtype.kind == np.array(wanted).dtype.kind


def test_rows_of_different_lengths_become_an_array_of_objects() -> None:
    assert arrays.given_array([[1.0], [1.0, 2.0]]).dtype == object
    assert arrays.given_array([[1.0], [1.0, 2.0]]).shape == (2,)
