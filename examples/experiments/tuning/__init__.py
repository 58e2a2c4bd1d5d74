"""Search for parameters of PPO, on validation products: `agents/sb3/tuned.json` is made of it.

The studies are in one SQLite file, so a search that was interrupted goes on. The first trials are
set by hand. Each trial has a training seed of its own.
"""

from pathlib import Path

from experiments.campaign import Campaign
from experiments.tuning import measure, page, plan
from inv_gym.agents.sb3.config import TUNED_FILE

CAMPAIGN = Campaign(Path("runs"), plan.plan, measure.measure, page.publish, TUNED_FILE.parent)
