"""Forecast, then optimise, against end-to-end learning on retail demand."""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.favorita import measure, page, plan

CAMPAIGN = Campaign(Path("results/favorita"), plan.plan, measure.measure, page.publish)
