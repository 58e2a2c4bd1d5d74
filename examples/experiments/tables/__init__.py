"""Published tables beside ours: as printed, exactly, and by simulation with a 95 % interval.

Each table is measured anew each time: the figures are those of the code as it is.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.tables import measure, page, plan

CAMPAIGN = Campaign(Path("results/tables"), plan.plan, measure.measure, page.publish)
