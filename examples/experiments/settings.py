"""The settings of a campaign, as the command line gives them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.campaign import Campaign
from inv_gym.util.checks import one_of

OWN_OPTIONS = ("data", "quick")
"""Settings that are options of the command line."""


def settings_of(campaign: Campaign, changes: Sequence[str]) -> dict[str, Any]:
    """A campaign's settings with changes such as ``seeds=2``.

    Raises:
        ValueError: A change is not written so, or its name or value is not understood.
    """
    settings = campaign.settings
    for change in changes:
        name, equals, value = change.partition("=")
        if name in OWN_OPTIONS:
            raise ValueError(f"--set must not give {name}: it is an option of its own, --{name}.")
        if not equals:
            raise ValueError(f"--set must be name=value, got {change!r}.")
        one_of("setting", name, settings)
        if not value.isdecimal() or int(value) < 1:
            raise ValueError(f"setting {name} must be a whole number of at least 1, got {value!r}.")
        settings[name] = int(value)
    return settings


def given_settings(campaign: Campaign, data: Path | None, quick: bool) -> dict[str, Any]:
    """The settings that options of their own give: a folder of data, and short measurements.

    Raises:
        ValueError: The campaign has no such setting.
    """
    given = {"data": data, "quick": quick or None}
    settings = {name: value for name, value in given.items() if value is not None}
    for name in settings:
        if name not in campaign.settings:
            raise ValueError(f"this campaign has no --{name}: leave it out.")
    return settings
