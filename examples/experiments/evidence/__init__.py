"""What DirectBackprop reaches, beside heuristics and exact optima.

Every experiment trains with several seeds and compares on products that no training or validation
has seen.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.evidence import measure, page, plan

CAMPAIGN = Campaign(Path("results/evidence"), plan.plan, measure.measure, page.publish)
