"""The generalists on real tables that they have never seen, beside all rules that know the
history.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.zero_shot import measure, page, plan

CAMPAIGN = Campaign(Path("results/zero_shot"), plan.plan, measure.measure, page.publish)
