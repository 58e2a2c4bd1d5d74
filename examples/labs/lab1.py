# %% [markdown]
# # Lab 1: newsvendor and base-stock
#
# **Aims.** You compute how much to stock for one day of demand that nobody knows. You turn the
# answer into a rule for many days, and play it. You see what it costs not to know the distribution
# of demand.
#
# **Time.** About 60 minutes. The code itself runs for a few seconds.
#
# **How to work.** A cell that is called *Exercise* has a blank, `...`. Put your answer there and
# run the cell. `labs.check` says whether the answer is right; if it is not, it gives a hint.
# `labs.solution("1.1")` prints a solution if you are stuck.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import inv_gym
import labs
from inv_gym import LostSales, baselines

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: one day
#
# A baker bakes $S$ loaves before the day begins. Demand $D$ is random. A loaf that is left costs
# $h$ (holding). A customer who finds no loaf costs $b$ (shortage). The expected cost of the day is
#
# $$C(S) = h\,E(S - D)^+ + b\,E(D - S)^+ .$$
#
# One loaf more helps if demand is above $S$, and is left otherwise. So it pays as long as
# $b\,P(D > S) > h\,P(D \le S)$. The best $S$ is the smallest one with
#
# $$F(S) \ge \frac{b}{b + h},$$
#
# where $F$ is the distribution function of demand. The fraction is called the *critical ratio*.
# This is the newsvendor problem.
#
# In what follows, demand is Poisson with mean 5, $h = 1$ and $b = 4$.

# %%
MEAN, HOLDING, SHORTAGE = 5.0, 1.0, 4.0

# %% Exercise 1.1: the critical ratio
ratio = ...

labs.check("1.1", ratio)

# %% [markdown]
# Now the level. `stats.poisson.cdf(x, MEAN)` is $F(x)$, and `stats.poisson.ppf(u, MEAN)` is the
# smallest whole number $x$ with $F(x) \ge u$.

# %% Exercise 1.2: the best level, in loaves
level = ...

labs.check("1.2", level)

# %% [markdown]
# Is it really the best? Compute the whole cost curve. Sum over all demands that can happen:
# `demand` holds 0 to 59, and `probability` how likely each is. NumPy's `np.maximum(x, 0)` is $x^+$.

# %% Exercise 1.3: the expected cost of a level
demand = np.arange(60)
probability = stats.poisson.pmf(demand, MEAN)


def expected_cost(level):
    """The expected cost C(S) of one day."""
    return ...


labs.check("1.3", expected_cost)

# %%
levels = np.arange(16)
plt.figure(figsize=(6, 3.5))
plt.plot(levels, [expected_cost(level) for level in levels], "o-")
plt.axvline(level, color="grey", linestyle=":", label=f"best level {level:.0f}")
plt.xlabel("level S, loaves")
plt.ylabel("expected cost of a day")
plt.legend()
plt.show()

# %% [markdown]
# The curve is flat near its lowest point and steeper on the left: a loaf too few costs more than a
# loaf too many.
#
# ## Theory: many days
#
# Loaves that are left can be sold tomorrow. Demand that finds no stock is lost. Every day begins
# with a stock $x$, and the baker orders $q$, which arrives at once. The *base-stock policy* orders
# up to a level,
#
# $$q = (S - x)^+ .$$
#
# With price $p$, unit cost $c$, and money that is worth $\gamma$ as much one day later, the best
# level is given by (Karlin 1960, Veinott 1966)
#
# $$F(S) = \frac{p + b - c}{p + b + h - \gamma c} .$$
#
# A unit that is left saves the cost $\gamma c$ of buying it tomorrow. That is why $\gamma c$ is in
# the denominator.


# %% Exercise 1.4: the orders of a base-stock policy
def order(on_hand, level):
    """The orders for an array of stocks on hand, units."""
    return ...


labs.check("1.4", order)


# %% Exercise 1.5: the critical ratio of many days
def critical_ratio(price, unit_cost, holding_cost, shortage_cost, discount):
    """The probability of no shortage that the best level reaches."""
    return ...


