"""PPO and DirectBackprop on the same axes: reward against product-periods and seconds.

Both train with several seeds, PPO with its tuned parameters (agents/sb3/tuned.json), and are
validated on the same held-out products at the same product-periods. The best weights of each are
compared on test products that neither training, nor tuning, nor validation has seen; on published
instances exactly.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.sample_efficiency import measure, page, plan

CAMPAIGN = Campaign(Path("results/sample-efficiency"), plan.plan, measure.measure, page.publish)
