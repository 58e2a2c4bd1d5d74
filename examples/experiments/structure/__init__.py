"""What the structure of optimal policies brings to networks.

Networks of three kinds (plain, penalised, constructed) are trained on stationary demand with
several seeds, and tested on demand and starting stock that they have not seen.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.structure import measure, page, plan

CAMPAIGN = Campaign(Path("results/robustness"), plan.plan, measure.measure, page.publish)
