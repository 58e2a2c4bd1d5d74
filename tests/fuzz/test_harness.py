"""What must not happen to a bad input is noticed."""

from __future__ import annotations

import time

import bad_inputs
import numpy as np
import pytest
from bad_inputs import refused

from inv_gym.util.checks import whole


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """These inputs are not those of a run."""
    monkeypatch.setattr(bad_inputs, "refusals", bad_inputs.Refusals())


def test_an_error_of_this_package_that_names_the_value_is_a_refusal() -> None:
    refused(lambda: whole("steps", -3, 1), ("-3",), "whole")
    assert bad_inputs.refusals.number == 1


def test_an_accepted_input_is_noticed() -> None:
    with pytest.raises(AssertionError, match="whole was accepted: 3"):
        refused(lambda: whole("steps", 3, 1), ("3",), "whole")


def test_a_message_without_the_value_is_noticed() -> None:
    with pytest.raises(AssertionError, match="has none of"):
        refused(lambda: whole("steps", -3, 1), ("-4",), "whole")


def test_an_error_from_another_package_is_noticed() -> None:
    with pytest.raises(AssertionError, match="was raised by"):
        refused(lambda: np.zeros(3).reshape(2, 2), ("(2,2)", "3"), "reshape")


def test_another_kind_of_error_is_noticed() -> None:
    with pytest.raises(KeyError):
        refused(lambda: {}["x"], ("x",), "a dict")


def test_an_input_that_hangs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_inputs, "SECONDS", 0.05)
    with pytest.raises(TimeoutError, match="no answer after 0.05 seconds"):
        refused(lambda: time.sleep(30.0), ("30",), "sleep")
