"""What a reader must know of the networks that play."""

from __future__ import annotations

from collections.abc import Mapping

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.demand.processes import beyond_calendar
from inv_gym.products.sources import extras_of

NEEDS_ALL = "trained with 32 known periods; what a shorter history lacks is filled with its mean"


def network_remarks(
    source: inv_gym.ProductSource, policies: Mapping[str, inv_gym.Policy]
) -> dict[str, str]:
    """What to say of the networks that play, by name: that one was trained on the table that is
    played, that it needs longer histories than products may have, or covariates that they lack, or
    that it does not see holidays or promotions that they have.
    """
    agents_of = {
        name: policy for name, policy in policies.items() if isinstance(policy, InventoryAgent)
    }
    remarks = {name: _remarks(source, agent) for name, agent in agents_of.items()}
    return {name: "; ".join(parts) for name, parts in remarks.items() if parts}


def remark_notes(remarks: Mapping[str, str]) -> list[str]:
    """A note for each different remark, with the names that it is on."""
    names: dict[str, list[str]] = {}
    for name, remark in remarks.items():
        names.setdefault(remark, []).append(name)
    return [f"{', '.join(those)}: {remark}" for remark, those in names.items()]


def _remarks(source: inv_gym.ProductSource, agent: InventoryAgent) -> list[str]:
    remarks = []
    played = getattr(source, "table", None)
    if played is not None and "table" in agent.card:
        remarks.append(table_remark(played, agent.card["table"]))
    needs_all = agent.knows == "history" and not agent.network.sizes.short_histories
    if needs_all and extras_of(source).short_histories:
        remarks.append(NEEDS_ALL)
    remarks.append(covariate_remark(source, agent))
    return [remark for remark in remarks if remark]


def covariate_remark(source: inv_gym.ProductSource, policy: inv_gym.Policy) -> str:
    """Which covariates a network plays without, as products of the source lack them, and which
    holidays and promotions of the source it does not see; empty if there are none, or if it is no
    network of this package.
    """
    if not isinstance(policy, InventoryAgent):
        return ""
    unknown = [name for name in policy.covariates if name not in source.covariate_names]
    given = beyond_calendar(source.covariate_names)
    unseen = [name for name in given if name not in policy.covariates]
    remarks = []
    if unknown:
        remarks.append(f"plays without the covariates {', '.join(unknown)} of its training")
    if unseen:
        remarks.append(f"does not see the covariates {', '.join(unseen)} of the products")
    return "; ".join(remarks)


def table_remark(played: Mapping[str, str], trained: Mapping[str, str]) -> str:
    """What to say of a network that was trained on a table and days; empty if it is another
    table.

    Args:
        played: File, fingerprint, first and last day.
        trained: The same.
    """
    days = f"from {trained['first']} to {trained['last']}"
    if trained["fingerprint"] != played["fingerprint"]:
        same_name = trained["file"] == played["file"]
        return f"was trained on a table of this name with other data, {days}" if same_name else ""
    if _shares_days(played, trained["first"], trained["last"]):
        return f"was trained on this table, {days}: on days that are played here"
    if "validation_first" in trained:
        validated = (trained["validation_first"], trained["validation_last"])
        if _shares_days(played, *validated):
            return (
                f"was validated on this table, from {validated[0]} to {validated[1]}: on days that "
                "are played here"
            )
    return f"was trained on other days of this table, {days}"


def _shares_days(played: Mapping[str, str], first: str, last: str) -> bool:
    """Whether days from `first` to `last` are among those played."""
    return max(first, played["first"]) <= min(last, played["last"])
