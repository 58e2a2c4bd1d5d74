"""Pictures of orders: those of optimal policies beside each heuristic's, and those of networks.

Each picture is drawn anew each time; `--write` puts the drawn ones into docs/pictures.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.pictures import measure, page, plan

CAMPAIGN = Campaign(
    Path("results/pictures"), plan.plan, measure.measure, page.publish, Path("docs/pictures")
)
