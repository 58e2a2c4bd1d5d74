"""Many short trainings at a high learning rate: none may die or blow up."""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.trainings import measure, page, plan

CAMPAIGN = Campaign(Path("results/trainings"), plan.plan, measure.measure, page.publish)
