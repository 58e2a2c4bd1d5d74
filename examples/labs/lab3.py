# %% [markdown]
# # Lab 3: perishables, oldest and newest first
#
# **Aims.** You write down how stock of several ages sells and outdates. You see how much a rule
# loses that is blind to age, and what it costs if customers take the newest units first.
#
# **Time.** About 60 minutes. The code itself runs for a few seconds. Do lab 1 first.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import labs
from inv_gym import Perishable, baselines

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: stock of several ages
#
# A unit can be sold in $m$ periods (its shelf life). Then it outdates, and each outdated unit costs
# $w$. The state is a vector $(x_1, x_2, \dots)$ by remaining life: $x_1$ outdates after today. The
# shop usually hands out the oldest units first. Then, with demand $d$,
#
# $$\text{sold}_i = \min(x_i,\; d - \text{sold}_1 - \dots - \text{sold}_{i-1}),$$
#
# and what is left of $x_1$ outdates. Customers who pick for themselves take the newest units first:
# the same with the ages in opposite order.


# %% Exercise 3.1: what is left of old and fresh units if the oldest are sold first
def left_oldest_first(old, fresh, demand):
    """What is left of each: (old, fresh)."""
    return ...


labs.check("3.1", left_oldest_first)


# %% Exercise 3.2: the same if the newest are sold first
def left_newest_first(old, fresh, demand):
    """What is left of each: (old, fresh)."""
    return ...


labs.check("3.2", left_newest_first)

# %% [markdown]
# ## Theory: two ends
#
# If $m = 1$, nothing is ever carried over, and every period is a newsvendor of its own. A unit too
# many costs $c + w$ (it was bought for nothing), a unit too few costs $p - c$:
#
# $$F(S) = \frac{p - c}{p + w}.$$
#
# If $m$ is very large, nothing outdates, and lab 1 holds. With a discount of 1 its ratio is
# $(p - c)/(p + h - c)$.
#
# We take the price 10, unit cost 5, holding cost 0.2, no outdating cost, and geometric demand with
# mean 5: many small days and a few very large ones. `demand_law.ppf(u)` is its quantile.

# %%
PRICE, COST, HOLDING, OUTDATING = 10.0, 5.0, 0.2, 0.0
demand_law = stats.geom(1 / 6, loc=-1)  # counts from 0
plt.figure(figsize=(6, 3))
plt.bar(np.arange(40), demand_law.pmf(np.arange(40)))
plt.xlabel("demand of a day, units")
plt.ylabel("probability")
plt.show()

# %% Exercise 3.3: the best levels for shelf life 1 and for a very long shelf life
level_of_one_day = ...
level_of_lasting_goods = ...

labs.check("3.3", (level_of_one_day, level_of_lasting_goods))

# %% [markdown]
# ## Shelf life 2
#
# In between there is no formula. A *base-stock policy* counts all units alike, old and fresh, and
# orders up to a level. `shop.average_cost(rule)` gives the exact cost per day of a rule in the long
# run; the profit is minus that. The level for lasting goods is called *naive*: it is blind to age.


# %%
def shop_with(shelf_life, family="geometric", issuing="oldest_first", outdating=OUTDATING):
    """One product in the long run."""
    problem = Perishable(
        shelf_life=shelf_life, issuing=issuing, discount=1.0, long_run=True, integer_orders=True
    )
    figures = {"price": PRICE, "unit_cost": COST, "holding_cost": HOLDING}
    return labs.case(problem, family, 5.0, outdating_cost=outdating, **figures)


shop = shop_with(shelf_life=2)


def profit(level):
    """Average profit per day of a base-stock policy, shelf life 2."""
    return -shop.average_cost(baselines.BaseStock(problem=shop.problem, level=float(level)))


# %% Exercise 3.4: the best level for shelf life 2 among 0, 1, ..., 20
best_level = ...

labs.check("3.4", best_level)