labs.check("1.5", critical_ratio)

# %% [markdown]
# ## Play it
#
# In inv_gym, a policy is an object that gets an observation of many products at once and returns
# their orders. `knows` says what the orders are based on. An observation holds the state, the last
# 32 demands, and the prices and costs. Every column has one number for each product.


# %%
class BaseStock:
    """Your rule with one level for all."""

    knows = "nothing"

    def __init__(self, level):
        self.level = level

    def __call__(self, observation):
        return order(observation.state.on_hand, self.level)[:, None]  # [products, order channels]


problem = LostSales(horizon=60, discount=1.0, long_run=True, integer_orders=True)
product = inv_gym.InstanceProducts(
    "poisson", MEAN, {"holding_cost": HOLDING, "shortage_cost": SHORTAGE}
)
bakery = inv_gym.Task(problem, product, name="bakery")
played = inv_gym.rollout(bakery, BaseStock(level), number=labs.sized(1000, 50))

figure, (above, below) = plt.subplots(2, 1, figsize=(7, 4.5), sharex=True)
above.step(range(60), played.flow("on_hand")[:, 0], where="mid")
above.set_ylabel("left at night")
below.bar(range(60), played.flow("shortage")[:, 0], color="tab:red")
below.set_ylabel("lost sales")
below.set_xlabel("day")
plt.show()
print(f"simulated cost per day: {-played.rewards.mean():.3f}")
print(f"expected cost per day:  {expected_cost(level):.3f}")

# %% [markdown]
# ## Demand that nobody knows
#
# So far you knew that demand is Poisson with mean 5. A real baker knows the demand of the past
# days. The library has the base-stock policy twice: once with the true distribution, once with a
# distribution that it estimates from the last 32 days. `evaluate` plays both on the same 500
# products with the same demand. Each product has its own mean, price and costs.

# %%
task = inv_gym.task("InvLostSales-v0", products="poisson")
policies = baselines.policies(task.problem)
names = ("base-stock (knows distribution)", "base-stock")
both = {name: policies[name] for name in names}
table = inv_gym.evaluate(task, both, number=500, reference=names[0]).frame
columns = ["policy", "reward", "gap", "gap_low", "gap_high", "fill_rate", "on_hand"]
print(table[columns].to_string(index=False, float_format="%.3f"))

# %% [markdown]
# `reward` is the discounted profit per day. `gap` is the difference to the policy that knows the
# distribution, in percent; `gap_low` and `gap_high` are the ends of its 95 % interval. `fill_rate`
# is the share of demand that was served, and `on_hand` the mean stock at night.

# %% Exercise 1.6: how many percent of the profit does it cost not to know the distribution?
price_of_not_knowing = ...

labs.check("1.6", price_of_not_knowing)

# %% [markdown]
# Which policy holds more stock? An estimate from 32 days is a little off, now too high and now too
# low. At a high ratio that also moves the quantile.
#
# ## Exercise 1.7: think
#
# The shortage cost rises from 4 to 19, and all else stays. What happens to the best level?
#
# - **a** It rises to about five times as much, because shortages cost five times as much.
# - **b** It stays, because the mean of demand stays.
# - **c** It rises a little, because the ratio goes from 0.80 to 0.95.

# %% Exercise 1.7: your letter, such as "a"
answer = ...

labs.check("1.7", answer)

# %% [markdown]
# ## More to try
#
# 1. Replace the Poisson distribution by a geometric one with the same mean (`stats.geom(1 / 6)`
#    counts from 1, so take one off). How do the best level and its cost change?
# 2. Let the baker make the estimate from 5 days in place of 32. How large is the gap then?
# 3. Plot the cost of the level 7 if the true mean is 4, 5, 6 or 7. What is worse: a guess of the
#    mean that is too low, or one that is too high?
#
# ## References
#
# - S. Karlin (1960), *Dynamic inventory policy with varying stochastic demands*, Management Science
#   6.
# - A. F. Veinott (1966), *The status of mathematical inventory theory*, Management Science 12.
