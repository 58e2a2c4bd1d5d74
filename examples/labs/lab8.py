# %% [markdown]
# # Lab 8: real demand, forecast-then-optimise against end-to-end
#
# **Aims.** You work from a sales table, as a planner does. You write a forecaster in ten lines,
# turn forecasts into orders, and compare it with a network that learns orders without any forecast.
# You learn two traps: data from the future, and quantiles that are added up.
#
# **Time.** About 75 minutes. The training takes 15 seconds. Do labs 1 and 6 first.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats

import inv_gym
import labs
from inv_gym import baselines
from inv_gym.agents import DirectBackprop, TrainingConfig
from inv_gym.baselines.rules.critical_ratio import critical_ratio

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## The table
#
# The sales are made up, so that anyone may have them: 40 items, 500 days. Every item has a mean,
# all share a profile of the week, and there is a slow wave. inv_gym reads such a table from a file
# with the columns `series`, `date` and `units`; put your own in its place.

# %%
DAYS, SERIES = 500, 40
dates = pd.date_range("2024-01-01", periods=DAYS)
weekday = dates.day_of_week.to_numpy()  # 0 is Monday
WEEK = np.array([0.7, 0.7, 0.8, 0.9, 1.2, 1.7, 1.0])


def made_up_sales(seed):
    """Units [days, series]."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(3.0, 20.0, SERIES)
    wave = 1.0 + 0.2 * np.sin(2.0 * np.pi * np.arange(DAYS)[:, None] / 365.0 + rng.uniform(0, 6))
    rate = mean * wave * WEEK[weekday][:, None]
    return rng.poisson(rate * rng.gamma(8.0, 1.0 / 8.0, rate.shape))


units = made_up_sales(0)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "sales.csv"
table = pd.DataFrame(units, index=dates, columns=[f"item {i}" for i in range(SERIES)])
table.rename_axis("date").melt(
    var_name="series", value_name="units", ignore_index=False
).reset_index().to_csv(path, index=False)

plt.figure(figsize=(7, 3))
plt.plot(dates[:70], units[:70, :3])
plt.xticks(dates[:70:14])
plt.ylabel("units sold")
plt.title("three items, ten weeks")
plt.show()

# %% [markdown]
# ## First of all: cut the time
#
# What you choose on some days cannot be judged on the same days. So cut the days into three parts:
# the first 60 % to *train* on, the next 20 % to *choose* settings, the last 20 % to *test*. Each
# part is a pair (first day, last day), as positions in `dates`; both ends belong to it.


# %% Exercise 8.1: three pairs of positions for a table of so many days
def split(days):
    """((first, last) to train, (first, last) to choose, (first, last) to test)."""
    return ...


labs.check("8.1", split)

# %%
parts = dict(zip(("training", "validation", "test"), split(DAYS), strict=True))


def source(part):
    """The products of a part of the table."""
    first, last = (str(dates[place].date()) for place in parts[part])
    return inv_gym.make_source({"file": str(path), "first": first, "last": last})


task = inv_gym.Task(
    inv_gym.make_problem("InvLostSales-v0", horizon=28),
    source("test"),
    training=source("training"),
    validation=source("validation"),
)
folder.cleanup()  # the sources hold the sales now

# %% [markdown]
# ## A forecaster in ten lines
#
# The last 32 days of an item hold each weekday four or five times: too few for a quantile. So share
# what items have in common. A *factor* says how much more than on a mean day is sold on a weekday.
# Estimate the seven factors from all items of the training days together: the mean of the weekday
# over the mean of all days.


# %% Exercise 8.2: the factors of the week
def week_factors(units, weekday):
    """[7] from units [days, series] and the weekday [days] of each day."""
    return ...


labs.check("8.2", week_factors)

# %% [markdown]
# Now divide each past demand by the factor of its weekday. What is left has no week in it: 32 draws
# of one distribution, more or less. Its quantile, times the factor of today, is the forecast.
# `np.quantile(x, u)` gives one quantile of `x`.


# %% Exercise 8.3: the forecast of a quantile
def forecast(history, weekdays, today, ratio, factors):
    """The `ratio` quantile of today's demand, from history [32] with its weekdays [32]."""
    return ...


labs.check("8.3", forecast)

# %% [markdown]
# ## Theory: how good is a quantile forecast?
#
# The *pinball loss* of a forecast $f$ of the $u$ quantile is
#
# $$\ell(d, f) = u\,(d - f)^+ + (1 - u)\,(f - d)^+ .$$
#
# Its mean is least where $f$ is the true $u$ quantile. Look at lab 1: with $u = b / (b + h)$ it is
# the newsvendor's cost over $b + h$. So without a lead time, a good quantile forecast *is* a good
# order.


# %% Exercise 8.4: the mean pinball loss
def pinball(demand, forecasts, ratio):
    """One number for arrays of demands and forecasts."""
    return ...


labs.check("8.4", pinball)