# %%
levels = np.arange(21)
plt.figure(figsize=(6, 3.5))
plt.plot(levels, [profit(level) for level in levels], "o-", label="base-stock")
plt.axhline(shop.optimum().gain, color="black", linestyle=":", label="optimal policy")
plt.axvline(best_level, color="grey", linestyle="--", label=f"best level {best_level}")
plt.axvline(level_of_lasting_goods, color="tab:red", linestyle="--", label="naive level")
plt.xticks(levels[::4])
plt.xlabel("level S, units")
plt.ylabel("average profit per day")
plt.legend(loc="lower center")
plt.show()

# %% Exercise 3.5: what percentage of the best level's profit does the naive level lose?
naive_loss = ...

labs.check("3.5", naive_loss)

# %% [markdown]
# The best base-stock level comes within one percent of the optimum. So a simple rule is good here,
# if its level takes outdating into account.
#
# ## What the optimum does
#
# With shelf life 3 the state is $(x_1, x_2)$: units that outdate after today, and units that have
# one day more. The picture shows the optimal order for Poisson demand of mean 5.

# %%
three_days = shop_with(shelf_life=3, family="poisson", outdating=1.0)
optimum = three_days.optimum()
OLD, FRESH = np.meshgrid(np.arange(8.0), np.arange(8.0))
places = optimum.place(np.array([OLD.ravel(), FRESH.ravel()]))
orders = optimum.orders[0, places, 0].reshape(OLD.shape)
plt.figure(figsize=(5, 4))
plt.imshow(orders, origin="lower")
for (y, x), units in np.ndenumerate(orders):
    colour = "black" if units > 6 else "white"
    plt.text(x, y, f"{units:.0f}", color=colour, ha="center", va="center")
plt.xlabel("outdate after today, x_1")
plt.ylabel("one day more, x_2")
plt.colorbar(label="optimal order, units")
plt.show()

# %% [markdown]
# Which unit takes more off the order?
#
# - **a** A unit that outdates after today.
# - **b** A unit that has one day more.
# - **c** Both the same: stock is stock.

# %% Exercise 3.6: your letter
answer = ...

labs.check("3.6", answer)

# %% [markdown]
# ## Newest first
#
# Now customers pick the newest units. `shop_with(2, "poisson", "newest_first", 1.0)` makes that
# product: shelf life 2, Poisson demand, outdating cost 1. `optimum().gain` is the best profit per
# day.

# %% Exercise 3.7: by how many percent does the best profit fall, compared with oldest first?
fall = ...

labs.check("3.7", fall)

# %%
figure = plt.figure(figsize=(6, 3.5))
for issuing in ("oldest_first", "newest_first"):
    optimum = shop_with(2, "poisson", issuing, 1.0).optimum()
    old = np.arange(11.0)
    plt.plot(old, optimum.orders[0, optimum.place(old[None]), 0], "o-", label=issuing)
plt.xlabel("old units on hand")
plt.ylabel("optimal order, units")
plt.legend()
plt.show()

# %% [markdown]
# With newest first, the optimum stops ordering where there are many old units: fresh ones would
# keep them from being sold.
#
# ## More to try
#
# 1. Compute the loss of the naive level for shelf lives 3 and 4. It was 97 % for 2; how fast does
#    it fall?
# 2. Raise the outdating cost to 5. Where does the best level go?
# 3. Try `baselines.WasteAwareBaseStock`: it orders more by what it expects to outdate.
#    `shop.best(...)` finds its level.
#
# ## References
#
# - B. E. Fries (1975), *Optimal ordering policy for a perishable commodity with fixed lifetime*,
#   Operations Research 23.
# - S. Nahmias (1975), *Optimal ordering policies for perishable inventory II*, Operations Research
#   23.
# - R. Haijema and S. Minner (2019), *Improved ordering of perishables: the value of stock-age
#   information*, International Journal of Production Economics 209.
# - B. J. De Moor, J. Gijsbrechts and R. N. Boute (2022), *Reward shaping to improve the performance
#   of deep reinforcement learning in perishable inventory management*, EJOR 301.
