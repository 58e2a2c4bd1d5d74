"""Pictures of orders: those of optimal policies beside each heuristic's, and those of networks.

Each picture is drawn anew each time; `--write` puts the drawn ones into docs/pictures.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.pictures import measure, page, plan
from inv_gym.agents.catalogue import TRAINED

CAMPAIGN = Campaign(
    Path("results/pictures"),
    plan.plan,
    measure.measure,
    page.publish,
    pages=Path("docs/pictures"),
    settings={"weights": TRAINED},
)
