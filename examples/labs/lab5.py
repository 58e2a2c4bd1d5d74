# %% [markdown]
# # Lab 5: procurement and removal
#
# **Aims.** You decide when to order, when to clear out stock, and when to do neither. You see that
# removal is for surprises: a start with too much stock, or a season that ends.
#
# **Time.** About 45 minutes. The code itself runs for a few seconds. Do lab 1 first.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import inv_gym
import labs
from inv_gym import ProcurementRemoval, baselines

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: the interval
#
# With stock $x$, order $q \ge 0$ and removal $u$ between 0 and $x$, the stock before demand is
# $y = x + q - u$. A unit costs $c$; a removed unit brings $s < c$ (a fee if $s$ is negative); $h$
# is paid for each unit left at night, and $b$ for each lost sale. The optimal policy has two levels
# (Maggiar and Sadighian 2017):
#
# - below $S_{lo}$: order up to $S_{lo}$,
# - above $S_{hi}$: remove down to $S_{hi}$,
# - in between: do nothing.
#
# The lower level is the one of lab 1. With price 0 it is
#
# $$F(S_{lo}) = \frac{b - c}{b + h - \gamma c}.$$
#
# The upper level is where a unit more is worth exactly $s$. A unit in stock will be sold some day,
# and then saves $c$. But that day may be far away: until then it costs $h$ each night, and money
# tomorrow is worth less. For this there is no formula; a dynamic program finds it.
#
# We take $c = 10$, $s = 6$, $h = 1$, $b = 20$, $\gamma = 0.95$, and Poisson demand of mean 5.

# %%
COST, REMOVAL, HOLDING, SHORTAGE, DISCOUNT, MEAN = 10.0, 6.0, 1.0, 20.0, 0.95, 5.0

# %% Exercise 5.1: the lower level
lower = ...

labs.check("5.1", lower)


# %% Exercise 5.2: the orders and removals of an interval
def keep_within(stock, lower, upper):
    """(order, removal) for one stock, units."""
    return ...


labs.check("5.2", keep_within)

# %% [markdown]
# ## The upper level
#
# `orders(stock)` gives the optimal order and removal, from a dynamic program.


# %%
def shop_with(removal_value):
    """The product with another removal value, in the long run."""
    problem = ProcurementRemoval(discount=DISCOUNT, long_run=True, integer_orders=True)
    costs = {"unit_cost": COST, "holding_cost": HOLDING, "shortage_cost": SHORTAGE}
    return labs.case(problem, "poisson", MEAN, removal_value=removal_value, **costs)


MOST = 80
shop = shop_with(REMOVAL)
optimum = shop.optimum(stock=MOST)


def orders(stock):
    """The optimal (order, removal) at a stock on hand."""
    return optimum.orders[0, optimum.place(np.array([[float(stock)]]))[0]]


stocks = np.arange(41)
plt.figure(figsize=(6, 3.5))
plt.plot(stocks, [orders(stock)[0] for stock in stocks], label="order")
plt.plot(stocks, [orders(stock)[1] for stock in stocks], label="removal")
plt.xlabel("stock on hand, units")
plt.ylabel("units")
plt.legend()
plt.show()

# %% Exercise 5.3: the upper level, the largest stock at which nothing is removed
upper = ...

labs.check("5.3", upper)

# %% [markdown]
# ## What removal is worth
#
# You start with 80 units. `-optimum.value(80.0)` is the least expected discounted cost.
# `shop.discounted_cost(rule, 1000, stock=80.0)` is the cost of a rule over 1000 periods, which is
# practically for ever. The base-stock rule with your lower level never removes anything:
# `baselines.BaseStock(problem=shop.problem, level=lower)`.

# %% Exercise 5.4: how much money does the right to remove save, from 80 units?
saved = ...

labs.check("5.4", saved)

# %%
interval = baselines.IntervalStock(problem=shop.problem, lower=lower, upper=upper)
start = inv_gym.InstanceProducts(
    "poisson",
    MEAN,
    {
        "unit_cost": COST,
        "removal_value": REMOVAL,
        "holding_cost": HOLDING,
        "shortage_cost": SHORTAGE,
    },
    stock=80.0,
)
problem = ProcurementRemoval(discount=DISCOUNT, horizon=30, long_run=True, integer_orders=True)
played = inv_gym.rollout(problem, interval, start, number=labs.sized(200, 20))
figure, (above, below) = plt.subplots(2, 1, figsize=(7, 4.5), sharex=True)
above.plot(played.flow("on_hand")[:, :5], color="tab:blue", alpha=0.6)
above.axhline(upper, color="grey", linestyle=":")
above.set_ylabel("stock at night")
below.bar(range(30), played.flow("removed").mean(1), color="tab:red", label="removed")
below.plot(played.orders[:, :, 0].mean(1), color="tab:green", label="ordered")
below.set_yscale("symlog")
below.set_yticks([0, 1, 5, 20, 60], ["0", "1", "5", "20", "60"])
below.set_ylabel("mean units")
below.set_xlabel("period")
below.legend()
plt.show()

# %% [markdown]
# In which periods does the policy remove something, from 80 units?
#
# - **a** In the first one only.
# - **b** In all periods until the stock has reached the lower level.
# - **c** Now and then, whenever demand was low for some days.

# %% Exercise 5.5: your letter
answer = ...

labs.check("5.5", answer)

# %% [markdown]
# ## A season
#
# A fashion article is sold for 20 periods. Mean demand falls from 10 units to 1. What is left after
# the last period is removed for $s = 6$. Now the levels change from period to period.

# %%
HORIZON = 20
means = np.linspace(10.0, 1.0, HORIZON)
fashion = labs.case(
    ProcurementRemoval(discount=DISCOUNT, horizon=HORIZON, integer_orders=True),
    "poisson",
    means,
    unit_cost=COST,
    removal_value=REMOVAL,
    holding_cost=HOLDING,
    shortage_cost=SHORTAGE,
)
season = fashion.optimum(stock=MOST)


def season_orders(period, stock):
    """The optimal (order, removal) in a period (from 0) at a stock on hand."""
    return season.orders[period, season.place(np.array([[float(stock)]]))[0]]


# %% Exercise 5.6: how many units are removed in period 10 if 40 are on hand then?
removed = ...

labs.check("5.6", removed)

# %%
lows = [season_orders(period, 0)[0] for period in range(HORIZON)]
highs = [MOST - season_orders(period, MOST)[1] for period in range(HORIZON)]
plt.figure(figsize=(6, 3.5))
plt.fill_between(range(HORIZON), lows, highs, alpha=0.2, label="do nothing")
plt.plot(lows, "o-", label="order up to")
plt.plot(highs, "o-", label="remove down to")
plt.plot(means, ":", color="black", label="mean demand")
plt.xticks(range(0, HORIZON, 5))
plt.xlabel("period")
plt.ylabel("stock, units")
plt.legend()
plt.show()

# %% [markdown]
# ## More to try
#
# 1. Let the removal value rise from -2 to 9.9 and plot both levels (`baselines.IntervalStock` has a
#    constructor: `shop_with(6.0).rule(baselines.IntervalStock.optimal)`). Why do they meet?
# 2. Why is a problem with $s > c$ refused?
# 3. Start the season with 80 units and play it. In which periods is anything removed?
#
# ## References
#
# - A. Maggiar and A. Sadighian (2017), *Joint inventory and revenue management with removal
#   decisions*.
# - S. Karlin (1960), *Dynamic inventory policy with varying stochastic demands*, Management Science
#   6.