# %%
factors = week_factors(units[: parts["training"][1] + 1], weekday[: parts["training"][1] + 1])
last_days = range(parts["test"][0], parts["test"][1] + 1)
rows = [
    (units[day, item], units[day - 32 : day, item], weekday[day - 32 : day], weekday[day])
    for day in list(last_days)[:: labs.sized(2, 20)]
    for item in range(SERIES)
]
actual = np.array([row[0] for row in rows])
flat = np.ones(7)
ratios = np.array([0.5, 0.7, 0.8, 0.9, 0.95])
plt.figure(figsize=(6, 3.5))
for name, known in (("no week", flat), ("with the factors of the week", factors)):
    line = [
        pinball(actual, np.array([forecast(*row[1:], ratio, known) for row in rows]), ratio)
        for ratio in ratios
    ]
    plt.plot(ratios, line, "o-", label=name)
plt.xlabel("quantile u")
plt.ylabel("mean pinball loss on test days")
plt.legend()
plt.show()

# %% [markdown]
# ## From forecasts to orders
#
# Each day: forecast the quantile at the critical ratio of the item, and order up to it. A policy
# sees the weekdays of its history as covariates (the sine and cosine of the phase of the week), the
# last row is today.


# %%
class ForecastThenOptimise:
    """Orders up to the forecast of the quantile at the critical ratio."""

    knows = "history"

    def __init__(self, factors):
        self.factors = factors

    def __call__(self, observation):
        sine, cosine = np.moveaxis(observation.covariates, -1, 0)[:2]
        weekdays = np.rint(np.arctan2(sine, cosine) / (2.0 * np.pi) * 7.0).astype(int) % 7
        ratio = critical_ratio(task.problem, observation.economics)
        level = np.array(
            [
                forecast(history, days[:-1], days[-1], share, self.factors)
                for history, days, share in zip(
                    observation.history.T, weekdays.T, ratio, strict=True
                )
            ]
        )
        return np.maximum(level - observation.state.on_hand, 0.0)[:, None]


# The network sees the same history and the same calendar. Nobody tells it what a forecast is.
config = TrainingConfig(
    steps=labs.sized(300, 10), batch=128, check_every=labs.sized(50, 5), validation_products=200
)
network = DirectBackprop(task, config=config).fit(
    lambda progress: print(f"step {progress.step}: reward {progress.reward:.2f}")
)

policies = {
    "base-stock, no calendar": baselines.policies(task.problem, distribution=False)["base-stock"],
    "forecast, no week": ForecastThenOptimise(flat),
    "forecast with the week": ForecastThenOptimise(factors),
    "end-to-end": network,
}
result = inv_gym.evaluate(
    task, policies, number=labs.sized(400, 40), reference="forecast with the week"
).frame
columns = ["policy", "reward", "gap", "gap_low", "gap_high", "fill_rate", "on_hand"]
print(result[columns].to_string(index=False, float_format="%.2f"))

# %%
plt.figure(figsize=(6, 2.8))
gaps = result.set_index("policy").loc[list(policies), ["gap", "gap_low", "gap_high"]]
plt.barh(
    gaps.index, gaps["gap"], xerr=[gaps["gap"] - gaps["gap_low"], gaps["gap_high"] - gaps["gap"]]
)
plt.axvline(0.0, color="black", linewidth=0.8)
plt.xlabel("reward over the forecast with the week, %")
plt.show()

# %% [markdown]
# ## Think about it
#
# Suppose that the forecast of the whole distribution were perfect, and that orders arrive at once.
# How much could an end-to-end network earn beyond forecast-then-optimise?
#
# - **a** Nothing: the quantile at the critical ratio is optimal then.
# - **b** Much: a network sees more than a forecast.
# - **c** A little, if it is trained long enough.

# %% Exercise 8.5: your letter
answer = ...

labs.check("8.5", answer)

# %% [markdown]
# With a lead time the order must cover several days. A planner has a good forecast of each day: the
# 90 % quantile of Poisson demand with mean 5. She needs the 90 % quantile of three days together,
# and adds up three daily quantiles. Compute what she gets, and what she should get. (The demand of
# three days is Poisson with mean 15; `stats.poisson.ppf(u, mean)` is the quantile.)

# %% Exercise 8.6: her sum, and the right quantile
sum_of_quantiles = ...
quantile_of_sum = ...

labs.check("8.6", (sum_of_quantiles, quantile_of_sum))

# %% [markdown]
# An end-to-end network never meets this trap: it is trained on what orders earn, whatever the lead
# time is.
#
# ## More to try
#
# 1. Give the planner's error to the policy: `lead_time=2` in the problem. Write both versions of
#    the level and compare.
# 2. Use your own table, or `examples/shop/sales.csv`. Which items gain from the calendar?
# 3. Let the demand double in the last 50 days. Which policy notices first?
#
# ## References
#
# - R. Koenker and G. Bassett (1978), *Regression quantiles*, Econometrica 46.
# - D. Madeka et al. (2022), *Deep inventory management*, arXiv 2210.03137.
# - A. Maggiar et al. (2025), *Structure-informed deep reinforcement learning for inventory
#   management*, arXiv 2507.22040, on a real retailer's demand.
